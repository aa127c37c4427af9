"""Threads that ask at the same moment: two are served at once, the others together after them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from servers.waiting import wait_for

from dispatch_bus.application.together import Serve, Together
from dispatch_bus.domain.errors import Retry


class Counter:
    """Serves what is asked for once the test lets it, and keeps the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.is_open = threading.Event()

    def serve(self, asked: Sequence[int]) -> list[int | Exception]:
        """Double each number; refuse the odd ones."""
        self.batches.append(list(asked))
        assert self.is_open.wait(60)
        return [2 * one if one % 2 == 0 else ValueError(one) for one in asked]


def fill(
    pool: ThreadPoolExecutor, together: Together[int, int], counter: Counter, serve: Serve[int, int]
) -> list[Future[int]]:
    """Let two ask, and be under way until the counter is open: whoever comes now waits."""
    asked = []
    for number in (2, 4):
        asked.append(pool.submit(together.ask, number, serve))
        wait_for(lambda: len(counter.batches) == len(asked), "one more to be served")
    return asked


def fail(_: Sequence[int]) -> list[int | Exception]:
    """Serve nobody."""
    raise LookupError("nothing is served")


def test_one_that_comes_alone_is_served_alone() -> None:
    """It does not wait for company."""
    together, counter = Together[int, int](), Counter()
    counter.is_open.set()
    assert [together.ask(number, counter.serve) for number in (2, 4)] == [4, 8]
    assert counter.batches == [[2], [4]]


def test_who_comes_while_two_are_served_is_served_with_the_others() -> None:
    """They share one batch, and each is given its own."""
    together, counter = Together[int, int](), Counter()
    with ThreadPoolExecutor(8) as pool:
        first = fill(pool, together, counter, counter.serve)
        later = [pool.submit(together.ask, number, counter.serve) for number in (6, 8, 10, 12)]
        wait_for(lambda: len(together._waiting) == len(later), "the others to wait")
        counter.is_open.set()
        assert [one.result(60) for one in (*first, *later)] == [4, 8, 12, 16, 20, 24]
    assert counter.batches[:2] == [[2], [4]]
    assert [sorted(batch) for batch in counter.batches[2:]] == [[6, 8, 10, 12]]


def test_what_one_is_refused_no_other_is() -> None:
    """Each hears what came of its own, and the next one is served again."""
    together, counter = Together[int, int](), Counter()
    counter.is_open.set()
    with pytest.raises(ValueError, match="3"):
        together.ask(3, counter.serve)
    assert together.ask(4, counter.serve) == 8


def test_a_batch_that_fails_fails_for_each_and_for_no_later_one() -> None:
    """Nobody waits for ever for what will not come."""
    together, counter = Together[int, int](), Counter()
    counter.is_open.set()
    for number in (1, 2, 3):
        with pytest.raises(LookupError, match="nothing is served"):
            together.ask(number, fail)
    assert together.ask(2, counter.serve) == 4


def test_who_is_ended_while_serving_leaves_nobody_waiting() -> None:
    """The others hear at once that they are to ask again."""
    together, counter = Together[int, int](), Counter()

    def end(asked: Sequence[int]) -> list[int | Exception]:
        counter.serve(asked)
        if len(asked) > 1:
            raise SystemExit
        return list(asked)

    def ask(number: int) -> str:
        try:
            together.ask(number, end)
        except (Retry, SystemExit) as error:
            return type(error).__name__
        return "served"

    with ThreadPoolExecutor(8) as pool:
        asked = fill(pool, together, counter, end)
        later = [pool.submit(ask, number) for number in (3, 4, 5)]
        wait_for(lambda: len(together._waiting) == len(later), "the others to wait")
        counter.is_open.set()
        assert [one.result(60) for one in asked] == [2, 4]
        assert sorted(one.result(60) for one in later) == ["Retry", "Retry", "SystemExit"]


def test_of_many_threads_each_is_given_its_own() -> None:
    """Nobody is lost between those who come and those who serve."""
    together = Together[int, int]()

    def double(asked: Sequence[int]) -> list[int | Exception]:
        return [2 * one for one in asked]

    with ThreadPoolExecutor(32) as pool:
        given = pool.map(lambda number: together.ask(number, double), range(5_000), timeout=120)
        assert list(given) == [2 * number for number in range(5_000)]


def test_after_a_failure_each_is_served_alone_and_then_together_again() -> None:
    """What makes a batch fail holds up the others once, and no longer."""
    together, counter = Together[int, int](), Counter()

    def fail_late(asked: Sequence[int]) -> list[int | Exception]:
        counter.serve(asked)
        raise LookupError("nothing is served")

    with ThreadPoolExecutor(8) as pool:
        failing = fill(pool, together, counter, fail_late)
        later = [pool.submit(together.ask, number, counter.serve) for number in (6, 8, 10, 12)]
        wait_for(lambda: len(together._waiting) == len(later), "the others to wait")
        counter.is_open.set()
        assert all(one.exception(60) for one in failing)
        assert [one.result(60) for one in later] == [12, 16, 20, 24]
    assert [len(batch) for batch in counter.batches[:3]] == [1, 1, 1]
    for _ in range(10):
        together.ask(2, counter.serve)
    assert together._most == 8


def test_a_batch_is_bounded() -> None:
    """Nobody waits for the work of a whole country."""
    together, counter = Together[int, int](), Counter()
    with ThreadPoolExecutor(32) as pool:
        asked = [pool.submit(together.ask, 2 * number, counter.serve) for number in range(24)]
        wait_for(
            lambda: sum(map(len, counter.batches)) + len(together._waiting) == 24, "all to ask"
        )
        counter.is_open.set()
        assert [one.result(60) for one in asked] == [4 * number for number in range(24)]
    assert max(map(len, counter.batches)) == 8
