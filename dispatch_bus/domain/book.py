"""The book: centres, responsibility and agreements that are in force together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from attrs import frozen

from dispatch_bus.domain.agreement import Agreement
from dispatch_bus.domain.centre import Centre
from dispatch_bus.domain.codes import Discipline
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.geography import Locality
from dispatch_bus.domain.place import Position


@frozen
class Duty:
    """Who is responsible for an area and discipline, and who stands in."""

    centre: str
    backup: str | None = None


@frozen
class Candidate:
    """A centre with its distance from an incident to its catchment, in metres."""

    centre: Centre
    distance_m: float


@frozen(kw_only=True)
class Book:
    """Reference data of one version, checked as a whole before it is used.

    ``duties`` maps (area, discipline) to the one responsible centre; a special zone is an area
    of its own and goes before the region it lies in.
    """

    version: str
    centres: Mapping[str, Centre]
    duties: Mapping[tuple[str, Discipline], Duty]
    agreements: Mapping[tuple[frozenset[str], Discipline], Agreement]

    def centre(self, name: str) -> Centre:
        """Return the centre called ``name``; refuse one that the book does not know."""
        try:
            return self.centres[name]
        except KeyError:
            raise Refused("centre", name, "Use the id of a centre in centres.toml.") from None

    def agreements_of(
        self, country: str, discipline: Discipline
    ) -> Sequence[tuple[str, Agreement]]:
        """Return each neighbour of ``country`` with the agreement for ``discipline``, by its id."""
        return self._neighbours.get((country, discipline), ())

    @cached_property
    def _neighbours(self) -> Mapping[tuple[str, Discipline], Sequence[tuple[str, Agreement]]]:
        """The neighbours of each country for each discipline: asked twice for every part."""
        found: dict[tuple[str, Discipline], list[tuple[str, Agreement]]] = defaultdict(list)
        for (pair, discipline), agreement in self.agreements.items():
            for country in pair:
                (neighbour,) = pair - {country}
                found[country, discipline].append((neighbour, agreement))
        return {asked: sorted(all_of, key=lambda one: one[1].id) for asked, all_of in found.items()}

    def agreement_between(self, owner: str, receiver: str, discipline: Discipline) -> Agreement:
        """Return the agreement that a notice between two centres rests on.

        Raises:
            Refused: the two countries have none for the discipline.
        """
        pair = frozenset({self.centre(owner).country, self.centre(receiver).country})
        try:
            return self.agreements[pair, discipline]
        except KeyError:
            between = "-".join(sorted(pair))
            remedy = f"Put one for {discipline} into agreements.toml."
            raise Refused("agreement", between, remedy) from None

    def responsible(
        self, locality: Locality, country: str, discipline: Discipline
    ) -> Candidate | None:
        """Return the centre of ``country`` that is responsible nearest to the locality.

        Nearest is the area that contains the position, else the closest one; special zones
        that contain it are asked first.
        """
        for hit in locality.special:
            duty = self.duties.get((hit.zone, discipline))
            if duty and self.centres[duty.centre].country == country:
                return Candidate(self.centres[duty.centre], 0.0)
        return next(iter(self._on_duty(locality, country, discipline)), None)

    def closest(
        self, locality: Locality, at: Position, country: str, discipline: Discipline
    ) -> list[Candidate]:
        """Rank the entitled centres of ``country`` by distance to their catchment, closest first.

        Entitled is who has a duty for the discipline; ties go by distance to the control room.
        """
        ranked: dict[str, Candidate] = {}
        for candidate in self._on_duty(locality, country, discipline):
            ranked.setdefault(candidate.centre.id, candidate)
        return sorted(
            ranked.values(), key=lambda c: (c.distance_m, c.centre.distance_m(at.lon, at.lat))
        )

    def _on_duty(
        self, locality: Locality, country: str, discipline: Discipline
    ) -> Iterator[Candidate]:
        for hit in locality.areas:
            duty = self.duties.get((hit.area, discipline)) if hit.country == country else None
            if duty:
                yield Candidate(self.centres[duty.centre], hit.distance_m)
