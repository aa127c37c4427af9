"""Takes a backup while the bus works, and puts one into an empty database."""

from __future__ import annotations

from pathlib import Path

from dispatch_bus.application.bus import Bus
from dispatch_bus.application.evidence import public_key
from dispatch_bus.application.restoring import Restored, go_on, newest_outside
from dispatch_bus.domain.errors import Stop
from dispatch_bus.store.archive import Manifest, Progress, Reader


def back_up(bus: Bus, target: Path, progress: Progress) -> Manifest:
    """Write all that the database holds at one instant to the file ``target``, without the keys.

    Raises:
        Stop: ``target`` is there already, or cannot be written.
        Retry: the database cannot be reached or broke off.
    """
    return bus.store.back_up(target, public_key(bus), progress)


def restore(bus: Bus, source: Reader, progress: Progress, kept: bytes | None = None) -> Restored:
    """Fill an empty database from a backup and go on in a new epoch, or do neither.

    ``kept`` is the newest checkpoint of this bus that somebody else keeps.

    Raises:
        Stop: the keys are not those of the backup, the database is not empty, or the backup is
            damaged or of a newer version.
        Refused: ``kept`` is not signed by this bus.
        Retry: the database cannot be reached or broke off.
    """
    if source.manifest.key != public_key(bus):
        what = "The keys in the data folder are not those that the backup was made with."
        raise Stop(what, "Put back the keys folder of that bus, from its own backup.")
    known = newest_outside(bus, kept)
    with bus.store.filled(source, progress) as uow:
        restored, statement = go_on(bus, uow, known)
    bus.outside.keep_checkpoint(statement)
    return restored
