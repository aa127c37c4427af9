"""Makes a database that came out of a backup fit to go on, without giving any number twice."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from dispatch_bus.store.session import Session

NUMBERS_AT_ONCE: Final = 1_000_000
"""How far each restore raises revisions and sequences: more than one case has between backups."""

# The rows of the old cluster carry its transaction numbers; in a new one the sealer would wait
# until as many have passed.
_SETTLE = text("UPDATE journal_pending SET xid = pg_current_xact_id()")
_RELEASE = text("DELETE FROM lease WHERE holder <> :holder")
_RAISE_REVISIONS = text(
    "UPDATE incident SET revision = revision + :more, decided_revision = decided_revision + :more"
)
_RAISE_PAGES = text(
    "UPDATE room SET pages = :pages, confirmed_pages = confirmed_pages + :pages - pages"
    " WHERE id = :room AND pages < :pages"
)


class Restoring:
    """Changes what must not stay as it was at the backup, within one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def settle_pending(self) -> None:
        """Let what waited for its number at the backup be sealed after this transaction."""
        self._session.execute(_SETTLE)

    def release_leases(self, holder: str) -> None:
        """Forget who led at the backup, but for ``holder``."""
        self._session.execute(_RELEASE, {"holder": holder})

    def raise_revisions(self) -> None:
        """Raise every incident's revision beyond all that can have been told since the backup."""
        self._session.execute(_RAISE_REVISIONS, {"more": NUMBERS_AT_ONCE})

    def raise_pages(self, room: str, pages: int) -> None:
        """Count a room's pages on from ``pages``; what is owed to the room stays owed."""
        self._session.execute(_RAISE_PAGES, {"room": room, "pages": pages})
