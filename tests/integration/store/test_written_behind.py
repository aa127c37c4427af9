"""What a transaction notes first and writes later: nobody can tell but by the time it takes."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import attrs
import psycopg
import pytest
from making.values import NOON, mirror, report
from making.world import IN_ZONE
from sqlalchemy import text

from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.incident import Part, Source
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.domain.notice import NoticeState
from dispatch_bus.store.engine import _Impatient, connect
from dispatch_bus.store.failures import Unstorable
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.journal import About
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.unit import Store, UnitOfWork


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store over a database of the test's own."""
    made = Store(connect(database_url), KeyRing.create(tmp_path / "keys"), "test")
    yield made
    made.close()


def a_case(store: Store, number: str = "C-1") -> Filed:
    """Make an incident that is not filed yet."""
    return Filed(
        id=uuid4(),
        source=Source(room="NL", number=number),
        revision=1,
        decided_revision=0,
        source_revision=None,
        content_hash=b"hash",
        mode=Mode.ACTUAL,
        parts=(Part(discipline=Discipline.FIRE, owner="NL-1"),),
        report=report(number, at=IN_ZONE),
        key=store.keys.new_incident_key(NOON.date()),
        correlation=f"NL:{number}",
        priority=1,
        case_created=NOON,
        available_at=NOON,
        pulled_at=NOON,
        recorded_at=NOON,
    )


def filed(store: Store, number: str = "C-1") -> Filed:
    """File an incident."""
    case = a_case(store, number)
    with store.begin() as uow:
        uow.incidents.add(case)
    return case


def count(uow: UnitOfWork, table: str) -> object:
    """Count a table's rows by a query that knows nothing of what was noted."""
    return uow._session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_a_query_sees_what_was_noted_before_it(store: Store) -> None:
    """Whatever is asked writes it out first."""
    case = a_case(store)
    with store.begin() as uow:
        uow.incidents.add(case)
        uow.notices.put(mirror(incident=case.id))
        assert (count(uow, "incident"), count(uow, "notice")) == (1, 1)


def test_a_row_that_is_noted_twice_is_written_as_it_was_last(store: Store) -> None:
    """Two revisions of one case within one page leave the second."""
    case = a_case(store)
    with store.begin() as uow:
        uow.incidents.add(case)
        uow.incidents.revise(attrs.evolve(case, revision=2))
        uow.incidents.note_source_revision(case.id, 7)
        assert uow.incidents.latest("NL", "C-1") == attrs.evolve(
            case, revision=2, source_revision=7
        )
    with store.begin() as uow:
        assert uow.incidents.find(case.id) == attrs.evolve(case, revision=2, source_revision=7)


def test_what_was_read_under_a_lock_follows_what_is_written(store: Store) -> None:
    """A part that moves shows at once to whoever asks in the same transaction."""
    case = filed(store)
    moved = attrs.evolve(case, revision=2, parts=(Part(discipline=Discipline.FIRE, owner="BE-1"),))
    with store.begin() as uow:
        uow.incidents.lock(case.id)
        uow.incidents.move_part(moved)
        assert uow.incidents.find(case.id) == moved
    with store.begin() as uow:
        assert uow.incidents.find(case.id) == moved


def test_a_notice_is_closed_before_another_to_the_same_centre_is_open(store: Store) -> None:
    """There is one open at most, in the order in which they were put."""
    case = filed(store)
    old = mirror(incident=case.id)
    with store.begin() as uow:
        uow.notices.put(old)
    with store.begin() as uow:
        uow.incidents.lock(case.id)
        uow.foresee([case.id])
        uow.notices.put(attrs.evolve(old, state=NoticeState.CLOSED, closed_at=NOON))
        new = mirror(incident=case.id)
        uow.notices.put(new)
        assert [one.id for one in uow.notices.of_incidents([case.id])[case.id]] == [old.id, new.id]
    with store.begin() as uow:
        assert uow.notices.get(new.id) == new


def test_a_savepoint_that_is_undone_takes_back_what_was_noted_and_read(store: Store) -> None:
    """What happened before it stays; of what happened inside nothing is written or remembered."""
    before, inside = a_case(store, "C-1"), a_case(store, "C-2")

    def undone(uow: UnitOfWork) -> None:
        with uow.savepoint():
            uow.incidents.add(inside)
            uow.incidents.note_record(before.id, "r-1")
            uow.copies.add("BE", "B-1", before.id)
            raise ZeroDivisionError

    with store.begin() as uow:
        uow.incidents.add(before)
        with pytest.raises(ZeroDivisionError):
            undone(uow)
        assert uow.incidents.latest("NL", "C-2") is None
        assert not uow.incidents.has_record(before.id, "r-1")
        assert uow.copies.known_as("BE", "B-1") is None
    with store.begin() as uow:
        assert (count(uow, "incident"), count(uow, "alias")) == (1, 0)


def test_all_that_was_asked_for_at_once_is_the_same_as_one_by_one(store: Store) -> None:
    """Newest generations, records, copies: whoever foresees gets the same answers."""
    first = filed(store)
    newest = attrs.evolve(a_case(store), source=Source(room="NL", number="C-1", generation=2))
    with store.begin() as uow:
        uow.incidents.add(newest)
        uow.incidents.note_record(newest.id, "r-1")
        uow.copies.add("BE", "B-1", first.id)

    def answers(uow: UnitOfWork) -> list[object]:
        copy = uow.copies.known_as("BE", "B-1")
        told = uow.copies.returning(str(first.id), "BE", "B-1")
        return [
            uow.incidents.newest("NL", "C-1"),
            uow.incidents.newest("NL", "C-9"),
            uow.incidents.has_record(newest.id, "r-1"),
            uow.incidents.has_record(newest.id, "r-2"),
            copy and copy.id,
            told and told.id,
        ]

    with store.begin() as uow:
        one_by_one = answers(uow)
    with store.begin() as uow:
        uow.incidents.foresee_locks((), [("NL", "C-9"), ("NL", "C-1")])
        uow.incidents.foresee_records([(newest.id, "r-1"), (newest.id, "r-2")])
        uow.copies.foresee("BE", ["B-1"], [str(first.id), "no id"])
        assert answers(uow) == one_by_one
    assert one_by_one == [newest.id, None, True, False, first.id, first.id]


def test_a_transaction_waits_as_often_as_it_looks(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its begin goes out with the first question, and what it writes with its commit."""
    filed(store)
    waits: list[object] = []
    waited = psycopg.Connection.wait
    monkeypatch.setattr(
        psycopg.Connection, "wait", lambda *told, **more: waits.append(1) or waited(*told, **more)
    )
    with store.begin() as uow:
        assert uow.incidents.newest("NL", "C-2") is None
        uow.incidents.add(a_case(store, "C-2"))
        uow.journal.append(uow.now, About(correlation="x"), Happening(EntryKind.ROOM_REACHABLE, {}))
    assert len(waits) == 2


def test_a_commit_that_is_refused_is_an_error(store: Store) -> None:
    """It goes out with the writes that fail, and nobody takes it for done."""
    with pytest.raises(Unstorable), store.begin() as uow:
        uow.incidents.add(attrs.evolve(a_case(store), correlation="\x00"))
    with store.begin() as uow:
        assert count(uow, "incident") == 0


def test_more_than_a_socket_holds_is_written_at_once(store: Store) -> None:
    """A statement of megabytes goes out together with the commit, and nobody waits for ever."""
    happening = Happening(EntryKind.ROOM_REACHABLE, {"padding": "x" * 16_000})
    with store.begin() as uow:
        uow.incidents.add(a_case(store))
        for _ in range(500):
            uow.journal.append(uow.now, About(correlation="large"), happening)
    with store.begin() as uow:
        assert uow.journal.waiting() == 500
        assert count(uow, "incident") == 1


def test_a_connection_that_is_cut_is_replaced(store: Store) -> None:
    """The pool hands out no connection that broke under the driver's own statements."""

    def cut(uow: UnitOfWork) -> None:
        uow._session.ask("SELECT pg_terminate_backend(pg_backend_pid())", {})

    for _ in range(3):
        with pytest.raises(Retry), store.begin() as uow:
            cut(uow)
    with store.begin() as uow:
        assert uow.incidents.find(UUID(int=1)) is None


def test_a_connection_that_is_broken_off_halfway_is_given_up(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever ends a thread while several statements are under way, the next begins afresh."""
    waits, wait = itertools.count(), _Impatient.wait

    def end(self: _Impatient, gen: Any, *args: Any, **kwargs: Any) -> Any:
        # Once while it sends, and once more while it clears up.
        if self.pgconn.pipeline_status and next(waits) in (1, 2):
            raise TimeoutError("the thread was ended")
        return wait(self, gen, *args, **kwargs)

    def write(uow: UnitOfWork) -> None:
        uow.incidents.add(a_case(store))
        uow.foresee([uuid4()])

    monkeypatch.setattr(_Impatient, "wait", end)
    with pytest.raises(TimeoutError), store.begin() as uow:
        write(uow)
    assert next(waits) > 2
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
    with store.begin() as uow:
        assert uow.incidents.latest("NL", "C-1") is None
