"""An upgrade without a stop: processes of this version and of a newer one over one database.

The newer one is this package with a further migration, a kind of entry that this version does not
know, and another number.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from buses.private import PrivateBus, private_bus
from buses.undeciding import undecide
from servers.waiting import wait_for

import dispatch_bus
from dispatch_bus.application.feed import everything
from dispatch_bus.application.health import Condition, health
from dispatch_bus.application.sealing import verify_journal
from dispatch_bus.cli.process import COMMAND
from dispatch_bus.store.embedded import start_leashed
from dispatch_bus.store.schema import NEWEST

PACKAGE = Path(dispatch_bus.__file__).parent
MIGRATION = '''"""A table and columns that older processes can do without."""

from alembic import op

revision = "9001"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE weather (at timestamptz PRIMARY KEY, fog boolean NOT NULL)")
    for table in ("incident", "notice", "delivery", "room", "quarantine", "process"):
        op.execute(f"ALTER TABLE {{table}} ADD COLUMN weather text")
'''

# Those that are being worked on are left out: who waits for them may be waited for.


class Newer:
    """The newer version, beside a bus of this one."""

    def __init__(self, bus: PrivateBus, folder: Path) -> None:
        # Where a module is run from, it is looked for first.
        self._bus, self._folder = bus, folder
        copy = folder / "dispatch_bus"
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        versions = copy / "store" / "migrations" / "versions"
        (versions / "9001_weather.py").write_text(MIGRATION.format(head=NEWEST))
        change(copy / "store" / "schema.py", f'"{NEWEST}")\n', f'"{NEWEST}", "9001")\n')
        change(copy / "domain" / "kinds.py", '"incident.decided"', '"incident.weighed"')
        change(copy / "cli" / "heartbeat.py", 'version("dispatch-bus")', '"9.0.0"')
        paths = [str(folder), os.environ.get("PYTHONPATH", "")]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self._log = folder / "newer.log"

    def migrate(self) -> None:
        """Bring the schema up to date, while the older processes work."""
        command = [sys.executable, "-m", "dispatch_bus.cli.main", "migrate"]
        command += ["--config", str(self._bus.config)]
        subprocess.run(command, cwd=self._folder, env=self._environment, check=True, timeout=300)

    def coordinate(self) -> subprocess.Popen[bytes]:
        """Start a coordinator of the newer version."""
        command = [*COMMAND, "services", str(self._bus.config)]
        command += ["--service", "coordinator", "--metrics-port", "0"]
        return start_leashed(command, log=self._log, cwd=self._folder, env=self._environment)


def change(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = path.read_text("utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), "utf-8")


def both_have_decided(bus: PrivateBus) -> bool:
    """Have everything decided again, as after a change of zones; tell whether both took a share."""
    undecide(bus.bus)
    time.sleep(1.0)
    return {"incident.decided", "incident.weighed"} <= kinds(bus)


def kinds(bus: PrivateBus) -> set[str]:
    """Return the kinds that stand in the journal."""
    told = bus.ask(lambda asked: list(everything(asked))) or []
    return {one.entry.kind for one in told}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateBus]:
    """A bus of this version at work, whose schema is newer, beside a newer coordinator."""
    with private_bus(rate_per_s=1.0) as bus:
        for room in bus.rooms.values():
            room.start()
        bus.start()
        newer = Newer(bus, tmp_path_factory.mktemp("newer"))
        newer.migrate()
        process = newer.coordinate()
        wait_for(lambda: both_have_decided(bus), "both versions have decided", 120.0)
        yield bus
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_the_mixture_is_seen(mixed: PrivateBus) -> None:
    """Health says that two versions are at work, and goes on to answer."""
    wait_for(lambda: len(versions(mixed)) == 2, "both versions are announced", 60.0)
    assert "9.0.0" in versions(mixed)
    (check,) = (one for one in health(mixed.bus).checks if one.name == "processes")
    assert check.condition is Condition.DEGRADED


def versions(bus: PrivateBus) -> dict[str, int]:
    """Return the versions that health tells of."""
    found = bus.ask(health)
    checks = found.checks if found else ()
    return next((one.facts["versions"] for one in checks if one.name == "processes"), {})


def test_an_older_process_starts_on_the_newer_schema(mixed: PrivateBus) -> None:
    """One that dies during the upgrade comes back in its own version."""
    before = mixed.pid("services")
    assert before is not None
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: mixed.pid("services") not in (None, before), "it is started again", 120.0)


def test_what_the_newer_version_wrote_is_shown_and_verified(mixed: PrivateBus) -> None:
    """The journal is whole, and the terminal says whose entries it cannot read."""
    assert verify_journal(mixed.bus).ok
    shown = mixed.command("journal", "tail", "-n", "2000").stdout.decode()
    lines = [line for line in shown.splitlines() if "incident.weighed" in line]
    assert lines
    assert all("(written by a newer version)" in line for line in lines)


def test_nothing_is_lost_or_doubled_between_the_versions(mixed: PrivateBus) -> None:
    """Whatever either has decided is delivered, once."""
    mixed.assert_balanced()
