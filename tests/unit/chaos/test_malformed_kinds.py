"""The malformed messages: each of them is malformed."""

from __future__ import annotations

import pytest
from chaos.driving.malformed_messages import Malformed, many, once

from dispatch_bus.domain.errors import Refused
from dispatch_bus.messaging import wakeups

KINDS = [*once(), *many(40)]


@pytest.mark.parametrize("message", KINDS, ids=lambda one: one.flaw)
def test_each_kind_is_refused_with_its_reason(message: Malformed) -> None:
    """No kind can be taken for a wake-up, and each is told what it should have been."""
    with pytest.raises(Refused) as refused:
        wakeups.read(message.body, message.content_type, "decide")
    assert refused.value.remedy


def test_no_two_messages_are_the_same() -> None:
    """Quarantine can tell each from every other, so that none is counted for another."""
    messages = [*once(), *many(1_000), *many(1_000, first=2_000)]
    assert len({one.body for one in messages}) == len(messages)
