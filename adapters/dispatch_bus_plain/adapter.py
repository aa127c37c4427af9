"""The five verbs of the plain adapter."""

from __future__ import annotations

import json
from typing import Any

from dispatch_bus.domain.errors import Refused, Retry
from dispatch_bus.domain.json import JSON, from_json
from dispatch_bus.domain.message import Message, Receipt
from dispatch_bus.domain.notice import Answer
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.adapter import Adapter, RawPage, RawRecord, RoomSettings, RoomStatus
from dispatch_bus.sdk.plain import messages, records
from dispatch_bus_plain import connection
from dispatch_bus_plain.options import options_of


class PlainAdapter(Adapter):
    """Speaks plain JSON over HTTP with a room.

    Options: ``url``, ``token`` and ``timeout_s`` (4 unless said).
    """

    concurrent = True

    def __init__(self, room: RoomSettings) -> None:
        super().__init__(room)
        self._room = connection.Connection(options_of(room))

    def pull(self, cursor: str | None, *, limit: int, wait_s: float) -> RawPage:
        """Fetch records by ``GET /records``."""
        after = {} if cursor is None else {"after": cursor}
        # A float's own text may be 4.5e-05, which a room may not understand.
        wait = f"{wait_s:.3f}"
        answer = self._room.get("/records", wait_s=wait_s, limit=limit, wait=wait, **after)
        return _page(answer.json())

    def read(self, raw: bytes) -> Report | Answer:
        """Understand a record of type ``case`` or ``answer``."""
        return records.read(raw, self.room)

    def confirm(self, cursor: str) -> None:
        """Confirm records by ``POST /confirm``."""
        self._room.post("/confirm", {"cursor": cursor}, 204)

    def deliver(self, message: Message) -> Receipt:
        """Hand over a message by ``POST /notices``."""
        answer = self._room.post("/notices", messages.write(message, self.room), 200, 422)
        if answer.status == 422:
            raise _refusal(answer.json())
        told = answer.json()
        try:
            return from_json({name: told.get(name) for name in ("reference", "received")}, Receipt)
        except Refused as error:
            raise Retry(f"the room's receipt is unusable ({error})") from error

    def check(self) -> RoomStatus:
        """Ask the room how it is by ``GET /status``."""
        told = self._room.get("/status").json()
        if told.get("clock") is None:
            raise Retry("the room's status is unusable (it has no clock)")
        try:
            return from_json({name: told.get(name) for name in ("name", "clock")}, RoomStatus)
        except Refused as error:
            raise Retry(f"the room's status is unusable ({error})") from error

    def close(self) -> None:
        """Close the connection."""
        self._room.close()


def _page(told: JSON) -> RawPage:
    cursor, listed = told.get("cursor"), told.get("records")
    if not isinstance(cursor, str) or not isinstance(listed, list):
        raise Retry("the room's page is incomplete: it has no cursor or no list of records")
    return RawPage(cursor=cursor, records=tuple(_record(each) for each in listed))


def _record(told: Any) -> RawRecord:
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        raise Retry("the room's page is incomplete: a record has no id")
    body = told.get("body")
    # Whatever else it is, it is kept as the record's bytes: reading refuses that record alone.
    text = body if isinstance(body, str) else json.dumps(body)
    return RawRecord(id=told["id"], raw=text.encode("utf-8", "surrogatepass"))


def _refusal(told: JSON) -> Refused:
    field, remedy = str(told.get("field", "message")), str(told.get("remedy", ""))
    return Refused(messages.known(field), told.get("value"), remedy or "The room did not say why.")
