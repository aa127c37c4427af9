"""A publish to a broker that does not answer: bounded, and its connection is dropped."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

import pytest
from messaging_runs import command
from mute_broker import UNTIL_CHANNEL, Answer, MuteBroker
from servers.waiting import wait_for


@pytest.mark.parametrize("answers", [(), UNTIL_CHANNEL], ids=["never a word", "mute once open"])
def test_a_mute_broker_costs_a_wake_up_and_its_connection(answers: Sequence[Answer]) -> None:
    """Each publish ends by itself as work to retry, on a connection of its own that it closes."""
    broker = MuteBroker(answers)
    publishing = subprocess.Popen(
        command("publish_to", broker.url, "2"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with publishing:
        assert publishing.stdout is not None
        said = json.loads(publishing.stdout.readline())
        assert len(said["refusals"]) == 2
        assert all("did not take" in one for one in said["refusals"])
        assert len(broker.ended) >= 2
        for ended in broker.ended:
            wait_for(ended.is_set, "the connection ends")
        assert publishing.poll() is None, "they end because they are dropped"
    broker.close()


def test_a_broker_that_is_not_there_is_tried_again_later() -> None:
    """A refused connection is work to retry, too."""
    broker = MuteBroker()
    broker.close()
    done = subprocess.run(
        command("publish_to", broker.url, "1"),
        input=b"",
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert len(json.loads(done.stdout.splitlines()[0])["refusals"]) == 1
