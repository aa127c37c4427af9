"""Pages out of an outbox over a connection that is made anew at a bad moment."""

from __future__ import annotations

import pytest
from pika import BasicProperties

from dispatch_bus.sdk.amqp import Access, Delivery
from dispatch_bus.sdk.mailbox import Mailbox
from dispatch_bus_inbox import outbox

BOX = Mailbox("BE")


class _Reconnecting:
    """Connects again just when something that had arrived before is taken."""

    def __init__(self, *_: object, **__: object) -> None:
        self.generation = 1
        self.waiting = [
            [_message(1, 7, "old")],
            [_message(2, 1, "old"), _message(2, 2, "new")],
        ]

    def receive(self, _: float) -> list[Delivery]:
        self.generation = 2
        return self.waiting.pop(0) if self.waiting else []


def _message(generation: int, tag: int, name: str) -> Delivery:
    return Delivery(
        queue=BOX.outbox,
        generation=generation,
        tag=tag,
        properties=BasicProperties(
            message_id=name, user_id=BOX.user, content_type="application/json"
        ),
        body=b"{}",
        redelivered=False,
    )


def test_what_came_over_an_earlier_connection_is_on_no_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes again; a page that has it twice would follow itself for ever."""
    monkeypatch.setattr(outbox, "Connection", _Reconnecting)
    pages = outbox.Outbox(Access(url="amqp://bus@127.0.0.1:9/x", password="p"), BOX)
    page = pages.pull(None, limit=10, wait_s=5.0)
    assert [one.id for one in page.records] == ["old", "new"]
    assert pages.pull(page.cursor, limit=10, wait_s=0.0).records == ()
