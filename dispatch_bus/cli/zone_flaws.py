"""Finds where the rules lead nowhere: zones without entitled centres, areas without duty, ties."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import shapely
from attrs import frozen

from borderzones import Zones
from borderzones.flaws import Flaw, Kind, Level
from borderzones.zonefile import ZoneFile
from dispatch_bus.bootstrap import BorderGeography
from dispatch_bus.domain.agreement import Agreement
from dispatch_bus.domain.book import Book, Candidate
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.place import Position

# About every three kilometres, and one point in each piece and special zone.
_STEP_DEG = (0.04, 0.027)
_SAME_CATCHMENT_M, _SAME_ROOM_M = 0.01, 1.0


@frozen(eq=False)
class Asked:
    """A sampled position, what the zones say of it, and whom it would be told to."""

    position: Position
    locality: Locality

    def entitled(self, book: Book, agreement: Agreement, neighbour: str) -> list[Candidate]:
        """Rank the neighbour's centres for the agreement, closest first."""
        return book.closest(self.locality, self.position, neighbour, agreement.discipline)

    @property
    def point(self) -> shapely.Point:
        """The position as a geometry in degrees."""
        return shapely.Point(self.position.lon, self.position.lat)


def rule_flaws(content: ZoneFile, zones: Zones, book: Book) -> Iterator[Flaw]:
    """Find what the book leaves open within the zones, looked at about every three kilometres."""
    geography = BorderGeography(zones)
    strips = content.layers["strips"]
    for row, strip in zip(strips.rows, strips.polygons, strict=True):
        pieces = _pieces(content, row["zone_id"], row["side"])
        asked = _asked(geography, _samples(strip, pieces.values()))
        named = _agreements(book, row["zone_id"])
        yield from _nobody_entitled(book, named, row["side"], asked)
        for agreement in named:
            yield from ties(book, agreement, row["side"], asked)
    yield from _nobody_responsible(content, book)
    yield from _special(content, geography, book)


def _pieces(content: ZoneFile, zone: str, side: str) -> Mapping[str, shapely.Geometry]:
    pieces = content.layers["pieces"]
    start = f"{zone}/{side}/"
    return {
        name.removeprefix(start): polygon
        for name, polygon in zip(pieces.column("piece_id"), pieces.polygons, strict=True)
        if name.startswith(start)
    }


def _samples(strip: shapely.Geometry, pieces: Iterable[shapely.Geometry]) -> list[Position]:
    west, south, east, north = strip.bounds
    lon, lat = np.meshgrid(
        np.arange(west, east, _STEP_DEG[0]), np.arange(south, north, _STEP_DEG[1])
    )
    shapely.prepare(strip)
    inside = shapely.contains_xy(strip, lon, lat)
    inner = shapely.point_on_surface(list(pieces))
    spots = [*zip(lon[inside], lat[inside], strict=True), *((one.x, one.y) for one in inner)]
    return [Position(lon=float(x), lat=float(y)) for x, y in spots]


def _asked(geography: BorderGeography, positions: list[Position]) -> list[Asked]:
    return [*map(Asked, positions, geography.locate(positions))]


def _agreements(book: Book, zone: str) -> list[Agreement]:
    named = (one for one in book.agreements.values() if one.zone == zone)
    return sorted(named, key=lambda one: one.id)


def _nobody_entitled(
    book: Book, named: list[Agreement], side: str, asked: list[Asked]
) -> Iterator[Flaw]:
    alone: dict[tuple[int, ...], list[Agreement]] = defaultdict(list)
    for agreement in named:
        (neighbour,) = agreement.pair - {side}
        reached = (bool(one.entitled(book, agreement, neighbour)) for one in asked)
        alone[tuple(i for i, is_reached in enumerate(reached) if not is_reached)].append(agreement)
    for numbers, agreements in alone.items():
        if numbers:
            (neighbour,) = agreements[0].pair - {side}
            level = Level.ERROR if len(numbers) == len(asked) else Level.WARNING
            where = f"{agreements[0].zone}/{side}"
            what = (
                f"nobody in {neighbour} has a duty for {_disciplines(agreements)} near "
                f"{len(numbers)} of {len(asked)} positions"
            )
            shape = shapely.MultiPoint([asked[i].point for i in numbers])
            yield Flaw(level, Kind.NOBODY_ENTITLED, where, what, shape)


def _disciplines(agreements: Iterable[Agreement]) -> str:
    return ", ".join(sorted(one.discipline for one in agreements))


def ties(book: Book, agreement: Agreement, side: str, asked: list[Asked]) -> Iterator[Flaw]:
    """Find pairs of the neighbour's centres between which only chance decides."""
    (neighbour,) = agreement.pair - {side}
    tied: dict[str, list[shapely.Point]] = defaultdict(list)
    for one in asked:
        ranked = one.entitled(book, agreement, neighbour)
        if len(ranked) > 1 and _equal(ranked[0], ranked[1], one.position):
            both = " and ".join(sorted(each.centre.id for each in ranked[:2]))
            tied[both].append(one.point)
    for both, points in tied.items():
        what = f"{both} are equally near at {len(points)} of {len(asked)} positions"
        shape = shapely.MultiPoint(points)
        yield Flaw(Level.WARNING, Kind.TIE, f"{agreement.id}/{side}", what, shape)


def _equal(first: Candidate, second: Candidate, at: Position) -> bool:
    """Tell whether only chance decides between the two."""
    rooms = [one.centre.distance_m(at.lon, at.lat) for one in (first, second)]
    catchments = abs(first.distance_m - second.distance_m)
    return catchments < _SAME_CATCHMENT_M and abs(rooms[0] - rooms[1]) < _SAME_ROOM_M


def _nobody_responsible(content: ZoneFile, book: Book) -> Iterator[Flaw]:
    for zone in content.zones:
        named = _agreements(book, zone.zone_id)
        for side in zone.pair:
            for area, piece in _pieces(content, zone.zone_id, side).items():
                missing = [one for one in named if (area, one.discipline) not in book.duties]
                if missing:
                    duties = _disciplines(missing)
                    what = f"{zone.zone_id} reaches it, and nobody has a duty for {duties}"
                    yield Flaw(Level.WARNING, Kind.NOBODY_RESPONSIBLE, area, what, piece)


def _special(content: ZoneFile, geography: BorderGeography, book: Book) -> Iterator[Flaw]:
    """Find special zones that concern a country of which nobody is near enough to be told."""
    areas = content.layers["special"]
    spots = shapely.point_on_surface(areas.polygons)
    asked = _asked(geography, [Position(lon=one.x, lat=one.y) for one in spots])
    for one, polygon in zip(asked, areas.polygons, strict=True):
        for hit in one.locality.special:
            for agreement in book.agreements.values():
                home, other = sorted(agreement.pair)
                if not hit.concerns(home, other, agreement.discipline):
                    continue
                for country in agreement.pair - set(one.locality.centre_countries):
                    if not one.entitled(book, agreement, country):
                        what = f"it concerns {country}, and nobody there has a duty near it"
                        where = f"{hit.zone}, {agreement.id}"
                        yield Flaw(Level.ERROR, Kind.NOBODY_ENTITLED, where, what, polygon)
