"""One journal entry of every kind, with the facts that the bus writes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from making.values import NOON, report
from making.world import IN_ZONE

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.json import to_json
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal.entry import Entry

NOTICE: dict[str, Any] = {
    "notice_kind": "handoff",
    "discipline": "fire",
    "owner": "NL-1",
    "receiver": "BE-1",
    "revision": 1,
}
OPENED = NOTICE | {"rule": "border_zone", "agreement": "be-nl-fire", "version": 3}
ANSWERED = NOTICE | {"by": "desk-1", "by_phone": False, "answer": "a-1"}
RECORD: dict[str, Any] = {"room": "NL", "record": "r-1", "number": "C-1", "revision": 1}
TELLING: dict[str, Any] = {
    "room": "BE",
    "centre": "BE-1",
    "side": "receiver",
    "act": "offer",
    "message": "m-1",
    "sequence": 1,
    "revision": 1,
    "fields": ["place"],
    "attempt": 1,
}
PHONES = {"owner_phone": "+31 1", "receiver_phone": "+32 2"}
FACTS: dict[EntryKind, dict[str, Any]] = {
    EntryKind.INCIDENT_RECORDED: RECORD | {"report": to_json(report(at=IN_ZONE))},
    EntryKind.INCIDENT_STUBBED: RECORD,
    EntryKind.INCIDENT_UNCHANGED: RECORD,
    EntryKind.INCIDENT_STALE: RECORD,
    EntryKind.INCIDENT_RECOGNISED: RECORD,
    EntryKind.INCIDENT_DECIDED: {
        "revision": 1,
        "answer": "place",
        "zones": [["BE-NL", "NL", 2000.0]],
        "wanted": [{"kind": "mirror", "discipline": "fire", "receiver": "BE-1", "rule": "x"}],
    },
    EntryKind.RECORD_QUARANTINED: RECORD | {"field": "times.event", "remedy": "Send a time."},
    EntryKind.RECORD_REPEATED: RECORD,
    EntryKind.QUARANTINE_REPLAY_ASKED: RECORD | {"by": "cli"},
    EntryKind.QUARANTINE_REPLAY_FAILED: RECORD | {"field": "times.event", "by": "intake"},
    EntryKind.QUARANTINE_REPLAYED: RECORD | {"by": "intake"},
    EntryKind.QUARANTINE_DISMISSED: RECORD | {"by": "cli"},
    EntryKind.MIRROR_OPENED: OPENED | {"zone": "BE-NL", "border_m": 1999.6},
    EntryKind.MIRROR_UPDATED: NOTICE,
    EntryKind.MIRROR_CLOSED: NOTICE | {"reason": "left_zone"},
    EntryKind.HANDOFF_PROPOSED: OPENED | {"zone": None, "border_m": None},
    EntryKind.HANDOFF_OFFERED: ANSWERED,
    EntryKind.HANDOFF_UPDATED: NOTICE,
    EntryKind.HANDOFF_ACCEPTED: ANSWERED | {"case_number": "B-9"},
    EntryKind.HANDOFF_TRANSFERRED: NOTICE,
    EntryKind.HANDOFF_REFUSED: ANSWERED | {"cause": "no_capacity"},
    EntryKind.HANDOFF_WITHDRAWN: ANSWERED,
    EntryKind.HANDOFF_EXPIRED: NOTICE,
    EntryKind.HANDOFF_CLOSED: NOTICE | {"reason": "case_closed", "was": "offered"},
    EntryKind.NOTICE_DELIVERED: NOTICE | {"centre": "BE-1"},
    EntryKind.NOTICE_SHOWN: NOTICE | {"centre": "BE-1", "by": "desk-1"},
    EntryKind.NOTICE_ACKNOWLEDGED: ANSWERED,
    EntryKind.ANSWER_RECEIVED: {"room": "BE", "record": "r-2", "answer": "BE/a-1"},
    EntryKind.ANSWER_REFUSED: {"answer": "BE/a-1", "kind": "accept", "field": "by", "remedy": "x"},
    EntryKind.DELIVERY_ATTEMPTED: TELLING,
    EntryKind.DELIVERY_MADE: TELLING | {"reference": "B-9", "received_at": NOON.isoformat()},
    EntryKind.DELIVERY_POSTED: TELLING | {"reference": "inbox.BE", "waits_s": 3600.0},
    EntryKind.DELIVERY_UNREAD: TELLING | {"reason": "expired", "overtaken": False},
    EntryKind.DELIVERY_FAILED: TELLING,
    EntryKind.DELIVERY_UNDELIVERABLE: TELLING | {"field": "content.people[0].name"},
    EntryKind.DELIVERY_OVERDUE: TELLING | PHONES | {"second_channel": "telephone"},
    EntryKind.PART_MOVED: {"discipline": "fire", "from": "NL-1", "to": "BE-1"} | NOTICE,
    EntryKind.ALARM_RAISED: {"reason": "offer_expired"} | PHONES,
    EntryKind.ROOM_UNREACHABLE: {"room": "DE", "side": "pull"},
    EntryKind.ROOM_REACHABLE: {"room": "DE", "side": "pull"},
    EntryKind.INBOX_FULL: {"room": "BE", "waiting": 10_000},
    EntryKind.INBOX_FREE: {"room": "BE"},
    EntryKind.CONSULTED: {"by": "desk-1", "revision": 1, "session": "ab", "reason": "dispatch"},
    EntryKind.DAY_ERASED: {"day": "2026-01-01"},
    EntryKind.JOURNAL_RESTORED: {
        "epoch": 2,
        "size": 1733,
        "signed": 1800,
        "pages": [{"room": "NL", "first": 118, "last": 120, "records": 7}],
    },
}


def entry(kind: EntryKind, **changes: Any) -> Entry:
    """Return an entry of a kind; a ``facts`` argument is added to its usual facts."""
    facts = FACTS[kind] | changes.pop("facts", {})
    usual: dict[str, Any] = {
        "kind": kind.value,
        "at": NOON,
        "mode": Mode.ACTUAL,
        "incident": UUID(int=1),
        "notice": None,
        "correlation": "NL:r-1",
        "actor": "bus",
        "facts": facts,
    }
    return Entry(**usual | changes)
