"""The tables, as the newest migration leaves them. The unit tests compare the two."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

metadata = MetaData()
Moment = TIMESTAMP(timezone=True)

incident = Table(
    "incident",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("room", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("decided_revision", Integer, nullable=False),
    Column("source_revision", BigInteger),
    Column("content_hash", LargeBinary, nullable=False),
    Column("mode", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("is_stub", Boolean, nullable=False),
    Column("report", JSONB(none_as_null=True)),
    Column("sealed", LargeBinary),
    Column("key_day", Date, nullable=False),
    Column("key_wrapped", LargeBinary, nullable=False),
    Column("parts", JSONB, nullable=False),
    Column("coarse_lon", Double),
    Column("coarse_lat", Double),
    Column("correlation", Text, nullable=False),
    Column("case_created", Moment, nullable=False),
    Column("available_at", Moment, nullable=False),
    Column("pulled_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("decided_at", Moment),
    UniqueConstraint("room", "number", "generation", name="incident_source"),
)
Index(
    "incident_undecided",
    incident.c.priority,
    incident.c.recorded_at,
    postgresql_where=text("decided_revision < revision"),
)

Index(
    "incident_listed",
    incident.c.recorded_at,
    incident.c.id,
    postgresql_where=text("NOT is_stub"),
)
Index(
    "incident_open",
    incident.c.recorded_at,
    incident.c.id,
    postgresql_where=text("is_open AND NOT is_stub"),
)

incident_record = Table(
    "incident_record",
    metadata,
    Column("incident", UUID(as_uuid=True), primary_key=True),
    Column("record", Text, primary_key=True),
)

alias = Table(
    "alias",
    metadata,
    Column("room", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("incident", UUID(as_uuid=True), nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("incident", UUID(as_uuid=True), nullable=False),
    Column("discipline", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("agreement", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("delivered_at", Moment),
    Column("shown_at", Moment),
    Column("answered_at", Moment),
    Column("closed_at", Moment),
    Column("deadline", Moment),
    Column("answered_by", Text),
    Column("by_phone", Boolean, nullable=False),
    Column("case_number", Text),
    Column("cause", Text),
    Column("leaving_since", Moment),
)
Index("notice_of_incident", notice.c.incident)
Index(
    "notice_open",
    notice.c.incident,
    notice.c.kind,
    notice.c.discipline,
    notice.c.receiver,
    unique=True,
    postgresql_where=text("closed_at IS NULL"),
)
Index("notice_deadline", notice.c.deadline, postgresql_where=text("deadline IS NOT NULL"))
Index(
    "notice_leaving",
    notice.c.leaving_since,
    postgresql_where=text("leaving_since IS NOT NULL AND closed_at IS NULL"),
)
Index("notice_listed", notice.c.opened_at, notice.c.id)
Index("notice_of_kind", notice.c.kind, notice.c.opened_at, notice.c.id)
Index(
    "notice_pending",
    notice.c.opened_at,
    notice.c.id,
    postgresql_where=text("kind = 'handoff' AND closed_at IS NULL"),
)
Index(
    "notice_unanswered",
    notice.c.opened_at,
    notice.c.id,
    postgresql_where=text("state = 'expired'"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("notice", UUID(as_uuid=True), primary_key=True),
    Column("side", Text, primary_key=True),
    Column("incident", UUID(as_uuid=True), nullable=False),
    Column("centre", Text, nullable=False),
    Column("room", Text),
    Column("priority", SmallInteger, nullable=False),
    Column("mode", Text, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("message", JSONB, nullable=False),
    Column("sealed", LargeBinary),
    Column("told_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed_until", Moment),
    Column("alarmed", Integer, nullable=False),
    Column("stuck", Boolean, nullable=False),
)
Index(
    "delivery_due",
    delivery.c.room,
    delivery.c.priority,
    delivery.c.due_at,
    postgresql_where=text("delivered < sequence AND NOT stuck AND room IS NOT NULL"),
)
Index(
    "delivery_overdue",
    delivery.c.told_at,
    postgresql_where=text("delivered < sequence AND alarmed < sequence"),
)
Index("delivery_stuck", delivery.c.told_at, postgresql_where=text("stuck"))

answer = Table(
    "answer",
    metadata,
    Column("notice", UUID(as_uuid=True), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("taken_at", Moment, nullable=False),
)

room = Table(
    "room",
    metadata,
    Column("id", Text, primary_key=True),
    Column("cursor", Text),
    Column("pages", BigInteger, nullable=False),
    Column("confirmed_pages", BigInteger, nullable=False),
    Column("pulled_at", Moment),
    Column("records", BigInteger, nullable=False),
    Column("failing_since", Moment),
    Column("clock_ahead_s", Double),
    Column("clock_at", Moment),
)

inbox = Table(
    "inbox",
    metadata,
    Column("room", Text, primary_key=True),
    Column("waiting", BigInteger),
    Column("unattended_since", Moment),
    Column("full_since", Moment),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("room", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("mended", LargeBinary),
    Column("key_day", Date, nullable=False),
    Column("key_wrapped", LargeBinary, nullable=False),
    Column("correlation", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("settled_at", Moment),
)
Index("quarantine_state", quarantine.c.state, quarantine.c.received_at)
Index("quarantine_listed", quarantine.c.received_at, quarantine.c.id)
Index("quarantine_record", quarantine.c.room, quarantine.c.record)

wakeup = Table(
    "wakeup",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("correlation", Text, nullable=False),
    prefixes=["UNLOGGED"],
)

erasure = Table(
    "erasure",
    metadata,
    Column("day", Date, primary_key=True),
    Column("noted_at", Moment, nullable=False),
)

process = Table(
    "process",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", Text, nullable=False),
    Column("zones", Text, nullable=False),
    Column("clock_ahead_s", Double, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    prefixes=["UNLOGGED"],
)

compatibility = Table(
    "compatibility",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("oldest", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("until", Moment, nullable=False),
)

journal_pending = Table(
    "journal_pending",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("incident", UUID(as_uuid=True)),
    Column("notice", UUID(as_uuid=True)),
)

journal = Table(
    "journal",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("incident", UUID(as_uuid=True)),
    Column("notice", UUID(as_uuid=True)),
)

journal_tree = Table(
    "journal_tree",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("frontier", JSONB, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("signed", LargeBinary, nullable=False),
)


def columns(table: Table) -> str:
    """Return the columns that this version knows, for statements written out.

    A newer version may have added others while this one is at work: what it does not know it must
    not read, and a prepared statement that asks for all of them fails once there are more.
    """
    return ", ".join(f"{table.name}.{column.name}" for column in table.columns)
