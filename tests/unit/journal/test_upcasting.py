"""Old entries read as new ones."""

from __future__ import annotations

import pytest

from dispatch_bus.domain.errors import Refused
from dispatch_bus.journal.upcasting import Document, upcast


def renamed(document: Document) -> Document:
    return {"owner": document["centre"]}


def marked(document: Document) -> Document:
    return document | {"mode": "actual"}


STEPS = {1: renamed, 2: marked}


def test_an_old_document_takes_every_step() -> None:
    """A document two versions behind goes through both upcasters, oldest first."""
    expected = {"owner": "NL-MK-LB", "mode": "actual"}
    assert upcast({"centre": "NL-MK-LB"}, 1, STEPS, current=3) == expected


def test_a_document_starts_at_its_own_version() -> None:
    """A document that is one version behind takes only the last step."""
    assert upcast({"owner": "x"}, 2, STEPS, current=3) == {"owner": "x", "mode": "actual"}


def test_a_current_document_is_left_alone() -> None:
    """A document of the current version is returned as it is."""
    assert upcast({"centre": "x"}, 3, STEPS, current=3) == {"centre": "x"}


def test_a_gap_in_the_steps_is_named() -> None:
    """A version from which no step leads on is refused by number."""
    with pytest.raises(Refused, match="from version 3"):
        upcast({}, 2, STEPS, current=4)
