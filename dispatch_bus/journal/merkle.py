"""The Merkle tree over the journal and its proofs: RFC 9162 (Certificate Transparency 2.0), 2.1.

Every hash is SHA-256, 32 bytes. Leaves are counted from 0, so the entry with number n is leaf
n - 1. A proof is a list of hashes in the order in which the RFC consumes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import frozen

from dispatch_bus.domain.errors import Refused

HASH_BYTES = 32


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry's bytes as a leaf (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two subtrees (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@frozen
class Frontier:
    """The right edge of a tree: all that is needed to append to it and to know its root.

    ``hashes`` are the roots of the complete subtrees that ``size`` leaves fill, the largest
    first: one for each bit that is set in ``size``.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> Frontier:
        """Return the frontier with one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """Return the frontier with these leaf hashes after the ones it has."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            _push(hashes, size, leaf)
            size += 1
        return Frontier(size, tuple(hashes))

    def root(self) -> bytes:
        """Return the tree's root; of the empty tree it is the hash of nothing."""
        if not self.hashes:
            return hashlib.sha256().digest()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_json(self) -> dict[str, Any]:
        """Return ``{"size": int, "hashes": [hexadecimal, …]}``."""
        return {"size": self.size, "hashes": [part.hex() for part in self.hashes]}

    @classmethod
    def from_json(cls, data: Any) -> Frontier:
        """Return the frontier that `to_json` gave.

        Raises:
            Refused: it is none.
        """
        try:
            size, hashes = data["size"], tuple(bytes.fromhex(part) for part in data["hashes"])
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("frontier", data, "Give its size and its hashes in hex.") from error
        if not _fits(size, hashes):
            raise Refused("frontier", data, "Give one 32-byte hash for each bit set in its size.")
        return cls(size, hashes)


def inclusion_proof(leaves: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Return the proof that leaf ``index`` is in the tree of the first ``size`` leaf hashes.

    RFC 9162, section 2.1.3.1.

    Raises:
        Refused: not 0 ≤ index < size ≤ number of leaves.
    """
    if not 0 <= index < size <= len(leaves):
        raise Refused("index", (index, size), "Ask for a leaf of a tree that these leaves make.")
    return _path(leaves, index, 0, size)


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether ``proof`` leads from the leaf hash at ``index`` to ``root`` (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, computed = index, size - 1, leaf
    for part in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            computed = node_hash(part, computed)
            position, last = _up_to_left_turn(position, last)
        else:
            computed = node_hash(computed, part)
        position, last = position >> 1, last >> 1
    return last == 0 and computed == root


def consistency_proof(leaves: Sequence[bytes], first: int, second: int) -> list[bytes]:
    """Return the proof that the tree of ``second`` leaves only appended to that of ``first``.

    RFC 9162, section 2.1.4.1.

    Raises:
        Refused: not 0 < first ≤ second ≤ number of leaves.
    """
    if not 0 < first <= second <= len(leaves):
        raise Refused("first", (first, second), "Ask for two trees that these leaves make.")
    return _subproof(leaves, first, 0, second, known=True)


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Tell whether ``proof`` shows that the second tree extends the first (2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = [first_root, *proof] if _is_power_of_two(first) else list(proof)
    if not path:
        return False
    return _replay(first, second, path) == (first_root, second_root)


def _replay(first: int, second: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = path[0]
    for part in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            older, newer = node_hash(part, older), node_hash(part, newer)
            position, last = _up_to_left_turn(position, last)
        else:
            newer = node_hash(newer, part)
        position, last = position >> 1, last >> 1
    return (older, newer) if last == 0 else None


def _up_to_left_turn(position: int, last: int) -> tuple[int, int]:
    # On the right edge a subtree without sibling rises unhashed to the level where it has one.
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _path(leaves: Sequence[bytes], index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    split = _split(start, end)
    if index < split:
        return [*_path(leaves, index, start, split), _root(leaves, split, end)]
    return [*_path(leaves, index, split, end), _root(leaves, start, split)]


def _subproof(
    leaves: Sequence[bytes], first: int, start: int, end: int, *, known: bool
) -> list[bytes]:
    if first == end:
        return [] if known else [_root(leaves, start, end)]
    split = _split(start, end)
    if first <= split:
        return [*_subproof(leaves, first, start, split, known=known), _root(leaves, split, end)]
    return [*_subproof(leaves, first, split, end, known=False), _root(leaves, start, split)]


def _root(leaves: Sequence[bytes], start: int, end: int) -> bytes:
    return Frontier().extend(leaves[start:end]).root()


def _split(start: int, end: int) -> int:
    return start + (1 << (end - start - 1).bit_length() - 1)


def _push(hashes: list[bytes], size: int, leaf: bytes) -> None:
    while size & 1:
        leaf = node_hash(hashes.pop(), leaf)
        size >>= 1
    hashes.append(leaf)


def _fits(size: object, hashes: Sequence[bytes]) -> bool:
    return (
        type(size) is int  # JSON true is no size
        and size >= 0
        and size.bit_count() == len(hashes)
        and all(len(part) == HASH_BYTES for part in hashes)
    )


def _is_power_of_two(number: int) -> bool:
    return number.bit_count() == 1
