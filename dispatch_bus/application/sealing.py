"""Seals the journal: gives settled entries their numbers and signs checkpoints."""

from __future__ import annotations

from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.leasing import SEALING
from dispatch_bus.journal import checkpoint
from dispatch_bus.journal.checkpoint import Checkpoint
from dispatch_bus.journal.merkle import Frontier
from dispatch_bus.journal.verify import Report, verify
from dispatch_bus.store.unit import UnitOfWork


def seal(bus: Bus) -> int | None:
    """Seal the next batch of entries; return how many, or none where another process leads."""
    limits = bus.limits
    with bus.store.begin() as uow:
        if not uow.signals.lease(SEALING, bus.holder, uow.now, limits.lease):
            return None
        rows = uow.journal.settled(limits.seal_batch)
        epoch, frontier = uow.journal.tree()
        if rows:
            frontier = uow.journal.seal(rows, epoch, frontier)
        signed = _is_checkpoint_due(bus, uow, frontier.size) and _sign(bus, uow, epoch, frontier)
    if signed:
        bus.outside.keep_checkpoint(signed)
    return len(rows)


def _is_checkpoint_due(bus: Bus, uow: UnitOfWork, size: int) -> bool:
    """Tell whether enough entries, or enough time, came after the last checkpoint."""
    covered, at = uow.journal.last_checkpoint()
    rest = timedelta(seconds=bus.limits.checkpoint_rest_s)
    is_old = at is None or uow.now - at >= rest
    return size - covered >= bus.limits.checkpoint_every or (size > covered and is_old)


def state_of(bus: Bus, uow: UnitOfWork) -> bytes:
    """Return a signed checkpoint of the journal as it stands, without putting it into the store."""
    epoch, frontier = uow.journal.tree()
    return _statement(bus, uow, epoch, frontier)


def _sign(bus: Bus, uow: UnitOfWork, epoch: int, frontier: Frontier) -> bytes:
    signed = _statement(bus, uow, epoch, frontier)
    uow.journal.add_checkpoint(frontier.size, uow.now, signed)
    return signed


def _statement(bus: Bus, uow: UnitOfWork, epoch: int, frontier: Frontier) -> bytes:
    statement = Checkpoint(
        origin=bus.origin, epoch=epoch, size=frontier.size, root=frontier.root(), at=uow.now
    )
    return checkpoint.sign(statement, bus.store.keys.signing_key())


def verify_journal(
    bus: Bus, kept: bytes | None = None, key: Ed25519PublicKey | None = None
) -> Report:
    """Read the whole journal and hold it against its tree and every signed checkpoint.

    ``kept`` is a checkpoint that somebody else kept; every signature is checked with ``key``, or
    with the bus's own.

    Raises:
        Refused: ``kept`` is not signed by that key.
    """
    key = key or bus.store.keys.public_key()
    outside = [(checkpoint.verify(kept, key).size, kept)] if kept else []
    with bus.store.begin() as uow:
        _, tree = uow.journal.tree()
        signed = sorted([*outside, *uow.journal.checkpoints()])
    with bus.store.whole_journal() as entries:
        return verify(entries, (note for _, note in signed), key, tree=tree)
