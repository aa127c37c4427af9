"""Claims: what several workers share is handed to exactly one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain
from pathlib import Path
from threading import Barrier
from uuid import UUID, uuid4

import attrs
import pytest
from making.values import NOON, mirror, report
from making.world import IN_ZONE

from dispatch_bus.domain.codes import Discipline, Mode
from dispatch_bus.domain.incident import Part, Source
from dispatch_bus.domain.message import Act, Content, Message
from dispatch_bus.domain.notice import Notice, Side
from dispatch_bus.store.claims import Telling
from dispatch_bus.store.deliveries import Overdue
from dispatch_bus.store.engine import connect
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.unit import Store, UnitOfWork

HOLD = timedelta(seconds=30)
WORKERS = 6


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store over a database of the test's own."""
    made = Store(connect(database_url, most=WORKERS), KeyRing.create(tmp_path / "keys"), "test")
    yield made
    made.close()


def file(store: Store, number: str, priority: int = 1) -> Filed:
    """File an undecided incident."""
    filed = Filed(
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
        priority=priority,
        case_created=NOON,
        available_at=NOON,
        pulled_at=NOON,
        recorded_at=NOON,
    )
    with store.begin() as uow:
        uow.incidents.add(filed)
    return filed


def tell(store: Store, filed: Filed, sequence: int = 1, notice: Notice | None = None) -> Message:
    """Tell the Belgian room of an incident."""
    notice = notice or mirror(incident=filed.id)
    message = Message(
        id=f"{notice.id}/receiver/{sequence}",
        notice=notice.id,
        act=Act.MIRROR,
        side=Side.RECEIVER,
        sequence=sequence,
        kind=notice.kind,
        to="BE-1",
        owner="NL-1",
        receiver="BE-1",
        discipline=Discipline.FIRE,
        mode=Mode.ACTUAL,
        incident=filed.id,
        revision=1,
        case=filed.source.number,
        rule="border_zone",
        agreement="be-nl-fire",
        cause=None,
        deadline=None,
        content=Content(),
    )
    with store.begin() as uow:
        uow.deliveries.tell(message, filed.key, "BE", filed.priority, uow.now)
    return message


def claim(store: Store, hold: timedelta = HOLD) -> Telling | None:
    """Claim the next telling for the Belgian room, if any is due."""
    with store.begin() as uow:
        uow.claims.claim("BE", hold, 1)
        return next(iter(uow.claims.claimed("BE")), None)


def claimed_for(store: Store, hold: timedelta = HOLD) -> Telling:
    """Claim the next telling for the Belgian room."""
    telling = claim(store, hold)
    assert telling is not None
    return telling


def overdue(store: Store) -> list[Overdue]:
    """Raise the alarms that are due after no time at all, and return them."""
    with store.begin() as uow:
        found = uow.deliveries.overdue(uow.now, 10)
        uow.deliveries.mark_alarmed(found)
    return found


def test_undecided_incidents_are_handed_to_one_coordinator_each(store: Store) -> None:
    """Coordinators that claim at once share the backlog without meeting."""
    filed = {file(store, str(number)).id for number in range(30)}
    all_have_claimed = Barrier(WORKERS)

    def work(_: int) -> list[UUID]:
        with store.begin() as uow:
            claimed = uow.incidents.claim_undecided(5)
            all_have_claimed.wait(30)
            uow.incidents.mark_decided(claimed, uow.now)
            return [one.id for one in claimed]

    with ThreadPoolExecutor(WORKERS) as pool:
        claimed = list(chain.from_iterable(pool.map(work, range(WORKERS))))
    assert Counter(claimed) == Counter(filed)


def test_the_most_urgent_incident_is_claimed_first(store: Store) -> None:
    """Priority goes before age."""
    file(store, "later", priority=3)
    urgent = file(store, "urgent", priority=1)
    with store.begin() as uow:
        (claimed,) = uow.incidents.claim_undecided(1)
    assert claimed.id == urgent.id


def test_a_coordinator_that_dies_lets_its_incidents_go(store: Store) -> None:
    """Nothing stays claimed after a rollback."""
    filed = file(store, "1")

    def die() -> None:
        with store.begin() as uow:
            uow.incidents.claim_undecided(1)
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        die()
    with store.begin() as uow:
        assert [one.id for one in uow.incidents.claim_undecided(1)] == [filed.id]


def test_deliveries_are_handed_to_one_worker_each(store: Store) -> None:
    """Workers that claim at once never get the same telling."""
    told = [tell(store, file(store, str(number))).id for number in range(30)]
    at_once = Barrier(WORKERS)

    def work(_: int) -> list[str]:
        at_once.wait(30)
        return [one.message.id for one in iter(lambda: claim(store), None)]

    with ThreadPoolExecutor(WORKERS) as pool:
        claimed = list(chain.from_iterable(pool.map(work, range(WORKERS))))
    assert Counter(claimed) == Counter(told)


def test_a_claim_runs_out_and_counts_as_an_attempt(store: Store) -> None:
    """A worker that died leaves its telling to the next one."""
    tell(store, file(store, "1"))
    first = claimed_for(store, hold=timedelta(seconds=-1))
    second = claimed_for(store)
    assert (first.attempts, second.attempts, claim(store)) == (1, 2, None)


def test_a_newer_telling_overtakes_one_that_never_arrived(store: Store) -> None:
    """Only the newest has to arrive, and the older receipt is no news after it."""
    filed = file(store, "1")
    notice = mirror(incident=filed.id)
    tell(store, filed, 1, notice)
    older = claimed_for(store, hold=timedelta(seconds=-1))
    tell(store, filed, 2, notice)
    newer = claimed_for(store)
    with store.begin() as uow:
        assert newer.message.sequence == 2
        uow.claims.settle([newer])
        assert uow.claims.news()
        uow.claims.settle([older])
        assert not uow.claims.news()
    assert claim(store) is None


def test_a_telling_that_overtakes_in_flight_is_still_due(store: Store) -> None:
    """The receipt of the older one does not count for the newer."""
    filed = file(store, "1")
    notice = mirror(incident=filed.id)
    tell(store, filed, 1, notice)
    older = claimed_for(store)
    tell(store, filed, 2, notice)
    with store.begin() as uow:
        uow.claims.settle([older])
        assert uow.claims.news()
    assert claimed_for(store).message.sequence == 2


def test_a_telling_that_overtakes_in_flight_has_a_wait_and_an_alarm_of_its_own(
    store: Store,
) -> None:
    """The alarm was for the older one, which has arrived after all."""
    filed = file(store, "1")
    notice = mirror(incident=filed.id)
    tell(store, filed, 1, notice)
    older = claimed_for(store)
    (late,) = overdue(store)
    tell(store, filed, 2, notice)
    assert overdue(store) == []
    with store.begin() as uow:
        arrived_at = uow.now
        uow.claims.settle([older])
    (newer,) = overdue(store)
    assert (late.sequence, newer.sequence) == (1, 2)
    assert newer.told_at >= arrived_at
    assert overdue(store) == []


def test_giving_up_on_an_overtaken_telling_leaves_the_newer_one_due(store: Store) -> None:
    """What the room refused was the older message alone."""
    filed = file(store, "1")
    notice = mirror(incident=filed.id)
    tell(store, filed, 1, notice)
    older = claimed_for(store)
    tell(store, filed, 2, notice)
    with store.begin() as uow:
        assert uow.claims.give_up([older])
    assert claimed_for(store).message.sequence == 2


def test_putting_off_an_overtaken_telling_leaves_the_newer_one_due(store: Store) -> None:
    """What waits in an inbox for an hour, or is tried again later, is the older message alone."""
    filed = file(store, "1")
    notice = mirror(incident=filed.id)
    tell(store, filed, 1, notice)
    older = claimed_for(store)
    tell(store, filed, 2, notice)
    with store.begin() as uow:
        uow.claims.put_off([older], [uow.now + timedelta(hours=1)])
    assert claimed_for(store).message.sequence == 2


@pytest.mark.parametrize(
    "let_go",
    [
        lambda uow, late: uow.claims.put_off([late], [uow.now]),
        lambda uow, late: uow.claims.give_up([late]),
    ],
    ids=["put off", "given up"],
)
def test_a_worker_whose_claim_ran_out_leaves_the_next_claim_alone(
    store: Store, let_go: Callable[[UnitOfWork, Telling], object]
) -> None:
    """What a slow worker has to say of its own attempt ends nobody else's."""
    tell(store, file(store, "1"))
    late = claimed_for(store, hold=timedelta(seconds=-1))
    claimed_for(store)
    with store.begin() as uow:
        let_go(uow, late)
    assert claim(store) is None


def test_a_late_receipt_leaves_the_claim_on_a_newer_telling_alone(store: Store) -> None:
    """The room has the older one, and whoever hands over the newer goes on undisturbed."""
    filed = file(store, "1")
    notice = mirror(incident=filed.id)
    tell(store, filed, 1, notice)
    late = claimed_for(store, hold=timedelta(seconds=-1))
    tell(store, filed, 2, notice)
    claimed_for(store)
    with store.begin() as uow:
        uow.claims.settle([late])
        assert uow.claims.news()
    assert claim(store) is None


def test_what_was_given_up_is_due_again_once_released(store: Store) -> None:
    """A telling that was stuck is handed over anew, and one that arrived is not."""
    stuck, arrived = (tell(store, file(store, number)) for number in ("1", "2"))
    given_up, settled = claimed_for(store), claimed_for(store)
    with store.begin() as uow:
        uow.claims.give_up([given_up])
        uow.claims.settle([settled])
    with store.begin() as uow:
        assert uow.deliveries.release(uow.now) == 1
    assert (claimed_for(store).message.id, claim(store)) == (stuck.id, None)
    assert settled.message.id == arrived.id


def test_a_telling_whose_key_was_erased_goes_without_its_personal_content(store: Store) -> None:
    """One day's erasure does not hold up a room."""
    filed = file(store, "1")
    message = attrs.evolve(tell(store, filed), sequence=2, content=Content(call_back="+31"))
    with store.begin() as uow:
        uow.deliveries.tell(message, filed.key, "BE", 1, uow.now)
    store.keys.erase(NOON.date())
    claimed = claimed_for(store)
    assert claimed.message.content.call_back is None
