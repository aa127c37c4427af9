"""Errors of the package; each message names the file or value, what is wrong and the remedy."""

from __future__ import annotations


class BorderzonesError(ValueError):
    """Root of every error that this package raises on purpose."""


class ZoneFileError(BorderzonesError):
    """A built zone file is missing, damaged or of another version."""


class DefinitionError(BorderzonesError):
    """The definitions of the border zones (``zones.toml``) are wrong."""


class SourceError(BorderzonesError):
    """The geodata that zones are built from is missing, invalid or contradicts itself."""


class PlaceError(BorderzonesError):
    """Nothing in the data is called so."""


class FixError(BorderzonesError):
    """A position of a track cannot be put into the order of time."""


class CoordinateError(BorderzonesError):
    """A coordinate does not fit the system that it is said to be in, or nobody knows the system.

    ``field`` is ``epsg``, ``position`` or, in an array, ``position[i]``; ``value`` what stood
    there, and ``remedy`` what to do, with the likely system where there is one.
    """

    def __init__(self, field: str, value: object, remedy: str) -> None:
        super().__init__(f"{field}: {value!r} does not fit. {remedy}")
        self.field = field
        self.value = value
        self.remedy = remedy


class DutyError(BorderzonesError):
    """A duty names an area or a centre that is not there, or two duties claim the same."""
