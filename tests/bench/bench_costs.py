"""Which process took how much of the processors."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import psutil

# How the processes of a benchmark are told apart: a word of the command, and what it is called.
_ADAPTER, _SERVICE = "dispatch_bus.sdk.host", "--service"
_OTHERS = {
    "dispatch_bus.cli.process gateway": "gateway",
    "plain_pipeline.py": "plain pipeline",
    "buses.lean_rooms_main": "rooms",
}


def cpu_seconds(roots: list[int]) -> Counter[str]:
    """Return the seconds of processor that processes and all below them have taken, by kind."""
    taken: Counter[str] = Counter()
    for process in _family(roots):
        with suppress(psutil.NoSuchProcess):
            spent = process.cpu_times()
            taken[_kind(process)] += spent.user + spent.system
    return taken


def _family(roots: list[int]) -> list[psutil.Process]:
    family: dict[int, psutil.Process] = {}
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            head = psutil.Process(root)
            family |= {one.pid: one for one in (head, *head.children(recursive=True))}
    return list(family.values())


def _kind(process: psutil.Process) -> str:
    if process.name() == "postgres":
        return "postgres"
    if process.name().startswith("beam"):
        return "rabbitmq"
    words = process.cmdline()
    if _ADAPTER in words:
        return "adapters"
    if _SERVICE in words:
        return words[words.index(_SERVICE) + 1]
    return next((name for word, name in _OTHERS.items() if word in " ".join(words)), "others")
