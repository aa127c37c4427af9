"""What others can hold the journal to: checkpoints, the key to them, and proofs."""

from __future__ import annotations

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Unknown
from dispatch_bus.journal import checkpoint
from dispatch_bus.journal.checkpoint import verifier_key
from dispatch_bus.journal.numbering import number_of, place_of
from dispatch_bus.journal.proof import Proof, prove


def public_key(bus: Bus) -> str:
    """Return the key that anyone verifies the bus's checkpoints with, as one line."""
    return verifier_key(bus.origin, bus.store.keys.public_key())


def newest_checkpoint(bus: Bus) -> bytes:
    """Return the newest signed checkpoint.

    Raises:
        Unknown: nothing was signed yet.
    """
    return _newest(bus)[1]


def prove_entry(bus: Bus, number: int, kept: bytes | None = None) -> Proof:
    """Prove that an entry stands in the journal of the newest checkpoint, and where it came from.

    With ``kept``, an earlier checkpoint of this bus, the proof also shows that the journal has
    only grown since.

    Raises:
        Unknown: there is no such entry under the newest checkpoint.
        Refused: ``kept`` is not signed by this bus, or of more entries than there are.
    """
    size, signed = _newest(bus)
    before = checkpoint.verify(kept, bus.store.keys.public_key()).size if kept else None
    with bus.store.begin() as uow:
        entry = next(iter(uow.journal.read(number - 1, 1)), None)
        end = number_of(uow.journal.tree()[0], size)
    if entry is None or entry.number != number or place_of(number) > size:
        raise Unknown(
            "number", number, f"Give one that is there, from 1 to {end}, the last signed."
        )
    with bus.store.whole_journal() as entries:
        leaves = [leaf for *_, leaf in entries]
    return prove(number, entry.entry, leaves, signed, size, before)


def _newest(bus: Bus) -> tuple[int, bytes]:
    with bus.store.begin() as uow:
        newest = uow.journal.newest_checkpoint()
    if newest is None:
        raise Unknown("checkpoint", "newest", "Wait a few seconds: nothing was signed yet.")
    return newest
