"""Compares a plan with what the broker holds, and makes it so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from attrs import frozen

from dispatch_bus.messaging.admin.api import Management
from dispatch_bus.messaging.admin.items import Item
from dispatch_bus.messaging.admin.plan import Plan
from dispatch_bus.messaging.topology import UNROUTABLE

OLDEST = (3, 10)
_SETUP = "Run: dispatch-bus broker setup"
_REMAKE = "It cannot be changed: once it is empty, delete it, then run: dispatch-bus broker setup"
_REMOVE = "Nothing of the bus needs it here: remove it, or move it to another virtual host."
_PURGE = "Look at them in the management interface to see who sends them, then purge the queue."
_LISTS = {
    "queue": "/api/queues/{}",
    "exchange": "/api/exchanges/{}",
    "binding": "/api/bindings/{}",
    "permission": "/api/vhosts/{}/permissions",
    "policy": "/api/policies/{}",
}


@frozen(kw_only=True)
class Difference:
    """Something that is not as planned: what, where, and what to do about it."""

    kind: str
    vhost: str
    name: str
    what: str
    remedy: str


def differences(plan: Plan, broker: Management) -> list[Difference]:
    """Return everything in which the broker is not as planned."""
    items = plan.items()
    return [*_too_old(plan), *_lacking(items, broker), *_strange(items, broker)]


def strays(plan: Plan, broker: Management) -> list[Difference]:
    """Return what says that the bus's exchange was given what no queue takes, if it was."""
    found = broker.get(f"/api/queues/{quote(plan.vhost, safe='')}/{UNROUTABLE}") or {}
    if not found.get("messages"):
        return []
    what = f"holds {found['messages']} messages that no queue takes"
    stray = {"kind": "queue", "vhost": plan.vhost, "name": UNROUTABLE}
    return [Difference(**stray, what=what, remedy=_PURGE)]


def set_up(plan: Plan, broker: Management) -> list[tuple[Item, str]]:
    """Make what is missing and change what is another, as far as it can be changed.

    Returns each item that was ``made`` or ``changed``.
    """
    done = []
    for item in plan.items():
        found = _find(item, broker)
        if found is None or (item.wrong_in(found) and not item.is_fixed):
            method = "POST" if item.kind == "binding" else "PUT"
            broker.tell(method, item.path, item.told())
            done.append((item, "made" if found is None else "changed"))
    return done


def _too_old(plan: Plan) -> Iterator[Difference]:
    if plan.version < OLDEST:
        yield Difference(
            kind="broker",
            vhost="",
            name="RabbitMQ",
            what=f"version {plan.version[0]}.{plan.version[1]}",
            remedy=f"Run {OLDEST[0]}.{OLDEST[1]} or newer.",
        )


def _lacking(items: Sequence[Item], broker: Management) -> Iterator[Difference]:
    for item in items:
        found = _find(item, broker)
        if found is None:
            yield _difference(item, "missing", _SETUP)
        elif wrong := item.wrong_in(found):
            what = "; ".join(_told(name, item, found) for name in wrong)
            yield _difference(item, what, _REMAKE if item.is_fixed else _SETUP)


def _told(name: str, item: Item, found: Mapping[str, Any]) -> str:
    if name.startswith("password"):
        return "another password than in its file" if item.secret else "a password"
    return f"{name} is {found.get(name)}, not {item.value[name]}"


def _difference(item: Item, what: str, remedy: str) -> Difference:
    return Difference(kind=item.kind, vhost=item.vhost, name=item.name, what=what, remedy=remedy)


def _find(item: Item, broker: Management) -> Mapping[str, Any] | None:
    found = broker.get(item.path)
    if item.kind != "binding":
        return found  # type: ignore[no-any-return]
    key = item.value["routing_key"]
    return next((one for one in found or () if one["routing_key"] == key), None)


def _strange(items: Sequence[Item], broker: Management) -> Iterator[Difference]:
    """Find what is in the virtual hosts beside the plan: it may read what is another's."""
    planned = {(item.kind, item.vhost, item.name) for item in items}
    for vhost in [item.name for item in items if item.kind == "vhost"]:
        for kind, name in _held(vhost, broker):
            if (kind, vhost, name) not in planned:
                yield Difference(
                    kind=kind, vhost=vhost, name=name, what="not planned", remedy=_REMOVE
                )


def _held(vhost: str, broker: Management) -> Iterator[tuple[str, str]]:
    for kind, listed in _LISTS.items():
        for one in broker.get(listed.format(quote(vhost, safe=""))) or ():
            name = _name_of(kind, one)
            if name and not name.startswith("amq.") and name != broker.login.user:
                yield kind, name


def _name_of(kind: str, held: Mapping[str, Any]) -> str:
    if kind == "permission":
        return str(held["user"])
    if kind != "binding":
        return str(held["name"])
    # Every queue is bound to the nameless exchange by its own name.
    ends = f"{held['source']} → {held['destination']} ({held['routing_key']})"
    return ends if held["source"] else ""
