"""The number of an entry: its place in the tree, in a range that each epoch has to itself.

What was sealed between a backup and its restore is gone, but neighbours, screens and logs know its
numbers. So the first entry after a restore does not take the next place in the old range: a number
is given once, whatever is restored.
"""

from __future__ import annotations

from typing import Final

EPOCH_RANGE: Final = 10**12
"""Numbers for each epoch. 9,007 epochs fit into the integers that JSON carries exactly (2^53 - 1);
at 10,000 entries a second the numbers of one last for three years."""


def number_of(epoch: int, place: int) -> int:
    """Return the number of the entry at ``place`` (from 1) of the tree, sealed in ``epoch``."""
    return (epoch - 1) * EPOCH_RANGE + place


def place_of(number: int) -> int:
    """Return the place in the tree (from 1) of the entry with this ``number``."""
    return (number - 1) % EPOCH_RANGE + 1
