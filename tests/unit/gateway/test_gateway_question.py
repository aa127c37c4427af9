"""A question that many may ask at once."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from dispatch_bus.domain.errors import Retry
from dispatch_bus.gateway import question
from dispatch_bus.gateway.question import Question


class Store:
    """A store that stands still until it is freed; it counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.free = Event()

    def ask(self) -> int:
        """Wait, then tell how often this was asked."""
        self.asked += 1
        assert self.free.wait(60)
        return self.asked


def test_who_asks_meanwhile_shares_the_answer() -> None:
    """However many ask, the store is asked once at a time, and then anew."""
    store = Store()

    async def many() -> list[int | None]:
        asking = Question(store.ask)
        first = [asyncio.create_task(asking.answer()) for _ in range(100)]
        await asyncio.sleep(0)
        store.free.set()
        return [*await asyncio.gather(*first), await asking.answer()]

    assert asyncio.run(many()) == [1] * 100 + [2]


def test_a_store_that_stands_still_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it longer than the limit, and it is not asked again until it answered."""
    monkeypatch.setattr(question, "LIMIT_S", 0.05)
    store = Store()

    async def often() -> list[int | None]:
        asking = Question(store.ask)
        silent = [await asking.answer() for _ in range(3)]
        store.free.set()
        monkeypatch.setattr(question, "LIMIT_S", 60.0)
        return [*silent, await asking.answer()]

    assert asyncio.run(often()) == [None, None, None, 1]


def test_a_store_that_fails_gives_no_answer() -> None:
    """The next one who asks has it asked again."""
    answers = iter([Retry("no answer"), 7])

    def ask() -> int:
        answer = next(answers)
        if isinstance(answer, Retry):
            raise answer
        return answer

    async def twice() -> list[int | None]:
        asking = Question(ask)
        return [await asking.answer(), await asking.answer()]

    assert asyncio.run(twice()) == [None, 7]
