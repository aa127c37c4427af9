"""Loads a configuration folder, and checks it against the world around it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from dispatch_bus.settings import checks
from dispatch_bus.settings.checks.rooms import Start
from dispatch_bus.settings.facts import GeographyFacts
from dispatch_bus.settings.finding import Finding, refuse_mistakes
from dispatch_bus.settings.reading import MODELS, read
from dispatch_bus.settings.settings import Settings, build


def load(folder: Path) -> Settings:
    """Load a folder that is right as far as its files alone can tell.

    Raises:
        ConfigurationWrong: with every mistake in all of the files.
    """
    reading = read(folder)
    refuse_mistakes(folder, _sorted((*reading.findings, *checks.run(reading.materials))))
    return build(folder, reading.materials, reading.version)


def check(
    folder: Path,
    facts: GeographyFacts | None,
    adapters: Collection[str],
    start: Start | None = None,
) -> tuple[Finding, ...]:
    """Find every mistake and warning, given the built zones and the installed adapters' names.

    Without zones, what needs them is left unchecked.

    With ``start``, which starts a room's adapter and ends it again, the adapters are asked for
    their rooms' options: that takes a process each.
    """
    reading = read(folder)
    materials = {**reading.materials, "adapters": adapters}
    if facts:
        materials["facts"] = facts
    if start:
        materials["start"] = start
    return _sorted((*reading.findings, *checks.run(materials)))


def defaults_folder() -> Path:
    """Return the folder with the shipped configuration: in the wheel, or in a source tree."""
    here = Path(__file__).resolve()
    packaged = here.with_name("defaults")
    return packaged if packaged.is_dir() else here.parents[2] / "config"


def _sorted(findings: Collection[Finding]) -> tuple[Finding, ...]:
    order = list(MODELS)
    return tuple(
        sorted(findings, key=lambda one: order.index(one.file) if one.file in order else len(order))
    )
