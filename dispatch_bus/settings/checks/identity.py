"""Ids that must be unique, and references that must exist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.misfit import nearest


def repeated(file: str, key: str, ids: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for each id that stands more than once."""
    for value, times in Counter(ids).items():
        if times > 1:
            remedy = f"It stands {times} times: remove the copies or give each its own."
            yield Finding(file, key, value, remedy)


def unknown(file: str, key: str, value: str, known: Collection[str], where: str) -> Finding:
    """Make the finding for a reference to something that ``where`` does not have."""
    if len(known) > 20:
        close = nearest(value, sorted(known))
        hint = close if close.startswith("Did") else f"Add it to {where} or check its spelling."
    else:
        hint = nearest(value, sorted(known))
    return Finding(file, key, value, f"Not in {where}. {hint}")
