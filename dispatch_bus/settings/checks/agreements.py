"""Checks of ``agreements.toml``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from dispatch_bus.domain.agreement import PERSONAL, NoLocation
from dispatch_bus.settings.checks.decisions import decisions
from dispatch_bus.settings.checks.identity import repeated, unknown
from dispatch_bus.settings.checks.zones import of_other_edition
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import (
    AgreementEntry,
    AgreementsFile,
    CentreEntry,
    CentresFile,
    ResponsibilityFile,
    ZonesFile,
)

FILE = "agreements.toml"


def each_once(agreements: AgreementsFile) -> Iterator[Finding]:
    """Find two agreements with one id, or for one pair and discipline."""
    yield from repeated(FILE, "agreement.id", (one.id for one in agreements.agreement))
    settled = defaultdict(list)
    for one in agreements.agreement:
        settled[frozenset(one.pair), one.discipline].append(one)
    for first, *others in settled.values():
        for other in others:
            remedy = f"{first.id} settles {other.discipline} for this pair: keep one of the two."
            yield Finding(FILE, f"agreement.{other.id}.pair", list(other.pair), remedy)


def zones_known(agreements: AgreementsFile, zones: ZonesFile) -> Iterator[Finding]:
    """Find agreements whose zone does not exist, lies elsewhere or is for other disciplines."""
    known = {zone.id: zone for zone in zones.zone}
    for one in agreements.agreement:
        key = f"agreement.{one.id}.zone"
        zone = known.get(one.zone)
        if zone is None:
            yield unknown(FILE, key, one.zone, known, "zones.toml")
        elif set(zone.pair) != set(one.pair):
            remedy = f"That zone is not between {one.pair[0]} and {one.pair[1]}: name one that is."
            yield Finding(FILE, key, one.zone, remedy)
        elif zone.disciplines and one.discipline not in zone.disciplines:
            remedy = f"That zone is not for {one.discipline}: name one that is."
            yield Finding(FILE, key, one.zone, remedy)


def zones_in_force(
    agreements: AgreementsFile, zones: ZonesFile, facts: GeographyFacts
) -> Iterator[Finding]:
    """Find agreements whose zone the edition in force does not have, if it is not the file's."""
    if of_other_edition(zones, facts):
        for one in agreements.agreement:
            if set(facts.zones.get(one.zone, ())) != set(one.pair):
                remedy = f"The zones of {facts.label} do not have this: keep its name, or publish."
                yield Finding(FILE, f"agreement.{one.id}.zone", one.zone, remedy)


def personal_fields_founded(agreements: AgreementsFile) -> Iterator[Finding]:
    """Find personal fields that would travel without a data regime."""
    for one in agreements.agreement:
        travelling = PERSONAL & {*one.mirror_fields, *one.handoff_fields}
        if travelling and not one.data_regime.strip():
            names = ", ".join(sorted(travelling))
            remedy = f"Name the law under which {names} may travel, or take these fields out."
            yield Finding(FILE, f"agreement.{one.id}.data_regime", one.data_regime, remedy)


def hours_span(agreements: AgreementsFile) -> Iterator[Finding]:
    """Find hours that contain no moment at all."""
    for one in agreements.agreement:
        if one.hours and one.hours.start == one.hours.end:
            remedy = (
                "It equals the start, so the agreement never applies: change it, or remove hours."
            )
            yield Finding(FILE, f"agreement.{one.id}.hours.end", one.hours.end.isoformat(), remedy)


def no_location_fits(agreements: AgreementsFile, centres: CentresFile) -> Iterator[Finding]:
    """Find a centre for incidents without location that is missing, superfluous or unfit."""
    known = {centre.id: centre for centre in centres.centre}
    for one in agreements.agreement:
        key, named = f"agreement.{one.id}.no_location_centre", one.no_location_centre
        if one.no_location is not NoLocation.CENTRE and named is not None:
            remedy = f'Remove it: no_location is "{one.no_location}". Or make that "centre".'
            yield Finding(FILE, key, named, remedy)
        elif one.no_location is NoLocation.CENTRE and named is None:
            yield Finding(FILE, key, None, 'Add it: no_location is "centre".')
        elif named is not None:
            yield from _named(key, named, one, known)


def _named(
    key: str, named: str, one: AgreementEntry, known: Mapping[str, CentreEntry]
) -> Iterator[Finding]:
    if named not in known:
        yield unknown(FILE, key, named, known, "centres.toml")
        return
    centre = known[named]
    if centre.country not in one.pair or one.discipline not in centre.disciplines:
        remedy = f"Name a centre in {one.pair[0]} or {one.pair[1]} that does {one.discipline}."
        yield Finding(FILE, key, named, remedy)


def both_sides_entitled(
    agreements: AgreementsFile, responsibility: ResponsibilityFile, facts: GeographyFacts
) -> Iterator[Finding]:
    """Find agreements with a side on which no centre has a duty in the zone's reach."""
    served = {one.subject for one in decisions(responsibility) if one.entry.centre}
    fitting = (one for one in agreements.agreement if _fits(one, facts))
    for one in fitting:
        reached = facts.reach.get(one.zone, frozenset())
        sides = {facts.areas[area] for area in reached if (area, one.discipline) in served}
        for country in sorted(set(one.pair) - sides):
            remedy = f"No centre in {country} has a duty for {one.discipline} there: add one."
            yield Finding(FILE, f"agreement.{one.id}.zone", one.zone, remedy)


def _fits(one: AgreementEntry, facts: GeographyFacts) -> bool:
    return set(facts.zones.get(one.zone, ())) == set(one.pair)
