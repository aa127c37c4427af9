"""One row of an incident: what it holds, and how it is read and written."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import attrs
from attrs import frozen

from dispatch_bus.domain.codes import CaseStatus, Discipline, Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.incident import Incident, Part, Source
from dispatch_bus.domain.json import JSON, from_json, to_json
from dispatch_bus.domain.report import Report
from dispatch_bus.store.keys import DataKey, Erased, KeyRing, WrappedKey
from dispatch_bus.store.sealing import join_report, split_report
from dispatch_bus.store.session import Row

_SAME = (
    "revision",
    "decided_revision",
    "source_revision",
    "content_hash",
    "correlation",
    "priority",
    "case_created",
    "available_at",
    "pulled_at",
    "recorded_at",
    "decided_at",
)


@frozen(kw_only=True)
class Filed:
    """One row: an incident with everything the bus keeps beside it.

    ``report`` is none for a stub, the trace that an incident of no concern to a neighbour leaves.
    """

    id: UUID
    source: Source
    revision: int
    decided_revision: int
    source_revision: int | None
    content_hash: bytes
    mode: Mode
    parts: tuple[Part, ...]
    report: Report | None
    key: WrappedKey
    correlation: str
    priority: int
    case_created: datetime
    available_at: datetime
    pulled_at: datetime
    recorded_at: datetime
    decided_at: datetime | None = None
    coarse: tuple[float, float] | None = None

    @property
    def incident(self) -> Incident:
        """The incident itself; a stub has none."""
        if self.report is None:
            raise Refused("incident", str(self.id), "It is a stub: its room has the record.")
        return Incident(
            id=self.id,
            source=self.source,
            revision=self.revision,
            report=self.report,
            parts=self.parts,
            correlation=self.correlation,
        )


@frozen
class Halves:
    """A report as it is stored: its open fields, and the ciphertext of its personal ones."""

    plain: JSON | None
    sealed: bytes | None


@frozen(kw_only=True)
class Reference:
    """Just enough of a row to claim it and to say what became of it, whatever else it holds."""

    id: UUID
    revision: int
    correlation: str
    mode: Mode


def moved(filed: Filed, discipline: Discipline, to: str) -> Filed:
    """Return the incident with one part moved to another owner, as a revision of its own."""
    parts = tuple(
        Part(discipline=discipline, owner=to, former_owner=part.owner)
        if part.discipline is discipline
        else part
        for part in filed.parts
    )
    return attrs.evolve(filed, parts=parts, revision=filed.revision + 1)


def to_row(filed: Filed, keys: KeyRing) -> Row:
    """Return the columns of an incident, its personal fields as ciphertext."""
    plain, sealed = None, None
    if filed.report is not None:
        plain, sealed = split_report(filed.report, lambda: keys.open(filed.key), filed.id)
    return {
        **_plain_columns(filed),
        "report": plain,
        "sealed": sealed,
        "is_stub": filed.report is None,
        "parts": [to_json(part) for part in filed.parts],
    }


def from_row(row: Row, keys: KeyRing, *, personal: bool) -> Filed:
    """Read a row; without ``personal``, or once their key is erased, those fields are empty."""
    key = WrappedKey(row["key_day"], row["key_wrapped"])
    opened = _opened(keys, key) if personal and row["sealed"] is not None else None
    return Filed(
        id=row["id"],
        source=Source(room=row["room"], number=row["number"], generation=row["generation"]),
        parts=tuple(from_json(part, Part) for part in row["parts"]),
        report=row["report"] and join_report(row["report"], row["sealed"], opened, row["id"]),
        key=key,
        mode=Mode(row["mode"]),
        coarse=None if row["coarse_lon"] is None else (row["coarse_lon"], row["coarse_lat"]),
        **{name: row[name] for name in _SAME},
    )


def _opened(keys: KeyRing, key: WrappedKey) -> DataKey | None:
    try:
        return keys.open(key)
    except Erased:
        return None


def _plain_columns(filed: Filed) -> Row:
    lon, lat = filed.coarse or (None, None)
    closed = filed.report is not None and filed.report.status is CaseStatus.CLOSED
    return {
        "id": filed.id,
        "room": filed.source.room,
        "number": filed.source.number,
        "generation": filed.source.generation,
        "mode": filed.mode.value,
        "is_open": not closed,
        "key_day": filed.key.day,
        "key_wrapped": filed.key.wrapped,
        "coarse_lon": lon,
        "coarse_lat": lat,
        **{name: getattr(filed, name) for name in _SAME},
    }
