"""This machine: room on its disk, its keys, and the certificates that it shows and trusts."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from dispatch_bus.application.doctor.finding import Finding, ok, problem, span, warning
from dispatch_bus.domain.errors import Stop
from dispatch_bus.observability import certificates
from dispatch_bus.store.keys import KeyRing

_LITTLE: Final = 2**30
_HARDLY_ANY: Final = 2**27
_MIB: Final = 2**20


def findings(data: Path, files: Iterable[Path], now: datetime) -> Iterator[Finding]:
    """Look at the data folder and at certificate ``files``; ``now`` is this machine's clock."""
    yield _disk(data)
    yield _keys(data / "keys")
    yield _outside(data / "outside")
    yield from (_certificate(file, now) for file in files)


def _disk(data: Path) -> Finding:
    try:
        room = shutil.disk_usage(data)
    except FileNotFoundError:
        return problem("disk", f"{data} is not there", "Name the data folder, or start the bus.")
    except OSError as error:
        return problem("disk", str(error), "Ask as the user of the bus.")
    what = f"{room.free // _MIB:,} MiB of {room.total // _MIB:,} are free under {data}"
    if room.free < _HARDLY_ANY:
        return problem("disk", what, "Make room now: without any the bus stops.")
    if room.free < _LITTLE:
        return warning("disk", what, "Make room, or move the data folder.")
    return ok("disk", what)


def _keys(folder: Path) -> Finding:
    try:
        ring = KeyRing(folder)
        live, erased = len(ring.days()), len(ring.erased_days())
    except (Stop, OSError) as error:
        remedy = error.remedy if isinstance(error, Stop) else "Give the folder back to the bus."
        return problem("keys", error.what if isinstance(error, Stop) else str(error), remedy)
    return ok("keys", f"{live} days have their key, {erased} are erased")


def _outside(folder: Path) -> Finding:
    try:
        kept = sorted(folder.glob("confirmed-*")) if folder.is_dir() else []
    except OSError as error:
        return problem("outside", str(error), "Give the folder back to the bus.")
    if not kept:
        return warning(
            "outside",
            f"nothing is kept in {folder}: a restore could not tell what rooms had confirmed",
            "Share the folder among the machines that poll rooms, and let the bus write there.",
        )
    return ok("outside", f"the last confirmed page of {len(kept)} rooms is kept in {folder}")


def _certificate(file: Path, now: datetime) -> Finding:
    try:
        end = certificates.ends(file)
    except Stop as error:
        return problem("certificates", error.what, error.remedy)
    left = (end - now).total_seconds()
    renew = "Renew it in its place, then start the processes anew, one after the other."
    if left <= 0:
        return problem("certificates", f"{file} ended {span(-left)} ago", renew)
    what = f"{file} ends in {span(left)}, at {end:%Y-%m-%d %H:%M} UTC"
    soon = left < certificates.SOON.total_seconds()
    return warning("certificates", what, renew) if soon else ok("certificates", what)
