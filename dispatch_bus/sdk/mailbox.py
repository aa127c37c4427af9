"""A room's mailbox on the broker: how its queues and its user are called, and when it is full.

The bus writes the inbox and the room reads it; the room writes the outbox and the bus reads it.
What leaves an inbox unread comes back. All are in a virtual host for partners alone.
"""

from __future__ import annotations

from attrs import frozen

from dispatch_bus.domain.errors import Retry

ADAPTER = "inbox"
"""The adapter of every room that has a mailbox."""
INBOX = "inbox"
"""The exchange that the bus writes every inbox through; the routing key is the room."""
UNREAD = "unread"
"""The exchange that the broker puts through what leaves an inbox unread; the key stays."""
MAX_BODY_BYTES = 16 * 1024 * 1024
"""The most that one record has."""


@frozen
class Mailbox:
    """The names of one room's part of the partners' virtual host."""

    room: str

    @property
    def inbox(self) -> str:
        """The queue that the room reads."""
        return f"{INBOX}.{self.room}"

    @property
    def outbox(self) -> str:
        """The exchange that the room writes to, and the queue behind it that the bus reads."""
        return f"outbox.{self.room}"

    @property
    def unread(self) -> str:
        """The queue of what left the inbox unread; the bus reads it."""
        return f"{UNREAD}.{self.room}"

    @property
    def user(self) -> str:
        """The user that the room logs in as."""
        return f"room-{self.room}"


class Full(Retry):
    """A room's inbox takes no more: ``waiting`` messages are in it, if that is known."""

    def __init__(self, room: str, waiting: int | None) -> None:
        count = "" if waiting is None else f" ({waiting:,} messages)"
        super().__init__(f"the inbox of {room} is full{count}")
        self.room = room
        self.waiting = waiting
