"""The bus's side of an adapter: a process of its own, killed when it is late."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from dispatch_bus.domain.errors import DispatchBusError, Refused, Retry
from dispatch_bus.domain.json import JSON, from_json, to_json
from dispatch_bus.sdk import answers, wire
from dispatch_bus.sdk.adapter import Meaning, RawPage, RoomSettings, RoomStatus
from dispatch_bus.sdk.calls import Calls, Pace
from dispatch_bus.sdk.child import Child, spawn
from dispatch_bus.sdk.page import Page, Record

T = TypeVar("T")
START_S = 30.0
READ_S = 2.0
# A record is blamed for what it does twice, alone: the first time may be the machine's fault.
_ATTEMPTS_ALONE = 2
_CLOSE_S = 2.0


class RoomProcess:
    """One room's adapter in a process of its own, started at the first call.

    ``role`` tells the processes of one room apart in logs and process lists. Calls take turns, but
    for deliveries and checks by an adapter that can do several at once; each has a deadline in
    seconds, to which a start adds its own time. A late process is killed, a dead one replaced at
    the next call; when to call again is the caller's matter.

    Every call may raise:
        Retry: the room or its adapter failed for now, or the adapter refuses the room's options:
            neither a record nor a message is to blame for them.
        Stop: no such adapter is installed.
    """

    def __init__(self, settings: RoomSettings, adapter: str, *, role: str) -> None:
        self._settings = settings
        self._adapter = adapter
        self._role = role
        self._child: Child | None = None
        self._turn = threading.Lock()
        self._checking = threading.Lock()
        self._ending = threading.Lock()
        self._pace = Pace()

    @property
    def pid(self) -> int | None:
        """The process id of the adapter, if one has been started."""
        return self._child.process.pid if self._child else None

    def start(self) -> None:
        """Start the adapter unless it runs.

        Raises:
            Refused: it does not take the room's options, one of which is named.
        """
        with self._one_at_a_time(START_S):
            if self._child is None:
                self._start()

    def pull(self, cursor: str | None, *, limit: int, wait_s: float, deadline_s: float) -> Page:
        """Fetch at most ``limit`` records after ``cursor``, each understood or refused.

        Reading comes after the deadline's work: 2 s for the page and, if that is not enough,
        2 s twice for each record alone. One that takes longer is refused, and the page goes on.
        """
        asked = {"verb": "pull", "cursor": cursor, "limit": limit, "wait_s": wait_s}
        with self._one_at_a_time(deadline_s):
            raw, understood = self._pull(self._running(), asked, deadline_s)
        return _page(raw, understood)

    def confirm(self, cursor: str, *, deadline_s: float) -> None:
        """Tell the room that everything up to ``cursor`` is stored."""
        with self._one_at_a_time(deadline_s):
            self._ask("confirm", {"cursor": cursor}, deadline_s, lambda _: None)

    def read(self, raw: bytes, *, deadline_s: float) -> Meaning:
        """Understand one record; the deadline is for each of two attempts.

        Raises:
            Refused: naming the field, the value and what the room should send instead.
        """
        with self._one_at_a_time(deadline_s):
            understood = self._read_alone(raw, deadline_s)
        if isinstance(understood, Refused):
            raise understood
        return understood

    @contextlib.contextmanager
    def deliveries(self, *, deadline_s: float) -> Iterator[Calls]:
        """Hand messages to the room, each with ``deadline_s`` seconds.

        An adapter that takes one call at a time is busy with them until the end.
        """
        with contextlib.ExitStack() as turn:
            turn.enter_context(self._one_at_a_time(deadline_s))
            child = self._running()
            if self._pace.most > 1:
                turn.close()
            calls = Calls(self._settings.id, child, self._pace, deadline_s, self._end)
            try:
                yield calls
            finally:
                calls.abandon()

    def check(self, *, deadline_s: float) -> RoomStatus:
        """Ask the room how it is.

        An adapter that can do several things at once goes on with the others meanwhile, and also
        where this one is late. If it is still at it when it is asked again, it is ended.
        """
        with self._alone(self._checking, deadline_s), contextlib.ExitStack() as turn:
            turn.enter_context(self._one_at_a_time(deadline_s))
            if self._child and self._child.line.has_forgotten:
                self._end(self._child)
            child = self._running()
            if self._pace.most == 1:
                return self._ask("check", {}, deadline_s, _status)
            turn.close()
            return self._check_beside(child, deadline_s)

    def close(self) -> None:
        """End the process; a later call would start another."""
        if self._child:
            self._end(self._child, _CLOSE_S)

    def rest(self) -> bool:
        """End the process unless it is at work; tell whether it is ended."""
        with contextlib.ExitStack() as taken:
            for lock in (self._turn, self._checking):
                if not lock.acquire(blocking=False):
                    return False
                taken.callback(lock.release)
            self.close()
        return True

    def _one_at_a_time(self, deadline_s: float) -> contextlib.AbstractContextManager[None]:
        return self._alone(self._turn, deadline_s)

    @contextlib.contextmanager
    def _alone(self, lock: threading.Lock, deadline_s: float) -> Iterator[None]:
        if not lock.acquire(timeout=deadline_s):
            raise Retry(f"{self._settings.id}: the adapter was busy for {deadline_s:g} s")
        try:
            yield
        finally:
            lock.release()

    def _check_beside(self, child: Child, deadline_s: float) -> RoomStatus:
        late = {"error": wire.error_to_json(Retry(f"check took longer than {deadline_s:g} s"))}

        def ask() -> JSON:
            return child.ask_or_forget({"verb": "check"}, deadline_s) or late

        return self._returned("check", self._exchange(child, "check", ask, deadline_s, _status))

    def _pull(
        self, child: Child, asked: JSON, deadline_s: float
    ) -> tuple[RawPage, list[wire.Understanding]]:
        """Ask for a page and, in the same breath, for what its records mean."""
        calls: list[int] = []

        def pulled() -> JSON:
            calls.extend(child.begin([asked, {"verb": "read_pulled"}], deadline_s))
            return child.finish(calls[0], deadline_s)

        def read() -> JSON:
            return child.finish(calls[1], READ_S)

        told = self._exchange(child, "pull", pulled, deadline_s, wire.page_from_json)
        records = () if isinstance(told, DispatchBusError) else told.records
        decode = wire.understandings_from_json(len(records))
        try:
            meanings = self._returned("read", self._exchange(child, "read", read, READ_S, decode))
        except Retry:
            meanings = [self._read_alone(record.raw, READ_S) for record in records]
        return self._returned("pull", told), meanings

    def _read_alone(self, raw: bytes, deadline_s: float) -> wire.Understanding:
        for _ in range(_ATTEMPTS_ALONE):
            # An adapter that does not even start says nothing about the record.
            self._running()
            with contextlib.suppress(Retry):
                return self._read([raw], deadline_s)[0]
        why = f"Reading it took longer than {deadline_s:g} s, ended the adapter or gave no answer."
        return Refused("record", raw, f"{why} Mend the adapter, then replay it.")

    def _read(self, raws: Sequence[bytes], deadline_s: float) -> list[wire.Understanding]:
        asked = {"raws": [wire.raw_to_json(raw) for raw in raws]}
        return self._ask("read", asked, deadline_s, wire.understandings_from_json(len(raws)))

    def _ask(self, verb: str, asked: JSON, deadline_s: float, decode: Callable[[Any], T]) -> T:
        child, request = self._running(), {"verb": verb, **asked}
        ask = partial(child.ask, request, deadline_s)
        return self._returned(verb, self._exchange(child, verb, ask, deadline_s, decode))

    def _returned(self, verb: str, outcome: T | answers.Error) -> T:
        return _returned_or_raised(answers.not_stopping(self._settings.id, verb, outcome))

    def _running(self) -> Child:
        try:
            return self._child or self._start()
        except Refused as reason:
            # Told without its value, which may be a secret. It stays wrong until a new start.
            what = f"{self._settings.id}: {reason.field} is refused ({reason.remedy})"
            raise Retry(what, START_S) from None

    def _start(self) -> Child:
        self._child = child = spawn(self._settings.id, self._role)
        asked = {"adapter": self._adapter, "room": to_json(self._settings)}
        ask = partial(child.ask, asked, START_S)
        outcome = self._exchange(child, "start", ask, START_S, lambda told: int(told["at_once"]))
        if isinstance(outcome, DispatchBusError):
            self._end(child, _CLOSE_S)
        self._pace = Pace(most=_returned_or_raised(outcome))
        return child

    def _exchange(
        self,
        child: Child,
        verb: str,
        ask: Callable[[], JSON],
        deadline_s: float,
        decode: Callable[[Any], T],
    ) -> T | answers.Error:
        room = self._settings.id
        try:
            return answers.outcome(room, ask(), decode)
        except BaseException as failure:
            # Whatever it was, an answer may still be on its way: this process is of no more use.
            self._end(child)
            if isinstance(failure, answers.FAILURES):
                raise answers.meaning(room, verb, failure, deadline_s) from failure
            raise

    def _end(self, child: Child, grace_s: float = 0.0) -> None:
        with self._ending:
            if self._child is not child:
                return
            self._child = None
        child.end(grace_s)


def try_start(settings: RoomSettings, adapter: str) -> None:
    """Start a room's adapter and end it: whoever installs it learns whether it would run.

    Raises:
        Refused: it does not take the room's options, one of which is named.
        Retry: it does not start.
        Stop: no such adapter is installed.
    """
    process = RoomProcess(settings, adapter, role="check")
    try:
        process.start()
    finally:
        process.close()


def _returned_or_raised(outcome: T | DispatchBusError) -> T:
    if isinstance(outcome, DispatchBusError):
        raise outcome
    return outcome


def _status(told: Any) -> RoomStatus:
    return from_json(told, RoomStatus)


def _page(raw: RawPage, understood: Sequence[wire.Understanding]) -> Page:
    pairs = zip(raw.records, understood, strict=True)
    return Page(
        cursor=raw.cursor,
        records=tuple(_record(record.id, record.raw, meaning) for record, meaning in pairs),
    )


def _record(name: str, raw: bytes, meaning: wire.Understanding) -> Record:
    if isinstance(meaning, Refused):
        return Record(id=name, raw=raw, refusal=meaning)
    return Record(id=name, raw=raw, understood=meaning)
