"""Logs: one form for our lines and the libraries', without what nobody may read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PREPARE = """
import logging, logging.config, sys
early = logging.getLogger("somebody.elses")
import structlog
from dispatch_bus.observability import logs
logs.configure({form!r}, {level!r})
log = structlog.get_logger("dispatch_bus.test")
"""


def written(code: str, form: str = "json", level: str = "info") -> str:
    """Run code in a process that has configured its logs; return its standard error."""
    program = PREPARE.format(form=form, level=level) + code
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == ""
    return done.stderr


def lines(code: str, **options: str) -> list[dict[str, Any]]:
    """Return the same as the JSON objects that it consists of, one a line."""
    return [json.loads(line) for line in written(code, **options).splitlines()]


FAIL = """
def open_case(caller):
    raise ValueError("no such case")
try:
    open_case("Jan Jansen, +31 6 12345678")
except ValueError:
    {how}
"""
OURS = 'log.exception("it failed")'
THEIRS = 'early.exception("it failed")'


def test_a_json_line_has_time_level_logger_and_event() -> None:
    """One object a line, the time in UTC (RFC 3339)."""
    (line,) = lines('log.warning("a room is away", room="NL")')
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "a room is away",
        "level": "warning",
        "logger": "dispatch_bus.test",
        "room": "NL",
    }


def test_a_console_line_has_the_same() -> None:
    """For people: one line with level, event, logger and values."""
    (line,) = written('log.warning("a room is away", room="NL")', form="console").splitlines()
    for word in ("warning", "a room is away", "dispatch_bus.test", "room=NL"):
        assert word in line
    assert "\x1b" not in line, "a log file is no terminal"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_bound_correlation_id_is_on_each_line(form: str) -> None:
    """Ours and the libraries', as long as it is bound."""
    bind = 'structlog.contextvars.bind_contextvars(correlation="NL:4711")\n'
    said = written(f'{bind}log.info("ours")\nearly.warning("theirs")', form=form).splitlines()
    assert len(said) == 2
    assert all("NL:4711" in line for line in said)


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("how", [OURS, THEIRS], ids=["ours", "theirs"])
def test_a_traceback_shows_no_local_variable(form: str, how: str) -> None:
    """Where it failed and why, but not with whose data."""
    said = written(FAIL.format(how=how), form=form)
    assert "no such case" in said
    assert "in open_case" in said
    assert "12345678" not in said.replace('open_case("Jan Jansen, +31 6 12345678")', "")


def test_a_traceback_is_part_of_its_json_line() -> None:
    """So that a log reader keeps them together."""
    (line,) = lines(FAIL.format(how=OURS))
    assert line["exception"].startswith("Traceback")


def test_a_librarys_line_has_the_form_of_ours() -> None:
    """Also that of a logger which was made before, with its arguments filled in."""
    (line,) = lines('early.warning("disk %s is %d %% full", "sda", 93)')
    assert line["event"] == "disk sda is 93 % full"
    assert (line["level"], line["logger"]) == ("warning", "somebody.elses")


LIBRARIES = ("amqp", "kombu", "kombu.mixins", "httpx", "nameko", "nameko.runners", "uvicorn.error")


@pytest.mark.parametrize("name", LIBRARIES)
def test_no_library_is_silenced(name: str) -> None:
    """What it warns of is seen, whether its logger was made before or after."""
    (line,) = lines(f'logging.getLogger({name!r}).warning("trouble")')
    assert line["logger"] == name


@pytest.mark.parametrize("name", ["kombu", "httpx", "nameko", "amqp", "httpcore.http11"])
def test_what_libraries_tell_of_whole_messages_is_left_out(name: str) -> None:
    """Their lines below a warning carry bodies and addresses, even where ours are wanted."""
    code = f'logging.getLogger({name!r}).info("body")\nlog.debug("ours")'
    assert [line["event"] for line in lines(code, level="debug")] == ["ours"]


def test_lines_below_the_level_are_left_out() -> None:
    """The operator says how much there is to read."""
    said = lines('log.info("a")\nlog.warning("b")\nearly.info("c")', level="warning")
    assert [line["event"] for line in said] == ["b"]


def test_configuring_again_doubles_no_line() -> None:
    """A process that reads its configuration later than its first line configures twice."""
    assert len(lines('logs.configure("json", "info")\nlog.info("once")')) == 1


def test_a_line_that_cannot_be_written_stops_no_work() -> None:
    """The disk of the logs may be full: what the process is there for goes on."""
    full = 'import os\nos.dup2(os.open("/dev/full", os.O_WRONLY), 2)\n'
    written(f'{full}log.info("lost")\nearly.warning("lost")\nlog.info("lost, too")')
