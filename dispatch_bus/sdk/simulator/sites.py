"""Real places where simulated incidents happen: towns, postcodes, crossings, oddities."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from attrs import frozen

from dispatch_bus.domain.json import from_json, to_json

Row = Mapping[str, str]


class SiteKind(StrEnum):
    """What sort of place it is."""

    PLACE = "place"
    POSTCODE = "postcode"
    CROSSING = "crossing"
    BAARLE = "baarle"
    MOSELLE = "moselle"
    TRIPOINT = "tripoint"


# Check points with a place in the scenario, by how their id begins.
_ODDITIES = {
    "BAARLE-": SiteKind.BAARLE,
    "Moselle": SiteKind.MOSELLE,
    "Vaals": SiteKind.TRIPOINT,
    "Kelmis": SiteKind.TRIPOINT,
    "Schengen": SiteKind.TRIPOINT,
    "Perl": SiteKind.TRIPOINT,
    "Apach": SiteKind.TRIPOINT,
}


@frozen(kw_only=True)
class Site:
    """A place: WGS 84 degrees, the area it lies in, and kilometres to the nearest land border."""

    name: str
    country: str
    area: str
    lon: float
    lat: float
    pair: str
    border_km: float
    kind: SiteKind
    postcode: str | None = None
    road: str | None = None


def gather(folder: Path) -> list[Site]:
    """Make the sites from the places, postcodes, crossings and check points in ``folder``.

    The last two have no area in their files: they get that of the nearest place of the country.
    """
    places = [_place(row) for row in _rows(folder / "places.csv")]
    postcodes = [_postcode(row) for row in _rows(folder / "postcodes.csv")]
    crossings = _crossings(_rows(folder / "border_crossings.csv"), places)
    oddities = _oddities(_rows(folder / "check_points.csv"), places)
    return [*places, *postcodes, *crossings, *oddities]


def write(sites: Iterable[Site], path: Path) -> None:
    """Write sites for the rooms to load."""
    path.write_text(json.dumps([to_json(site) for site in sites]), encoding="utf-8")


def load(path: Path) -> list[Site]:
    """Load what :func:`write` wrote."""
    return [from_json(each, Site) for each in json.loads(path.read_text(encoding="utf-8"))]


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _place(row: Row) -> Site:
    return Site(
        name=row["name"],
        # "LU+DE" in the condominium of the two.
        country=row["country_poly"].partition("+")[0],
        area=row["region_id"],
        lon=float(row["lon"]),
        lat=float(row["lat"]),
        pair=row["border_pair"],
        border_km=float(row["border_km"]),
        kind=SiteKind.PLACE,
    )


def _postcode(row: Row) -> Site:
    return Site(
        name=row["place"],
        country=row["country"],
        area=row["region_id"],
        lon=float(row["lon"]),
        lat=float(row["lat"]),
        pair=row["border_pair"],
        border_km=float(row["border_km"]),
        kind=SiteKind.POSTCODE,
        postcode=row["postcode"],
    )


def _crossings(rows: Iterable[Row], places: list[Site]) -> Iterator[Site]:
    for row in rows:
        for country in row["pair"].split("-"):
            lon, lat = float(row["lon"]), float(row["lat"])
            near = _nearest(places, country, lon, lat)
            yield Site(
                name=row["name"],
                country=country,
                area=near.area,
                lon=lon,
                lat=lat,
                pair=row["pair"],
                border_km=0.0,
                kind=SiteKind.CROSSING,
                road=row["road"] or None,
            )


def _oddities(rows: Iterable[Row], places: list[Site]) -> Iterator[Site]:
    for row in rows:
        kinds = [kind for start, kind in _ODDITIES.items() if row["id"].startswith(start)]
        for country in row["expected"].split("|") if kinds else ():
            lon, lat = float(row["lon"]), float(row["lat"])
            near = _nearest(places, country, lon, lat)
            yield Site(
                name=near.name,
                country=country,
                area=near.area,
                lon=lon,
                lat=lat,
                pair=near.pair,
                border_km=0.0,
                kind=kinds[0],
            )


def _nearest(places: list[Site], country: str, lon: float, lat: float) -> Site:
    # Degrees of longitude count for 0.63 of those of latitude at 51° north.
    own = (place for place in places if place.country == country)
    return min(own, key=lambda it: (0.63 * (it.lon - lon)) ** 2 + (it.lat - lat) ** 2)
