"""PostgreSQL processes over a data folder, whoever started them."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

import psutil

from dispatch_bus.domain.errors import Stop

_NAMES = {"postgres", "initdb"}
_ESCALATION = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))


def is_server_of(pid: int, cluster: Path) -> bool:
    """Tell whether process ``pid`` is a PostgreSQL that works in ``cluster``.

    A process number alone proves nothing: it may have passed to a stranger.
    """
    return psutil.pid_exists(pid) and _works_in(psutil.Process(pid), cluster)


def stop_left_over(*clusters: Path) -> None:
    """Stop every PostgreSQL that still works in ``clusters``: fast, then at once, then by force.

    The caller holds the lock of the data folder, so whatever is left lost its launcher.

    Raises ``Stop`` where one cannot be stopped.
    """
    for strength, patience_s in _ESCALATION:
        left = _left_over(clusters)
        for server in _without_parent(left):
            with contextlib.suppress(psutil.NoSuchProcess):
                server.send_signal(strength)
        psutil.wait_procs(left, timeout=patience_s)
    if left := _left_over(clusters):
        raise Stop(
            f"An earlier PostgreSQL over {clusters[0]} cannot be stopped: process "
            f"{', '.join(str(process.pid) for process in left)}.",
            "Look whether its disk answers, stop it, then start again.",
        )


def _left_over(clusters: tuple[Path, ...]) -> list[psutil.Process]:
    there = [cluster for cluster in clusters if cluster.exists()]
    return [
        process
        for process in psutil.process_iter()
        if any(_works_in(process, cluster) for cluster in there)
    ]


def _without_parent(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Return the heads of families: the others take their orders, or their end, from those."""
    numbers = {process.pid for process in processes}
    return [process for process in processes if _parent_of(process) not in numbers]


def _parent_of(process: psutil.Process) -> int | None:
    try:
        return int(process.ppid())
    except psutil.NoSuchProcess:
        return None


def _works_in(process: psutil.Process, cluster: Path) -> bool:
    # Every PostgreSQL process works in its data folder; a shell that stands there has another
    # name. The folder is compared by device and inode: paths may be written in several ways.
    try:
        folder = Path(f"/proc/{process.pid}/cwd")
        return process.name() in _NAMES and folder.samefile(cluster)
    except (OSError, psutil.Error):
        return False
