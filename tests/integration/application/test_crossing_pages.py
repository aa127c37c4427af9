"""Pages of two rooms that are about the same incidents: neither keeps the other from its locks."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

from making.gates import page
from making.values import NOON, answer, report
from making.wiring import Desk
from making.world import ACROSS, agreement, book
from servers.waiting import wait_for
from sqlalchemy import text

from dispatch_bus.application import intake
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Received
from dispatch_bus.domain.notice import AnswerKind, NoticeKind

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def offers(desk: Desk) -> dict[UUID, UUID]:
    """Offer the parts of two incidents to Belgium; return the handoffs by incident."""
    desk.with_book(book(agreement("BE", "NL", offers_automatically=True, answer_s=600.0)))
    filed = [desk.file(report(number, at=ACROSS)).id for number in ("C-1", "C-2")]
    return {incident: desk.notice(incident, NoticeKind.HANDOFF).id for incident in filed}


def waiting(desk: Desk) -> int:
    """Return how many transactions wait for a lock."""
    with desk.bus.store.begin() as uow:
        return int(uow._connection.execute(_WAITING).scalar_one())


def test_pages_that_answer_each_others_incidents_are_both_stored(desk: Desk) -> None:
    """Each locks all that it is about in one order, whatever the order of its records."""
    handoffs = offers(desk)
    first, last = sorted(handoffs)
    shown = [answer(AnswerKind.SHOWN, handoffs[one]) for one in (first, last)]
    withdrawn = [answer(AnswerKind.WITHDRAW, handoffs[one]) for one in (last, first)]
    desk.gates["BE"].pages.append(page("BE-1", *shown))
    desk.gates["NL"].pages.append(page("NL-9", *withdrawn))

    with ThreadPoolExecutor() as pool:

        def start(room: str, ahead: int) -> Future[int]:
            started = pool.submit(intake.pull, desk.bus, room, desk.gates[room])
            wait_for(lambda: waiting(desk) > ahead, f"the page of {room} to wait")
            return started

        with desk.bus.store.begin() as uow:
            uow.incidents.lock(first)
            pages = [start("BE", 0), start("NL", 1)]
        assert [page.result(30) for page in pages] == [2, 2]
    assert len(desk.entries(EntryKind.ANSWER_RECEIVED)) == 4


def test_word_of_an_inbox_locks_its_incident_with_all_others(desk: Desk) -> None:
    """While its page waits for the first, it does not hold the last."""
    handoffs = offers(desk)
    desk.settle()
    first, last = sorted(handoffs)
    word = Received(message=f"{handoffs[first]}/receiver/1", reference="R-1", received=NOON)
    shown = answer(AnswerKind.SHOWN, handoffs[last])
    desk.gates["BE"].pages.append(page("BE-1", shown, word))
    with ThreadPoolExecutor() as pool:
        with desk.bus.store.begin() as uow:
            uow.incidents.lock(first)
            pulled = pool.submit(intake.pull, desk.bus, "BE", desk.gates["BE"])
            wait_for(lambda: waiting(desk), "the page to wait")
            assert uow.incidents.lock(last).id == last
        assert pulled.result(30) == 2
