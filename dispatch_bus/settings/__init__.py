"""Typed configuration and its check."""

from __future__ import annotations

from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import ConfigurationWrong, Finding, Level, refuse_mistakes
from dispatch_bus.settings.loading import check, defaults_folder, load
from dispatch_bus.settings.models import Bus
from dispatch_bus.settings.room import Room
from dispatch_bus.settings.settings import Settings

__all__ = [
    "Bus",
    "ConfigurationWrong",
    "Finding",
    "GeographyFacts",
    "Level",
    "Room",
    "Settings",
    "check",
    "defaults_folder",
    "load",
    "refuse_mistakes",
]
