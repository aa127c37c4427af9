"""The editions of the border zones in a configuration folder: one in force, others to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from attrs import frozen

import borderzones
from borderzones import BorderzonesError, Zones
from dispatch_bus.domain.errors import Stop
from dispatch_bus.domain.geography import Geography, Locality
from dispatch_bus.domain.place import Position

ZONES_FILE = "zones.bzones"
# What has no moment is older than everything that has one.
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_REMEDY = "The command for that is: dispatch-bus zones build"

_log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


def file_in_force(folder: Path, now: datetime) -> Path:
    """Return the zone file of a folder whose moment has come last.

    Raises:
        Stop: there is none, or one is damaged.
    """
    begun = [(since, path) for path in _files(folder) if (since := _since(_load(path))) <= now]
    if not begun:
        raise Stop(f"{folder} has no border zones that are in force.", _REMEDY)
    return max(begun, key=lambda one: (one[0], one[1].name == ZONES_FILE))[1]


def load_zones(folder: Path) -> Zones:
    """Load the border zones of a configuration folder that are in force now.

    Raises:
        Stop: there are none, or a file is damaged or of another version.
    """
    return _load(file_in_force(folder, utc_now()))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.bzones")) or [folder / ZONES_FILE]


def _load(path: Path) -> Zones:
    try:
        return borderzones.load(path)
    except BorderzonesError as error:
        raise Stop(str(error), _REMEDY) from error


def _since(zones: Zones) -> datetime:
    return zones.valid_from or _ALWAYS


@frozen(eq=False)
class _Edition:
    since: datetime
    geography: Geography


class LiveGeography:
    """Answers from the edition that is in force whenever it is asked.

    An edition that is published in the folder is loaded before its moment, so that no answer has
    to wait for it. One that does not fit the rest of the configuration is not used, and the log
    says why.
    """

    def __init__(
        self,
        folder: Path,
        zones: Zones,
        make: Callable[[Zones], Geography],
        accept: Callable[[Zones], None],
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._folder = folder
        self._make = make
        self._accept = accept
        self._now = now
        self._known: tuple[_Edition, ...] = (_Edition(_since(zones), make(zones)),)
        self._seen: dict[Path, tuple[int, int]] = {}

    @property
    def version(self) -> str:
        """The version of the zones that are in force."""
        return self._current.geography.version

    def locate(self, positions: Sequence[Position | None]) -> list[Locality]:
        """Answer each position in order, all from one edition."""
        return self._current.geography.locate(positions)

    def renew(self) -> None:
        """Load what has been published since; it is used from its moment on."""
        for path in self._folder.glob("*.bzones"):
            stamp = (path.stat().st_mtime_ns, path.stat().st_size)
            if self._seen.get(path) != stamp:
                self._seen[path] = stamp
                self._take(path)

    @property
    def _current(self) -> _Edition:
        now = self._now()
        return [one for one in self._known if one.since <= now][-1]

    def _take(self, path: Path) -> None:
        try:
            zones = _load(path)
            if zones.version in {one.geography.version for one in self._known}:
                return
            self._accept(zones)
        except Stop as error:
            _log.error("published zones cannot be used", file=path.name, reason=str(error))
            return
        made = _Edition(_since(zones), self._make(zones))
        # The first question to an edition is slow: ask it before anybody waits.
        made.geography.locate([Position(lon=0.0, lat=0.0)])
        kept = self._known[self._known.index(self._current) :]
        # Sorting is stable: of two with one moment, the one that came last is used.
        self._known = tuple(sorted((*kept, made), key=lambda one: one.since))
        _log.info("zones were published", version=zones.version, since=made.since.isoformat())
