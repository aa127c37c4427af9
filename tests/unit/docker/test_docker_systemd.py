"""The units of systemd, judged by systemd itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from making.command_line import understood
from making.containers import DOCKER

from dispatch_bus.cli.serve import Service

UNITS = DOCKER / "systemd"
SERVING = {path.name: path.read_text("utf-8") for path in (UNITS / "processes").iterdir()}
COMMAND = Path(sys.executable).with_name("dispatch-bus")
NAMES = [
    "dispatch-bus-serve@intake-1.service",
    "dispatch-bus-setup.service",
    "dispatch-bus-embedded.service",
    "dispatch-bus.target",
]


@pytest.fixture
def analyze(tmp_path: Path) -> object:
    """A way to ask ``systemd-analyze`` about the units, with the command where it is here."""
    units = shutil.copytree(UNITS, tmp_path / "units")
    for path in units.glob("*.service"):
        installed = path.read_text("utf-8")
        assert "/opt/dispatch-bus/bin/dispatch-bus " in installed
        path.write_text(installed.replace("/opt/dispatch-bus/bin/dispatch-bus", str(COMMAND)))

    def analyze(*words: str) -> subprocess.CompletedProcess[str]:
        assert shutil.which("systemd-analyze"), "Install systemd: this test asks systemd-analyze."
        found = {**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            ["systemd-analyze", *words], capture_output=True, text=True, check=False, env=found
        )

    return analyze


@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_no_mistake(analyze, name: str) -> None:
    """Every key is known, has a value of its kind, and names programs that are there."""
    done = analyze("verify", "--man=no", "--recursive-errors=yes", name)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".service")])
def test_a_process_may_do_little(analyze, name: str) -> None:
    """systemd rates what is left to each as low: 2.0 of 10 at the most."""
    done = analyze("security", "--offline=yes", "--threshold=20", name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_service_is_served_by_two_processes() -> None:
    """Every service has two files, and the gateway one."""
    served = re.findall(r"^SERVE=(\w+)", "".join(SERVING.values()), re.MULTILINE)
    others = [one.value for one in Service if one is not Service.GATEWAY]
    assert sorted(served) == sorted([*others, *others, "gateway"])


def test_each_process_has_a_port_of_its_own() -> None:
    """No two of them tell their metrics on one port, nor on one of the gateway's or the rooms'."""
    ports = re.findall(r"--metrics-port (\d+)", "".join(SERVING.values()))
    assert len(ports) == len(set(ports)) == len(SERVING) - 1
    assert not set(map(int, ports)) & set(range(8420, 8436))


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.service")), ids=lambda one: one.stem)
def test_the_command_is_one_of_the_bus(path: Path, tmp_path: Path) -> None:
    """The command line knows each word and each option that a unit starts it with."""
    lines = re.findall(r"^ExecStart=\S+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    assert lines
    for line in lines:
        for served in SERVING.values() if "$SERVE" in line else [""]:
            told = line.replace("$SERVE", served.removeprefix("SERVE=").strip())
            understood([str(tmp_path) if "/" in word else word for word in told.split()])
