"""Checks of each decision in ``responsibility.toml``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from dispatch_bus.settings.checks.decisions import decisions
from dispatch_bus.settings.checks.identity import unknown
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import CentreEntry, CentresFile, DutyEntry, ResponsibilityFile

FILE = "responsibility.toml"


def one_decision(responsibility: ResponsibilityFile) -> Iterator[Finding]:
    """Find duties that name both a centre and a reason for having none, or neither."""
    for place, duty in enumerate(responsibility.duty, start=1):
        if (duty.centre is None) == (duty.unserved is None):
            remedy = "Name either a centre, or a reason under unserved."
            yield Finding(FILE, f"duty.{place}.centre", duty.centre, remedy)
        elif duty.centre is None and duty.backup is not None:
            remedy = "Remove it: there is no centre for which it could stand in."
            yield Finding(FILE, f"duty.{place}.backup", duty.backup, remedy)


def decided_once(responsibility: ResponsibilityFile) -> Iterator[Finding]:
    """Find ties: an area and discipline that two duties decide."""
    said = defaultdict(list)
    for decision in decisions(responsibility):
        said[decision.subject].append(decision)
    for (area, discipline), (first, *others) in said.items():
        for other in others:
            remedy = f"{first.key} decides {area} for {discipline} too: keep one of the two."
            yield Finding(FILE, f"{other.key}.areas", area, remedy)


def areas_known(responsibility: ResponsibilityFile, facts: GeographyFacts) -> Iterator[Finding]:
    """Find duties for areas that do not exist."""
    known = {*facts.areas, *facts.special}
    for place, duty in enumerate(responsibility.duty, start=1):
        for area in duty.areas:
            if area not in known:
                yield unknown(FILE, f"duty.{place}.areas", area, known, "the geography data")


def centres_fit(responsibility: ResponsibilityFile, centres: CentresFile) -> Iterator[Finding]:
    """Find duties of centres that do not exist or have not that discipline."""
    known = {centre.id: centre for centre in centres.centre}
    for place, duty in enumerate(responsibility.duty, start=1):
        if duty.centre is not None:
            yield from _able(f"duty.{place}.centre", duty.centre, duty, known)


def catchments_cover(responsibility: ResponsibilityFile, centres: CentresFile) -> Iterator[Finding]:
    """Find duties for an area that is not in the centre's catchment."""
    known = {centre.id: centre for centre in centres.centre}
    for place, duty in enumerate(responsibility.duty, start=1):
        if duty.centre in known:
            for area in sorted(set(duty.areas) - set(known[duty.centre].catchment)):
                remedy = f"Add it to the catchment of {duty.centre}, or name another centre."
                yield Finding(FILE, f"duty.{place}.areas", area, remedy)


def backups_fit(responsibility: ResponsibilityFile, centres: CentresFile) -> Iterator[Finding]:
    """Find backups that cannot stand in: none such, itself, another discipline or country."""
    known = {centre.id: centre for centre in centres.centre}
    for place, duty in enumerate(responsibility.duty, start=1):
        if duty.backup is not None and duty.centre is not None:
            yield from _backup(f"duty.{place}.backup", duty.backup, duty, known)


def _backup(
    key: str, backup: str, duty: DutyEntry, known: Mapping[str, CentreEntry]
) -> Iterator[Finding]:
    yield from _able(key, backup, duty, known)
    if backup == duty.centre:
        yield Finding(FILE, key, backup, "Name another centre: none can stand in for itself.")
    elif {backup, duty.centre} <= known.keys():
        country = known[str(duty.centre)].country
        if known[backup].country != country:
            remedy = f"Name a centre in {country}: an agreement says what crosses the border."
            yield Finding(FILE, key, backup, remedy)


def _able(
    key: str, centre: str, duty: DutyEntry, known: Mapping[str, CentreEntry]
) -> Iterator[Finding]:
    if centre not in known:
        yield unknown(FILE, key, centre, known, "centres.toml")
        return
    if missing := set(duty.disciplines) - set(known[centre].disciplines):
        remedy = f"It does no {' or '.join(sorted(missing))}: name a centre that does."
        yield Finding(FILE, key, centre, remedy)
