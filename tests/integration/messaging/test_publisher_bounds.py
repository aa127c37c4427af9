"""A publish to a broker that does not answer: bounded, and its connection is dropped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from messaging_runs import running
from mute_broker import UNTIL_CHANNEL, Answer, MuteBroker
from servers.waiting import wait_for


@pytest.mark.parametrize("answers", [(), UNTIL_CHANNEL], ids=["never a word", "mute once open"])
def test_a_mute_broker_costs_a_wake_up_and_its_connection(
    answers: Sequence[Answer], tmp_path: Path
) -> None:
    """Each publish ends by itself as work to retry, on a connection of its own that it closes."""
    broker = MuteBroker(answers)
    with running("publish", "2", log=tmp_path / "log", nodes=[broker.url]) as publishing:
        refusals = publishing.says()["refusals"]
        assert len(refusals) == 2
        assert all("does not take" in one for one in refusals)
        assert len(broker.ended) >= 2
        for ended in broker.ended:
            wait_for(ended.is_set, "the connection ends")
        assert publishing.process.poll() is None, "they end because they are dropped"
    broker.close()


def test_a_broker_that_is_not_there_is_tried_again_later(tmp_path: Path) -> None:
    """A refused connection is work to retry, too."""
    broker = MuteBroker()
    broker.close()
    with running("publish", "1", log=tmp_path / "log", nodes=[broker.url]) as publishing:
        assert len(publishing.says()["refusals"]) == 1
