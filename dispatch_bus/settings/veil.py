"""Keeps secrets out of what a finding shows."""

from __future__ import annotations

import re

HIDDEN = "(hidden)"
_SECRET = re.compile(r"token|password|secret|credential", re.IGNORECASE)
_LOGIN = re.compile(r"//[^/@\s]+@")


def veiled(key: str, value: object) -> object:
    """Return ``value`` as it may be shown: no secrets, and no login within an address."""
    if _SECRET.search(key):
        return HIDDEN
    if not isinstance(value, str):
        return value if not _SECRET.search(repr(value)) else HIDDEN
    return HIDDEN if _SECRET.search(value) else _LOGIN.sub(f"//{HIDDEN}@", value)
