"""The application over a real database, in the small world, as one process of the bus has it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import attrs
from making import world
from making.gates import ScriptedGate, page

from dispatch_bus.application import deciding, delivering, intake, sealing
from dispatch_bus.application.bus import Bus, Limits
from dispatch_bus.domain.book import Book
from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import Notice, NoticeKind
from dispatch_bus.domain.report import Report
from dispatch_bus.journal.entry import Entry, decode
from dispatch_bus.store.engine import connect
from dispatch_bus.store.filed import Filed
from dispatch_bus.store.keys import KeyRing
from dispatch_bus.store.outside import Outside
from dispatch_bus.store.unit import Store

LIMITS = Limits(
    page=100,
    pull_wait_s=0.0,
    pull_deadline_s=5.0,
    backlog=1_000,
    decide_batch=100,
    deliver_deadline_s=5.0,
    retry_first_s=0.0,
    retry_most_s=0.0,
    overdue_s=0.0,
    leave_hold_s=0.0,
    seal_batch=1_000,
    checkpoint_every=100,
    checkpoint_rest_s=0.0,
    lease_s=30.0,
    share_after_s=0.0,
    personal_days=30,
)


def make_bus(url: str, keys: Path, holder: str = "bus-1", **limits: Any) -> Bus:
    """Wire one process's bus; several over one database stand for several processes."""
    store = Store(connect(url), KeyRing.create(keys), holder)
    return Bus(
        store=store,
        outside=Outside(keys.with_name("outside")),
        book=world.book(),
        geography=world.Atlas(),
        limits=attrs.evolve(LIMITS, **limits),
        new_id=uuid4,
        jitter=lambda: 1.0,
        holder=holder,
        origin="dispatch-bus/test",
    )


MakeBus = Callable[..., Bus]


class Desk:
    """Drives a bus as its services do, and reads back what came of it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.gates: dict[str, ScriptedGate] = {name: ScriptedGate() for name in ("NL", "BE", "DE")}
        self._pages = 0

    def with_book(self, book: Book) -> None:
        """Go on under another book."""
        self.bus = attrs.evolve(self.bus, book=book)

    def pull(self, room: str, *meanings: Any) -> None:
        """Let a room send one page with these records."""
        self._pages += 1
        self.gates[room].pages.append(page(f"{room}{self._pages}", *meanings))
        intake.pull(self.bus, room, self.gates[room])

    def leave(self, room: str, *meanings: Any) -> None:
        """Let a room send one page of which nothing can be decided at once."""
        failing = patch.object(deciding, "decide_recorded", side_effect=RuntimeError("no decision"))
        with failing:
            self.pull(room, *meanings)

    def file(self, told: Report, room: str = "NL") -> Filed:
        """Let a room report a case, decide it, and return it as filed."""
        self.pull(room, told)
        return self.filed(told.number, room)

    def deliver(self, room: str) -> int:
        """Hand over what is due for a room, as far as it answers; return how much that was."""
        done = 0
        with suppress(Retry):
            while came_back := delivering.deliver(self.bus, room, self.gates[room]):
                done += came_back
        return done

    def settle(self) -> None:
        """Decide and deliver until nothing is left to do."""
        while deciding.decide(self.bus) + sum(self.deliver(room) for room in self.gates):
            pass

    def filed(self, number: str, room: str = "NL") -> Filed:
        """Return the newest incident under a number."""
        with self.bus.store.begin() as uow:
            found = uow.incidents.latest(room, number, personal=True)
        assert found is not None
        return found

    def notices(self, incident: UUID, kind: NoticeKind) -> list[Notice]:
        """Return an incident's notices of one kind, oldest first."""
        with self.bus.store.begin() as uow:
            known = uow.notices.of_incidents([incident]).get(incident, [])
        return [one for one in known if one.kind is kind]

    def notice(self, incident: UUID, kind: NoticeKind) -> Notice:
        """Return an incident's only notice of one kind."""
        (one,) = self.notices(incident, kind)
        return one

    def entries(self, *kinds: EntryKind) -> list[Entry]:
        """Seal the journal and return its entries of these kinds, or all, in order."""
        while sealing.seal(self.bus):
            pass
        with self.bus.store.begin() as uow:
            read = [decode(one.entry, one.schema_version) for one in uow.journal.read(0, 100_000)]
        return [one for one in read if not kinds or one.kind in kinds]
