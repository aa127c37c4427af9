"""``dispatch-bus serve``: one service as a process of its own, any number of each."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from dispatch_bus.cli.options import ConfigOption
from dispatch_bus.cli.process import COMMAND


class Service(StrEnum):
    """What can run as a process of its own."""

    INTAKE = "intake"
    COORDINATOR = "coordinator"
    DELIVERY = "delivery"
    TIMEKEEPER = "timekeeper"
    SEALER = "sealer"
    RELAY = "relay"
    GATEWAY = "gateway"


def serve(
    service: Annotated[Service, typer.Argument(help="Which one.")],
    configuration: ConfigOption = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            help="Port of its metrics instead of metrics.bus_port; 0: any free one.",
            min=0,
            max=65_535,
        ),
    ] = None,
) -> None:
    """Run one service until SIGTERM or Ctrl-C, beside any number of others."""
    words = [*COMMAND, "gateway" if service is Service.GATEWAY else "services"]
    words += [str(configuration)] if configuration else []
    if service is not Service.GATEWAY:
        words += ["--service", service]
        words += [] if metrics_port is None else ["--metrics-port", str(metrics_port)]
    elif metrics_port is not None:
        raise typer.BadParameter("The gateway serves its metrics on its own port.")
    # The services make the standard library cooperative before anything of it is used, and this
    # process has used it already. It keeps its number, so signals reach what is asked for.
    os.execv(words[0], words)  # noqa: S606
