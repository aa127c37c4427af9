"""What the bus adds to a picture of the zones: centres, catchments and stored incidents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec

from borderzones import Zones
from borderzones.marks import Mark, Picture, Sign
from dispatch_bus.application import board
from dispatch_bus.application.bus import Bus
from dispatch_bus.bootstrap import open_bus
from dispatch_bus.domain.book import Book
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.errors import Stop
from dispatch_bus.settings import Settings
from dispatch_bus.store.filed import Filed

_PAGE = 500
_SIGNS = {
    Discipline.FIRE: Sign("s", "#c62828", 7.0),
    Discipline.AMBULANCE: Sign("P", "#ef6c00", 8.0),
    Discipline.POLICE: Sign("^", "#1a3f8b", 8.0),
    Discipline.MARITIME: Sign("D", "#00796b", 6.5),
}


def need_extra() -> None:
    """Refuse to go on without the libraries that build and draw.

    Raises:
        Stop: the extra ``zones`` is not installed.
    """
    missing = [name for name in ("geopandas", "matplotlib") if find_spec(name) is None]
    if missing:
        raise Stop(
            f"{' and '.join(missing)} cannot be found.",
            "Install the extra that builds and draws: dispatch-bus[zones].",
        )


def picture(book: Book, version: str, discipline: Discipline) -> Picture:
    """Return the centres and catchments of a discipline, ready to be drawn."""
    kind = f"centres for {discipline}"
    marks = [
        Mark(one.lon, one.lat, one.id, kind)
        for one in book.centres.values()
        if discipline in one.disciplines
    ]
    return Picture(
        subtitle=f"Zones {version}, centres and catchments for {discipline}",
        marks=marks,
        signs={kind: _SIGNS[discipline]},
        catchments=_catchments(book, discipline),
    )


def _catchments(book: Book, discipline: Discipline) -> dict[str, list[str]]:
    catchments: dict[str, list[str]] = {}
    for (area, duty_for), duty in book.duties.items():
        if duty_for is discipline:
            catchments.setdefault(duty.centre, []).append(area)
    return catchments


def positions(settings: Settings, zones: Zones) -> list[tuple[float, float]]:
    """Return where the stored incidents are, as longitudes and latitudes in degrees.

    Raises:
        Stop, Retry: the database does not run, or cannot be used.
    """
    bus = open_bus(settings, zones, "cli")
    with closing(bus.store):
        found = (one.report.place.position for one in stored(bus) if one.report)
        return [(at.lon, at.lat) for at in found if at]


def stored(bus: Bus) -> Iterator[Filed]:
    """Yield every stored incident, the newest first; stubs are not among them."""
    mark = None
    while True:
        page = board.incidents(bus, mark, _PAGE, open_only=False)
        yield from page.items
        mark = page.next
        if mark is None:
            return
