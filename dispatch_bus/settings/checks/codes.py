"""Checks of ``codes/*.toml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dispatch_bus.settings.checks.identity import repeated
from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import CodesFile


def each_once(codes: Mapping[str, CodesFile]) -> Iterator[Finding]:
    """Find codes that a list explains twice."""
    for name, code_list in codes.items():
        yield from repeated(f"codes/{name}.toml", "code", (entry.code for entry in code_list.code))
