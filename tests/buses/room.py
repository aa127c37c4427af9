"""A simulated room of a private bus: a real process that a test scripts, spoils and silences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from servers.waiting import wait_for

from dispatch_bus.cli.supervise import Child, ChildProcess
from dispatch_bus.sdk.simulator.ledger import Ledger, Outgoing
from dispatch_bus.sdk.simulator.log import RoomLog
from dispatch_bus.sdk.simulator.spec import Fault

_NEVER = [1e9, 1e9]


class Room:
    """The process of one room. Its log lasts, so that it goes on where it was."""

    def __init__(self, child: Child) -> None:
        self._process = ChildProcess(child)
        self._file = Path(child.command[-1])
        self._spec = json.loads(self._file.read_text())
        self.change(control=True)

    @property
    def log(self) -> RoomLog:
        """What the room itself has written down."""
        return RoomLog(Path(self._spec["folder"]))

    def change(self, **changes: Any) -> None:
        """Change what the room is told about itself when it next starts."""
        self._spec.update(changes)
        self._file.write_text(json.dumps(self._spec))

    def leave_to_the_test(self) -> None:
        """Have its people do nothing of themselves."""
        never = {f"{act}_s": _NEVER for act in ("shown", "acknowledge", "answer", "offer")}
        self.change(behaviour=never)

    def start(self) -> None:
        """Start the room and wait until it answers."""
        self._process.launch()
        wait_for(self._answers, f"room {self._spec['room']} answers")

    def stop(self) -> None:
        """End the room."""
        self._process.stop()

    def fall_silent(self) -> None:
        """Have it take and answer requests, but send nothing new from now on."""
        self.stop()
        self.change(stop_after_s=0.0)
        self.start()

    def spoil(self, *faults: Fault) -> None:
        """Have the room misbehave in these ways from now on, and in no other."""
        self.ask("POST", "/control", json={"faults": list(faults)})

    def send(self, name: str, body: Mapping[str, Any] | str) -> None:
        """Make a record available, as an object or as whatever text stands for one."""
        self.send_all({name: body})

    def send_all(self, records: Mapping[str, Mapping[str, Any] | str]) -> None:
        """Make records available at once, by their names."""
        with closing(Ledger(Path(self._spec["folder"]))) as ledger, ledger.transaction():
            for name, body in records.items():
                text = body if isinstance(body, str) else json.dumps(body)
                now = datetime.now(UTC)
                ledger.send(Outgoing(id=name, kind="case", body=text, available=now))

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Ask it over HTTP as its adapter does.

        Raises:
            HTTPError: it does not take the question.
        """
        return self._request(method, path, **content).raise_for_status()

    def _answers(self) -> bool:
        assert self._process.exit_status() is None, self._process.log.read_text()
        try:
            self._request("GET", "/status")
        except httpx.TransportError:
            return False
        return True

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        url = f"http://127.0.0.1:{self._spec['port']}{path}"
        headers = {"Authorization": f"Bearer {self._spec['token']}"}
        with httpx.Client(verify=False, trust_env=False, timeout=10) as client:
            return client.request(method, url, headers=headers, **content)
