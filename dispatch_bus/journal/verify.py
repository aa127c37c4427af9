"""The journal held against itself and against its signed checkpoints, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TypeAlias

from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal.checkpoint import Checkpoint
from dispatch_bus.journal.checkpoint import verify as verify_checkpoint
from dispatch_bus.journal.merkle import Frontier, leaf_hash
from dispatch_bus.journal.numbering import number_of, place_of

Row: TypeAlias = tuple[int, int, bytes, bytes]
"""An entry's number, epoch, exact bytes and stored leaf hash."""


class Code(StrEnum):
    """What is wrong with the journal."""

    NUMBER_MISSING = "number.missing"
    """Numbers are left out: entries were taken away."""

    NUMBER_REPEATED = "number.repeated"
    """A number is not higher than the one before it."""

    EPOCH_BACKWARDS = "epoch.backwards"
    """An epoch is lower than one before it."""

    LEAF_DIFFERS = "leaf.differs"
    """The bytes of an entry are not those that were hashed."""

    CHECKPOINT_INVALID = "checkpoint.invalid"
    """A checkpoint is not signed by this key, or is none."""

    CHECKPOINT_BACKWARDS = "checkpoint.backwards"
    """A checkpoint is smaller than one before it."""

    CHECKPOINT_ROOT = "checkpoint.root"
    """The tree has another root than the one that was signed."""

    CHECKPOINT_BEYOND = "checkpoint.beyond"
    """More entries were signed than there are."""

    TREE_ROOT = "tree.root"
    """The entries make another tree than the one that the sealer goes on with."""

    TREE_BEYOND = "tree.beyond"
    """The sealer counted more entries than there are: the end was cut off."""


@frozen
class Problem:
    """One contradiction: ``number`` is the entry's, or that of the last entry before it."""

    code: Code
    number: int
    message: str


@frozen
class Report:
    """What a verification read and found.

    ``entries`` were read; ``root`` (32 bytes) is the root of their stored leaf hashes;
    ``uncovered`` of them come after the last checkpoint that holds, so no signature vouches for
    them yet.
    """

    entries: int
    root: bytes
    uncovered: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing contradicts anything."""
        return not self.problems


def verify(
    entries: Iterable[Row],
    checkpoints: Iterable[bytes],
    public_key: Ed25519PublicKey,
    *,
    tree: Frontier,
    limit: int = 20,
) -> Report:
    """Read ``entries`` by number and ``checkpoints`` by size, and report what does not fit.

    Numbers are gapless from 1, but that an epoch begins its own range; epochs never fall, every
    leaf hash is that of its bytes, every checkpoint is signed by ``public_key`` and has the root of
    the tree of its size, and the sealer's ``tree``, read before the entries, is theirs. Reading
    ends at ``limit`` problems.
    Entries cut off at the end together with their checkpoints, and from the tree, leave no
    contradiction: give the checkpoints that somebody else keeps as well.
    """
    walk = _Walk(checkpoints, public_key, tree, limit)
    walk.compare()
    for number, epoch, raw, leaf in entries:
        if walk.full:
            break
        walk.take(number, epoch, raw, leaf)
        walk.compare()
    else:
        walk.finish()
    return walk.report()


class _Walk:
    """The state of one verification: a tree that grows, and the checkpoint that is next."""

    def __init__(
        self,
        checkpoints: Iterable[bytes],
        key: Ed25519PublicKey,
        expected: Frontier,
        limit: int,
    ) -> None:
        self._expected = expected
        self._limit = limit
        self._problems: list[Problem] = []
        self._tree = Frontier()
        self._number = 0
        self._epoch = 0
        self._signed = 0
        self._covered = 0
        self._ahead = self._readable(checkpoints, key)
        self._next = next(self._ahead, None)

    @property
    def full(self) -> bool:
        return len(self._problems) >= self._limit

    def take(self, number: int, epoch: int, raw: bytes, leaf: bytes) -> None:
        self._check_number(number, epoch)
        self._check_epoch(epoch, f"Entry {number}")
        if leaf_hash(raw) != leaf:
            self._found(Code.LEAF_DIFFERS, f"Entry {number} is not what was hashed: {leaf.hex()}.")
        # The tree grows by what was hashed, so that one changed entry is one problem and the
        # checkpoints after it still say whether anything else was changed.
        self._tree = self._tree.append(leaf)

    def compare(self) -> None:
        while self._next and self._next.size <= self._tree.size and not self.full:
            self._check_checkpoint(self._next)
            self._next = next(self._ahead, None)
        if self._tree.size == self._expected.size and self._tree != self._expected:
            there = f"The sealer's tree of {self._tree.size} entries has another root."
            self._found(Code.TREE_ROOT, there)

    def finish(self) -> None:
        if self._expected.size > self._tree.size:
            there = f"{self._expected.size} entries were sealed, {self._tree.size} are there."
            self._found(Code.TREE_BEYOND, there)
        while self._next and not self.full:
            there = f"{self._next.size} entries were signed, {self._tree.size} are there."
            self._found(Code.CHECKPOINT_BEYOND, there)
            self._next = next(self._ahead, None)

    def report(self) -> Report:
        size = self._tree.size
        return Report(size, self._tree.root(), size - self._covered, tuple(self._problems))

    def _check_number(self, number: int, epoch: int) -> None:
        expected, first = self._number + 1, number_of(epoch, place_of(self._number) + 1)
        self._number = number
        if number == first:
            return
        if number > expected:
            self._found(Code.NUMBER_MISSING, f"{expected} to {number - 1} are missing.")
        elif number < expected:
            self._found(Code.NUMBER_REPEATED, f"{number} stands where {expected} belongs.")

    def _check_epoch(self, epoch: int, where: str) -> None:
        if epoch < self._epoch:
            message = f"{where} has epoch {epoch} after epoch {self._epoch}."
            self._found(Code.EPOCH_BACKWARDS, message)
        self._epoch = max(self._epoch, epoch)

    def _check_checkpoint(self, checkpoint: Checkpoint) -> None:
        where = f"The checkpoint of {checkpoint.size} entries"
        if checkpoint.size < self._tree.size:
            message = f"{where} comes after one of {self._signed}: give them by size."
            self._found(Code.CHECKPOINT_BACKWARDS, message)
            return
        self._signed = checkpoint.size
        self._check_epoch(checkpoint.epoch, where)
        if checkpoint.root == self._tree.root():
            self._covered = checkpoint.size
        else:
            self._found(Code.CHECKPOINT_ROOT, f"{where} has another root: {checkpoint.root.hex()}.")

    def _readable(
        self, checkpoints: Iterable[bytes], key: Ed25519PublicKey
    ) -> Iterator[Checkpoint]:
        for signed in checkpoints:
            try:
                yield verify_checkpoint(signed, key)
            except Refused as error:
                self._found(Code.CHECKPOINT_INVALID, str(error))
            if self.full:
                return

    def _found(self, code: Code, message: str) -> None:
        self._problems.append(Problem(code, self._number, message))
