"""Finds what nobody did: processes that end, errors in their logs, times that cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

from chaos.driving.arena import Arena
from chaos.driving.logbook import Logbook
from chaos.driving.outcome import Story

from dispatch_bus.application.quarantining import BROKER
from dispatch_bus.bootstrap import data_folder
from dispatch_bus.cli import simulation
from dispatch_bus.sdk.simulator.log import RoomLog

# What the services say when something is away is a warning, and expected. So is that a process
# which starts meanwhile ends, to be started again.
_EXPECTED = (
    "database did not answer",
    "database is away",
    "database has no connection left",
    "does not run",
)
_WORST = frozenset({"error", "critical"})
_TOLERANCE = timedelta(seconds=60)


def look_after(arena: Arena, logbook: Logbook) -> None:
    """Start again what ended by itself, and note what should not have ended."""
    for processes in arena.services.values():
        for process in processes:
            if what := process.look():
                logbook.note_unexpected(what)


def errors(arena: Arena) -> Iterator[str]:
    """Yield each error in the logs of the bus, as the log and what it says."""
    for log in sorted((data_folder(arena.settings.bus) / "log").glob("*.log")):
        for line in log.read_text("utf-8", "replace").splitlines():
            if what := _error(line):
                yield f"{log.stem}: {what}"


def impossible_times(told: Story, began: datetime, ended: datetime) -> Iterator[str]:
    """Yield the journal's first and last time, where they are not within the run."""
    if told.first < began - _TOLERANCE:
        yield f"the journal begins at {told.first.isoformat()}"
    if told.last > ended + _TOLERANCE:
        yield f"the journal ends at {told.last.isoformat()}"


def unfounded(arena: Arena, logbook: Logbook, told: Story) -> Iterator[str]:
    """Yield each record in quarantine with which nothing is wrong, or that has no reason."""
    folder = simulation.rooms_folder(arena.settings)
    flawed = {(BROKER, record) for record in logbook.offered}
    for room in arena.rooms:
        flawed |= {(room, one.id) for one in RoomLog(folder / room).sent() if one.flaw}
    for (room, record), reason in told.quarantined.items():
        if (room, record) not in flawed or not reason:
            yield f"{room}:{record} is in quarantine for {reason or 'no reason'}"


def _error(line: str) -> str | None:
    try:
        told = json.loads(line)
    except ValueError:
        return line if line.startswith("Traceback") else None
    if not isinstance(told, dict) or told.get("level") not in _WORST:
        return None
    what = f"{told.get('event')} {str(told.get('exception', ''))[-200:]}".strip()
    return None if any(words in what for words in _EXPECTED) else what
