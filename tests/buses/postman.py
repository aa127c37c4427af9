"""A room's own client of its mailbox: carries between the mailbox and a simulated room."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing, suppress
from threading import Event, Thread

import httpx
from buses.room import Room

from dispatch_bus.domain.errors import Retry
from dispatch_bus.sdk.inbox import Inbox, Taken

# What fails within a page is sent once more from its beginning.
_PAGE = 20
_WAIT_S = 0.2


class Postman:
    """Works in a thread of its own between ``start`` and ``stop``; what fails is tried again.

    ``inbox`` connects to the mailbox. The room, one of the plain adapter, is told and asked over
    HTTP, as the bus would do it.
    """

    def __init__(self, room: Room, inbox: Callable[[], Inbox]) -> None:
        self._room = room
        self._connect = inbox
        self._cursor = "0"
        self._over = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Connect, and carry from now on."""
        self._over.clear()
        self._thread = Thread(target=self._work, name="postman", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave the mailbox to itself: what comes stays in it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        # The mailbox gives a message once to each connection: what is not handed over is kept.
        held: list[Taken] = []
        with closing(self._connect()) as inbox:
            while not self._over.wait(_WAIT_S):
                with suppress(Retry, httpx.HTTPError):
                    self._send(inbox)
                    held += inbox.take(_WAIT_S)
                    self._hand_over(inbox, held)

    def _send(self, inbox: Inbox) -> None:
        """Put what the room has said into the outbox, and only then tell the room so."""
        asked = {"after": self._cursor, "limit": str(_PAGE)}
        page = self._room.ask("GET", "/records", params=asked).json()
        for record in page["records"]:
            inbox.send(json.loads(record["body"]), record_id=record["id"])
        if page["records"]:
            self._room.ask("POST", "/confirm", json={"cursor": page["cursor"]})
            self._cursor = page["cursor"]

    def _hand_over(self, inbox: Inbox, held: list[Taken]) -> None:
        while held:
            told = self._room.ask("POST", "/notices", json=held[0].content).json()
            inbox.receipt(held[0], told["reference"])
            held.pop(0)
