"""Finds adapters by their entry point, group ``dispatch_bus.adapters``."""

from __future__ import annotations

from importlib.metadata import entry_points

from dispatch_bus.domain.errors import Stop
from dispatch_bus.sdk.adapter import Adapter

GROUP = "dispatch_bus.adapters"


def adapter_named(name: str) -> type[Adapter]:
    """Load the adapter class that is installed as ``name``.

    Raises:
        Stop: none is, or what is installed is no adapter.
    """
    found = entry_points(group=GROUP)
    if name not in found.names:
        known = ", ".join(sorted(found.names)) or "none is installed"
        raise Stop(
            f"The adapter {name!r} is not installed.", f"Install it, or use one of: {known}."
        )
    kind = found[name].load()
    if not (isinstance(kind, type) and issubclass(kind, Adapter)):
        raise Stop(
            f"The entry point {name!r} of {GROUP} names {kind!r}, which is no adapter.",
            "Let it name a class that is derived from dispatch_bus.sdk.adapter.Adapter.",
        )
    return kind
