"""Seeded chance: the same question always gets the same answer."""

from __future__ import annotations

from random import Random

from dispatch_bus.sdk.simulator.spec import Span, Spec


def chance(spec: Spec, *about: object) -> Random:
    """Return a generator of its own for one thing of one room's scenario."""
    # Play, not cryptography.
    return Random(":".join(map(str, (spec.seed, spec.room, *about))))  # noqa: S311


def within(span: Span, generator: Random) -> float:
    """Draw seconds from a span."""
    return generator.uniform(*span)
