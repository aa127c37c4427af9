"""``dispatch-bus run`` in a terminal, as ``make run`` starts it."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest
from buses.private import COMMAND, PrivateBus, private_bus
from buses.terminal import Terminal, terminal
from servers.waiting import wait_for, wait_until_gone

from dispatch_bus.application.feed import start
from dispatch_bus.application.sealing import seal, verify_journal
from dispatch_bus.store.embedded import EmbeddedPostgres


@pytest.fixture
def bus() -> Iterator[PrivateBus]:
    """A configuration of the test's own; the command starts everything itself."""
    with private_bus() as made:
        yield made


def run_for_a_while(bus: PrivateBus) -> Terminal:
    """Run the command until records have come and gone, and end it with Ctrl-C."""
    with terminal([str(COMMAND), "run", "--config", str(bus.config), "--rate", "2"]) as seen:
        for words in ("Rooms", "reads", "What happens", "mirror.opened"):
            seen.wait_for(words)
        processes = psutil.Process(seen.process.pid).children(recursive=True)
        assert len(processes) > 8
        assert seen.end() == 0
        for process in processes:
            wait_until_gone(process.pid)
    return seen


def is_sealed(bus: PrivateBus) -> bool:
    """Tell whether every entry has its number: the last ones may have come after the sealer."""
    seen = bus.glance()
    return seen is not None and seen.unsealed == 0


def state(bus: PrivateBus) -> tuple[int, dict[str, int]]:
    """Return how long the journal is, and how many records each room has given."""
    with EmbeddedPostgres(bus.data / "postgres"):
        wait_for(lambda: seal(bus.bus) == 0 and is_sealed(bus), "the journal is sealed")
        assert verify_journal(bus.bus).ok
        account = bus.confirmed_account()
        assert account.lost == account.duplicated == ()
        seen = bus.glance()
        assert seen is not None
        last = start(bus.bus, None)
        read = {room.id: room.records for room in seen.rooms}
        bus.bus.store.close()
        return last, read


def test_it_shows_what_happens_and_goes_on_where_it_was(bus: PrivateBus) -> None:
    """Ctrl-C ends it with status 0 and leaves no process; the next run continues the journal."""
    run_for_a_while(bus)
    length, read = state(bus)
    run_for_a_while(bus)
    longer, read_on = state(bus)

    assert length > 0
    assert longer > length
    assert all(read_on[room] >= count for room, count in read.items())
