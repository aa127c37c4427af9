"""One transaction: all or nothing, bounded by the server, its errors named by their recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain
from pathlib import Path
from uuid import uuid4

import attrs
import pytest
from servers.waiting import wait_for
from sqlalchemy import text

from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.store.engine import connect
from dispatch_bus.store.failures import Unstorable
from dispatch_bus.store.journal import About
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.signals import Wakeup
from dispatch_bus.store.unit import Store, UnitOfWork

ABOUT = About(correlation="test")
WAKEUP = Wakeup(kind="decide", lane="", reference="1", revision=1, correlation="test")
LEASE = timedelta(seconds=30)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store over a database of the test's own."""
    made = Store(connect(database_url), KeyRing.create(tmp_path / "keys"), "test")
    yield made
    made.close()


def note(uow: UnitOfWork, name: str) -> None:
    """Journal something under a name."""
    uow.journal.append(uow.now, ABOUT, Happening(EntryKind.ROOM_REACHABLE, {"room": name}))


def run(store: Store, statement: str) -> object:
    """Run one statement in a transaction of its own."""
    with store.begin() as uow:
        result = uow._connection.execute(text(statement))
        return result.scalar() if result.returns_rows else None


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    """State, journal and wake-ups go together."""

    def work(uow: UnitOfWork) -> None:
        uow.rooms.get("NL")
        note(uow, "NL")
        uow.wake(WAKEUP)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), store.begin() as uow:
        work(uow)
    with store.begin() as uow:
        assert (uow.rooms.all(), uow.journal.waiting(), uow.signals.take_wakeups(10)) == ([], 0, [])


def test_a_savepoint_takes_back_its_own_journal_and_wakeups(store: Store) -> None:
    """What came before and after it stays."""

    def work(uow: UnitOfWork) -> None:
        note(uow, "inside")
        uow.wake(WAKEUP)
        uow._connection.execute(text("SELECT 1/0"))

    with store.begin() as uow:
        note(uow, "before")
        uow.wake(WAKEUP)
        with pytest.raises(Unstorable), uow.savepoint():
            work(uow)
        note(uow, "after")
    with store.begin() as uow:
        assert uow.journal.waiting() == 2
        assert len(uow.signals.take_wakeups(10)) == 1


@pytest.mark.parametrize(
    "broken",
    [
        lambda uow: uow.rooms.get("a\x00b"),
        lambda uow: uow.rooms.get("\ud800"),
        lambda uow: uow.rooms.get("".join(uuid4().hex for _ in range(1_000))),
        lambda uow: uow._connection.execute(text("SELECT (2^31)::integer")),
        lambda uow: uow._connection.execute(text("INSERT INTO lease VALUES ('a', NULL, now())")),
    ],
    ids=["nul", "surrogate", "too long for an index", "out of range", "missing"],
)
def test_a_value_that_the_database_refuses_is_unstorable(
    store: Store, broken: Callable[[UnitOfWork], object]
) -> None:
    """It can never succeed, so it is quarantined and not tried again."""
    with pytest.raises(Unstorable), store.begin() as uow:
        broken(uow)


@pytest.mark.parametrize(
    "broken",
    [
        "SET LOCAL statement_timeout = 1; SELECT pg_sleep(5)",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SET LOCAL transaction_read_only = on; DELETE FROM lease",
    ],
    ids=["statement timeout", "connection cut", "standby"],
)
def test_a_database_that_breaks_off_is_tried_again(store: Store, broken: str) -> None:
    """It may work in a second, so it is a retry; and the next transaction works."""
    with pytest.raises(Retry), store.begin() as uow:
        uow._connection.exec_driver_sql(broken)
    assert run(store, "SELECT 1") == 1


def test_an_idle_transaction_is_ended_by_the_server(store: Store) -> None:
    """A process that froze in the middle holds its locks no longer than the limit."""

    def freeze(uow: UnitOfWork) -> None:
        uow._connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
        pid = uow._connection.execute(text("SELECT pg_backend_pid()")).scalar()
        gone = f"SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"
        wait_for(lambda: run(store, gone), "the end of the idle transaction")
        uow.rooms.get("NL")

    with pytest.raises(Retry), store.begin() as uow:
        freeze(uow)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("statement_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("TimeZone", "UTC"),
    ],
)
def test_the_limits_are_set_on_the_server(store: Store, limit: str, value: str) -> None:
    """Each session begins with its limits, whatever the client does later."""
    assert run(store, f"SHOW {limit}") == value


def test_a_lease_is_held_by_one_until_it_runs_out(store: Store) -> None:
    """The holder renews, nobody else takes it, and the database's clock ends it."""
    with store.begin() as uow:
        now = uow.now
        assert uow.signals.lease("seal", "a", now, LEASE)
        assert uow.signals.lease("seal", "a", now, LEASE)
        assert not uow.signals.lease("seal", "b", now + LEASE, LEASE)
        assert uow.signals.lease("seal", "b", now + 2 * LEASE, LEASE)
        assert not uow.signals.lease("seal", "a", now + 2 * LEASE, LEASE)


def test_of_many_that_take_a_lease_at_once_one_gets_it(store: Store) -> None:
    """Whoever comes second waits for the first and is turned down."""

    def take(name: str) -> bool:
        with store.begin() as uow:
            return bool(uow.signals.lease("seal", name, uow.now, LEASE))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, map(str, range(16)))) == 1


def test_of_two_readers_of_one_cursor_one_moves_it(store: Store) -> None:
    """The cursor moves only from where its reader saw it."""
    with store.begin() as uow:
        seen = uow.rooms.get("NL")
    with store.begin() as uow:
        uow.rooms.advance(seen, "10", 3)
        assert uow.rooms.advanced("NL")
    with store.begin() as uow:
        uow.rooms.advance(seen, "20", 3)
        assert not uow.rooms.advanced("NL")
        found = uow.rooms.get("NL")
    assert (found.cursor, found.pages, found.records) == ("10", 1, 3)


def test_an_answer_counts_once_for_its_notice_and_apart_from_others(store: Store) -> None:
    """The same id on another notice is another answer."""
    first, other = uuid4(), uuid4()
    with store.begin() as uow:
        assert uow.signals.first_time("A-1", first, uow.now)
        assert not uow.signals.first_time("A-1", first, uow.now)
        assert uow.signals.first_time("A-1", other, uow.now)


def test_wakeups_are_taken_once_by_any_number_of_relays(store: Store) -> None:
    """Several relays share the wake-ups without taking one twice or more than they asked for."""
    with store.begin() as uow:
        for number in range(100):
            uow.wake(
                Wakeup(kind="deliver", lane=str(number), reference="1", revision=1, correlation="c")
            )

    def take(_: int) -> list[str]:
        with store.begin() as uow:
            return [one.lane for one in uow.signals.take_wakeups(7)]

    with ThreadPoolExecutor(4) as pool:
        batches = list(pool.map(take, range(30)))
    assert max(map(len, batches)) == 7
    assert sorted(chain.from_iterable(batches)) == sorted(map(str, range(100)))


def test_one_wakeup_is_left_for_each_loop(store: Store) -> None:
    """Whoever is woken works until nothing is left, however much it was that came up."""
    with store.begin() as uow:
        for lane in ("BE", "DE", "BE"):
            uow.wake(attrs.evolve(WAKEUP, kind="deliver", lane=lane))
        uow.wake(WAKEUP)
    with store.begin() as uow:
        woken = [(one.kind, one.lane) for one in uow.signals.take_wakeups(10)]
    assert sorted(woken) == [("decide", ""), ("deliver", "BE"), ("deliver", "DE")]
