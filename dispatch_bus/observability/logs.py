"""structlog for our own lines, which are written at once; the libraries' in the same form."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import Literal

import structlog
from structlog.typing import Processor


class _Lines(structlog.WriteLogger):
    """Writes lines. One that cannot be written (a full disk, a closed pipe) stops no work."""

    def __init__(self, name: str = "") -> None:
        super().__init__(sys.stderr)
        self.name = name

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warning = error = critical = exception = msg


def configure(form: Literal["console", "json"], level: str) -> None:
    """Send every log line of this process to standard error in one form.

    Exceptions are shown without local variables: those may hold personal data.
    """
    named: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=named,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last(form)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Their debug and info lines carry whole requests and message bodies.
    for chatty in ("amqp", "kombu", "httpx", "httpcore", "nameko", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # What fails in a worker is logged once, by the work loop; what breaks a connection, by whoever
    # it was raised to.
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    # Past the standard library's own way, which takes three times as long for a line.
    structlog.configure(
        processors=[*named, *_last(form)],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=True,
    )


def _last(form: str) -> list[Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]
