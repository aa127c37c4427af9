"""Plans a case from its first call to its closing; the same for the same seed, room and count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from attrs import frozen

from dispatch_bus.domain.codes import Category, Discipline, Mode, Priority
from dispatch_bus.sdk.simulator.atlas import Atlas, Where, owner
from dispatch_bus.sdk.simulator.chance import chance, within
from dispatch_bus.sdk.simulator.malformed import Flaw, draw_flaw
from dispatch_bus.sdk.simulator.sites import Site
from dispatch_bus.sdk.simulator.spec import RoomCode, Spec
from dispatch_bus.sdk.simulator.texts import LANGUAGES, UNMAPPED_LABELS

UNMAPPED_SHARE = 0.03
UNCOUNTED_SHARE = 0.05
EXERCISE_SHARE = 0.02
SECOND_PART_SHARE = 0.2

_CALLS = {Discipline.AMBULANCE: 45, Discipline.POLICE: 30, Discipline.FIRE: 25}
_NATURES = {
    Discipline.AMBULANCE: {Category.MEDICAL, Category.TRAFFIC},
    Discipline.POLICE: {Category.CRIME, Category.PUBLIC_ORDER, Category.TRAFFIC, Category.OTHER},
    Discipline.FIRE: {
        Category.FIRE,
        Category.RESCUE,
        Category.HAZARDOUS_MATERIAL,
        Category.WATER,
        Category.RAIL,
        Category.WEATHER,
        Category.TRAFFIC,
    },
}


@frozen(kw_only=True)
class Plan:
    """One case. ``steps`` are the seconds of its records after the first; the last one closes it.

    ``parts`` maps each discipline to its centre; ``counted`` tells whether its records carry a
    revision; ``flaw`` makes its only record malformed.
    """

    n: int
    number: str
    where: Where
    site: Site
    parts: Mapping[str, str]
    code: RoomCode
    language: str
    mode: Mode
    counted: bool
    steps: tuple[float, ...]
    flaw: Flaw | None


def gap_s(spec: Spec, n: int) -> float:
    """Return the seconds between case ``n`` and the one before it."""
    return chance(spec, n, "gap").expovariate(spec.rate_per_s)


def plan(spec: Spec, atlas: Atlas, n: int) -> Plan:
    """Plan case ``n`` of the room."""
    draw = chance(spec, n)
    where, site = atlas.draw(draw)
    parts = _parts(spec, site, draw)
    language = draw.choice(LANGUAGES[spec.country])
    flaw = draw_flaw(draw) if draw.random() < spec.behaviour.malformed_share else None
    return Plan(
        n=n,
        number=f"{spec.room}-{n:07d}",
        where=where,
        site=site,
        parts=parts,
        code=_code(spec, Discipline(next(iter(parts))), language, draw),
        language=language,
        mode=draw.choice((Mode.EXERCISE, Mode.TEST))
        if draw.random() < EXERCISE_SHARE
        else Mode.ACTUAL,
        counted=draw.random() >= UNCOUNTED_SHARE,
        steps=() if flaw else _steps(spec, draw),
        flaw=flaw,
    )


def _parts(spec: Spec, site: Site, draw: Random) -> dict[str, str]:
    count = 2 if draw.random() < SECOND_PART_SHARE else 1
    chosen: dict[str, str] = {}
    for discipline in _in_random_order(draw):
        centre = owner(spec.centres, discipline, site)
        if centre and len(chosen) < count:
            chosen[str(discipline)] = centre
    return chosen


def _in_random_order(draw: Random) -> Sequence[Discipline]:
    # The heavier its weight, the earlier a discipline comes.
    return sorted(_CALLS, key=lambda each: draw.random() ** (1 / _CALLS[each]), reverse=True)


def _code(spec: Spec, discipline: Discipline, language: str, draw: Random) -> RoomCode:
    if draw.random() < UNMAPPED_SHARE:
        return RoomCode(
            code=f"NEW-{draw.randrange(100):02d}",
            label=UNMAPPED_LABELS[language],
            category=Category.UNMAPPED,
            priority=Priority.URGENT,
        )
    fitting = [code for code in spec.codes if code.category in _NATURES[discipline]]
    return draw.choice(fitting or list(spec.codes))


def _steps(spec: Spec, draw: Random) -> tuple[float, ...]:
    behaviour = spec.behaviour
    count = draw.randint(0, behaviour.most_updates)
    updates = sorted(draw.uniform(0, behaviour.updates_within_s) for _ in range(count))
    return (*updates, max(within(behaviour.open_s, draw), *updates, 0.0))
