"""The plan: everything that the broker is to hold for one bus and its partners."""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import field, frozen

from dispatch_bus.messaging.admin.items import (
    Item,
    Value,
    binding,
    exchange,
    permission,
    policy,
    queue,
    user,
    vhost,
)
from dispatch_bus.messaging.topology import KINDS, UNROUTABLE, WAKE, queue_name
from dispatch_bus.sdk.mailbox import INBOX, UNREAD, Mailbox

_KEEP = {"overflow": "reject-publish"}
# Enough to wake everybody. Nothing runs out or is pushed out: among it may be what is no wake-up,
# which has to wait until the store can take it.
_WAKE_LIMITS = {"max-length": 10_000, "max-length-bytes": 50_000_000, **_KEEP}
_LIMITS_DELIVERIES = (4, 0)


@frozen(kw_only=True)
class Account:
    """A user and its password; none where its certificate logs it in."""

    name: str
    password: str = field(repr=False)


@frozen(kw_only=True)
class Plan:
    """What the plan depends on.

    ``rooms`` are the rooms with a mailbox and the accounts that they use it with; the limits are
    for each inbox, in messages, bytes and seconds. ``version`` is the broker's.
    """

    vhost: str
    bus: Account
    partners_vhost: str
    rooms: tuple[tuple[str, Account], ...]
    inbox_messages: int
    inbox_bytes: int
    expiry_s: float
    version: tuple[int, int]

    def items(self) -> list[Item]:
        """Return everything, in the order in which it can be made."""
        return [*self._bus(), *self._partners(), *self._mailboxes()]

    def _bus(self) -> Iterator[Item]:
        yield vhost(self.vhost)
        yield user(self.bus.name, self.bus.password)
        yield permission(
            self.vhost, self.bus.name, write=_names(WAKE), read=r"^dispatch-bus\.wake\..+$"
        )
        limits = {**_WAKE_LIMITS, **self._unlimited_deliveries()}
        yield policy(self.vhost, "wake-ups", r"^dispatch-bus\.", limits)
        yield exchange(self.vhost, UNROUTABLE, "fanout")
        yield exchange(self.vhost, WAKE, "direct", alternate_exchange=UNROUTABLE)
        yield queue(self.vhost, UNROUTABLE)
        yield binding(self.vhost, UNROUTABLE, UNROUTABLE, "")
        for kind in KINDS:
            yield queue(self.vhost, queue_name(kind))
            yield binding(self.vhost, WAKE, queue_name(kind), kind)

    def _partners(self) -> Iterator[Item]:
        at = self.partners_vhost
        yield vhost(at)
        # Newer brokers tell how full an inbox is to whom they grant anything of it.
        read = r"^(inbox|outbox|unread)\..+$"
        yield permission(at, self.bus.name, write=_names(INBOX), read=read)
        yield exchange(at, INBOX, "direct")
        yield exchange(at, UNREAD, "direct")
        yield policy(at, "inboxes", r"^inbox\.", self._inbox_limits())
        yield policy(at, "outboxes", r"^(outbox|unread)\.", self._outbox_limits())

    def _mailboxes(self) -> Iterator[Item]:
        at = self.partners_vhost
        for room, account in self.rooms:
            box = Mailbox(room)
            yield user(account.name, account.password)
            yield permission(at, account.name, write=_names(box.outbox), read=_names(box.inbox))
            for name in (box.inbox, box.outbox, box.unread):
                yield queue(at, name)
            # Whatever key a room writes with, its record arrives.
            yield exchange(at, box.outbox, "fanout")
            yield binding(at, box.outbox, box.outbox, "")
            yield binding(at, INBOX, box.inbox, room)
            yield binding(at, UNREAD, box.unread, room)

    def _limits(self) -> Value:
        return {
            "max-length": self.inbox_messages,
            "max-length-bytes": self.inbox_bytes,
            **_KEEP,
        }

    def _inbox_limits(self) -> Value:
        return {
            **self._limits(),
            "message-ttl": round(self.expiry_s * 1_000),
            "dead-letter-exchange": UNREAD,
            # What leaves an inbox stays in it until the other queue has it.
            "dead-letter-strategy": "at-least-once",
            # Also what a room had in hand each time that its line went down.
            **self._unlimited_deliveries(),
        }

    def _outbox_limits(self) -> Value:
        return {**self._limits(), **self._unlimited_deliveries()}

    def _unlimited_deliveries(self) -> Value:
        # From this version on, a queue would drop what was sent out twenty times and not settled.
        return {"delivery-limit": -1} if self.version >= _LIMITS_DELIVERIES else {}


def _names(name: str) -> str:
    return f"^{re.escape(name)}$"
