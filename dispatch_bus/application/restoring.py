"""Goes on after a restore from a backup: a new epoch, no number twice, and what the rooms know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from attrs import asdict, frozen

from dispatch_bus.application import retention
from dispatch_bus.application.bus import Bus
from dispatch_bus.application.leasing import SEALING
from dispatch_bus.application.sealing import state_of
from dispatch_bus.domain.errors import NotAllowed, Refused, Stop
from dispatch_bus.domain.kinds import EntryKind, Happening
from dispatch_bus.journal import checkpoint
from dispatch_bus.journal.checkpoint import Checkpoint
from dispatch_bus.store.journal import About
from dispatch_bus.store.rooms import RoomState
from dispatch_bus.store.unit import UnitOfWork


@frozen(kw_only=True)
class Gap:
    """The pages that a room was told are stored and that the backup does not hold.

    They are numbered ``first`` to ``last`` and hold ``records``; in the room's own terms they come
    after the cursor ``since`` (none: from the beginning) and end with the cursor ``until``. The
    last was confirmed at ``at``, by the clock of the machine that did.
    """

    room: str
    first: int
    last: int
    records: int
    since: str | None
    until: str
    at: datetime


@frozen(kw_only=True)
class Restored:
    """What a restore found: the journal of ``size`` entries goes on in ``epoch``.

    ``signed`` is how many entries the newest checkpoint outside the database covers, if one is
    known: so many there were at least.
    """

    epoch: int
    size: int
    signed: int | None
    gaps: tuple[Gap, ...]


def mark_restored(bus: Bus, kept: bytes | None = None) -> Restored:
    """Raise the journal's epoch after a restore from a backup, and report what the backup lacks.

    ``kept`` is the newest checkpoint of this bus that somebody else keeps. No number that was given
    since the backup is given again: neither of an entry, nor of a telling, nor of a revision.

    Raises:
        NotAllowed: a sealer is at work, so this is no fresh restore.
        Refused: ``kept`` is not signed by this bus.
    """
    known = newest_outside(bus, kept)
    with bus.store.begin() as uow:
        if not uow.signals.lease(SEALING, bus.holder, uow.now, timedelta()):
            raise NotAllowed("sealer", "at work", "Stop the bus, wait half a minute, try again.")
        restored, statement = go_on(bus, uow, known)
    bus.outside.keep_checkpoint(statement)
    return restored


def go_on(bus: Bus, uow: UnitOfWork, known: Checkpoint | None) -> tuple[Restored, bytes]:
    """Begin a new epoch in a restored database, ``known`` being the newest checkpoint outside it.

    Returns what was found, and the signed state to keep outside once this is committed: from it a
    second restore of the same backup learns that the epoch is taken.
    """
    epoch, size = uow.journal.raise_epoch(known.epoch if known else 0)
    gaps = tuple(_gaps(bus, uow))
    _renumber(uow, gaps)
    uow.restoring.release_leases(bus.holder)
    retention.note_erased(uow, bus.store.keys.erased_days())
    restored = Restored(epoch=epoch, size=size, signed=known.size if known else None, gaps=gaps)
    happening = Happening(EntryKind.JOURNAL_RESTORED, _facts(restored))
    uow.journal.append(uow.now, About(correlation="restore"), happening)
    return restored, state_of(bus, uow)


def newest_outside(bus: Bus, kept: bytes | None) -> Checkpoint | None:
    """Return the newest checkpoint known outside the database: the bus's own, or ``kept``.

    Raises:
        Refused: ``kept`` is not signed by this bus.
        Stop: the bus's own cannot be read, and there is no ``kept`` that would do instead.
    """
    key = bus.store.keys.public_key()
    found = [checkpoint.verify(kept, key)] if kept else []
    try:
        own = bus.outside.checkpoint()
        if own is not None:
            found.append(checkpoint.verify(own, key))
    except (Stop, Refused) as error:
        # Taken for none, an epoch might be begun a second time, and its numbers given twice.
        if not kept:
            raise _damaged(bus) from error
    return max(found, key=lambda one: (one.epoch, one.size), default=None)


def _damaged(bus: Bus) -> Stop:
    return Stop(
        f"The checkpoint in {bus.outside.folder} cannot be read or is not signed by this bus.",
        "Give one that a neighbour got after the last restore: --checkpoint FILE. Remove the"
        " damaged one only where this backup has never been restored before.",
    )


def _gaps(bus: Bus, uow: UnitOfWork) -> Iterator[Gap]:
    known = {state.id: state for state in uow.rooms.all()}
    rooms = {one.room for one in bus.book.centres.values() if one.room}
    for room in sorted(rooms | known.keys()):
        gap = _gap(bus, known.get(room) or uow.rooms.get(room))
        if gap:
            yield gap


def _gap(bus: Bus, state: RoomState) -> Gap | None:
    found = bus.outside.confirmed(state.id)
    if found is None or found[0].pages <= state.pages:
        return None
    page, at = found
    return Gap(
        room=state.id,
        first=state.pages + 1,
        last=page.pages,
        records=max(0, page.records - state.records),
        since=state.cursor,
        until=page.cursor,
        at=at,
    )


def _renumber(uow: UnitOfWork, gaps: tuple[Gap, ...]) -> None:
    uow.restoring.settle_pending()
    uow.restoring.raise_revisions()
    for gap in gaps:
        uow.restoring.raise_pages(gap.room, gap.last)


def _facts(restored: Restored) -> dict[str, Any]:
    shown = ("room", "first", "last", "records")
    gaps = [{name: asdict(gap)[name] for name in shown} for gap in restored.gaps]
    return {
        "epoch": restored.epoch,
        "size": restored.size,
        "signed": restored.signed,
        "pages": gaps,
    }
