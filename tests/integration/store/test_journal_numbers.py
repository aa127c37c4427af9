"""The journal: appended without a lock, numbered without a gap, never changed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from servers.waiting import wait_for
from sqlalchemy import text

from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.journal.entry import decode
from dispatch_bus.journal.numbering import number_of
from dispatch_bus.journal.verify import verify
from dispatch_bus.store import journal as journal_module
from dispatch_bus.store.engine import connect
from dispatch_bus.store.failures import Unstorable
from dispatch_bus.store.journal import About
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.unit import Store

LEASE = timedelta(seconds=30)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store over a database of the test's own, with a connection for each thread."""
    made = Store(connect(database_url, most=20), KeyRing.create(tmp_path / "keys"), "test")
    yield made
    made.close()


@pytest.fixture
def small_partitions(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partitions of ten, none of which is there, so that a few entries fill several."""
    with store.begin() as uow:
        uow._connection.execute(text("DROP TABLE journal_from_1"))
    monkeypatch.setattr(journal_module, "PARTITION", 10)


def write(store: Store, *names: str) -> None:
    """Journal something under each name, in one transaction."""
    with store.begin() as uow:
        for name in names:
            happening = Happening(EntryKind.ROOM_REACHABLE, {"room": name})
            uow.journal.append(uow.now, About(correlation=name), happening)


def seal(store: Store, holder: str = "a", limit: int = 50) -> int:
    """Seal what is settled, if the holder leads; return how much that was."""
    with store.begin() as uow:
        if not uow.signals.lease("seal", holder, uow.now, LEASE):
            return 0
        rows = uow.journal.settled(limit)
        if rows:
            uow.journal.seal(rows, *uow.journal.tree())
        return len(rows)


def seal_all(store: Store) -> None:
    """Seal until nothing waits."""

    def done() -> bool:
        seal(store)
        with store.begin() as uow:
            return uow.journal.waiting() == 0

    wait_for(done, "everything to be sealed")


def read(store: Store, after: int = 0) -> list[tuple[int, str]]:
    """Return (number, name) of everything sealed after a number."""
    with store.begin() as uow:
        found = uow.journal.read(after, 100_000)
    return [(one.number, decode(one.entry, one.schema_version).correlation) for one in found]


def test_a_page_ends_with_the_entry_that_makes_it_big(store: Store) -> None:
    """It holds one entry at least, so whoever reads on gets to the end."""
    with store.begin() as uow:
        for size in (10, 10, 5_000, 10):
            happening = Happening(EntryKind.ROOM_REACHABLE, {"room": "x" * size})
            uow.journal.append(uow.now, About(correlation="big"), happening)
    seal_all(store)
    with store.begin() as uow:
        assert [one.number for one in uow.journal.page(0, 9, 3_000)] == [1, 2, 3]
        assert [one.number for one in uow.journal.page(2, 9, 3_000)] == [3]
        assert [one.number for one in uow.journal.page(3, 9, 3_000)] == [4]
        assert [one.number for one in uow.journal.page(0, 2, 3_000)] == [1, 2]
        assert uow.journal.page(4, 9, 3_000) == []


def slow_writer(store: Store, name: str, rounds: int) -> None:
    """Append, then hold each transaction open for a moment before it commits."""
    pauses = random.Random(name)
    for number in range(rounds):
        with store.begin() as uow:
            happening = Happening(EntryKind.ROOM_REACHABLE, {"room": name})
            uow.journal.append(uow.now, About(correlation=f"{name}.{number}"), happening)
            uow.flush()
            time.sleep(pauses.uniform(0, 0.02))


def tail(store: Store, stop: threading.Event) -> list[tuple[int, str]]:
    """Read on from the last number seen, as the live feed does, until nothing more comes."""
    seen: list[tuple[int, str]] = []
    while True:
        ended = stop.is_set()
        seen += read(store, seen[-1][0] if seen else 0)
        if ended:
            return seen


def test_eight_slow_writers_and_two_sealers_leave_no_gap_and_a_tail_misses_nothing(
    store: Store,
) -> None:
    """Whatever commits late, a reader that goes on from its last number has seen everything."""
    stop = threading.Event()

    def keep_sealing(holder: str) -> None:
        while not stop.is_set():
            seal(store, holder)

    with ThreadPoolExecutor(11) as pool:
        sealers = [pool.submit(keep_sealing, holder) for holder in ("a", "b")]
        reader: Future[list[tuple[int, str]]] = pool.submit(tail, store, stop)
        writers = [pool.submit(slow_writer, store, f"w{n}", 15) for n in range(8)]
        for writer in writers:
            writer.result()
        wait_for(lambda: _nothing_waits(store), "everything to be sealed")
        stop.set()
        for sealer in sealers:
            sealer.result()
    seen = reader.result()
    assert [number for number, _ in seen] == list(range(1, 121))
    assert sorted(name for _, name in seen) == sorted(
        f"w{writer}.{number}" for writer in range(8) for number in range(15)
    )


def _nothing_waits(store: Store) -> bool:
    with store.begin() as uow:
        return uow.journal.waiting() == 0


def test_an_entry_is_not_sealed_before_an_earlier_transaction_has_ended(store: Store) -> None:
    """What commits late would else be numbered behind what a reader has passed."""
    with store.begin() as early:
        happening = Happening(EntryKind.ROOM_REACHABLE, {"room": "early"})
        early.journal.append(early.now, About(correlation="early"), happening)
        early.flush()
        write(store, "late")
        assert seal(store) == 0
    seal_all(store)
    assert read(store) == [(1, "early"), (2, "late")]


def test_a_sealer_whose_lease_was_taken_over_finds_its_entries_gone(store: Store) -> None:
    """Two that both think they lead cannot both give out a number."""
    write(store, "first")
    with store.begin() as uow:
        rows, tree = uow.journal.settled(10), uow.journal.tree()
    seal_all(store)
    with pytest.raises(Retry), store.begin() as uow:
        uow.journal.seal(rows, *tree)
    assert read(store) == [(1, "first")]


def test_two_sealers_at_once_cannot_give_out_one_number(store: Store) -> None:
    """The second waits for the first, and fails on the number's primary key."""
    write(store, "first")

    def second() -> None:
        with store.begin() as uow:
            uow.journal.seal(entries, *tree)

    def is_waiting() -> bool:
        waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
        with store.begin() as uow:
            return bool(uow._connection.execute(text(waits)).scalar())

    with ThreadPoolExecutor() as pool:
        with store.begin() as first:
            entries, tree = first.journal.settled(10), first.journal.tree()
            first.journal.seal(entries, *tree)
            late = pool.submit(second)
            wait_for(is_waiting, "the second sealer")
        with pytest.raises(Unstorable):
            late.result(30)
    assert read(store) == [(1, "first")]


def test_only_the_holder_of_the_lease_seals(store: Store) -> None:
    """A second sealer waits until the first is gone."""
    write(store, "first")
    assert seal(store, "a") == 1
    write(store, "second")
    assert seal(store, "b") == 0
    assert seal(store, "a") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET kind = 'x'",
        "DELETE FROM journal",
        "TRUNCATE journal",
        "UPDATE checkpoint SET size = 2",
        "DELETE FROM checkpoint",
        "TRUNCATE checkpoint",
    ],
)
def test_what_stands_in_the_journal_is_not_changed(store: Store, statement: str) -> None:
    """The database refuses to change or remove an entry or a checkpoint."""
    write(store, "first")
    seal_all(store)
    with store.begin() as uow:
        uow.journal.add_checkpoint(1, uow.now, b"signed")
    with pytest.raises(Exception, match="append-only"), store.begin() as uow:
        uow._connection.execute(text(statement))
    assert read(store) == [(1, "first")]


@pytest.mark.usefixtures("small_partitions")
def test_entries_go_on_into_further_partitions(store: Store) -> None:
    """A full partition is followed by the next, and a batch may reach from one into the other."""
    names = [f"e{number}" for number in range(35)]
    write(store, *names)
    while seal(store, limit=8):
        pass
    assert read(store) == list(enumerate(names, start=1))
    with store.begin() as uow:
        count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'journal'::regclass"
        assert uow._connection.execute(text(count)).scalar() == 4


@pytest.mark.usefixtures("small_partitions")
def test_a_new_epoch_begins_anywhere_in_a_partition(store: Store) -> None:
    """Its first batch may reach from one partition that is missing into another."""
    write(store, *(f"e{number}" for number in range(17)))
    seal_all(store)
    with store.begin() as uow:
        epoch, _ = uow.journal.raise_epoch(0)
    names = [f"f{number}" for number in range(8)]
    write(store, *names)
    assert seal(store) == 8
    assert read(store)[-8:] == [(number_of(epoch, 18 + at), it) for at, it in enumerate(names)]


@pytest.mark.usefixtures("small_partitions")
def test_a_further_partition_is_append_only_too(store: Store) -> None:
    """The rule travels with the table into whatever is attached to it."""
    write(store, "first")
    seal_all(store)
    with pytest.raises(Exception, match="append-only"), store.begin() as uow:
        uow._connection.execute(text("DELETE FROM journal_from_1"))


def test_the_whole_journal_streams_past_a_verification(store: Store) -> None:
    """What was sealed in several batches is one tree without a contradiction."""
    write(store, *(f"e{number}" for number in range(120)))
    seal_all(store)
    with store.begin() as uow:
        _, tree = uow.journal.tree()
    with store.whole_journal() as entries:
        found = verify(entries, [], store.keys.public_key(), tree=tree)
    assert (found.ok, found.entries) == (True, 120)


def test_a_database_that_breaks_off_in_the_stream_is_tried_again(store: Store) -> None:
    """A verification that loses its connection says so by its recovery."""
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    mine = f"{cut} AND datname = current_database()"
    write(store, *(f"e{number}" for number in range(3_000)))
    seal_all(store)

    def read_half() -> None:
        with store.whole_journal() as entries:
            next(entries)
            with store.begin() as uow:
                uow._connection.execute(text(mine))
            list(entries)

    with pytest.raises(Retry):
        read_half()
