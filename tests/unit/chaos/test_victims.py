"""What is killed is started again, and once more if it ends while it starts."""

from __future__ import annotations

from typing import Any, cast

import attrs
import pytest
from chaos.driving.arena import Node
from servers.rabbitmq import RabbitServer


@attrs.define
class Starting:
    """A broker that does not start at once: it ends so many times before it works, or hangs."""

    ends: int
    hangs: bool = False
    launched: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether it has."""
        return not self.hangs

    def launch(self) -> None:
        """Start it again."""
        self.launched += 1

    def wait_until_ready(self) -> None:
        """Wait, or fail."""
        assert self.launched >= self.ends


def node(server: Starting) -> Node:
    """Return it as a victim."""
    return Node(cast("RabbitServer", cast("Any", server)))


def test_a_node_that_ends_while_it_starts_is_started_again() -> None:
    """Nodes of a cluster that start at once may end each other."""
    server = Starting(ends=2)
    node(server).wait()
    assert server.launched == 2


@pytest.mark.parametrize("server", [Starting(ends=9), Starting(ends=1, hangs=True)])
def test_a_node_that_does_not_start_is_told(server: Starting) -> None:
    """Neither one that ends every time, nor one that hangs, is waited for for ever."""
    with pytest.raises(AssertionError):
        node(server).wait()
