"""The end of retention: a day's key is destroyed once, and the incidents stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from making.values import personal, report
from making.wiring import Desk, make_bus
from making.world import FAR_INSIDE, IN_ZONE
from structlog.testing import capture_logs

from dispatch_bus.application import board, retention
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.report import Personal

KEPT_DAYS = 30


def file_long_ago(desk: Desk, number: str, days: int) -> None:
    """File an incident as if so many days had passed since."""
    filed = desk.file(report(number, at=IN_ZONE, personal=personal()))
    day = datetime.now(UTC).date() - timedelta(days=days)
    desk.bus.store.keys.new_incident_key(day)
    ring = desk.bus.store.keys
    today, old = (ring._path(one) for one in (filed.key.day, day))
    old.write_bytes(today.read_bytes())
    with desk.bus.store.begin() as uow:
        moved = "UPDATE incident SET key_day = %s WHERE number = %s"
        uow._connection.exec_driver_sql(moved, (day, number))


def personal_of(desk: Desk, number: str) -> Personal:
    """Return the personal fields of an incident, as far as they can be read."""
    found = desk.filed(number).report
    assert found is not None
    return found.personal


def test_a_day_past_its_retention_is_erased_once_and_journalled(desk: Desk) -> None:
    """The second look finds nothing left to do."""
    file_long_ago(desk, "C-1", KEPT_DAYS + 1)
    assert retention.erase_ended(desk.bus, datetime.now(UTC)) == 1
    assert retention.erase_ended(desk.bus, datetime.now(UTC)) == 0
    (entry,) = desk.entries(EntryKind.DAY_ERASED)
    day = datetime.now(UTC).date() - timedelta(days=KEPT_DAYS + 1)
    assert entry.facts == {"day": day.isoformat()}


@pytest.mark.parametrize("days", [0, 1, KEPT_DAYS])
def test_a_day_within_its_retention_is_kept(desk: Desk, days: int) -> None:
    """To the last day of it."""
    file_long_ago(desk, "C-1", days)
    assert retention.erase_ended(desk.bus, datetime.now(UTC)) == 0
    assert personal_of(desk, "C-1") == personal()


def test_every_day_that_has_ended_is_erased_and_no_other(desk: Desk) -> None:
    """A bus that stood still for a week has seven to do."""
    for number, days in (("C-1", 33), ("C-2", 32), ("C-3", 31), ("C-4", 30), ("C-5", 29)):
        file_long_ago(desk, number, days)
    assert retention.erase_ended(desk.bus, datetime.now(UTC)) == 3
    left = [
        number
        for number in ("C-1", "C-2", "C-3", "C-4", "C-5")
        if personal_of(desk, number) != Personal()
    ]
    assert left == ["C-4", "C-5"]


@pytest.mark.parametrize(
    ("filed", "ahead"), [(0, 400), (KEPT_DAYS + 1, -400)], ids=["ours-ahead", "database-ahead"]
)
def test_one_wrong_clock_destroys_no_key(desk: Desk, filed: int, ahead: int) -> None:
    """Neither that of the process nor that of the database is believed alone."""
    file_long_ago(desk, "C-1", filed)
    ours = datetime.now(UTC) + timedelta(days=ahead)
    assert retention.erase_ended(desk.bus, ours) == 0
    assert personal_of(desk, "C-1") == personal()


def test_clocks_that_are_hours_apart_are_an_error(desk: Desk) -> None:
    """The log names both, so that somebody sets the wrong one right."""
    with capture_logs() as logs:
        retention.erase_ended(desk.bus, datetime.now(UTC))
        assert logs == []
        retention.erase_ended(desk.bus, datetime.now(UTC) + timedelta(hours=2))
    (error,) = logs
    assert error["log_level"] == "error"
    assert {"database", "here", "remedy"} < error.keys()


def test_the_incidents_of_an_erased_day_are_still_listed(desk: Desk) -> None:
    """Place, nature and times stay; notes, people, vehicles, address and number are gone."""
    file_long_ago(desk, "C-1", KEPT_DAYS + 1)
    desk.file(report("C-2", at=FAR_INSIDE))
    retention.erase_ended(desk.bus, datetime.now(UTC))
    (listed,) = board.incidents(desk.bus, None, 10, open_only=False).items
    assert listed.source.number == "C-1"
    assert listed.report is not None
    assert listed.report.personal == Personal()
    assert listed.report.place == report(at=IN_ZONE).place
    assert personal_of(desk, "C-1") == Personal()


def test_another_process_no_longer_reads_an_erased_day(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    """It has used the key before and must not have kept it."""
    file_long_ago(desk, "C-1", KEPT_DAYS + 1)
    other = Desk(make_bus(database_url, tmp_path / "keys", "bus-2"))
    assert personal_of(other, "C-1") == personal()
    retention.erase_ended(desk.bus, datetime.now(UTC))
    assert personal_of(other, "C-1") == Personal()
    other.bus.store.close()
