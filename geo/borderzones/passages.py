"""Entering and leaving countries and border zones, without flicker at their edges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from attrs import astuple, field, frozen

from borderzones.batches import Touch
from borderzones.positions import MAX_RADIUS_M
from borderzones.tracks import Fix
from borderzones.zones import Zones


@frozen
class Area:
    """A country, or the strip of the zone ``name`` in the country ``side``."""

    kind: Literal["country", "zone"]
    name: str
    side: str = ""


@frozen
class Hysteresis:
    """Who is as many metres beyond an edge, for as many seconds, has passed it."""

    metres: float
    seconds: float


@frozen
class Passage:
    """An area was entered or left at a time, which a position of ``confirmed_at`` made certain."""

    area: Area
    is_entry: bool
    at: datetime
    confirmed_at: datetime


@frozen
class Whereabouts:
    """The areas that somebody is in after the position of ``at``.

    ``doubtful`` are the areas that they seem to have entered or left, and since when.
    """

    at: datetime | None = None
    inside: frozenset[Area] = frozenset()
    doubtful: Mapping[Area, datetime] = field(factory=dict)


def follow(
    zones: Zones, before: Whereabouts, fixes: Iterable[Fix], rule: Hysteresis
) -> tuple[Whereabouts, tuple[Passage, ...]]:
    """Follow somebody by further positions, and tell what they entered and left.

    A position tells that they are in an area, or out of it, when its circle is so with the
    metres of the rule around it. Another position must say the same when the seconds have passed,
    and none the contrary meanwhile; one that leaves it open changes nothing. Positions that are no
    later than the last one, or no place, do not count.
    """
    fixes = sorted(fixes, key=lambda fix: fix.at)
    radii = [min(fix.radius_m + rule.metres, MAX_RADIUS_M) for fix in fixes]
    touches = zones.touches([fix.lon for fix in fixes], [fix.lat for fix in fixes], radii)
    passages: list[Passage] = []
    for number, fix in enumerate(fixes):
        touch = touches[number]
        if touch.reason in {"", "outside"} and (before.at is None or fix.at > before.at):
            before, passed = _after(before, touch, fix.at, timedelta(seconds=rule.seconds))
            passages += passed
    return before, tuple(passages)


def _after(
    before: Whereabouts, touch: Touch, at: datetime, delay: timedelta
) -> tuple[Whereabouts, list[Passage]]:
    certain, touched = _areas(touch, only_certain=True), _areas(touch, only_certain=False)
    contrary = (before.inside - touched) | (certain - before.inside)
    agreeing = (before.inside & certain) | (before.doubtful.keys() - before.inside - touched)
    doubtful = {area: since for area, since in before.doubtful.items() if area not in agreeing}
    doubtful |= {area: at for area in contrary if area not in doubtful}
    passed = sorted(
        (area for area in contrary if at - doubtful[area] >= delay),
        key=lambda area: (area in certain, astuple(area)),
    )
    passages = [Passage(area, area in certain, doubtful.pop(area), at) for area in passed]
    return Whereabouts(at, before.inside ^ frozenset(passed), doubtful), passages


def _areas(touch: Touch, *, only_certain: bool) -> frozenset[Area]:
    countries = {Area("country", hit.country): hit.certain for hit in touch.countries}
    strips = {Area("zone", hit.zone_id, hit.side): hit.certain for hit in touch.zones}
    areas = (countries | strips).items()
    return frozenset(area for area, is_certain in areas if is_certain or not only_certain)
