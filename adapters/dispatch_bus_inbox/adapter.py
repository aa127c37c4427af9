"""The five verbs of the inbox adapter."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cached_property

from dispatch_bus.domain.errors import Retry
from dispatch_bus.domain.message import Message, Receipt, Received
from dispatch_bus.sdk.adapter import Adapter, Meaning, RawPage, RoomSettings, RoomStatus
from dispatch_bus.sdk.amqp import Connection, Rejected
from dispatch_bus.sdk.mailbox import INBOX, Full, Mailbox
from dispatch_bus.sdk.plain import messages, records
from dispatch_bus_inbox.envelopes import open_ours
from dispatch_bus_inbox.options import access_of, options_of
from dispatch_bus_inbox.outbox import Outbox


class InboxAdapter(Adapter):
    """Writes a room's inbox on the broker and reads its outbox.

    The bus fills in the options: the room's entry has none.
    """

    concurrent = True

    def __init__(self, room: RoomSettings) -> None:
        super().__init__(room)
        options = options_of(room)
        self._access = access_of(options)
        self._expiry_s = options.expiry_s
        self._mailbox = Mailbox(room.id)

    def pull(self, cursor: str | None, *, limit: int, wait_s: float) -> RawPage:
        """Fetch messages of the outbox, and word of those that left the inbox unread."""
        return self._outbox.pull(cursor, limit, wait_s)

    def read(self, raw: bytes) -> Meaning:
        """Understand a record of type ``case``, ``answer`` or ``receipt``, or what came back."""
        ours = open_ours(raw, self._mailbox)
        return records.read(raw, self.room, receipt=Received) if ours is None else ours

    def confirm(self, cursor: str) -> None:
        """Let the broker forget what is stored."""
        self._outbox.confirm(cursor)

    def deliver(self, message: Message) -> Receipt:
        """Put a message into the inbox; the receipt says that it waits there.

        Raises:
            Full: the inbox takes no more.
        """
        body = json.dumps(messages.write(message, self.room)).encode()
        try:
            self._sending.publish(
                INBOX, self.room.id, body, message=message.id, kind=message.act.value
            )
        except Rejected:
            raise Full(self.room.id, self._waiting()) from None
        return Receipt(
            reference=self._mailbox.inbox, received=datetime.now(UTC), waits_s=self._expiry_s
        )

    def check(self) -> RoomStatus:
        """Ask the broker how full the inbox is, and whether anybody reads it."""
        depth = self._sending.depth(self._mailbox.inbox)
        return RoomStatus(
            name=self._mailbox.inbox, waiting=depth.messages, attended=depth.readers > 0
        )

    def close(self) -> None:
        """Close the connections that were made."""
        for name in ("_outbox", "_sending"):
            if name in self.__dict__:
                self.__dict__[name].close()

    @cached_property
    def _outbox(self) -> Outbox:
        return Outbox(self._access, self._mailbox)

    @cached_property
    def _sending(self) -> Connection:
        return Connection(self._access, f"dispatch-bus writes {self._mailbox.inbox}")

    def _waiting(self) -> int | None:
        try:
            return self._sending.depth(self._mailbox.inbox).messages
        except Retry:
            return None
