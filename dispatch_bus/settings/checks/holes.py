"""Holes in the responsibility table: areas for which nobody is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dispatch_bus.domain.codes import Discipline
from dispatch_bus.settings.checks.decisions import decisions
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding, Level
from dispatch_bus.settings.models import AgreementsFile, CentresFile, ResponsibilityFile

FILE = "responsibility.toml"
EVERYWHERE = frozenset({Discipline.POLICE, Discipline.FIRE, Discipline.AMBULANCE})


def all_decided(
    responsibility: ResponsibilityFile, centres: CentresFile, facts: GeographyFacts
) -> Iterator[Finding]:
    """Find undecided pairs of area and discipline.

    Police, fire and ambulance are decided for every area, and any discipline where a centre
    covers the area for it.
    """
    decided = {decision.subject for decision in decisions(responsibility)}
    covered = {
        (area, discipline)
        for centre in centres.centre
        for area in centre.catchment
        for discipline in centre.disciplines
        if area in facts.areas
    }
    needed = covered | {(area, discipline) for area in facts.areas for discipline in EVERYWHERE}
    for area, discipline in sorted(needed - decided):
        yield Finding(FILE, f"duty of {area} for {discipline}", None, _remedy(area, facts))


def _remedy(area: str, facts: GeographyFacts) -> str:
    reaching = ", ".join(sorted(facts.zones_reaching(area)))
    reached = f" ({reaching} reaches it)" if reaching else ""
    return f"Add a duty with a centre{reached}, or say why it is unserved."


def unserved_in_reach(
    responsibility: ResponsibilityFile, agreements: AgreementsFile, facts: GeographyFacts
) -> Iterator[Finding]:
    """Warn of areas that an agreement's zone reaches and that are declared unserved."""
    agreed = {
        (area, one.discipline)
        for one in agreements.agreement
        for area in facts.reach.get(one.zone, frozenset())
    }
    reached = defaultdict(set)
    for decision in decisions(responsibility):
        if decision.entry.unserved and decision.subject in agreed:
            reached[decision.key].add(decision.area)
    for key, areas in reached.items():
        remedy = "Agreements reach these areas: name a centre, or nobody there will be told."
        yield Finding(FILE, f"{key}.unserved", ", ".join(sorted(areas)), remedy, Level.WARNING)
