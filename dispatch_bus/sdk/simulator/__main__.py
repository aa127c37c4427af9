"""Runs one simulated control room: ``python -m dispatch_bus.sdk.simulator SPEC.json``."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import uvicorn

from dispatch_bus.domain.errors import DispatchBusError, Stop
from dispatch_bus.domain.json import from_json, parse
from dispatch_bus.sdk.simulator import sites
from dispatch_bus.sdk.simulator.atlas import atlas
from dispatch_bus.sdk.simulator.ledger import Ledger
from dispatch_bus.sdk.simulator.room import Room
from dispatch_bus.sdk.simulator.spec import Spec
from dispatch_bus.sdk.simulator.web import Desk

# EX_CONFIG: whoever supervises need not try again.
_EXIT_CONFIG = 78


async def run(spec: Spec, ledger: Ledger) -> None:
    """Serve the room until a signal ends it."""
    places = atlas(sites.load(Path(spec.sites)), spec.country)
    desk = Desk(spec, Room(spec, places, ledger), ledger.elapsed_s())
    config = uvicorn.Config(
        desk.app(),
        host=spec.host,
        port=spec.port,
        access_log=False,
        log_level="warning",
        # A long poll may be waiting; it comes again.
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    playing = asyncio.create_task(desk.play())
    serving = asyncio.create_task(server.serve())
    await asyncio.wait({playing, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    if playing.done():
        playing.result()


def main(path: str) -> None:
    """Run the room that the file at ``path`` specifies.

    Raises:
        Stop: its folder cannot be written.
    """
    spec = from_json(parse(Path(path).read_bytes()), Spec)
    try:
        with closing(Ledger(Path(spec.folder))) as ledger:
            asyncio.run(run(spec, ledger))
    except (sqlite3.Error, OSError) as error:
        remedy = "Free space, or give it another folder or port."
        raise Stop(f"The room {spec.room} cannot go on ({error}).", remedy) from error


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
    except DispatchBusError as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        sys.exit(_EXIT_CONFIG)
