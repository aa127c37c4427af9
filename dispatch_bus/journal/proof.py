"""A proof that leaves the house: one entry with its way to a signed checkpoint.

Whoever has the public key can check it without the journal. With a checkpoint of their own from
earlier they also see that the journal has only grown since.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal import checkpoint, merkle
from dispatch_bus.journal.checkpoint import Checkpoint
from dispatch_bus.journal.numbering import place_of


@frozen(kw_only=True)
class Proof:
    """That ``entry`` has this ``number`` in the journal that ``signed`` is the checkpoint of.

    ``inclusion`` leads from the entry to the checkpoint's root. ``consistency`` leads there from
    the root of an earlier checkpoint, and is empty where none was asked for. Both hold hashes
    (32 bytes) in the order of RFC 9162.
    """

    number: int
    entry: bytes
    inclusion: tuple[bytes, ...]
    consistency: tuple[bytes, ...]
    signed: bytes

    def dump(self) -> bytes:
        """Return it as JSON in UTF-8: hashes in hexadecimal, entry and checkpoint as text."""
        fields = {
            "number": self.number,
            "entry": self.entry.decode(),
            "inclusion": [part.hex() for part in self.inclusion],
            "consistency": [part.hex() for part in self.consistency],
            "checkpoint": self.signed.decode(),
        }
        return json.dumps(fields, ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def load(cls, data: bytes) -> Proof:
        """Return the proof that `dump` gave.

        Raises:
            Refused: it is none.
        """
        try:
            fields = json.loads(data)
            return cls(
                number=int(fields["number"]),
                entry=fields["entry"].encode(),
                inclusion=tuple(map(bytes.fromhex, fields["inclusion"])),
                consistency=tuple(map(bytes.fromhex, fields["consistency"])),
                signed=fields["checkpoint"].encode(),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            remedy = "Give a file that 'dispatch-bus journal prove' wrote."
            raise Refused("proof", data, remedy) from error


def prove(
    number: int, entry: bytes, leaves: Sequence[bytes], signed: bytes, size: int, kept: int | None
) -> Proof:
    """Prove the entry in the tree of the first ``size`` of the journal's ``leaves`` hashes.

    ``signed`` is the checkpoint of that tree; ``kept`` is the size of an earlier one from which
    the journal is to be shown to have only grown.

    Raises:
        Refused: the trees do not hold the entry, or the earlier tree.
    """
    grown = merkle.consistency_proof(leaves, kept, size) if kept is not None else ()
    return Proof(
        number=number,
        entry=entry,
        inclusion=tuple(merkle.inclusion_proof(leaves, place_of(number) - 1, size)),
        consistency=tuple(grown),
        signed=signed,
    )


def verify(proof: Proof, key: Ed25519PublicKey, kept: Checkpoint | None = None) -> Checkpoint:
    """Return the checkpoint that the proof leads to, and, if given, from ``kept``.

    Raises:
        Refused: the checkpoint is not signed by ``key``, the entry is not in its tree, or that
            tree is not shown to have grown from the one of ``kept``.
    """
    end = checkpoint.verify(proof.signed, key)
    leaf = merkle.leaf_hash(proof.entry)
    place = place_of(proof.number)
    if not merkle.verify_inclusion(leaf, place - 1, end.size, proof.inclusion, end.root):
        remedy = "Distrust it: this entry is not in the journal that was signed."
        raise Refused("inclusion", proof.number, remedy)
    if kept and not merkle.verify_consistency(
        kept.size, end.size, kept.root, end.root, proof.consistency
    ):
        remedy = "Ask for a proof from this checkpoint; if it is one, the past was changed."
        raise Refused("consistency", (kept.size, end.size), remedy)
    return end
