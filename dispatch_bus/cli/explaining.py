"""Tables that explain on the terminal how the rules see a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from borderzones import Zones
from dispatch_bus.application.explaining import Explained, Outcome, Responsible
from dispatch_bus.domain.book import Book, Candidate
from dispatch_bus.domain.geography import Answer, Locality, ZoneHit

_AREAS = 8
_RULES = {
    "border_zone": "in the border zone",
    "foreign_territory": "wholly in the neighbour's country",
    "shared_territory": "in an area of both countries",
    "special_zone": "in a special zone of both",
    "uncertain": "the circle reaches into the neighbour's country",
}
_REASONS = {
    "nan": "not a number",
    "infinite": "infinite",
    "out_of_range": "no longitude or latitude in degrees",
    "null_island": "0, 0 as systems send it that have no position",
    "radius": "a radius that is not within 0 to 50 km",
    "swapped?": "longitude and latitude seem to be exchanged: with LON LAT the other way round it "
    "would lie in the data",
    "outside": "beyond all regions of the data and their zones",
}


def explanation(told: Explained, zones: Zones, book: Book) -> Iterator[RenderableType]:
    """Yield what to print, from the place to what would happen."""
    locality = told.locality
    yield _title(told)
    if locality.answer is not Answer.PLACE:
        return
    yield _countries(locality)
    yield _areas(locality)
    yield _zones(locality, zones, book)
    if locality.special:
        yield _special(locality)
    yield _responsible(told.responsible, book)
    yield _outcomes(told.outcomes, book)


def _title(told: Explained) -> RenderableType:
    at, locality = told.position, told.locality
    text = Text.assemble(
        (f"{at.lon:.6f} E {at.lat:.6f} N", "bold"),
        f", radius {at.radius_m:g} m; zones {locality.version}\n",
    )
    if locality.answer is Answer.PLACE:
        return text
    words = {Answer.OUTSIDE: "a place, but outside", Answer.NOT_A_PLACE: "not a place"}
    return text.append(f"{words[locality.answer]}: {_REASONS[locality.reason]}", "red")


def _countries(locality: Locality) -> Table:
    table = _table("Countries", "country", "centre", "circle")
    for hit in locality.countries:
        within = "inside" if hit.country in locality.centre_countries else "outside"
        table.add_row(hit.country, within, "wholly inside" if hit.certain else "partly inside")
    return table


def _areas(locality: Locality) -> Table:
    table = _table("Areas, nearest first", "area", "country", "distance")
    for hit in locality.areas[:_AREAS]:
        table.add_row(hit.area, hit.country, _far(hit.distance_m))
    if more := len(locality.areas) - _AREAS:
        table.caption = f"and {more} more" if more > 0 else None
    return table


def _zones(locality: Locality, zones: Zones, book: Book) -> Table:
    defined = {zone.zone_id: zone for zone in zones.definitions}
    table = _table("Border zones", "zone", "side", "depth", "border", "circle", "agreements")
    for hit in locality.zones:
        depth = defined[hit.zone].depth_m(hit.side)
        circle = "certainly inside" if hit.certain else "possibly inside"
        table.add_row(
            hit.zone, hit.side, _far(depth), _far(hit.border_m), circle, _agreements(hit, book)
        )
    if not locality.zones:
        table.add_row("none", "", "", "", "", "")
    return table


def _agreements(hit: ZoneHit, book: Book) -> str:
    named = (one.id for one in book.agreements.values() if one.zone == hit.zone)
    return ", ".join(sorted(named)) or "none"


def _special(locality: Locality) -> Table:
    table = _table("Special zones that contain the centre", "zone", "concerns", "disciplines")
    for hit in locality.special:
        table.add_row(hit.zone, _listed(hit.countries), _listed(hit.disciplines) or "all")
    return table


def _responsible(found: Iterable[Responsible], book: Book) -> Table:
    table = _table("Responsible", "country", "discipline", "centre", "by the duty for", "backup")
    for one in found:
        near = "" if not one.distance_m else f", {_far(one.distance_m)} away"
        centre = f"{one.centre} {book.centre(one.centre).name}"
        area = f"{one.area}{near}"
        table.add_row(one.country, one.discipline, centre, area, one.backup or "none")
    return table


def _outcomes(found: Iterable[Outcome], book: Book) -> Table:
    table = _table(
        "An incident here of the highest priority, by agreement",
        "agreement",
        "owner",
        "neighbour is told",
        "why",
        "closest entitled: metres to catchment",
    )
    near = [one for one in found if one.rule or one.reason or one.entitled]
    table.caption = "All other agreements are with neighbours out of reach."
    for one in near:
        style = None if one.rule else "dim"
        table.add_row(
            f"{one.agreement.id} v{one.agreement.version}",
            one.owner,
            _told(one, book),
            _why(one),
            _entitled(one.entitled),
            style=style,
        )
    return table


def _told(one: Outcome, book: Book) -> str:
    if one.receiver is None:
        return f"{one.neighbour}: nobody"
    kinds = " and ".join(kind.value for kind in one.kinds)
    return f"{one.receiver} {book.centre(one.receiver).name}: {kinds}"


def _why(one: Outcome) -> str:
    if one.rule:
        return f"{one.rule}: {_RULES[one.rule]}"
    return one.reason or f"not in {one.agreement.zone} on the owner's side"


def _entitled(ranked: Iterable[Candidate]) -> str:
    first = list(ranked)[:3]
    return ", ".join(f"{one.centre.id} {one.distance_m:,.0f}" for one in first) or "none in reach"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def _far(metres: float) -> str:
    return f"{metres:,.1f} m" if metres < 1_000 else f"{metres / 1_000:,.2f} km"


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        header_style="dim",
        box=box.SIMPLE_HEAD,
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
