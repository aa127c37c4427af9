"""Proofs that are checked without the journal."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal.checkpoint import Checkpoint, sign
from dispatch_bus.journal.merkle import Frontier, leaf_hash
from dispatch_bus.journal.proof import Proof, prove, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ENTRIES = [f'{{"entry":"{number} é"}}'.encode() for number in range(1, 12)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def checkpoint(size: int, leaves: list[bytes] = LEAVES) -> Checkpoint:
    root = Frontier().extend(leaves[:size]).root()
    return Checkpoint("dispatch-bus/test", 1, size, root, datetime(2026, 3, 1, tzinfo=UTC))


def proof(number: int = 5, size: int = 11, kept: int | None = None) -> Proof:
    signed = sign(checkpoint(size), KEY)
    return prove(number, ENTRIES[number - 1], LEAVES, signed, size, kept)


@pytest.mark.parametrize("number", range(1, 12))
def test_an_entry_is_proven_to_whoever_has_the_key(number: int) -> None:
    """The file that was written leads from the entry to the signed checkpoint."""
    assert verify(Proof.load(proof(number).dump()), KEY.public_key()) == checkpoint(11)


@pytest.mark.parametrize("kept", [1, 4, 7, 11])
def test_growth_is_proven_to_whoever_kept_a_checkpoint(kept: int) -> None:
    """The file leads from the kept checkpoint to the newest."""
    found = Proof.load(proof(kept=kept).dump())
    assert verify(found, KEY.public_key(), checkpoint(kept)) == checkpoint(11)


def test_another_entry_is_refused() -> None:
    """Words that the journal does not hold are not proven."""
    with pytest.raises(Refused, match="inclusion"):
        verify(evolve(proof(), entry=b'{"entry":"forged"}'), KEY.public_key())


def test_another_number_is_refused() -> None:
    """An entry is proven in its own place alone."""
    with pytest.raises(Refused, match="inclusion"):
        verify(evolve(proof(), number=6), KEY.public_key())


def test_a_rewritten_past_is_refused() -> None:
    """A journal that is not the one whose checkpoint was kept cannot be shown to have grown."""
    kept = checkpoint(4, [leaf_hash(b"as it was"), *LEAVES[1:]])
    with pytest.raises(Refused, match="the past was changed"):
        verify(proof(kept=4), KEY.public_key(), kept)


def test_growth_that_was_not_asked_for_is_not_proven() -> None:
    """A proof made without the kept checkpoint does not stand for one made with it."""
    with pytest.raises(Refused, match="Ask for a proof"):
        verify(proof(), KEY.public_key(), checkpoint(4))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"number": 5', b'"number": "five"'),
        (b'"number": 5', b'"number": Infinity'),
        (b'"entry": ', b'"entri": '),
        (b'"inclusion": [', b'"inclusion": ["xx", '),
        (b'"consistency": []', b'"consistency": 1'),
        (b'"checkpoint": ', b'"checkpoint": 1, "x": '),
        (b"{", b"["),
    ],
)
def test_a_file_that_is_no_proof_is_refused(old: bytes, new: bytes) -> None:
    """A damaged file says which command writes a whole one."""
    written = proof().dump()
    assert old in written
    with pytest.raises(Refused, match="journal prove"):
        Proof.load(written.replace(old, new, 1))
