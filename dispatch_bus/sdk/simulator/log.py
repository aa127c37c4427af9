"""Read-only access to a room's durable log, for whoever audits what was sent and received."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from uuid import UUID

from attrs import frozen

from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.message import Act
from dispatch_bus.domain.notice import AnswerKind, Side
from dispatch_bus.sdk.simulator.ledger import FILE_NAME


@frozen(kw_only=True)
class SentRecord:
    """A record that the room made available. A repeated one has the same ``id`` twice.

    ``kind`` is ``case`` or ``answer``; ``flaw`` names what is wrong with a malformed one;
    ``first_pulled`` and ``confirmed`` tell how far it got.
    """

    seq: int
    id: str
    kind: str
    number: str | None
    revision: int | None
    available: datetime
    flaw: str | None
    first_pulled: datetime | None
    confirmed: bool


@frozen(kw_only=True)
class ReceivedMessage:
    """A message that the room took. ``times_applied`` is 0 for one that was old news."""

    id: str
    notice: UUID
    side: Side
    sequence: int
    act: Act
    received: datetime
    times_received: int
    times_applied: int


@frozen(kw_only=True)
class GivenAnswer:
    """An answer of the room's people; its id is that of the record that carried it."""

    id: str
    notice: UUID
    kind: AnswerKind
    case_number: str | None
    at: datetime


class RoomLog:
    """The log in a room's ``folder``; the room may be running, or not.

    Raises:
        Refused: there is no log in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        if not self._path.is_file():
            raise Refused("folder", str(folder), f"Name a folder that holds {FILE_NAME}.")

    def sent(self) -> list[SentRecord]:
        """Return every record in the order of the stream."""
        rows = self._rows(
            "SELECT s.seq, s.id, s.kind, s.number, s.revision, s.available, s.flaw, p.first_at, "
            "s.seq <= coalesce((SELECT seq FROM confirmed), 0) "
            "FROM sent s LEFT JOIN pulled p USING (seq) ORDER BY s.seq"
        )
        return [_sent(row) for row in rows]

    def received(self) -> list[ReceivedMessage]:
        """Return every message in the order in which it first came."""
        rows = self._rows(
            "SELECT id, notice, side, sequence, act, received, times_received, times_applied "
            "FROM received ORDER BY rowid"
        )
        return [_received(row) for row in rows]

    def answers(self) -> list[GivenAnswer]:
        """Return every answer in the order in which it was given."""
        rows = self._rows("SELECT id, notice, kind, case_number, at FROM answers ORDER BY rowid")
        return [_answer(row) for row in rows]

    def _rows(self, query: str) -> Iterator[tuple[str, ...]]:
        with closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            yield from db.execute(query)


def _sent(row: tuple[str, ...]) -> SentRecord:
    return SentRecord(
        seq=int(row[0]),
        id=row[1],
        kind=row[2],
        number=row[3],
        revision=int(row[4]) if row[4] is not None else None,
        available=datetime.fromisoformat(row[5]),
        flaw=row[6],
        first_pulled=datetime.fromisoformat(row[7]) if row[7] is not None else None,
        confirmed=bool(row[8]),
    )


def _received(row: tuple[str, ...]) -> ReceivedMessage:
    return ReceivedMessage(
        id=row[0],
        notice=UUID(row[1]),
        side=Side(row[2]),
        sequence=int(row[3]),
        act=Act(row[4]),
        received=datetime.fromisoformat(row[5]),
        times_received=int(row[6]),
        times_applied=int(row[7]),
    )


def _answer(row: tuple[str, ...]) -> GivenAnswer:
    return GivenAnswer(
        id=row[0],
        notice=UUID(row[1]),
        kind=AnswerKind(row[2]),
        case_number=row[3],
        at=datetime.fromisoformat(row[4]),
    )
