"""``dispatch-bus up`` and ``run``: the bus on this machine, alone or among simulated rooms."""

from __future__ import annotations

from typing import Annotated

import typer

from dispatch_bus.bootstrap import load_checked
from dispatch_bus.cli import live
from dispatch_bus.cli.options import ConfigOption


def up(configuration: ConfigOption = None) -> None:
    """Run the bus and its gateway on this machine until Ctrl-C."""
    settings, loaded = load_checked(configuration)
    live.run(settings, loaded)


def run(
    configuration: ConfigOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated incidents.")] = 7,
    rate: Annotated[float, typer.Option(help="New cases per second and room.")] = 0.5,
) -> None:
    """Run the bus with five simulated control rooms and show what happens, until Ctrl-C."""
    settings, loaded = load_checked(configuration)
    live.run(settings, loaded, simulation=live.Simulation(seed=seed, rate_per_s=rate))
