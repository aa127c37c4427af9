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
