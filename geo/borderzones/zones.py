"""Loaded zones, and the look-up of circles in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from attrs import frozen

from borderzones import zonefile
from borderzones.answers import Answers
from borderzones.arrays import together
from borderzones.assigning import Responsibility
from borderzones.batches import Borders, Shares, Touches
from borderzones.centres import Centre
from borderzones.classes import Classified, Combination
from borderzones.classifier import Classifier
from borderzones.definitions import BorderZone
from borderzones.duties import Duty
from borderzones.index import Circles
from borderzones.look import Look
from borderzones.packing import Arrays
from borderzones.positions import REASONS, unusable
from borderzones.survey import Survey
from borderzones.zonefile import Areas, Source

# Answers are tables of points times areas: blocks of this size keep them to a few megabytes.
_BLOCK = 1_000


@frozen(eq=False)
class Zones:
    """Borders, regions and border zones of one version; read-only, so threads may share it.

    ``countries`` and ``region_ids`` are sorted. ``region_countries`` gives the country of each
    region, in that order, ``special`` the countries that each special zone concerns, and
    ``special_disciplines`` for which disciplines, where it is not for all. ``pieces`` are the
    strips cut by region (``piece_id``), for maps. ``valid_from`` is the moment (UTC) from which
    these zones are to be used, none for at once.
    """

    version: str
    valid_from: datetime | None
    definitions: tuple[BorderZone, ...]
    sources: tuple[Source, ...]
    countries: tuple[str, ...]
    region_ids: tuple[str, ...]
    region_countries: tuple[str, ...]
    special: Mapping[str, frozenset[str]]
    special_disciplines: Mapping[str, frozenset[str]]
    pieces: Areas
    _answers: Answers
    _grid: Arrays

    def look(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_m: npt.ArrayLike = 0.0
    ) -> list[Look]:
        """Look up circles: centres in degrees (EPSG:4326) and radii in metres, 0 to 50 km.

        The three are numbers or arrays that broadcast to one shape (points,); the answers come
        in that order. No value raises: what is no place is answered as such, with the reason.
        """
        centres = np.stack(together(lon, lat, radius_m))
        reasons = unusable(*centres)
        found = self._found(centres[:, reasons == 0])
        return [
            Look("not_a_place", REASONS[reason]) if reason else next(found)
            for reason in reasons.tolist()
        ]

    def classify(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Classified:
        """Tell for each point what contains it: millions a second, and the same as `look` says.

        Degrees (EPSG:4326), of shape (points,). A point on an outline is in the areas on both
        sides of it. No value raises: what is no place is answered as such.
        """
        return self._classifier.classify(*together(lon, lat))

    def at(self, lon: float, lat: float) -> Combination | None:
        """Tell the same of one point, within microseconds; none for what is no place."""
        return self._classifier.at(lon, lat)

    def touches(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_m: npt.ArrayLike = 0.0
    ) -> Touches:
        """Tell of many circles which countries and zones they touch, and which hold them whole.

        Takes what `look` takes and says the same, in arrays, without measuring what is not touched.
        """
        return self._survey.touches(*together(lon, lat, radius_m))

    def borders(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Borders:
        """Measure for many points the signed distance in metres to the nearest border.

        Degrees (EPSG:4326), of shape (points,); true to 0.05 m up to 65 km. No value raises.
        """
        return self._survey.borders(*together(lon, lat))

    def shares(
        self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_m: npt.ArrayLike = 0.0
    ) -> Shares:
        """Measure for many circles which share of their area is in which country.

        Takes what `look` takes. True to 0.00001 plus 0.013 m divided by the radius.
        """
        return self._survey.shares(*together(lon, lat, radius_m))

    def responsibility(self, centres: Sequence[Centre], duties: Sequence[Duty]) -> Responsibility:
        """Put centres and their duties over these areas, to ask who is responsible or closest.

        Raises `DutyError` for an unknown area or centre, and for two duties for the same.
        """
        return Responsibility.of(self._classifier, centres, duties)

    @property
    def label(self) -> str:
        """The operator's name for this edition."""
        return self.version.rpartition("+")[0]

    @cached_property
    def _survey(self) -> Survey:
        return Survey.of(self._classifier)

    @cached_property
    def _classifier(self) -> Classifier:
        """Made when it is first needed: whoever only looks up circles starts without it."""
        return Classifier.of(self._answers, self._grid)

    def _found(self, centres: npt.NDArray[np.float64]) -> Iterator[Look]:
        for start in range(0, centres.shape[1], _BLOCK):
            yield from self._answers.look(Circles(*centres[:, start : start + _BLOCK]))


def load(path: Path) -> Zones:
    """Load a built zone file; raise `ZoneFileError` when it is missing or damaged."""
    content, version = zonefile.read(path)
    regions = content.layers["regions"]
    return Zones(
        version=version,
        valid_from=content.valid_from,
        definitions=content.zones,
        sources=content.sources,
        countries=content.layers["countries"].column("country"),
        region_ids=regions.column("region_id"),
        region_countries=regions.column("country"),
        special=_special(content.layers["special"], "countries"),
        special_disciplines=_special(content.layers["special"], "disciplines"),
        pieces=content.layers["pieces"],
        answers=Answers.of(content),
        grid=content.grid,
    )


def _special(areas: Areas, column: str) -> dict[str, frozenset[str]]:
    """Return what a column of the special zones lists, where it lists anything."""
    listed = (frozenset(one.split(",")) if one else None for one in areas.column(column))
    named = zip(areas.column("special_id"), listed, strict=True)
    return {name: values for name, values in named if values}
