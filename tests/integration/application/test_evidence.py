"""What others can hold the journal to, taken from a real one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from making.values import report
from making.wiring import Desk
from making.world import IN_ZONE

from dispatch_bus.application import evidence, sealing
from dispatch_bus.domain.errors import Refused, Unknown
from dispatch_bus.journal import checkpoint, proof
from dispatch_bus.journal.checkpoint import Checkpoint, read_verifier_key
from dispatch_bus.journal.verify import Code


def tell(desk: Desk, number: str) -> int:
    """Let an incident happen and seal it; return how many entries there are."""
    desk.file(report(number, at=IN_ZONE))
    desk.settle()
    return len(desk.entries())


def run(desk: Desk, *statements: str) -> None:
    """Change the database as only its owner can."""
    with desk.bus.store.begin() as uow:
        for table in ("journal", "checkpoint"):
            uow._connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        for statement in statements:
            uow._connection.exec_driver_sql(statement)


def codes(desk: Desk, kept: bytes | None = None) -> set[Code]:
    """Return what verification finds wrong."""
    return {problem.code for problem in sealing.verify_journal(desk.bus, kept).problems}


def test_a_kept_checkpoint_fits_the_journal_that_grew(desk: Desk) -> None:
    """A neighbour's checkpoint from earlier holds, with the key that the bus handed out."""
    tell(desk, "C-1")
    kept = evidence.newest_checkpoint(desk.bus)
    tell(desk, "C-2")
    key = read_verifier_key(evidence.public_key(desk.bus))
    assert sealing.verify_journal(desk.bus, kept, key).ok


def test_a_cut_off_end_is_found_by_a_kept_checkpoint(desk: Desk) -> None:
    """Entries taken away with their checkpoints and from the tree are missed by a neighbour."""
    tell(desk, "C-1")
    with desk.bus.store.begin() as uow:
        _, earlier = uow.journal.tree()
    tell(desk, "C-2")
    kept = evidence.newest_checkpoint(desk.bus)
    hashes = ", ".join(f'"{part.hex()}"' for part in earlier.hashes)
    run(
        desk,
        f"DELETE FROM journal WHERE number > {earlier.size}",
        f"DELETE FROM checkpoint WHERE size > {earlier.size}",
        f"UPDATE journal_tree SET size = {earlier.size}, frontier = '[{hashes}]'",
    )
    assert (codes(desk), codes(desk, kept)) == (set(), {Code.CHECKPOINT_BEYOND})


def test_an_end_cut_off_with_its_checkpoints_is_found_by_the_tree(desk: Desk) -> None:
    """The sealer's own count tells that entries are missing."""
    size = tell(desk, "C-1")
    run(
        desk,
        f"DELETE FROM journal WHERE number >= {size}",
        f"DELETE FROM checkpoint WHERE size >= {size}",
    )
    assert codes(desk) == {Code.TREE_BEYOND}


def test_a_history_written_anew_does_not_fit_a_kept_checkpoint(desk: Desk) -> None:
    """Somebody with database and signing key cannot satisfy what a neighbour has."""
    size = tell(desk, "C-1")
    newest = checkpoint.verify(
        evidence.newest_checkpoint(desk.bus), desk.bus.store.keys.public_key()
    )
    other = Checkpoint(newest.origin, newest.epoch, size, bytes(32), newest.at)
    kept = checkpoint.sign(other, desk.bus.store.keys.signing_key())
    assert codes(desk, kept) == {Code.CHECKPOINT_ROOT}


def test_a_checkpoint_of_a_stranger_is_refused(desk: Desk) -> None:
    """What another bus signed says nothing about this one."""
    tell(desk, "C-1")
    statement = checkpoint.verify(
        evidence.newest_checkpoint(desk.bus), desk.bus.store.keys.public_key()
    )
    stranger = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(Refused, match="public key"):
        sealing.verify_journal(desk.bus, checkpoint.sign(statement, stranger))


def test_an_entry_is_proven_outside(desk: Desk) -> None:
    """A neighbour with the key and an earlier checkpoint needs nothing else."""
    tell(desk, "C-1")
    kept = evidence.newest_checkpoint(desk.bus)
    size = tell(desk, "C-2")
    key = read_verifier_key(evidence.public_key(desk.bus))
    found = evidence.prove_entry(desk.bus, size, kept)
    assert proof.verify(found, key, checkpoint.verify(kept, key)).size == size


def test_an_entry_that_is_not_signed_yet_is_not_proven(desk: Desk) -> None:
    """The refusal says how far the newest checkpoint goes."""
    size = tell(desk, "C-1")
    with pytest.raises(Unknown, match=f"1 to {size}"):
        evidence.prove_entry(desk.bus, size + 1)


@pytest.mark.parametrize(
    "ask",
    [evidence.newest_checkpoint, lambda bus: evidence.prove_entry(bus, 1)],
    ids=["checkpoint", "proof"],
)
def test_an_empty_journal_has_nothing_to_hand_out(desk: Desk, ask: Callable[..., object]) -> None:
    """Before the first signature there is nothing to keep, and the refusal says so."""
    with pytest.raises(Unknown, match="nothing was signed yet"):
        ask(desk.bus)
