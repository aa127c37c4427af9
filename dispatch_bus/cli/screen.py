"""What the terminal shows while the bus runs: rooms, the handoff queue, and what happens."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dispatch_bus.application.watching import Glance
from dispatch_bus.cli.lines import told
from dispatch_bus.cli.supervise import Change, State
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.notice import Notice, NoticeKind
from dispatch_bus.store.rooms import RoomState

_TOLD = frozenset(
    {
        EntryKind.INCIDENT_RECORDED,
        EntryKind.RECORD_QUARANTINED,
        EntryKind.MIRROR_OPENED,
        EntryKind.MIRROR_CLOSED,
        EntryKind.HANDOFF_PROPOSED,
        EntryKind.HANDOFF_OFFERED,
        EntryKind.HANDOFF_ACCEPTED,
        EntryKind.HANDOFF_TRANSFERRED,
        EntryKind.HANDOFF_REFUSED,
        EntryKind.HANDOFF_WITHDRAWN,
        EntryKind.HANDOFF_EXPIRED,
        EntryKind.DELIVERY_OVERDUE,
        EntryKind.DELIVERY_UNDELIVERABLE,
        EntryKind.ALARM_RAISED,
        EntryKind.ROOM_UNREACHABLE,
        EntryKind.ROOM_REACHABLE,
        EntryKind.INBOX_FULL,
        EntryKind.INBOX_FREE,
        EntryKind.NOTICE_ACKNOWLEDGED,
    }
)
_NOTHING_YET = "[dim]Nothing yet.[/]"
_KEPT = 200
_QUEUE_ROWS = 8
# Lines beside their rows: of the panel, and of the panel and the queue together.
_PANEL, _FRAME = 2, 5
# A bus that runs is seen twice a second.
_CURRENT_S = 3.0
_STATE_COLOURS = {State.READY: "green", State.STARTING: "yellow", State.DIED: "red"}


class Screen:
    """Collects what is seen and draws it; it is told, it asks nothing.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen_at = clock()
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._processes: dict[str, Change] = {}
        self._glance: Glance | None = None

    def process(self, change: Change) -> None:
        """Take note of a process that came to another state."""
        self._processes[change.name] = change

    def see(self, glance: Glance) -> list[str]:
        """Take note of a look; return the lines that are new."""
        self._glance = glance
        self._seen_at = self._clock()
        new = [
            f"[dim]{entry.at.astimezone():%H:%M:%S}[/] {told(entry)}"
            for entry in glance.entries
            if entry.kind in _TOLD
        ]
        self._lines.extend(new)
        return new

    def draw(self, console: Console) -> RenderableType:
        """Draw everything into the height of a terminal, from 80 columns by 24 lines up."""
        head: list[RenderableType] = [_processes(self._processes.values()), self._currency()]
        if self._glance:
            head.append(_rooms(self._glance))
            # The newest events get two lines for each one of the queue.
            rows = max(1, min(_QUEUE_ROWS, (_left(console, head) - _FRAME) // 3))
            head.append(_queue(self._glance, rows))
        lines = list(self._lines)[-max(3, _left(console, head) - _PANEL) :]
        text = Text.from_markup("\n".join(lines) or _NOTHING_YET, overflow="ellipsis")
        text.no_wrap = True
        return Group(*head, Panel(text, title="What happens", title_align="left"))

    def _currency(self) -> Text:
        """Say how current the screen is: old data must never look like new."""
        if self._glance is None:
            return Text("Nothing has been seen of the bus yet.", style="yellow", no_wrap=True)
        old_s = self._clock() - self._seen_at
        at = f"{self._glance.now.astimezone():%H:%M:%S}"
        if old_s <= _CURRENT_S:
            return Text(f"As of {at}", style="dim", no_wrap=True)
        words = f"NOT CURRENT: as of {at}, {old_s:.0f} s ago; the bus does not answer"
        return Text(words, style="bold white on red", no_wrap=True, overflow="ellipsis")


def _left(console: Console, drawn: Iterable[RenderableType]) -> int:
    return console.height - len(console.render_lines(Group(*drawn), pad=False))


def _processes(changes: Iterable[Change]) -> Text:
    parts = [f"[{_STATE_COLOURS.get(one.state, 'dim')}]● {one.name}[/]" for one in changes]
    return Text.from_markup("  ".join(parts))


def _rooms(glance: Glance) -> RenderableType:
    table = _table("Rooms", "Room", "Records", "Last page", "To be told", "State")
    for room in glance.rooms:
        waiting = glance.waiting.get(room.id)
        lacks = f"{waiting.count}, oldest {_age(glance.now, waiting.since)}" if waiting else "—"
        pulled = f"{_age(glance.now, room.pulled_at)} ago" if room.pulled_at else "—"
        table.add_row(room.id, f"{room.records:,}", pulled, lacks, _state(glance, room))
    return Group(table, _totals(glance))


def _state(glance: Glance, room: RoomState) -> str:
    inbox = glance.inboxes.get(room.id)
    down = room.failing_since or (inbox.unattended_since if inbox else None)
    if down:
        return f"[red]DOWN {_age(glance.now, down)}[/]"
    if inbox and inbox.full_since:
        return f"[red]INBOX FULL {_age(glance.now, inbox.full_since)}[/]"
    return "[green]reads[/]"


def _totals(glance: Glance) -> Text:
    mirrors = _count(glance.notices, NoticeKind.MIRROR)
    handoffs = _count(glance.notices, NoticeKind.HANDOFF)
    unread = "" if glance.rooms else "No room has been read yet.   "
    return Text(
        f"{unread}open: mirrors {mirrors}   handoffs {handoffs}   "
        f"quarantined {glance.quarantined}   undecided {glance.undecided}   "
        f"journal {glance.last:,}",
        style="dim",
    )


def _count(notices: Mapping[tuple[str, str], int], kind: NoticeKind) -> int:
    return sum(count for (name, _), count in notices.items() if name == kind)


def _table(title: str, *columns: str) -> Table:
    return Table(*columns, title=title, title_justify="left", caption_justify="left", box=None)


def _queue(glance: Glance, rows: int) -> Table:
    table = _table("Handoff queue", "Discipline", "From", "To", "State", "Age", "Answer")
    for one in sorted(glance.handoffs, key=lambda notice: notice.opened_at)[:rows]:
        age = _age(glance.now, one.opened_at)
        answer = _remaining(glance.now, one)
        table.add_row(one.discipline.value, one.owner, one.receiver, one.state.value, age, answer)
    more = len(glance.handoffs) - rows
    if more > 0:
        table.caption = f"and {more} more"
    elif not glance.handoffs:
        table.caption = "No handoff waits for anybody."
    return table


def _remaining(now: datetime, handoff: Notice) -> str:
    if handoff.deadline is None:
        return ""
    left = (handoff.deadline - now).total_seconds()
    return f"[red]{-left:.0f} s late[/]" if left < 0 else f"{left:.0f} s left"


def _age(now: datetime, since: datetime | None) -> str:
    if since is None:
        return ""
    seconds = max(0, int((now - since).total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
