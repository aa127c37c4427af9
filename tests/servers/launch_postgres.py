"""A program that runs the embedded PostgreSQL until its standard input ends.

Arguments: data folder, largest file in bytes (0: any). It prints ``ready`` and the server's
process number, and then, if the server ended by itself, ``ended`` and what to do about it.
"""

from __future__ import annotations

import resource
import select
import sys
from pathlib import Path

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.embedded import EmbeddedPostgres


def main(data_dir: str, largest_file: str) -> None:
    """Start, wait, stop."""
    if int(largest_file):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest_file), int(largest_file)))
    server = EmbeddedPostgres(Path(data_dir))
    try:
        print("ready", server.start().pid, flush=True)
    except Stop as stop:
        sys.exit(f"stop: {stop}")
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        status = server.exit_status()
        if status is not None:
            print("ended", status, server.verdict(status), flush=True)
            break
    server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
