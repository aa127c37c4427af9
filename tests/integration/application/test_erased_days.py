"""Erasures: said once before they are done, and done whatever comes between."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from making.wiring import Desk, MakeBus

from dispatch_bus.application import retention
from dispatch_bus.domain.kinds import EntryKind

LONG_AGO = date(2020, 2, 29)


def _die(_: date) -> None:
    raise KeyboardInterrupt


def test_a_crash_before_the_key_is_destroyed_leaves_an_entry_and_is_made_up_for(
    desk: Desk, another_bus: MakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next process destroys the key, and the journal says it once."""
    desk.bus.store.keys.new_incident_key(LONG_AGO)
    monkeypatch.setattr(desk.bus.store.keys, "erase", _die)
    with pytest.raises(KeyboardInterrupt):
        retention.erase_ended(desk.bus, datetime.now(UTC))
    assert [one.facts["day"] for one in desk.entries(EntryKind.DAY_ERASED)] == ["2020-02-29"]

    next_process = another_bus("bus-2")
    assert retention.erase_ended(next_process, datetime.now(UTC)) == 1
    assert next_process.store.keys.days() == []
    assert len(desk.entries(EntryKind.DAY_ERASED)) == 1
