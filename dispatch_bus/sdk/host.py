"""The adapter's process: reads calls from its socket, runs the adapter, writes answers.

Started by :mod:`dispatch_bus.sdk.process` as ``python -m dispatch_bus.sdk.host ROOM ROLE SOCKET
LIFELINE``; everything secret comes over the socket.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from dispatch_bus.domain.errors import DispatchBusError, Refused, Retry, Stop
from dispatch_bus.domain.json import JSON, from_json, to_json
from dispatch_bus.domain.message import Message
from dispatch_bus.sdk import frames, wire
from dispatch_bus.sdk.adapter import Adapter, RoomSettings, TooLarge
from dispatch_bus.sdk.confinement import confine
from dispatch_bus.sdk.discovery import adapter_named

Request = Mapping[str, Any]
# The verbs that an adapter may do several of at once, each on a thread of its own.
_CONCURRENT = frozenset({"deliver", "check"})
# A hundred stacks of the usual size would fill the address space that an adapter has.
_STACK_BYTES = 2 << 20


class Host:
    """Answers calls with one adapter: one at a time, or some of them at once if it can do that."""

    def __init__(self, adapter: Adapter, role: str, sock: socket.socket) -> None:
        self._adapter = adapter
        self._role = role
        self._sock = sock
        self._sending = threading.Lock()
        self._pulled: list[bytes] = []
        self._verbs: dict[str, Callable[[Request], Any]] = {
            "pull": self._pull,
            "confirm": self._confirm,
            "read": self._read,
            "read_pulled": self._read_pulled,
            "deliver": self._deliver,
            "check": self._check,
        }
        threading.stack_size(_STACK_BYTES)
        # One more than there are messages: a check comes beside them.
        self._at_once = ThreadPoolExecutor(at_once(adapter) + 1)

    def serve(self, calls: frames.Reader) -> None:
        """Answer calls until the other end closes the socket."""
        with contextlib.suppress(frames.Closed):
            while True:
                self._take(calls.read())
        self._at_once.shutdown(wait=False, cancel_futures=True)
        self._adapter.close()

    def _take(self, request: Request) -> None:
        if self._adapter.concurrent and request["verb"] in _CONCURRENT:
            self._at_once.submit(self._answer_apart, request)
        else:
            self._answer(request)

    def _answer_apart(self, request: Request) -> None:
        try:
            self._answer(request)
        except frames.Closed:
            return
        except BaseException as error:  # noqa: BLE001 - as in the main thread: it ends the process
            self._log("adapter_ended", request["verb"], error)
            os._exit(1)

    def _answer(self, request: Request) -> None:
        try:
            self._answer_with_result(request)
        except DispatchBusError as error:
            self._send(request, {"error": wire.error_to_json(error)})

    def _answer_with_result(self, request: Request) -> None:
        verb = request["verb"]
        try:
            self._send(request, {"result": self._tamed(verb, self._verbs[verb], request)})
        except TooLarge as error:
            if verb != "pull" or request["limit"] <= 1:
                raise
            self._log("page_too_large", verb, error)
            self._answer_with_result({**request, "limit": request["limit"] // 2})

    def _send(self, request: Request, answer: JSON) -> None:
        packed = frames.pack({"call": request["call"], **answer})
        with self._sending:
            frames.send(self._sock, packed)

    def _pull(self, request: Request) -> JSON:
        limit, wait_s = request["limit"], request["wait_s"]
        self._pulled = []
        page = self._adapter.pull(request["cursor"], limit=limit, wait_s=wait_s)
        self._pulled = [each.raw for each in page.records]
        records = [{"id": each.id, "raw": wire.raw_to_json(each.raw)} for each in page.records]
        return {"cursor": page.cursor, "records": records}

    def _confirm(self, request: Request) -> None:
        self._adapter.confirm(request["cursor"])

    def _read(self, request: Request) -> list[JSON]:
        return self._meanings([wire.raw_from_json(raw) for raw in request["raws"]])

    def _read_pulled(self, _: Request) -> list[JSON]:
        """Read what was pulled last, if that has worked."""
        raws, self._pulled = self._pulled, []
        return self._meanings(raws)

    def _meanings(self, raws: Sequence[bytes]) -> list[JSON]:
        return [wire.understanding_to_json(self._understand(raw)) for raw in raws]

    def _understand(self, raw: bytes) -> wire.Understanding:
        try:
            return self._adapter.read(raw)
        except Refused as refusal:
            return refusal
        except Exception as error:  # noqa: BLE001 - one record must not stop the others
            self._log("record_not_understood", "read", error)
            remedy = (
                f"The adapter failed on it ({_place(error)}): mend the adapter, then replay it."
            )
            return Refused("record", raw, remedy)

    def _deliver(self, request: Request) -> JSON:
        return to_json(self._adapter.deliver(from_json(request["message"], Message)))

    def _check(self, _: Request) -> JSON:
        return to_json(self._adapter.check())

    def _tamed(self, verb: str, call: Callable[[Request], Any], request: Request) -> Any:
        try:
            return call(request)
        except DispatchBusError:
            raise
        except Exception as error:
            self._log("adapter_failed", verb, error)
            raise Retry(f"{verb} failed inside the adapter ({_place(error)})") from error

    def _log(self, event: str, verb: str, error: BaseException) -> None:
        # Never the error's own text: it may quote a record, and records hold personal data.
        room = self._adapter.room.id
        line = {"event": event, "room": room, "role": self._role, "verb": verb}
        print(json.dumps({**line, "error": _place(error)}), file=sys.stderr, flush=True)  # noqa: T201


def _place(error: BaseException) -> str:
    frames_of_it = traceback.extract_tb(error.__traceback__)
    last = frames_of_it[-1]
    return (
        f"{type(error).__name__} in {last.name}, {last.filename.rpartition('/')[2]}:{last.lineno}"
    )


def at_once(adapter: Adapter) -> int:
    """Return how many messages an adapter can be handed before it has answered the first."""
    return adapter.room.in_flight if adapter.concurrent else 1


def _opened(sock: socket.socket, calls: frames.Reader) -> Adapter:
    """Make the adapter that the first call asks for, and say whether that worked."""
    request = calls.read()
    answer: JSON = {"call": request["call"]}
    try:
        adapter = _made(request["adapter"], from_json(request["room"], RoomSettings))
    except DispatchBusError as error:
        frames.send(sock, frames.pack({**answer, "error": wire.error_to_json(error)}))
        raise SystemExit(0) from None
    frames.send(sock, frames.pack({**answer, "result": {"at_once": at_once(adapter)}}))
    return adapter


def _made(name: str, room: RoomSettings) -> Adapter:
    kind = _loaded(name)
    try:
        return kind(room)
    except (Refused, Retry):
        raise
    except Exception as error:
        what = f"the adapter {name!r} cannot be made with the room's options ({_place(error)})"
        raise Retry(what) from error


def _loaded(name: str) -> type[Adapter]:
    try:
        return adapter_named(name)
    except Stop:
        raise
    except Exception as error:
        what = f"The adapter {name!r} cannot be loaded ({_place(error)})."
        raise Stop(what, "Check its installation.") from error


def main(role: str, handle: int, lifeline: int) -> None:
    """Serve one adapter over the inherited socket ``handle`` until the bus lets go of it."""
    confine(lifeline)
    with socket.socket(fileno=handle) as sock:
        # Inherited from a process in which eventlet may have made it another.
        sock.setblocking(True)
        calls = frames.Reader(sock)
        Host(_opened(sock, calls), role, sock).serve(calls)


if __name__ == "__main__":
    main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
