"""One line of text for one journal entry, for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dispatch_bus.application.feed import Told
from dispatch_bus.cli.safe import safe
from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal.entry import Entry, is_known

Facts = Mapping[str, Any]

_UNKNOWN = "(written by a newer version)"
_NO_NUMBER = "(no number known)"
_COLOURS = {
    "mirror": "cyan",
    "handoff": "magenta",
    "alarm": "bold red",
    "record": "yellow",
    "delivery": "blue",
    "room": "yellow",
    "inbox": "yellow",
    "part": "bold green",
}


def line(one: Told) -> str:
    """Say in one line of rich markup what an entry says."""
    entry = one.entry
    at = f"{entry.at.astimezone():%H:%M:%S}"
    return f"[dim]{one.number:>6} {at}[/] {told(entry)}"


def told(entry: Entry) -> str:
    """Say in rich markup what happened, and to what; exercise and test are marked as such."""
    colour = _COLOURS.get(entry.kind.partition(".")[0], "white")
    mark = "" if entry.mode is Mode.ACTUAL else f"[reverse]{entry.mode.value.upper()}[/] "
    words = _WORDS.get(entry.kind, _plain)(entry.facts) if is_known(entry.kind) else _UNKNOWN
    kind = safe(f"{entry.kind:<22}")
    return f"{mark}[{colour}]{kind}[/] {safe(words)} [dim]{safe(entry.correlation)}[/]"


def distance(metres: float | None) -> str:
    """Say a distance as people do."""
    if metres is None:
        return ""
    return f"{metres:.0f} m" if metres < 1_000 else f"{metres / 1_000:.1f} km"


def _opened(facts: Facts) -> str:
    away = distance(facts.get("border_m"))
    zone = f" {facts['zone']}, {away} from the border" if facts.get("zone") else ""
    return (
        f"{facts['discipline']} {facts['owner']} → {facts['receiver']}"
        f" ({facts.get('rule', '')}{zone}, {facts.get('agreement', '')})"
    )


def _recorded(facts: Facts) -> str:
    report = facts["report"]
    nature = report["classification"]
    return f"{facts['number']} rev {facts['revision']} {nature['label']} P{nature['priority']}"


def _between(facts: Facts) -> str:
    detail = facts.get("cause") or facts.get("reason") or ""
    by = f" by {facts['by']}" if facts.get("by") else ""
    return f"{facts['discipline']} {facts['owner']} → {facts['receiver']}{by} {detail}"


def _decided(facts: Facts) -> str:
    zones = ", ".join(zone for zone, _, _ in facts["zones"]) or facts["answer"]
    return f"rev {facts['revision']} {zones}: {len(facts['wanted'])} notices"


def _overdue(facts: Facts) -> str:
    number = facts.get(f"{facts['side']}_phone") or _NO_NUMBER
    return f"NOT DELIVERED to {facts['centre']}: CALL {number}"


def _alarm(facts: Facts) -> str:
    ends = ("owner", "receiver") if "owner_phone" in facts else ()
    calls = ", ".join(f"{end} {facts.get(f'{end}_phone') or _NO_NUMBER}" for end in ends)
    return f"{_plain(facts)}: CALL {calls}" if calls else _plain(facts)


def _undeliverable(facts: Facts) -> str:
    return f"{_attempt(facts)} refused: {facts['field']}"


def _unread(facts: Facts) -> str:
    return f"{_attempt(facts)} left its inbox: {facts['reason']}"


def _attempt(facts: Facts) -> str:
    return f"{facts['act']} → {facts['centre']} ({facts['room']})"


def _restored(facts: Facts) -> str:
    confirmed = "".join(
        f", {one['room']} pages {one['first']} to {one['last']}" for one in facts.get("pages", ())
    )
    return f"epoch {facts['epoch']} after {facts['size']} entries{confirmed}"


def _plain(facts: Facts) -> str:
    shown = ("room", "record", "field", "number", "reason", "discipline", "from", "to", "by", "day")
    return " ".join(str(facts[name]) for name in shown if facts.get(name))


_WORDS: dict[str, Callable[[Facts], str]] = {
    EntryKind.INCIDENT_RECORDED: _recorded,
    EntryKind.INCIDENT_DECIDED: _decided,
    EntryKind.MIRROR_OPENED: _opened,
    EntryKind.HANDOFF_PROPOSED: _opened,
    EntryKind.MIRROR_UPDATED: _between,
    EntryKind.MIRROR_CLOSED: _between,
    EntryKind.HANDOFF_OFFERED: _between,
    EntryKind.HANDOFF_ACCEPTED: _between,
    EntryKind.HANDOFF_TRANSFERRED: _between,
    EntryKind.HANDOFF_REFUSED: _between,
    EntryKind.HANDOFF_WITHDRAWN: _between,
    EntryKind.HANDOFF_EXPIRED: _between,
    EntryKind.HANDOFF_CLOSED: _between,
    EntryKind.HANDOFF_UPDATED: _between,
    EntryKind.NOTICE_SHOWN: _between,
    EntryKind.NOTICE_ACKNOWLEDGED: _between,
    EntryKind.NOTICE_DELIVERED: _between,
    EntryKind.DELIVERY_ATTEMPTED: _attempt,
    EntryKind.DELIVERY_MADE: _attempt,
    EntryKind.DELIVERY_POSTED: _attempt,
    EntryKind.DELIVERY_UNREAD: _unread,
    EntryKind.DELIVERY_FAILED: _attempt,
    EntryKind.DELIVERY_UNDELIVERABLE: _undeliverable,
    EntryKind.DELIVERY_OVERDUE: _overdue,
    EntryKind.JOURNAL_RESTORED: _restored,
    EntryKind.ALARM_RAISED: _alarm,
}
