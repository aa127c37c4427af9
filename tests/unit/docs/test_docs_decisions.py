"""Decisions that a change of the code would quietly undo."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from dispatch_bus.domain.report import Personal, Report

IN_THE_CLEAR = Path(__file__).parents[3] / "docs" / "decisions" / "0010-in-the-clear.md"


def test_every_field_of_a_report_is_sealed_or_was_decided_to_stand_in_the_clear() -> None:
    """The journal keeps for good whatever the report has beside its personal fields."""
    (listed,) = re.findall(r"^- In the clear,.*?(?=^- )", IN_THE_CLEAR.read_text(), re.M | re.S)
    open_fields = set(attrs.fields_dict(Report)) - {"personal"}
    assert set(re.findall(r"`(\w+)`", listed)) == open_fields
    assert len(attrs.fields_dict(Personal)) == 5, "the first point of the decision names them"
