"""Entries that a newer version wrote: kept, told, and passed over by whoever acts on entries."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from making.values import NOON, report
from making.wiring import Desk
from making.world import IN_ZONE
from structlog.testing import capture_logs

from dispatch_bus.application import feed
from dispatch_bus.application.accounting import Account, Received, Sent, settle
from dispatch_bus.application.board import history
from dispatch_bus.application.health import health
from dispatch_bus.application.measuring import measure
from dispatch_bus.application.sealing import seal, verify_journal
from dispatch_bus.application.standing import standing
from dispatch_bus.application.watching import glance
from dispatch_bus.journal import canonical
from dispatch_bus.journal.entry import SCHEMA_VERSION

NEWER = SCHEMA_VERSION + 1


def write(desk: Desk, kind: str, schema: int, incident: UUID) -> None:
    """Append an entry as a newer process does: this version's own encoder would refuse it."""
    document = {
        "kind": kind,
        "schema": schema,
        "at": canonical.instant(NOON),
        "mode": "actual",
        "incident": str(incident),
        "notice": None,
        "correlation": "NL:r-1",
        "actor": "newer",
        "facts": {"tide": {"turned": [1, 2]}},
        "sealed": None,
        "key": None,
    }
    if schema == NEWER:
        document["weather"] = "fog"
    row = {"kind": kind, "schema": schema, "entry": json.dumps(document).encode(), "at": incident}
    with desk.bus.store.begin() as uow:
        uow._connection.exec_driver_sql(
            "INSERT INTO journal_pending (kind, schema_version, entry, incident)"
            " VALUES (%(kind)s, %(schema)s, %(entry)s, %(at)s)",
            row,
        )


@pytest.fixture
def newer(desk: Desk) -> Desk:
    """A bus that worked beside a newer one."""
    filed = desk.file(report("C-1", at=IN_ZONE))
    write(desk, "tide.turned", SCHEMA_VERSION, filed.id)
    write(desk, "incident.recorded", NEWER, filed.id)
    desk.settle()
    return desk


def test_they_wait_and_are_sealed_like_any_other(newer: Desk) -> None:
    """Whoever looks while they wait, and the sealer, need not know what they say."""
    assert standing(newer.bus).stages[2].waiting > 0
    while feed.look(newer.bus, 0, 1).unsealed:
        seal(newer.bus)
    assert verify_journal(newer.bus).ok
    assert health(newer.bus).checks[1].facts["last_entry_age_s"] is not None


def test_the_feed_tells_them(newer: Desk) -> None:
    """No number is left out; the kind says that another version wrote the entry."""
    seal(newer.bus)
    told = feed.look(newer.bus, 0, 1_000).entries
    assert [one.number for one in told] == list(range(1, len(told) + 1))
    kinds = {one.entry.kind: one.entry.facts for one in told if one.entry.actor == "newer"}
    assert kinds == {
        "tide.turned": {"tide": {"turned": [1, 2]}},
        f"incident.recorded@{NEWER}": {},
    }


def test_they_are_warned_of_once(newer: Desk) -> None:
    """The log of each process names a kind that it does not know, and not with every entry."""
    seal(newer.bus)
    feed._warn.cache_clear()
    with capture_logs() as lines:
        for _ in range(3):
            feed.look(newer.bus, 0, 1_000)
    warned = [line["kind"] for line in lines if line["log_level"] == "warning"]
    assert sorted(warned) == [f"incident.recorded@{NEWER}", "tide.turned"]


def test_whoever_acts_on_entries_passes_them_over(newer: Desk) -> None:
    """Figures, accounts, histories and screens are made from what is known."""
    seal(newer.bus)
    filed = newer.filed("C-1")
    assert measure(newer.bus).pulled == {"NL-1": 1}
    received = [Received(room="BE", message=m.id, applied=1) for m in newer.gates["BE"].attempts]
    account = settle(newer.bus, [Sent(room="NL", record="NL1.0")], received)
    assert account == Account(lost=(), duplicated=(), refused=())
    assert len(history(newer.bus, filed.id, 0, 1_000)) > 2
    assert len(glance(newer.bus, 0).entries) > 2
