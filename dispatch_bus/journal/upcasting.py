"""Old entries read as new ones: the bytes stay as they were hashed, the reading changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dispatch_bus.domain.errors import Refused

Document: TypeAlias = dict[str, Any]
Upcaster: TypeAlias = Callable[[Document], Document]


def upcast(
    document: Document, version: int, upcasters: Mapping[int, Upcaster], current: int
) -> Document:
    """Return ``document`` of schema ``version`` as one of schema ``current``.

    ``upcasters[n]`` turns a document of version n into one of version n + 1.

    Raises:
        Refused: the version is newer than ``current``, or an upcaster is missing on the way.
    """
    if version > current:
        raise Refused("schema", version, f"Read it with a newer release; this one knows {current}.")
    for older in range(version, current):
        if older not in upcasters:
            raise Refused("schema", version, f"Register the upcaster from version {older}.")
        document = upcasters[older](document)
    return document
