"""The driver's own journal: what was done to the bus, when, and when it was over."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import attrs
from chaos.driving.plan import Fault, FaultKind


@attrs.frozen(kw_only=True)
class Struck:
    """A fault that took place: what it hit, and between which moments."""

    number: int
    kind: FaultKind
    target: str
    begun: datetime
    ended: datetime


class Logbook:
    """Lines of JSON in a file, each on disk before anything else happens. Threads may share it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writing = Lock()
        self._begun: dict[int, tuple[FaultKind, datetime]] = {}
        self.struck: list[Struck] = []
        self.offered: set[str] = set()
        self.malformed: list[str] = []
        self.unexpected: list[str] = []

    @property
    def going_on(self) -> list[str]:
        """The faults that have begun and are not over."""
        return [str(kind) for kind, _ in list(self._begun.values())]

    def begin(self, fault: Fault) -> None:
        """Note that a fault begins now."""
        now = self._write(event="begun", fault=fault.number, kind=fault.kind)
        self._begun[fault.number] = fault.kind, now

    def end(self, fault: Fault, target: str) -> None:
        """Note that what a fault did is undone, and what it hit."""
        now = self._write(event="ended", fault=fault.number, kind=fault.kind, target=target)
        _, begun = self._begun.pop(fault.number)
        self.struck.append(
            Struck(number=fault.number, kind=fault.kind, target=target, begun=begun, ended=now)
        )

    def note_offered(self, records: Iterable[str]) -> None:
        """Note malformed messages that the broker is about to get."""
        self.offered.update(records)

    def note_malformed(self, record: str) -> None:
        """Note that the broker has taken a malformed message, as quarantine will name it."""
        self._write(event="malformed", record=record)
        self.malformed.append(record)

    def note_unexpected(self, what: str) -> None:
        """Note what nobody did, and nobody foresaw."""
        self._write(event="unexpected", what=what)
        self.unexpected.append(what)

    def _write(self, **facts: object) -> datetime:
        now = datetime.now(UTC)
        with self._writing, self._file.open("a", encoding="utf-8") as file:
            print(json.dumps({"at": now.isoformat(), **facts}), file=file, flush=True)
        return now
