"""How many points a second the geofence looks up, beside other ways and beside a real PostGIS.

Read docs/benchmarks.md before you quote a figure.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import bench_agreement
import bench_rivals
import numpy as np
import pytest
from attrs import frozen
from bench_areas import polygons, with_corners, with_grid
from bench_fences import OURS, Agreement, Calls, Cost, Grown, Rate
from bench_points import KINDS, Floats, Kind, points
from bench_postgis import BEST, WAYS, PostGIS
from bench_report import Report
from bench_rivals import Rival
from bench_sizes import IS_QUICK
from bench_zones import with_zones
from servers import postgis
from servers.packages import NotThere

import borderzones
from borderzones import zonefile
from borderzones.zonefile import ZoneFile
from dispatch_bus.editions import ZONES_FILE

pytestmark = pytest.mark.timeout(7_200)
SHIPPED = Path(__file__).parents[2] / "config" / ZONES_FILE
OURS_POINTS = 500_000 if IS_QUICK else 5_000_000
RIVAL_POINTS = 20_000 if IS_QUICK else 200_000
GROWTH_POINTS = RIVAL_POINTS // 4
CIRCLES, RADIUS_M = 2_000 if IS_QUICK else 20_000, 100
COMPARED = 50_000 if IS_QUICK else 1_000_000
CALLS, SLOW_CALLS = (5_000, 100) if IS_QUICK else (50_000, 1_000)
# Grids of classes of so many areas take minutes to make.
ZONES, CORNERS = (
    ((), (1_000,)) if IS_QUICK else ((10, 100, 1_000, 10_000), (1_000, 10_000, 100_000))
)
GROWTH = [*(("zones", to) for to in ZONES), *(("corners", to) for to in CORNERS)]
_TIMES = 3


@frozen
class Fence:
    """The shipped zones, and the PostGIS that has the same areas."""

    content: ZoneFile
    zones: borderzones.Zones
    postgis: PostGIS
    postgis_s: float

    def points(self, kind: Kind, count: int) -> tuple[Floats, Floats]:
        """Return points of a kind."""
        return points(self.content.layers["countries"].polygons, kind, count)


@pytest.fixture(scope="module")
def fence() -> Iterator[Fence]:
    """Everything that is measured here."""
    content, _ = zonefile.read(SHIPPED)
    try:
        with postgis.running() as connection:
            server = PostGIS(connection)
            seconds = server.load(polygons(content))
            yield Fence(content, borderzones.load(SHIPPED), server, seconds)
    except NotThere as reason:
        pytest.fail(str(reason), pytrace=False)


def best_s(work: Callable[[], object]) -> float:
    """Return the seconds of the fastest of a few times: the others were disturbed more."""
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def called(
    name: str, kind: Kind, ask: Callable[[float, float], object], lon: Floats, lat: Floats
) -> Calls:
    """Measure calls for one point each, after a first one."""
    ask(lon[0].item(), lat[0].item())
    taken = []
    for x, y in zip(lon.tolist(), lat.tolist(), strict=True):
        began = time.perf_counter_ns()
        ask(x, y)
        taken.append(time.perf_counter_ns() - began)
    p50, p99 = np.percentile(taken, [50, 99]) / 1_000
    return Calls(name, kind, len(taken), float(p50), float(p99))


def test_the_answers_are_those_of_postgis(report: Report, fence: Fence) -> None:
    """At a million points, half of them within a metre of a border, no area is told otherwise."""
    lon, lat = fence.points("points half at a border", COMPARED)
    fence.postgis.give(lon, lat)
    pairs = fence.postgis.hits()
    found = fence.zones.classify(lon, lat)
    disagreements, in_seams = bench_agreement.compared(fence.content, found, pairs)
    version = fence.postgis.version()
    report.fences.agreement = Agreement(version, COMPARED, disagreements, in_seams)
    assert disagreements == 0
    assert len(pairs[0]) > COMPARED
    assert in_seams < COMPARED / 100


@pytest.mark.parametrize("kind", KINDS)
def test_many_points(report: Report, fence: Fence, kind: Kind) -> None:
    """The others find as many pairs of a point and an area as PostGIS does."""
    lon, lat = fence.points(kind, OURS_POINTS)
    fence.zones.classify(lon[:10], lat[:10])
    seconds = best_s(lambda: fence.zones.classify(lon, lat))
    rates = [Rate(OURS, kind, OURS_POINTS, OURS_POINTS / seconds)]
    lon, lat = fence.points(kind, RIVAL_POINTS)
    counts = set()
    for rival in rivals(fence):
        counts.add(rival.many(lon, lat))
        seconds = best_s(lambda rival=rival: rival.many(lon, lat))
        rates.append(Rate(rival.name, kind, RIVAL_POINTS, RIVAL_POINTS / seconds))
    fence.postgis.give(lon, lat)
    for way in WAYS:
        seconds = min(fence.postgis.seconds(way) for _ in range(_TIMES))
        rates.append(Rate(way, kind, RIVAL_POINTS, RIVAL_POINTS / seconds))
    assert counts == {len(fence.postgis.hits()[0])}
    report.fences.rates += rates


def test_many_circles(report: Report, fence: Fence) -> None:
    """Which countries and zones they touch, and what else the geofence measures of them."""
    lon, lat = fence.points("points half at a border", CIRCLES)
    asked: dict[str, Callable[[], object]] = {
        OURS: lambda: fence.zones.touches(lon, lat, RADIUS_M),
        f"{OURS}, share in each country": lambda: fence.zones.shares(lon, lat, RADIUS_M),
        f"{OURS}, distance to the border": lambda: fence.zones.borders(lon, lat),
        f"{OURS}, every distance": lambda: fence.zones.look(lon, lat, RADIUS_M),
    }
    taken = {name: best_s(ask) for name, ask in asked.items()}
    numbers = bench_agreement.Areas.of(fence.content).numbers
    touched = [number for (layer, _), number in numbers.items() if layer in {"countries", "strips"}]
    fence.postgis.give(lon, lat)
    taken["PostGIS, on the ellipsoid"] = fence.postgis.circles_seconds(touched, RADIUS_M)
    kind = f"circles of {RADIUS_M} m"
    report.fences.rates += [Rate(name, kind, CIRCLES, CIRCLES / s) for name, s in taken.items()]
    assert len(fence.zones.touches(lon, lat, RADIUS_M).countries.area) > CIRCLES


@pytest.mark.parametrize("kind", KINDS)
def test_one_point(report: Report, fence: Fence, kind: Kind) -> None:
    """A call for a single point, of each."""
    lon, lat = fence.points(kind, CALLS)
    calls = [called(OURS, kind, fence.zones.at, lon, lat)]
    lon, lat = lon[:SLOW_CALLS], lat[:SLOW_CALLS]
    calls += [called(one.name, kind, one.one, lon, lat) for one in rivals(fence)]
    calls.append(called("PostGIS", kind, fence.postgis.at, lon, lat))
    assert fence.postgis.at(4.92695, 51.43624)
    report.fences.calls += calls


def rivals(fence: Fence) -> list[Rival]:
    """Prepare the other ways in Python anew."""
    parts, _ = fence.postgis.parts()
    areas = polygons(fence.content)
    return [bench_rivals.prepared(areas), bench_rivals.tree(parts), bench_rivals.sjoin(areas)]


def test_time_and_memory(report: Report, fence: Fence) -> None:
    """What each takes before it can answer."""
    told = [loaded(SHIPPED) for _ in range(_TIMES)]
    load, first = (min(one[name] for one in told) for name in ("load_ms", "first_ms"))
    size = max(one["megabytes"] for one in told)
    lon, lat = fence.points("points at random", RIVAL_POINTS)
    areas, (parts, _) = polygons(zonefile.read(SHIPPED)[0]), fence.postgis.parts()
    report.fences.costs += [
        Cost(OURS, load, size, "loads its file; memory with the first answers"),
        Cost(OURS, load + first, size, "and gives the first answers"),
        Cost(
            "prepared polygons",
            first_ms(lambda: bench_rivals.prepared(areas), lon, lat),
            None,
            "and gives the first answers",
        ),
        Cost(
            "STRtree over cut polygons",
            first_ms(lambda: bench_rivals.tree(parts), lon, lat),
            None,
            "and gives the first answers",
        ),
        Cost(
            "PostGIS",
            fence.postgis_s * 1_000,
            fence.postgis.megabytes(),
            "stores, cuts and indexes; on disk",
        ),
    ]
    assert all(one["megabytes"] > 0 for one in told)


def first_ms(prepare: Callable[[], Rival], lon: Floats, lat: Floats) -> float:
    """Return the milliseconds until one of the others has prepared and answered .

    GEOS prepares a polygon when it is first asked about, so each must be.
    """
    began = time.perf_counter()
    prepare().many(lon, lat)
    return (time.perf_counter() - began) * 1_000


def loaded(path: Path) -> dict[str, float]:
    """Load a zone file in a new process, and return what it tells."""
    program = Path(__file__).with_name("bench_zone_loading.py")
    done = subprocess.run(
        [sys.executable, str(program), str(path)], check=True, capture_output=True, text=True
    )
    told: dict[str, float] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(("what", "to"), GROWTH)
def test_growth(report: Report, fence: Fence, tmp_path: Path, what: str, to: int) -> None:
    """However many zones and corners there are, the answers are those of PostGIS."""
    grow = with_zones if what == "zones" else with_corners
    content, build_s = with_grid(grow(fence.content, to))
    zonefile.write(tmp_path / "grown.bzones", content)
    told = loaded(tmp_path / "grown.bzones")
    zones = borderzones.load(tmp_path / "grown.bzones")
    lon, lat = points(
        content.layers["countries"].polygons, "points half at a border", GROWTH_POINTS
    )
    found = zones.classify(lon, lat)
    seconds = best_s(lambda: zones.classify(lon, lat))
    calls = called(OURS, "points half at a border", zones.at, lon[:CALLS], lat[:CALLS])
    fence.postgis.load(polygons(content))
    fence.postgis.give(lon, lat)
    postgis_s = min(fence.postgis.seconds(BEST) for _ in range(_TIMES))
    disagreements, _ = bench_agreement.compared(content, found, fence.postgis.hits())
    report.fences.grown.append(
        Grown(
            what,
            to,
            build_s,
            told["load_ms"] + told["first_ms"],
            calls.p99_us,
            GROWTH_POINTS / seconds,
            GROWTH_POINTS / postgis_s,
        )
    )
    assert disagreements == 0
