"""The adapter's process: reads requests from its socket, runs the adapter, writes answers.

Started by :mod:`dispatch_bus.sdk.process` as ``python -m dispatch_bus.sdk.host ROOM ROLE SOCKET
LIFELINE``; everything secret comes over the socket.
"""

from __future__ import annotations

import json
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from dispatch_bus.domain.errors import DispatchBusError, Refused, Retry, Stop
from dispatch_bus.domain.json import JSON, from_json, to_json
from dispatch_bus.domain.message import Message
from dispatch_bus.sdk import frames, wire
from dispatch_bus.sdk.adapter import Adapter, RoomSettings, TooLarge
from dispatch_bus.sdk.confinement import confine
from dispatch_bus.sdk.discovery import adapter_named

Request = Mapping[str, Any]


class Host:
    """Answers requests with one adapter, one at a time."""

    def __init__(self, adapter: Adapter, role: str) -> None:
        self._adapter = adapter
        self._role = role
        self._verbs: dict[str, Callable[[Request], Any]] = {
            "pull": self._pull,
            "confirm": self._confirm,
            "read": self._read,
            "deliver": self._deliver,
            "check": self._check,
        }

    def serve(self, sock: socket.socket) -> None:
        """Answer requests until the other end closes the socket."""
        try:
            while True:
                self._answer(sock, frames.read(sock))
        except frames.Closed:
            self._adapter.close()

    def _answer(self, sock: socket.socket, request: Request) -> None:
        try:
            self._answer_with_result(sock, request)
        except DispatchBusError as error:
            frames.write(sock, {"error": wire.error_to_json(error)})

    def _answer_with_result(self, sock: socket.socket, request: Request) -> None:
        verb = request["verb"]
        try:
            frames.write(sock, {"result": self._tamed(verb, self._verbs[verb], request)})
        except TooLarge as error:
            if verb != "pull" or request["limit"] <= 1:
                raise
            self._log("page_too_large", verb, error)
            self._answer_with_result(sock, {**request, "limit": request["limit"] // 2})

    def _pull(self, request: Request) -> JSON:
        limit, wait_s = request["limit"], request["wait_s"]
        page = self._adapter.pull(request["cursor"], limit=limit, wait_s=wait_s)
        records = [{"id": each.id, "raw": wire.raw_to_json(each.raw)} for each in page.records]
        return {"cursor": page.cursor, "records": records}

    def _confirm(self, request: Request) -> None:
        self._adapter.confirm(request["cursor"])

    def _read(self, request: Request) -> list[JSON]:
        raws = (wire.raw_from_json(raw) for raw in request["raws"])
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

    def _log(self, event: str, verb: str, error: Exception) -> None:
        # Never the error's own text: it may quote a record, and records hold personal data.
        room = self._adapter.room.id
        line = {"event": event, "room": room, "role": self._role, "verb": verb}
        print(json.dumps({**line, "error": _place(error)}), file=sys.stderr, flush=True)  # noqa: T201


def _place(error: Exception) -> str:
    frames_of_it = traceback.extract_tb(error.__traceback__)
    last = frames_of_it[-1]
    return (
        f"{type(error).__name__} in {last.name}, {last.filename.rpartition('/')[2]}:{last.lineno}"
    )


def _opened(sock: socket.socket) -> Adapter:
    """Make the adapter that the first frame asks for, and say whether that worked."""
    request = frames.read(sock)
    try:
        adapter = _made(request["adapter"], from_json(request["room"], RoomSettings))
    except DispatchBusError as error:
        frames.write(sock, {"error": wire.error_to_json(error)})
        raise SystemExit(0) from None
    frames.write(sock, {"result": None})
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
        Host(_opened(sock), role).serve(sock)


if __name__ == "__main__":
    main(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
