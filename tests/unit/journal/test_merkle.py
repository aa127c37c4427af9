"""The Merkle tree of RFC 9162, section 2.1, its frontier and its proofs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves, the roots and the proofs of the Certificate Transparency reference tests.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
MANY = [leaf_hash(str(number).encode()) for number in range(200)]
SIZES = st.integers(1, len(MANY))


def naive_root(leaves: list[bytes]) -> bytes:
    """The definition of section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def other(digest: bytes) -> bytes:
    return bytes([digest[0] ^ 1]) + digest[1:]


def hexed(proof: list[bytes]) -> list[str]:
    return [part.hex() for part in proof]


@pytest.mark.parametrize("size", range(9))
def test_the_reference_roots(size: int) -> None:
    """The tree of the first reference leaves has the published root."""
    assert Frontier().extend(LEAVES[:size]).root().hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_reference_inclusion_proofs(index: int, size: int) -> None:
    """An inclusion proof is the published one and verifies against the published root."""
    proof = inclusion_proof(LEAVES, index, size)
    assert hexed(proof) == INCLUSION[index, size]
    assert verify_inclusion(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_the_reference_consistency_proofs(first: int, second: int) -> None:
    """A consistency proof is the published one and verifies against the published roots."""
    proof = consistency_proof(LEAVES, first, second)
    roots = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    assert hexed(proof) == CONSISTENCY[first, second]
    assert verify_consistency(first, second, *roots, proof)


def test_every_size_has_the_root_of_the_definition() -> None:
    """Growing leaf by leaf, the frontier's root is that of the recursive definition."""
    tree = Frontier()
    for size, leaf in enumerate(MANY, start=1):
        tree = tree.append(leaf)
        assert (tree.size, tree.root()) == (size, naive_root(MANY[:size]))


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70), st.integers(0, 70))
def test_a_batch_is_its_leaves_one_by_one(leaves: list[bytes], cut: int) -> None:
    """Extending in two batches gives the root of the recursive definition over all leaves."""
    tree = Frontier().extend(leaves[:cut]).extend(leaves[cut:])
    assert tree.root() == naive_root(leaves)


@given(st.integers(0, len(MANY)))
def test_a_frontier_survives_json(size: int) -> None:
    """A frontier stored as JSON comes back equal."""
    tree = Frontier().extend(MANY[:size])
    assert Frontier.from_json(json.loads(json.dumps(tree.to_json()))) == tree


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"size": 1},
        {"size": 1, "hashes": []},
        {"size": 1, "hashes": ["zz"]},
        {"size": 1, "hashes": ["00"]},
        {"size": 1, "hashes": [7]},
        {"size": 4, "hashes": ["00" * 32, "00" * 32]},
        {"size": -1, "hashes": ["00" * 32]},
        {"size": "1", "hashes": ["00" * 32]},
        {"size": True, "hashes": ["00" * 32]},
    ],
    ids=repr,
)
def test_a_stored_frontier_that_is_none_is_refused(data: Any) -> None:
    """Damage to a stored frontier is refused instead of growing a wrong tree."""
    with pytest.raises(Refused):
        Frontier.from_json(data)


@given(SIZES, st.data())
def test_every_leaf_proves_its_place(size: int, data: st.DataObject) -> None:
    """An inclusion proof verifies for its leaf, place, tree and root."""
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(MANY, index, size)
    assert verify_inclusion(MANY[index], index, size, proof, naive_root(MANY[:size]))


@given(SIZES, st.data())
def test_a_changed_inclusion_proof_fails(size: int, data: st.DataObject) -> None:
    """Another leaf, place, root, a changed, missing or further hash: none verifies."""
    index = data.draw(st.integers(0, size - 1))
    leaf, root = MANY[index], naive_root(MANY[:size])
    proof = inclusion_proof(MANY, index, size)
    assert not verify_inclusion(other(leaf), index, size, proof, root)
    assert not verify_inclusion(leaf, index, size, proof, other(root))
    assert not verify_inclusion(leaf, index, size, [*proof, leaf], root)
    assert not verify_inclusion(leaf, size, size, proof, root)
    assert not verify_inclusion(leaf, -1, size, proof, root)
    for place, part in enumerate(proof):
        changed = [*proof[:place], other(part), *proof[place + 1 :]]
        assert not verify_inclusion(leaf, index, size, changed, root)
        assert not verify_inclusion(leaf, index, size, proof[:place], root)


@given(SIZES, st.data())
def test_a_proof_does_not_serve_another_place(size: int, data: st.DataObject) -> None:
    """A leaf's proof verifies at no other index of the same tree."""
    index = data.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(MANY, index, size), naive_root(MANY[:size])
    places = [n for n in range(size) if verify_inclusion(MANY[index], n, size, proof, root)]
    assert places == [index]


@given(SIZES, st.data())
def test_every_earlier_tree_is_proved_a_beginning(second: int, data: st.DataObject) -> None:
    """A consistency proof verifies for every earlier tree."""
    first = data.draw(st.integers(1, second))
    roots = naive_root(MANY[:first]), naive_root(MANY[:second])
    assert verify_consistency(first, second, *roots, consistency_proof(MANY, first, second))


@given(SIZES, st.data())
def test_a_changed_consistency_proof_fails(second: int, data: st.DataObject) -> None:
    """Another root on either side, a changed, missing or further hash: none verifies."""
    first = data.draw(st.integers(1, second))
    older, newer = naive_root(MANY[:first]), naive_root(MANY[:second])
    proof = consistency_proof(MANY, first, second)
    assert not verify_consistency(first, second, other(older), newer, proof)
    assert not verify_consistency(first, second, older, other(newer), proof)
    assert not verify_consistency(first, second, older, newer, [*proof, older])
    assert not verify_consistency(0, second, older, newer, proof)
    for place, part in enumerate(proof):
        changed = [*proof[:place], other(part), *proof[place + 1 :]]
        assert not verify_consistency(first, second, older, newer, changed)
        assert not verify_consistency(first, second, older, newer, proof[:place])


def test_a_consistency_proof_does_not_serve_a_taller_tree() -> None:
    """A proof that ends below the root of the claimed size does not verify."""
    proof = consistency_proof(LEAVES, 6, 8)
    roots = naive_root(LEAVES[:6]), naive_root(LEAVES)
    assert not verify_consistency(6, 16, *roots, proof)


def test_a_rewritten_history_has_no_consistency_proof() -> None:
    """A tree whose early leaf was changed proves nothing against the root given out before."""
    given_out = naive_root(MANY[:50])
    rewritten = [other(MANY[0]), *MANY[1:90]]
    proof = consistency_proof(rewritten, 50, 90)
    assert not verify_consistency(50, 90, given_out, naive_root(rewritten), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 9), (0, 0)])
def test_a_proof_of_a_leaf_that_is_not_there_is_refused(index: int, size: int) -> None:
    """An inclusion proof outside the leaves is refused."""
    with pytest.raises(Refused):
        inclusion_proof(LEAVES, index, size)


@pytest.mark.parametrize(("first", "second"), [(0, 3), (4, 3), (2, 9)])
def test_a_proof_between_trees_that_are_not_there_is_refused(first: int, second: int) -> None:
    """A consistency proof outside the leaves is refused."""
    with pytest.raises(Refused):
        consistency_proof(LEAVES, first, second)
