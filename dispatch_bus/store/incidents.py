"""Incidents as they are filed: found by their source, revised under a row lock, claimed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.errors import Unknown
from dispatch_bus.domain.json import to_json
from dispatch_bus.store import tables
from dispatch_bus.store.filed import Filed, Original, Reference, from_row, to_row
from dispatch_bus.store.keys import DataKey, KeyRing, WrappedKey
from dispatch_bus.store.paging import Mark, newest_first

_T = tables.incident
# Statements of every record and transition are built once: that costs more than running them.
_LOCK = select(_T).where(_T.c.id == bindparam("id")).with_for_update()
_LATEST = (
    select(_T)
    .where(_T.c.room == bindparam("room"), _T.c.number == bindparam("number"))
    .order_by(_T.c.generation.desc())
    .limit(1)
    .with_for_update()
)
_UNDECIDED = _T.c.decided_revision < _T.c.revision


class Incidents:
    """Files and finds incidents within one transaction."""

    def __init__(self, connection: Connection, keys: KeyRing) -> None:
        self._connection = connection
        self._keys = keys

    def latest(self, room: str, number: str, *, personal: bool = False) -> Filed | None:
        """Return and lock the newest incident under a room's case number."""
        row = self._connection.execute(_LATEST, {"room": room, "number": number}).one_or_none()
        return self._filed(row, personal=personal) if row else None

    def lock(self, incident: UUID, *, personal: bool = False) -> Filed:
        """Return and lock an incident: every transition of its notices happens under this lock.

        Its personal fields are read only when asked for, so that a lost key keeps nothing else.
        """
        row = self._connection.execute(_LOCK, {"id": incident}).one_or_none()
        if row is None:
            raise unknown(incident)
        return self._filed(row, personal=personal)

    def known_as(self, room: str, number: str) -> Original | None:
        """Return the incident that a room has under this number as a copy from the bus."""
        alias = tables.alias
        query = select(_T.c.id, _T.c.case_created).join(alias, alias.c.incident == _T.c.id)
        mine = (alias.c.room == room) & (alias.c.number == number)
        row = self._connection.execute(query.where(mine)).one_or_none()
        return Original(id=row.id, case_created=row.case_created) if row else None

    def returning(self, told: str, room: str, number: str) -> UUID | None:
        """Return the incident whose id a room says its case came from, if there is one.

        A room may keep the bus's id beside its own case too: that is no copy.
        """
        own = (_T.c.room == room) & (_T.c.number == number)
        try:
            query = select(_T.c.id).where(_T.c.id == UUID(told), ~own)
        except ValueError:
            return None
        return self._connection.execute(query).scalar_one_or_none()

    def add_alias(self, room: str, number: str, incident: UUID) -> None:
        """Remember the number under which a room keeps its newest copy of an incident."""
        row = {"room": room, "number": number, "incident": incident}
        statement = upsert(tables.alias).values(row)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["room", "number"], set_={"incident": incident}
            )
        )

    def note_source_revision(self, incident: UUID, revision: int) -> None:
        """Note the newest of the room's own revision numbers, of an incident locked here."""
        self._connection.execute(
            update(_T).where(_T.c.id == incident).values(source_revision=revision)
        )

    def note_record(self, incident: UUID, record: str) -> None:
        """Note that a record has told of an incident locked here."""
        row = {"incident": incident, "record": record}
        self._connection.execute(
            upsert(tables.incident_record).values(row).on_conflict_do_nothing()
        )

    def has_record(self, incident: UUID, record: str) -> bool:
        """Tell whether a record was noted as one that has told of an incident."""
        t = tables.incident_record
        query = select(t.c.record).where(t.c.incident == incident, t.c.record == record)
        return self._connection.execute(query).first() is not None

    def add(self, filed: Filed) -> bytes | None:
        """File a new incident; return the ciphertext of its personal fields."""
        row = to_row(filed, self._keys)
        self._connection.execute(insert(_T).values(row))
        return _ciphertext(row)

    def revise(self, filed: Filed) -> bytes | None:
        """Replace the whole row of an incident that this transaction has locked."""
        row = to_row(filed, self._keys)
        self._connection.execute(update(_T).where(_T.c.id == filed.id).values(row))
        return _ciphertext(row)

    def move_part(self, moved: Filed) -> None:
        """Write parts and revision of an incident locked here; whatever else it holds stays."""
        parts = [to_json(part) for part in moved.parts]
        values = {"parts": parts, "revision": moved.revision}
        self._connection.execute(update(_T).where(_T.c.id == moved.id).values(values))

    def claim_undecided(self, limit: int) -> list[Filed]:
        """Lock the next incidents whose decision is behind, most urgent first.

        Their personal fields are not read: no decision depends on them.
        """
        rows = self._connection.execute(_next_undecided(select(_T), limit)).all()
        return [self._filed(row, personal=False) for row in rows]

    def claim_references(self, limit: int) -> list[Reference]:
        """Lock the same incidents without reading what one of them may not be readable for."""
        query = select(_T.c.id, _T.c.revision, _T.c.correlation, _T.c.mode)
        return [
            Reference(
                id=row.id, revision=row.revision, correlation=row.correlation, mode=Mode(row.mode)
            )
            for row in self._connection.execute(_next_undecided(query, limit))
        ]

    def mark_decided(self, decided: Iterable[Filed | Reference], at: datetime) -> None:
        """Note that each of these revisions has been decided."""
        for filed in decided:
            self._connection.execute(
                update(_T)
                .where(_T.c.id == filed.id)
                .values(decided_revision=filed.revision, decided_at=at)
            )

    def undecided(self) -> int:
        """Return how many incidents wait for a decision."""
        return self._count(_UNDECIDED)

    def find(self, incident: UUID, *, personal: bool = False) -> Filed | None:
        """Return an incident without locking it, its personal fields only when asked for."""
        row = self._connection.execute(select(_T).where(_T.c.id == incident)).one_or_none()
        return self._filed(row, personal=personal) if row else None

    def some(self, incidents: Iterable[UUID]) -> dict[UUID, Filed]:
        """Return these incidents by their ids, without their personal fields."""
        rows = self._connection.execute(select(_T).where(_T.c.id.in_(list(incidents))))
        return {row.id: self._filed(row, personal=False) for row in rows}

    def page(self, before: Mark | None, limit: int, *, open_only: bool) -> list[Filed]:
        """Return the incidents recorded last, from a mark on, without their personal fields."""
        query = select(_T).where(_T.c.is_stub.is_(False))
        query = query.where(_T.c.is_open) if open_only else query
        query = newest_first(query, _T.c.recorded_at, _T.c.id, before, limit)
        return [self._filed(row, personal=False) for row in self._connection.execute(query)]

    def counts(self) -> Sequence[Row[Any]]:
        """Return (room, stub?, number) for every room."""
        return self._connection.execute(
            select(_T.c.room, _T.c.is_stub, func.count()).group_by(_T.c.room, _T.c.is_stub)
        ).all()

    def open_key(self, key: WrappedKey) -> DataKey:
        """Open an incident's data key."""
        return self._keys.open(key)

    def _count(self, condition: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(_T).where(condition)
        return int(self._connection.execute(query).scalar_one())

    def _filed(self, row: Row[Any], *, personal: bool) -> Filed:
        return from_row(row, self._keys, personal=personal)


def _ciphertext(row: dict[str, Any]) -> bytes | None:
    sealed: bytes | None = row["sealed"]
    return sealed


def unknown(incident: UUID) -> Unknown:
    """Make the error that refuses an id which is no incident's."""
    return Unknown("incident", str(incident), "Use the id of an incident on the bus.")


def _next_undecided(query: Select[Any], limit: int) -> Select[Any]:
    undecided = query.where(_UNDECIDED).order_by(_T.c.priority, _T.c.recorded_at)
    return undecided.limit(limit).with_for_update(skip_locked=True)
