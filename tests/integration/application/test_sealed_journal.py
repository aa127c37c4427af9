"""The journal of a whole story: one tree that holds, until somebody changes a byte."""

from __future__ import annotations

import attrs
import pytest
from making.values import report
from making.wiring import Desk, MakeBus
from making.world import ACROSS, IN_ZONE

from dispatch_bus.application import sealing
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal.verify import Code


def tell_a_story(desk: Desk) -> int:
    """Let something happen and seal it; return how many entries that was."""
    desk.file(report("C-1", at=IN_ZONE))
    desk.file(report("C-2", at=ACROSS))
    desk.settle()
    return len(desk.entries())


def tamper(desk: Desk, statement: str) -> None:
    """Change the journal as only somebody with the owner's rights can."""
    with desk.bus.store.begin() as uow:
        for table in ("journal", "checkpoint"):
            uow._connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        uow._connection.exec_driver_sql(statement)


def test_what_happened_verifies(desk: Desk) -> None:
    """Every entry is covered by a checkpoint with the bus's signature."""
    entries = tell_a_story(desk)
    found = sealing.verify_journal(desk.bus)
    assert (found.ok, found.entries, found.uncovered) == (True, entries, 0)


def test_an_empty_journal_verifies(desk: Desk) -> None:
    """Nothing contradicts nothing."""
    assert sealing.verify_journal(desk.bus).ok


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (
            "UPDATE journal SET entry = set_byte(entry, 20, get_byte(entry, 20) # 1)"
            " WHERE number = 3",
            Code.LEAF_DIFFERS,
        ),
        ("DELETE FROM journal WHERE number = 3", Code.NUMBER_MISSING),
        ("UPDATE journal SET epoch = 0 WHERE number = 3", Code.EPOCH_BACKWARDS),
        ("UPDATE checkpoint SET signed = set_byte(signed, 40, 0)", Code.CHECKPOINT_INVALID),
    ],
    ids=["a byte changed", "an entry removed", "an epoch set back", "a signature forged"],
)
def test_whoever_tampers_is_found_out(desk: Desk, statement: str, code: Code) -> None:
    """With the database owner's rights a change can be made, not hidden."""
    tell_a_story(desk)
    tamper(desk, statement)
    assert code in {problem.code for problem in sealing.verify_journal(desk.bus).problems}


def test_an_entry_rewritten_with_its_leaf_is_found_by_the_checkpoint(desk: Desk) -> None:
    """Hashing the forgery again does not help without the signing key."""
    tell_a_story(desk)
    forged = r"sha256('\x00'::bytea || set_byte(entry, 20, get_byte(entry, 20) # 1))"
    tamper(
        desk,
        "UPDATE journal SET entry = set_byte(entry, 20, get_byte(entry, 20) # 1),"
        f" leaf = {forged} WHERE number = 3",
    )
    assert {problem.code for problem in sealing.verify_journal(desk.bus).problems} == {
        Code.CHECKPOINT_ROOT,
        Code.TREE_ROOT,
    }


def test_a_second_sealer_stands_by(desk: Desk, another_bus: MakeBus) -> None:
    """Only the holder of the lease gives out numbers."""
    tell_a_story(desk)
    desk.file(report("C-3", at=IN_ZONE))
    assert sealing.seal(another_bus("bus-2")) is None
    assert sealing.seal(desk.bus)


def test_a_sealer_takes_over_when_the_lease_has_run_out(desk: Desk, another_bus: MakeBus) -> None:
    """Whoever died leaves the journal to the next one."""
    desk.bus = attrs.evolve(desk.bus, limits=attrs.evolve(desk.bus.limits, lease_s=-1.0))
    tell_a_story(desk)
    desk.file(report("C-3", at=IN_ZONE))
    assert sealing.seal(another_bus("bus-2"))
    assert sealing.verify_journal(desk.bus).ok


def test_every_entry_of_one_record_carries_its_correlation(desk: Desk) -> None:
    """From pull to delivery one thread can be followed."""
    filed = desk.file(report(at=IN_ZONE))
    desk.settle()
    kinds = (
        EntryKind.INCIDENT_RECORDED,
        EntryKind.INCIDENT_DECIDED,
        EntryKind.MIRROR_OPENED,
        EntryKind.DELIVERY_MADE,
        EntryKind.NOTICE_DELIVERED,
    )
    found = desk.entries(*kinds)
    assert {one.kind for one in found} == set(kinds)
    assert {one.correlation for one in found} == {filed.correlation}
