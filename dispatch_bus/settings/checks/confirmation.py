"""What no authority has confirmed yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dispatch_bus.settings.finding import Finding, Level
from dispatch_bus.settings.models import (
    AgreementEntry,
    AgreementsFile,
    CentreEntry,
    CentresFile,
)


def centres_confirmed(centres: CentresFile) -> Iterator[Finding]:
    """Warn of centres that are still examples."""
    yield from _open("centres.toml", "centre", centres.centre)


def agreements_confirmed(agreements: AgreementsFile) -> Iterator[Finding]:
    """Warn of agreements that are still examples."""
    yield from _open("agreements.toml", "agreement", agreements.agreement)


def _open(
    file: str, key: str, entries: Sequence[CentreEntry] | Sequence[AgreementEntry]
) -> Iterator[Finding]:
    count = sum(not entry.confirmed for entry in entries)
    if count:
        remedy = "They are examples: have their authorities check them, then set confirmed = true."
        value = f"{count} of {len(entries)} false"
        yield Finding(file, f"{key}.confirmed", value, remedy, Level.WARNING)
