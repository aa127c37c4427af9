"""The journal held against itself and its checkpoints."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispatch_bus.journal.checkpoint import Checkpoint, sign
from dispatch_bus.journal.merkle import Frontier, leaf_hash
from dispatch_bus.journal.numbering import number_of
from dispatch_bus.journal.verify import Code, Report, Row, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT = datetime(2026, 3, 1, tzinfo=UTC)


def row(number: int, epoch: int = 1) -> Row:
    raw = f"entry {number}".encode()
    return number, epoch, raw, leaf_hash(raw)


def rows(count: int) -> list[Row]:
    return [row(number) for number in range(1, count + 1)]


def signed(size: int, epoch: int = 1, *, over: list[Row] | None = None) -> bytes:
    leaves = [leaf for *_, leaf in (over or rows(size))[:size]]
    root = Frontier().extend(leaves).root()
    return sign(Checkpoint("dispatch-bus/test", epoch, size, root, AT), KEY)


def tree(entries: list[Row]) -> Frontier:
    return Frontier().extend(leaf for *_, leaf in entries)


def report(
    entries: Iterable[Row],
    checkpoints: Iterable[bytes],
    limit: int = 20,
    sealed: Frontier | None = None,
) -> Report:
    expected = sealed or Frontier()
    return verify(entries, checkpoints, KEY.public_key(), tree=expected, limit=limit)


def codes(found: Report) -> list[tuple[Code, int]]:
    return [(problem.code, problem.number) for problem in found.problems]


def test_a_whole_journal_verifies() -> None:
    """Entries and checkpoints that fit make a report without problems."""
    found = report(rows(10), [signed(size) for size in (0, 1, 4, 4, 7, 10)])
    root = Frontier().extend(leaf for *_, leaf in rows(10)).root()
    assert (found.ok, found.problems) == (True, ())
    assert (found.entries, found.root, found.uncovered) == (10, root, 0)


def test_an_empty_journal_verifies() -> None:
    """A journal without entries has the root of the empty tree."""
    found = report([], [signed(0)])
    assert (found.ok, found.entries, found.root) == (True, 0, Frontier().root())


def test_entries_after_the_last_checkpoint_are_counted() -> None:
    """Entries that no signature covers are no problem, and are told."""
    found = report(rows(10), [signed(4)])
    assert (found.ok, found.uncovered) == (True, 6)


def test_no_checkpoint_covers_nothing() -> None:
    """Without checkpoints every entry is uncovered."""
    assert report(rows(3), []).uncovered == 3


def test_a_changed_entry_is_one_problem() -> None:
    """An entry changed after it was hashed is found by number, and the rest still verifies."""
    entries = rows(10)
    entries[4] = (5, 1, b"changed", entries[4][3])
    found = report(entries, [signed(7), signed(10)])
    assert codes(found) == [(Code.LEAF_DIFFERS, 5)]
    assert not found.ok


def test_an_entry_changed_with_its_hash_is_found_by_the_checkpoint() -> None:
    """Whoever changes the stored hash as well does not get past the next signature."""
    entries = rows(10)
    entries[4] = (5, 1, b"changed", leaf_hash(b"changed"))
    found = report(entries, [signed(4), signed(7)])
    assert codes(found) == [(Code.CHECKPOINT_ROOT, 7)]
    assert found.uncovered == 6


def test_a_missing_entry_is_named() -> None:
    """A gap in the numbers says which are missing."""
    found = report([*rows(3), row(6)], [])
    assert codes(found) == [(Code.NUMBER_MISSING, 6)]
    assert "4 to 5" in found.problems[0].message


def restored(entries: int, more: int) -> list[Row]:
    after = range(entries + 1, entries + more + 1)
    leaves = [(number_of(2, place), 2, *row(place)[2:]) for place in after]
    return [*rows(entries), *leaves]


def test_an_epoch_begins_its_own_range_of_numbers() -> None:
    """After a restore the places go on and the numbers begin anew, and nothing is missing."""
    entries = restored(4, 3)
    found = report(entries, [signed(4), signed(7, 2, over=entries)])
    assert (found.ok, found.entries) == (True, 7)


def test_a_journal_restored_before_epochs_had_ranges_verifies() -> None:
    """Numbers that went on without a gap over a restore are as good."""
    assert report([*rows(4), row(5, 2), (number_of(2, 6), 2, *row(6)[2:])], []).ok


def test_an_entry_missing_at_the_beginning_of_an_epoch_is_found() -> None:
    """The first entries of an epoch cannot be left out either."""
    entries = restored(4, 3)
    del entries[4]
    assert codes(report(entries, [])) == [(Code.NUMBER_MISSING, number_of(2, 6))]


def test_a_journal_without_its_beginning_is_found() -> None:
    """Numbers start at 1."""
    assert codes(report([row(2)], [])) == [(Code.NUMBER_MISSING, 2)]


@pytest.mark.parametrize("number", [2, 3])
def test_a_repeated_number_is_found(number: int) -> None:
    """A number that does not rise is a problem."""
    assert codes(report([*rows(3), row(number)], [])) == [(Code.NUMBER_REPEATED, number)]


def test_swapped_entries_are_found() -> None:
    """Entries that changed places under their numbers do not get past the signature."""
    first, second, third = rows(3)
    swapped = [first, (2, *third[1:]), (3, *second[1:])]
    assert codes(report(swapped, [signed(3)])) == [(Code.CHECKPOINT_ROOT, 3)]


def test_a_restore_raises_the_epoch() -> None:
    """Entries and checkpoints of a later epoch follow those of an earlier one."""
    found = report([*rows(3), row(4, epoch=2)], [signed(3), signed(3, epoch=2), signed(4, 2)])
    assert found.ok


def test_an_epoch_that_falls_is_found() -> None:
    """An entry of an earlier epoch after a later one is a problem."""
    found = report([row(1), row(2, epoch=2), row(3)], [])
    assert codes(found) == [(Code.EPOCH_BACKWARDS, 3)]


def test_an_epoch_is_held_against_the_highest_before_it() -> None:
    """An epoch that rises again, but not to where it was, is a problem of its own."""
    found = report([row(1, epoch=3), row(2, epoch=1), row(3, epoch=2)], [])
    assert codes(found) == [(Code.EPOCH_BACKWARDS, 2), (Code.EPOCH_BACKWARDS, 3)]


def test_a_checkpoint_of_an_earlier_epoch_than_its_entries_is_found() -> None:
    """A signature from before a restore does not vouch for entries written after it."""
    entries = [row(1), row(2, epoch=2)]
    found = report(entries, [signed(2, epoch=1)])
    assert codes(found) == [(Code.EPOCH_BACKWARDS, 2)]


def test_cut_off_entries_are_found_by_a_checkpoint_kept_elsewhere() -> None:
    """A checkpoint beyond the last entry says how many were signed."""
    found = report(rows(5), [signed(5), signed(8)])
    assert codes(found) == [(Code.CHECKPOINT_BEYOND, 5)]
    assert "8 entries were signed" in found.problems[0].message


def test_entries_cut_off_with_their_checkpoints_are_found_by_the_tree() -> None:
    """What the sealer counted says that the end is missing."""
    found = report(rows(5), [signed(5)], sealed=tree(rows(8)))
    assert codes(found) == [(Code.TREE_BEYOND, 5)]


def test_a_tree_of_other_entries_is_found() -> None:
    """The sealer may not go on with a root that the entries do not have."""
    other = tree([*rows(4), row(99)])
    assert codes(report(rows(7), [], sealed=other)) == [(Code.TREE_ROOT, 5)]


def test_entries_sealed_after_the_tree_was_read_are_no_problem() -> None:
    """A journal that grows while it is verified is whole."""
    assert report(rows(7), [], sealed=tree(rows(5))).ok


def test_a_forged_checkpoint_is_found_and_passed_over() -> None:
    """An invalid signature is a problem, and the checkpoints after it still count."""
    forged = signed(2).replace(b"\n2\n", b"\n3\n")
    found = report(rows(5), [signed(1), forged, signed(5)])
    assert [problem.code for problem in found.problems] == [Code.CHECKPOINT_INVALID]
    assert found.uncovered == 0


def test_checkpoints_out_of_order_are_found() -> None:
    """A checkpoint smaller than the one before it is a problem of its own."""
    found = report(rows(5), [signed(4), signed(2), signed(5)])
    assert codes(found) == [(Code.CHECKPOINT_BACKWARDS, 4)]
    assert found.uncovered == 0


def test_it_stops_at_the_limit() -> None:
    """After so many problems nothing more is read."""
    read: list[int] = []

    def bad() -> Iterator[Row]:
        for number in range(1, 1_000):
            read.append(number)
            yield number, 1, b"changed", leaf_hash(b"")

    found = report(bad(), [], limit=5)
    assert len(found.problems) == 5
    assert len(read) == 6


def test_a_pile_of_invalid_checkpoints_stops_at_the_limit() -> None:
    """Invalid checkpoints before the first entry count towards the limit too."""
    found = report(rows(5), [b"forged"] * 100, limit=5)
    assert (len(found.problems), found.entries) == (5, 0)


def test_memory_does_not_grow_with_the_journal() -> None:
    """Ten times the entries take no more memory."""

    def peak(count: int) -> int:
        tracemalloc.start()
        assert report((row(number) for number in range(1, count + 1)), []).ok
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    assert peak(20_000) < 2 * peak(2_000)
