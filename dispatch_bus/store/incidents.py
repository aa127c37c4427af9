"""Incidents as they are filed: found by their source, revised under a row lock, claimed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.errors import Unknown
from dispatch_bus.domain.json import to_json
from dispatch_bus.store import tables
from dispatch_bus.store.filed import Filed, Halves, Reference, from_row, to_row
from dispatch_bus.store.keys import DataKey, KeyRing, WrappedKey
from dispatch_bus.store.paging import Mark, newest_first
from dispatch_bus.store.session import Row, Session, replacing, write_to

_T = tables.incident
_FILE = write_to(_T, replacing(_T, [name for name in _T.columns.keys() if name != "id"]))  # noqa: SIM118
_NOTE_RECORD = write_to(tables.incident_record, "ON CONFLICT DO NOTHING")
# Sorted before they are locked: two transactions that lock the same incidents cannot wait for
# each other. What is wanted is known first, so that each row is looked up by its key.
_COLUMNS = tables.columns(_T)
_LOCK = f"""
    WITH wanted AS MATERIALIZED (
        SELECT newest.id FROM unnest(%(rooms)s::text[], %(numbers)s::text[]) AS told (room, number)
        CROSS JOIN LATERAL (
            SELECT id FROM incident
            WHERE incident.room = told.room AND incident.number = told.number
            ORDER BY generation DESC LIMIT 1
        ) AS newest
        UNION SELECT unnest(%(ids)s::uuid[])
    )
    SELECT {_COLUMNS} FROM wanted JOIN incident USING (id)
    ORDER BY incident.id FOR UPDATE OF incident
"""  # noqa: S608
_RECORDS = """
    SELECT incident, record FROM incident_record
    JOIN unnest(%(incidents)s::uuid[], %(records)s::text[]) AS asked (incident, record)
    USING (incident, record)
"""
_FIND = f"SELECT {_COLUMNS} FROM incident WHERE id = ANY(%(ids)s::uuid[])"  # noqa: S608
# The order names the index of what is undecided: by its own lights the planner would read a
# history of millions for the few that are.
_UNDECIDED = "FROM incident WHERE decided_revision < revision ORDER BY priority, recorded_at"
_CLAIM = f"SELECT {_COLUMNS} {_UNDECIDED} LIMIT %(limit)s FOR UPDATE SKIP LOCKED"
_CLAIM_REFERENCES = (
    f"SELECT id, revision, correlation, mode {_UNDECIDED} LIMIT %(limit)s FOR UPDATE SKIP LOCKED"
)
_COUNT = f"""
    SELECT count(*), min(recorded_at) AS oldest
    FROM (SELECT recorded_at {_UNDECIDED} LIMIT %(most)s) AS waiting
"""  # noqa: S608
_MARK = """
    UPDATE incident SET decided_revision = decided.revision, decided_at = %(at)s
    FROM unnest(%(ids)s::uuid[], %(revisions)s::int[]) AS decided (id, revision)
    WHERE incident.id = decided.id
"""
MANY = 1_000_000


class Incidents:
    """Files and finds incidents within one transaction.

    What is locked here is read once: nobody else can change it until the transaction ends.
    """

    def __init__(self, session: Session, keys: KeyRing) -> None:
        self._session = session
        self._keys = keys
        self._locked: dict[UUID, Row] = session.memory()
        self._newest: dict[tuple[str, str], tuple[int, UUID] | None] = session.memory()
        self._told: dict[tuple[UUID, str], bool] = session.memory()

    def foresee_locks(
        self, incidents: Iterable[UUID], sources: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Lock with the next question incidents, and the newest of each (room, case number).

        Whoever needs several takes them here, all at once and in one order; each is then read
        without asking again.
        """
        told = list(sources)
        self._newest |= dict.fromkeys(told)
        rooms, numbers = [room for room, _ in told], [number for _, number in told]
        asked = {"ids": list(incidents), "rooms": rooms, "numbers": numbers}
        self._session.foresee(_LOCK, asked, self._keep)

    def foresee_records(self, records: Iterable[tuple[UUID, str]]) -> None:
        """Read with the next question which of these records have told of these incidents."""
        asked = list(records)
        self._told |= dict.fromkeys(asked, False)
        columns = {"incidents": [one[0] for one in asked], "records": [one[1] for one in asked]}
        if asked:
            self._session.foresee(_RECORDS, columns, self._note_told)

    def _note_told(self, row: Row) -> None:
        self._told[row["incident"], row["record"]] = True

    def newest(self, room: str, number: str) -> UUID | None:
        """Return the id of the newest incident under a room's case number, and lock it."""
        if (room, number) not in self._newest:
            self.foresee_locks((), [(room, number)])
        self._session.settle()
        found = self._newest[room, number]
        return found[1] if found else None

    def latest(self, room: str, number: str, *, personal: bool = False) -> Filed | None:
        """Return and lock the newest incident under a room's case number."""
        found = self.newest(room, number)
        return self.lock(found, personal=personal) if found else None

    def lock(self, incident: UUID, *, personal: bool = False) -> Filed:
        """Return and lock an incident: every transition of its notices happens under this lock.

        Its personal fields are read only when asked for, so that a lost key keeps nothing else.
        """
        return self._filed(self._row(incident), personal=personal)

    def note_source_revision(self, incident: UUID, revision: int) -> None:
        """Note the newest of the room's own revision numbers."""
        self._change(incident, source_revision=revision)

    def note_given(self, incident: UUID, pulled_at: datetime, available_at: datetime) -> None:
        """Note when the room gave its last word, and since when it could."""
        self._change(incident, pulled_at=pulled_at, available_at=available_at)

    def note_record(self, incident: UUID, record: str) -> None:
        """Note that a record has told of an incident locked here."""
        self._told[incident, record] = True
        self._session.later(_NOTE_RECORD, {"incident": incident, "record": record})

    def has_record(self, incident: UUID, record: str) -> bool:
        """Tell whether a record was noted as one that has told of an incident."""
        if (incident, record) not in self._told:
            self.foresee_records([(incident, record)])
        self._session.settle()
        return self._told[incident, record]

    def add(self, filed: Filed) -> Halves:
        """File a new incident; return its report as it is stored."""
        return self._file(filed)

    def revise(self, filed: Filed) -> Halves:
        """Replace the whole row of an incident that this transaction has locked."""
        return self._file(filed)

    def move_part(self, moved: Filed) -> None:
        """Write parts and revision of an incident; whatever else it holds stays."""
        parts = [to_json(part) for part in moved.parts]
        self._change(moved.id, parts=parts, revision=moved.revision)

    def claim_undecided(self, limit: int) -> list[Filed]:
        """Lock the next incidents whose decision is behind, most urgent first.

        Their personal fields are not read: no decision depends on them.
        """
        rows = self._session.ask(_CLAIM, {"limit": limit})
        for row in rows:
            self._keep(row)
        return [self._filed(row, personal=False) for row in rows]

    def claim_references(self, limit: int) -> list[Reference]:
        """Lock the same incidents without reading what one of them may not be readable for."""
        rows = self._session.ask(_CLAIM_REFERENCES, {"limit": limit})
        return [Reference(**row | {"mode": Mode(row["mode"])}) for row in rows]

    def mark_decided(self, decided: Iterable[Filed | Reference], at: datetime) -> None:
        """Note that each of these revisions has been decided."""
        revisions = {filed.id: filed.revision for filed in decided}
        asked = {"ids": list(revisions), "revisions": list(revisions.values()), "at": at}
        self._session.at_the_end(_MARK, asked)
        for incident in revisions:
            self._locked.pop(incident, None)

    def is_at(self, incident: UUID, revision: int) -> bool:
        """Tell whether an incident locked here stands at a revision."""
        return bool(self._row(incident)["revision"] == revision)

    def mark_recorded_decided(self, decided: Iterable[Filed], at: datetime) -> None:
        """Note with the rows that are still to be written that these revisions are decided."""
        for filed in decided:
            self._change(filed.id, decided_revision=filed.revision, decided_at=at)

    def undecided(self, most: int = MANY) -> int:
        """Return how many incidents wait for a decision; it stops counting at ``most``."""
        return self.backlog(most)[0]

    def backlog(self, most: int) -> tuple[int, datetime | None]:
        """Return how many incidents wait for a decision, up to ``most``, and since when."""
        (row,) = self._session.ask(_COUNT, {"most": most})
        return row["count"], row["oldest"]

    def find(self, incident: UUID, *, personal: bool = False) -> Filed | None:
        """Return an incident without locking it, its personal fields only when asked for."""
        locked = self._locked.get(incident)
        rows = [locked] if locked else self._session.ask(_FIND, {"ids": [incident]})
        return self._filed(rows[0], personal=personal) if rows else None

    def some(self, incidents: Iterable[UUID]) -> dict[UUID, Filed]:
        """Return these incidents by their ids, without their personal fields."""
        rows = self._session.ask(_FIND, {"ids": list(incidents)})
        return {row["id"]: self._filed(row, personal=False) for row in rows}

    def page(self, before: Mark | None, limit: int, *, open_only: bool) -> list[Filed]:
        """Return the incidents recorded last, from a mark on, without their personal fields."""
        query = select(_T).where(~_T.c.is_stub)
        query = query.where(_T.c.is_open) if open_only else query
        query = newest_first(query, _T.c.recorded_at, _T.c.id, before, limit)
        rows = self._session.execute(query).mappings()
        return [self._filed(dict(row), personal=False) for row in rows]

    def open_key(self, key: WrappedKey) -> DataKey:
        """Open an incident's data key."""
        return self._keys.open(key)

    def _row(self, incident: UUID) -> Row:
        if incident not in self._locked:
            self.foresee_locks([incident])
            self._session.settle()
        if incident not in self._locked:
            raise unknown(incident)
        return self._locked[incident]

    def _keep(self, row: Row) -> None:
        """Remember a locked row; of the newest incident under a number also that it is that."""
        self._locked[row["id"]] = row
        source, mine = (row["room"], row["number"]), (row["generation"], row["id"])
        if source in self._newest:
            self._newest[source] = max(self._newest[source] or mine, mine)

    def _file(self, filed: Filed) -> Halves:
        row = to_row(filed, self._keys)
        self._keep(row)
        self._session.later(_FILE, row)
        return Halves(row["report"], row["sealed"])

    def _change(self, incident: UUID, **values: Any) -> None:
        row = self._row(incident)
        row |= values
        self._session.later(_FILE, row)

    def _filed(self, row: Row, *, personal: bool) -> Filed:
        return from_row(row, self._keys, personal=personal)


def unknown(incident: UUID) -> Unknown:
    """Make the error that refuses an id which is no incident's."""
    return Unknown("incident", str(incident), "Use the id of an incident on the bus.")
