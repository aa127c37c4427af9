"""The ``dispatch-bus`` command and what it can do."""

from __future__ import annotations

import os
import sys

from typer.core import TyperGroup

from dispatch_bus.cli.deferred import Deferred, built
from dispatch_bus.cli.serve import serve
from dispatch_bus.domain.errors import DispatchBusError, NotNow, Retry, Stop

commands = TyperGroup(
    name="dispatch-bus",
    help="The joint control-room dispatch bus of the border regions.",
    no_args_is_help=True,
    commands=[
        Deferred("up", "up:up", "Run the bus and its gateway on this machine until Ctrl-C."),
        Deferred(
            "run",
            "up:run",
            "Run the bus with five simulated control rooms and show what happens, until Ctrl-C.",
        ),
        Deferred(
            "demo",
            "demo:demo",
            "Run the bus and the rooms for a while, then report; fails if anything is lost or"
            " doubled.",
        ),
        built("serve", serve),
        Deferred(
            "doctor",
            "doctor:doctor",
            "Look at everything and say what to do; status 1 for a warning, 2 for a problem.",
        ),
        Deferred(
            "migrate",
            "migrate:migrate",
            "Bring the database's schema up to date; a new one's bus gets its keys.",
        ),
        Deferred(
            "backup",
            "backup:backup",
            "Write all that the database holds to a file, while the bus works; the keys are not in"
            " it.",
        ),
        Deferred(
            "restore",
            "backup:restore",
            "Fill an empty database from a backup, and report what was confirmed since; not while"
            " it runs.",
        ),
        Deferred("broker", "broker:commands", "Declare and check what the broker holds."),
        Deferred("config", "config:commands", "Look at the configuration."),
        Deferred("journal", "journal:commands", "Read and verify the journal."),
        Deferred("quarantine", "quarantine:commands", "See, mend and replay records."),
        Deferred("zones", "zones:commands", "Build the border zones, and look at them."),
    ],
)


def app() -> None:
    """Run the command; an error that was raised on purpose is shown as one message."""
    try:
        commands()
    except DispatchBusError as error:
        _show(error)
        sys.exit(_status(error))


def _status(error: DispatchBusError) -> int:
    """Return what tells whoever starts the command whether to start it again by itself."""
    if isinstance(error, Retry | NotNow):
        return os.EX_TEMPFAIL
    return os.EX_CONFIG if isinstance(error, Stop) else 1


def _show(error: DispatchBusError) -> None:
    # They take a while to load, and the process of a service needs neither.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415

    Console(stderr=True).print(f"[bold red]{escape(str(error))}[/]", highlight=False)


if __name__ == "__main__":
    app()
