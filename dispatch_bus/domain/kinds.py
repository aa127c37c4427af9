"""Everything that can stand in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen


class EntryKind(StrEnum):
    """What happened, as a code. New kinds are added; none is ever renamed."""

    INCIDENT_RECORDED = "incident.recorded"
    INCIDENT_STUBBED = "incident.stubbed"
    INCIDENT_UNCHANGED = "incident.unchanged"
    INCIDENT_STALE = "incident.stale"
    INCIDENT_RECOGNISED = "incident.recognised"
    INCIDENT_DECIDED = "incident.decided"
    RECORD_QUARANTINED = "record.quarantined"
    RECORD_REPEATED = "record.repeated"
    QUARANTINE_REPLAY_ASKED = "quarantine.replay_asked"
    QUARANTINE_REPLAY_FAILED = "quarantine.replay_failed"
    QUARANTINE_REPLAYED = "quarantine.replayed"
    QUARANTINE_DISMISSED = "quarantine.dismissed"
    MIRROR_OPENED = "mirror.opened"
    MIRROR_UPDATED = "mirror.updated"
    MIRROR_CLOSED = "mirror.closed"
    HANDOFF_PROPOSED = "handoff.proposed"
    HANDOFF_OFFERED = "handoff.offered"
    HANDOFF_UPDATED = "handoff.updated"
    HANDOFF_ACCEPTED = "handoff.accepted"
    HANDOFF_TRANSFERRED = "handoff.transferred"
    HANDOFF_REFUSED = "handoff.refused"
    HANDOFF_WITHDRAWN = "handoff.withdrawn"
    HANDOFF_EXPIRED = "handoff.expired"
    HANDOFF_CLOSED = "handoff.closed"
    NOTICE_DELIVERED = "notice.delivered"
    NOTICE_SHOWN = "notice.shown"
    NOTICE_ACKNOWLEDGED = "notice.acknowledged"
    ANSWER_RECEIVED = "answer.received"
    ANSWER_REFUSED = "answer.refused"
    DELIVERY_ATTEMPTED = "delivery.attempted"
    DELIVERY_MADE = "delivery.made"
    DELIVERY_POSTED = "delivery.posted"
    DELIVERY_UNREAD = "delivery.unread"
    DELIVERY_FAILED = "delivery.failed"
    DELIVERY_UNDELIVERABLE = "delivery.undeliverable"
    DELIVERY_OVERDUE = "delivery.overdue"
    PART_MOVED = "part.moved"
    ALARM_RAISED = "alarm.raised"
    ROOM_UNREACHABLE = "room.unreachable"
    ROOM_REACHABLE = "room.reachable"
    INBOX_FULL = "inbox.full"
    INBOX_FREE = "inbox.free"
    CONSULTED = "consultation"
    DAY_ERASED = "retention.day_erased"
    JOURNAL_RESTORED = "journal.restored"


@frozen
class Happening:
    """One thing that happened, as codes and parameters: never prose, never personal."""

    kind: EntryKind
    facts: Mapping[str, Any] = field(factory=dict)
