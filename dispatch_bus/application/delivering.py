"""Delivers tellings: claim and commit, call with no transaction open, record and commit.

Several are in flight to a room at once. What has come back is recorded while others are still on
their way, and the next ones are claimed in the same transaction.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from attrs import define, field

from dispatch_bus.application.bus import Bus, Calls, Gate
from dispatch_bus.application.inboxes import note_outcomes
from dispatch_bus.application.outcomes import Returned, attempted, record
from dispatch_bus.domain.errors import Retry, Stop
from dispatch_bus.store.claims import Telling
from dispatch_bus.store.unit import UnitOfWork

_log = structlog.get_logger(__name__)
# After so long a delivery ends as soon as nothing is in flight, and the next one begins: in
# between, a process can be asked to stop.
_TURN = timedelta(seconds=1)
# While nothing comes back, whatever else is due is looked for as often as this.
_LOOK_S = 0.05
_RECORD_AGAIN = 8
# Attempts after which it no longer matters how many more there were: those of days.
_OFTEN = 2**14


def deliver(bus: Bus, room: str, gate: Gate) -> int:
    """Deliver what is due for a room, several tellings at once; return how many came back.

    One that hangs holds up none of the others. After a failure a room is trusted with one at a
    time: then every other turn begins with one that has been tried least, or the most urgent that
    hang would hold up all others for ever.

    Raises:
        Retry: the room does not answer, or not to all of them. What came back is recorded.
    """
    most_tried = 0 if room in bus.held_up else None
    try:
        with gate.deliveries(deadline_s=bus.limits.deliver_deadline_s) as calls:
            done = _Lane(bus, room, calls, most_tried).run()
    except Retry:
        if most_tried is None:
            bus.held_up.add(room)
        raise
    bus.held_up.discard(room)
    return done


def release(bus: Bus) -> int:
    """Let what rooms have refused for good be due once more; return how many tellings.

    Done when the bus starts: an adapter or a code list may have been mended since.
    """
    with bus.store.begin() as uow:
        return uow.deliveries.release(uow.now)


@define
class _Lane:
    """One room's deliveries, from the first claim until nothing is in flight any more."""

    _bus: Bus
    _room: str
    _calls: Calls
    _most_tried: int | None
    _in_flight: dict[str, Telling] = field(factory=dict)
    _ends: datetime | None = None
    _now: datetime | None = None
    _failure: Retry | None = None
    _done: int = 0

    def run(self) -> int:
        self._step([])
        while self._in_flight or self._takes_more():
            self._step(self._collect())
        if self._failure:
            raise self._failure
        return self._done

    def _takes_more(self) -> bool:
        """Go on to what was tried more often, while nothing has been found that was less."""
        if self._most_tried is None:
            return False
        more = 2 * self._most_tried + 1
        self._most_tried = more if more < _OFTEN else None
        return True

    def _collect(self) -> list[Returned]:
        returned: list[Returned] = []
        for message, outcome in self._calls.collect(_LOOK_S):
            returned.append((self._in_flight.pop(message), outcome))
            if isinstance(outcome, Retry):
                self._failure = outcome
        return returned

    def _step(self, returned: Sequence[Returned]) -> None:
        """Record what came back, claim what takes its place, and hand that over."""
        if not returned and not self._calls.free:
            return
        claimed = self._record_at_last(returned)
        self._done += len(returned)
        # A process that stood still finds its claims run out, and claims again what is on its way.
        fresh = [one.message for one in claimed if one.message.id not in self._in_flight]
        self._in_flight |= {one.message.id: one for one in claimed}
        self._calls.send(fresh)

    def _record_at_last(self, returned: Sequence[Returned]) -> list[Telling]:
        """Record, and claim anew; what came back is not lost because the database is away.

        Later than this others go by the claims, which have run out.
        """
        for _ in range(_RECORD_AGAIN if returned else 0):
            try:
                return self._record_and_claim(returned)
            except Retry as away:
                _log.warning("outcomes wait for the database", room=self._room, reason=str(away))
                time.sleep(away.after_s)
        return self._record_and_claim(returned)

    def _record_and_claim(self, returned: Sequence[Returned]) -> list[Telling]:
        try:
            with self._bus.store.begin() as uow:
                # Last of all that may wait: two who wait with a claim in hand may do so for ever.
                record(self._bus, uow, returned, then=partial(self._claim, uow, returned))
                note_outcomes(uow, self._room, [outcome for _, outcome in returned])
                return self._claimed(uow)
        except (Retry, Stop):
            raise
        except Exception as error:
            if not returned:
                raise
            _log.warning("outcomes are recorded one by one", room=self._room, reason=_kind(error))
            self._record_apart(returned)
            return []

    def _claim(self, uow: UnitOfWork, returned: Sequence[Returned]) -> None:
        # While nothing comes back a call hangs: the others do not wait for its end.
        is_over = self._ends and self._now and self._now >= self._ends and returned
        if self._calls.free and not (is_over or self._failure):
            hold = self._bus.limits.claim
            most = self._calls.free if self._most_tried is None else 1
            uow.claims.claim(self._room, hold, most, most_tried=self._most_tried)

    def _claimed(self, uow: UnitOfWork) -> list[Telling]:
        """Return what was claimed; the attempts are journalled before they are made."""
        claimed = uow.claims.claimed(self._room)
        if claimed and self._most_tried is not None:
            # Whatever follows goes by its priority again, and so does the next turn.
            self._most_tried = None
            self._bus.held_up.discard(self._room)
        for telling in claimed:
            attempted(uow, telling)
        self._now = uow.now
        self._ends = self._ends or uow.now + _TURN
        return claimed

    def _record_apart(self, returned: Sequence[Returned]) -> None:
        """Record each outcome alone: one that cannot be comes again when its claim runs out."""
        for one in returned:
            try:
                with self._bus.store.begin() as uow:
                    record(self._bus, uow, [one])
            except (Retry, Stop):
                raise
            except Exception as error:  # noqa: BLE001 - one row must not stop the others
                message = one[0].message.id
                _log.error("an outcome is not recorded", message=message, reason=_kind(error))


def _kind(error: Exception) -> str:
    # Its own text may quote a row.
    return type(error).__name__
