"""Simulated control rooms for tests: real processes on free ports."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest

import borderzones
from dispatch_bus.domain.codes import Category, Discipline, Priority
from dispatch_bus.domain.json import to_json
from dispatch_bus.domain.report import Classification
from dispatch_bus.sdk.adapter import RoomSettings
from dispatch_bus.sdk.simulator import sites
from dispatch_bus.sdk.simulator.log import RoomLog
from dispatch_bus.sdk.simulator.sites import Site
from dispatch_bus.sdk.simulator.spec import Behaviour, Fault, RoomCentre, RoomCode, Spec

DATA = Path(borderzones.__file__).parent / "data"
START_S = 30.0
EPSG = {"NL": 28992, "BE": 31370, "LU": 2169, "DE": 25832, "FR": 2154}
CODES = tuple(
    RoomCode(code=f"X-{each}", label=f"Label {each}", category=each, priority=Priority.URGENT)
    for each in Category
    if each is not Category.UNMAPPED
)
# Everyone answers at once, and yes.
AT_ONCE = Behaviour(
    shown_s=(0, 0),
    acknowledge_s=(0, 0),
    acknowledge_share=1,
    answer_s=(0, 0),
    accept_share=1,
    refuse_share=0,
    offer_s=(0, 0),
    offer_share=1,
    withdraw_share=0,
)


@cache
def all_sites() -> list[Site]:
    """The sites of the real data, gathered once."""
    return sites.gather(DATA)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def spec(folder: Path, country: str = "NL", **changes: Any) -> Spec:
    """What a room of ``country`` is told, with one centre that does everything everywhere."""
    disciplines = (Discipline.FIRE, Discipline.AMBULANCE, Discipline.POLICE)
    centre = RoomCentre(
        id=f"{country}-ALL", disciplines=disciplines, lon=5.7, lat=50.85, catchment=()
    )
    plain = Spec(
        room=country,
        country=country,
        port=0,
        token="sesame",
        seed=7,
        rate_per_s=20.0,
        folder=str(folder / country),
        epsg=EPSG[country],
        scheme=f"{country}-example",
        codes=CODES,
        centres=(centre,),
        sites=str(folder / "sites.json"),
        control=True,
    )
    return attrs.evolve(plain, **changes)


def settings(told: Spec, **options: object) -> RoomSettings:
    """What the bus knows of the room that was told ``told``."""
    url = f"http://{told.host}:{told.port}"
    return RoomSettings(
        id=told.room,
        country=told.country,
        epsg=told.epsg,
        scheme=told.scheme,
        codes={
            code.code: Classification(**attrs.asdict(code), scheme=told.scheme)
            for code in told.codes
        },
        options={"url": url, "token": told.token, **options},
    )


class SimulatedRoom:
    """A room's process that can be killed and started again."""

    def __init__(self, told: Spec, folder: Path) -> None:
        self.spec = attrs.evolve(told, port=told.port or free_port())
        self.settings = settings(self.spec)
        self._file = folder / f"{told.room}.json"
        self._file.write_text(json.dumps(to_json(self.spec)))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> RoomLog:
        """What the room itself has written down."""
        return RoomLog(Path(self.spec.folder))

    def start(self) -> None:
        """Start the process and wait until it answers."""
        command = [sys.executable, "-m", "dispatch_bus.sdk.simulator", str(self._file)]
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, "the room has ended"
            assert time.monotonic() < deadline, "the room does not answer"
            time.sleep(0.05)

    def control(self, *faults: Fault) -> None:
        """Have the room misbehave in these ways from now on, and in no other."""
        self.request("POST", "/control", json={"faults": list(faults)}).raise_for_status()

    def request(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Ask the room over HTTP."""
        headers = {"Authorization": f"Bearer {self.spec.token}"}
        url = self.settings.options["url"] + path
        # Without a store of certificates, which takes longer to load than the room to answer.
        with httpx.Client(verify=False, trust_env=False) as client:
            return client.request(method, url, headers=headers, **content)

    def kill(self) -> None:
        """Kill the process as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            self.request("GET", "/status")
        except httpx.TransportError:
            return False
        return True


Rooms = Callable[..., SimulatedRoom]


@contextmanager
def rooms_in(folder: Path) -> Iterator[Rooms]:
    """Start simulated rooms that keep their logs in ``folder``, and end them all."""
    started: list[SimulatedRoom] = []
    sites.write(all_sites(), folder / "sites.json")

    def start(country: str = "NL", **changes: Any) -> SimulatedRoom:
        room = SimulatedRoom(spec(folder, country, **changes), folder)
        started.append(room)
        room.start()
        return room

    try:
        yield start
    finally:
        for room in started:
            room.kill()


@pytest.fixture
def simulated_room(tmp_path: Path) -> Iterator[Rooms]:
    """Start simulated rooms; changes to the plain specification are keyword arguments."""
    with rooms_in(tmp_path) as start:
        yield start
