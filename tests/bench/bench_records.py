"""Records as real rooms would send them, made before the clock starts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count, cycle, islice
from pathlib import Path
from uuid import uuid4

from attrs import frozen
from buses.lean_rooms_main import AVAILABLE

from borderzones import Zones
from dispatch_bus.bootstrap import BorderGeography
from dispatch_bus.cli import simulation
from dispatch_bus.cli.simulation import Simulation
from dispatch_bus.domain.book import Book
from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.incident import Incident, Source, merge_parts
from dispatch_bus.domain.json import from_json, parse
from dispatch_bus.domain.report import Report
from dispatch_bus.domain.routing import concerns_neighbours, judge
from dispatch_bus.sdk.simulator import case_records, sites
from dispatch_bus.sdk.simulator.atlas import Atlas, atlas
from dispatch_bus.sdk.simulator.plan import plan
from dispatch_bus.sdk.simulator.spec import Spec
from dispatch_bus.settings import Settings
from dispatch_bus_plain import PlainAdapter

# So many different cases, each sent again and again under another number.
DISTINCT = 400
_AT_ONCE = 200


@frozen(kw_only=True)
class Written:
    """A record that a room is to publish, and what the bus will understand of it."""

    room: str
    body: str
    report: Report

    def line(self, copy: int) -> bytes:
        """Return how a copy stands in the stock of the rooms: room, tab, entry of a page."""
        number = self.report.number
        told = self.body.replace(f'"{number}"', f'"{number}.{copy}"', 1)
        entry = json.dumps({"id": f"{number}.{copy}", "body": told})
        return f"{self.room}\t{entry}".encode()


@frozen(kw_only=True)
class Cases:
    """Cases of which some neighbour has to know, and such as leave a stub, from all rooms."""

    of_concern: Sequence[Written]
    of_none: Sequence[Written]

    def stock(self, path: Path, *, of_concern: int, of_none: int = 0) -> None:
        """Write so many records into a file: those of none first, and no number twice."""
        lines = [*_copies(self.of_none, of_none), *_copies(self.of_concern, of_concern)]
        path.write_bytes(b"\n".join(lines))


def _copies(cases: Sequence[Written], wanted: int) -> Iterator[bytes]:
    numbered = (case.line(at // len(cases)) for at, case in enumerate(cycle(cases)))
    return islice(numbered, wanted)


def make_cases(settings: Settings, zones: Zones, seed: int) -> Cases:
    """Draw the simulated rooms' own cases, in turn, until there are enough of both kinds.

    What no agreement covers, although a neighbour is near, is left out: a case of concern goes
    all the way, to a room across the border.
    """
    of_concern: list[Written] = []
    of_none: list[Written] = []
    written, geography = _in_turn(settings, seed), BorderGeography(zones)
    while len(of_concern) < DISTINCT:
        some = list(islice(written, _AT_ONCE))
        for one, is_wanted, is_near in _judged(settings.book, geography, some):
            if is_wanted:
                of_concern.append(one)
            elif not is_near:
                of_none.append(one)
    return Cases(of_concern=of_concern, of_none=of_none)


def _in_turn(settings: Settings, seed: int) -> Iterator[Written]:
    children = simulation.children(settings, Simulation(seed=seed, rate_per_s=1.0))
    specs = [from_json(parse(Path(child.command[-1]).read_bytes()), Spec) for child in children]
    atlases = [atlas(sites.load(Path(spec.sites)), spec.country) for spec in specs]
    adapters = {room.settings.id: PlainAdapter(room.settings) for room in settings.rooms}
    for number in count(1):
        for spec, places in zip(specs, atlases, strict=True):
            if body := _body(spec, places, number):
                report = adapters[spec.room].read(body.encode())
                assert isinstance(report, Report)
                now = f'"available": "{report.times.available.isoformat()}"'
                body = body.replace(now, f'"available": "{AVAILABLE.decode()}"', 1)
                yield Written(room=spec.room, body=body, report=report)


def _body(spec: Spec, places: Atlas, number: int) -> str | None:
    case = plan(spec, places, number)
    if case.flaw or case.mode is not Mode.ACTUAL:
        return None
    now = datetime.now(UTC)
    return json.dumps(case_records.record(spec, case, 0, now, now), ensure_ascii=False)


def _judged(
    book: Book, geography: BorderGeography, written: Sequence[Written]
) -> Iterator[tuple[Written, bool, bool]]:
    """Yield each record with whether a neighbour is told of it, and whether one might ever be."""
    places = [one.report.place.position for one in written]
    for one, locality in zip(written, geography.locate(places), strict=True):
        incident = _incident(one)
        verdict = judge(incident, locality, book, datetime.now(UTC))
        yield one, bool(verdict.wanted), concerns_neighbours(incident, locality, book)


def _incident(one: Written) -> Incident:
    return Incident(
        id=uuid4(),
        source=Source(room=one.room, number=one.report.number),
        revision=1,
        report=one.report,
        parts=merge_parts((), one.report),
        correlation=one.report.number,
    )
