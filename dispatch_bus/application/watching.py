"""One look at everything that moves, for a terminal that shows it live."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.feed import told
from dispatch_bus.application.rooms import MOST_WAITING, rooms_of
from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.notice import Notice
from dispatch_bus.journal.entry import Entry
from dispatch_bus.store.inboxes import InboxState
from dispatch_bus.store.notices import NoticeFilter
from dispatch_bus.store.quarantine import QuarantineState
from dispatch_bus.store.rooms import RoomState

_ENTRIES = 500
_HANDOFFS = 50


@frozen(kw_only=True)
class Waiting:
    """What a room still lacks: how many tellings, and since when."""

    count: int
    since: datetime


@frozen(kw_only=True)
class Glance:
    """The state at one instant by the database's clock, and the entries since the last look.

    ``notices`` are those that are open, by kind and state; ``quarantined`` are the records that
    wait for a person.
    """

    now: datetime
    last: int
    entries: tuple[Entry, ...]
    unsealed: int
    undecided: int
    rooms: tuple[RoomState, ...]
    waiting: dict[str, Waiting]
    notices: dict[tuple[str, str], int]
    handoffs: tuple[Notice, ...]
    quarantined: int
    inboxes: dict[str, InboxState] = field(factory=dict)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way: all is decided, delivered where it can be, and sealed."""
        return not (self.unsealed or self.undecided or self.waiting)


def glance(bus: Bus, after: int) -> Glance:
    """Look at everything, with at most 500 journal entries that follow number ``after``."""
    with bus.store.begin() as uow:
        entries = told(uow.journal.read(after, _ENTRIES))
        waiting = uow.deliveries.waiting(rooms_of(bus), MOST_WAITING)
        return Glance(
            now=uow.now,
            last=entries[-1].number if entries else after,
            entries=tuple(one.entry for one in entries),
            unsealed=uow.journal.waiting(),
            undecided=uow.incidents.undecided(),
            rooms=tuple(uow.rooms.all()),
            waiting={
                room: Waiting(count=count, since=since) for room, (count, since) in waiting.items()
            },
            notices=uow.notices.counts(NoticeFilter(mode=Mode.ACTUAL, open_only=True)),
            handoffs=tuple(uow.notices.pending_handoffs(_HANDOFFS)),
            quarantined=uow.quarantine.counts()[QuarantineState.WAITING],
            inboxes=uow.inboxes.all(),
        )
