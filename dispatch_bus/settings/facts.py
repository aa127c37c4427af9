"""What the checks have to know of the built zones and the installed adapters."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen(kw_only=True)
class GeographyFacts:
    """The areas and zones that a position can be found in.

    ``areas`` maps each catchment area to its country and ``special`` each special zone to its
    countries; ``zones`` maps each built zone to its country pair and ``reach`` to the areas that
    its strips touch. ``depths`` gives each built zone's depth in metres on each side, and
    ``label`` the edition that they are of, where that is known.
    """

    areas: Mapping[str, str]
    zones: Mapping[str, tuple[str, str]]
    reach: Mapping[str, frozenset[str]]
    special: Mapping[str, frozenset[str]] = field(factory=dict)
    depths: Mapping[str, Mapping[str, float]] = field(factory=dict)
    label: str | None = None

    def countries(self, area: str) -> frozenset[str]:
        """Return the countries of an area or special zone; none if there is no such thing."""
        if area in self.areas:
            return frozenset({self.areas[area]})
        return self.special.get(area, frozenset())

    def zones_reaching(self, area: str) -> frozenset[str]:
        """Return the zones whose strips touch the area."""
        return frozenset(zone for zone, areas in self.reach.items() if area in areas)
