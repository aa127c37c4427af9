"""A program that supervises what a JSON file tells it to, and prints each change as JSON.

Argument: the file. Its keys: ``postgres`` (a data folder, or null) and ``children`` (each with
``name``, ``command``, ``log``, ``grace_s`` and ``ready_file``, which may be null).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import attrs

from dispatch_bus.cli.supervise import (
    Change,
    Child,
    ChildProcess,
    Supervised,
    Supervisor,
    says_ready,
)
from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.embedded import EmbeddedPostgres


def main(plan_file: str) -> None:
    """Supervise until asked to stop; a clear stop goes to standard error with status 78."""
    plan = json.loads(Path(plan_file).read_text())
    supervised: list[Supervised] = []
    if plan["postgres"]:
        supervised.append(EmbeddedPostgres(Path(plan["postgres"])))
    supervised += [ChildProcess(child(**entry)) for entry in plan["children"]]
    try:
        Supervisor(supervised, on_change=show).run()
    except Stop as stop:
        print(stop, file=sys.stderr)
        sys.exit(78)


def child(name: str, command: list[str], log: str, grace_s: float, ready_file: str | None) -> Child:
    """Make a child from its entry in the plan."""
    made = Child(name, tuple(command), Path(log), grace_s=grace_s)
    return made if ready_file is None else attrs.evolve(made, ready=says_ready(Path(ready_file)))


def show(change: Change) -> None:
    """Print one change."""
    print(json.dumps(attrs.asdict(change)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
