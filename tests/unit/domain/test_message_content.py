"""What travels is what the agreement allows, and nothing beside it."""

from __future__ import annotations

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making.values import handoff, mirror, personal, report
from making.world import IN_ZONE

from dispatch_bus.domain.agreement import PERSONAL, Shareable
from dispatch_bus.domain.json import to_json
from dispatch_bus.domain.message import Act, act, content
from dispatch_bus.domain.notice import Notice, NoticeState

WHOLE = report(at=IN_ZONE, hazards=("gas",), personal=personal("SECRET"))


@given(st.sets(st.sampled_from(Shareable)))
def test_no_field_travels_that_is_not_allowed(allowed: set[Shareable]) -> None:
    """Whatever is allowed, exactly that is present."""
    carried = attrs.asdict(content(WHOLE, allowed), recurse=False)
    assert {name for name, value in carried.items() if value is not None} == set(allowed)


@given(st.sets(st.sampled_from(sorted(set(Shareable) - PERSONAL))))
def test_nothing_personal_travels_without_a_personal_group(allowed: set[Shareable]) -> None:
    """No text of a person is found in what the awareness groups carry."""
    assert "SECRET" not in json.dumps(to_json(content(WHOLE, allowed)))


@pytest.mark.parametrize("group", sorted(PERSONAL))
def test_each_personal_group_carries_only_its_own(group: Shareable) -> None:
    """A group brings its own field and no other's."""
    assert list(to_json(content(WHOLE, [group]))) == [group.value]


@pytest.mark.parametrize(
    ("notice", "meaning"),
    [
        (mirror(), Act.MIRROR),
        (mirror(state=NoticeState.ACKNOWLEDGED), Act.MIRROR),
        (mirror(state=NoticeState.CLOSED, closed_at=mirror().opened_at), Act.CLOSED),
        (handoff(), Act.PROPOSAL),
        (handoff(state=NoticeState.OFFERED), Act.OFFER),
        (handoff(state=NoticeState.SHOWN), Act.OFFER),
        (handoff(state=NoticeState.ACCEPTED), Act.ACCEPTED),
        (handoff(state=NoticeState.TRANSFERRED), Act.TRANSFERRED),
        (handoff(state=NoticeState.EXPIRED), Act.EXPIRED),
    ],
)
def test_a_state_means_one_act_to_its_reader(notice: Notice, meaning: Act) -> None:
    """A reader learns what is asked of it, not how far a machine has come."""
    assert act(notice) is meaning
