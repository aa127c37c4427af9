"""Cursors: where a page ended, as a word that the client only passes on."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from dispatch_bus.domain.errors import Refused
from dispatch_bus.store.paging import Mark


def write(mark: Mark) -> str:
    """Return a mark as URL-safe text."""
    at, id_ = mark
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_.hex}".encode()).decode().rstrip("=")


def read(cursor: str) -> Mark:
    """Return the mark that ``write`` was given.

    Raises:
        Refused: the text is no cursor.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        at, id_ = base64.b64decode(padded, altchars=b"-_", validate=True).decode().split()
        mark = datetime.fromisoformat(at), UUID(hex=id_)
    except (ValueError, binascii.Error):
        mark = None
    if mark is None or mark[0].tzinfo is None:
        raise Refused("cursor", cursor, "Send the `next` of a page as it came, or leave it out.")
    return mark
