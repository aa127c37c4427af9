"""Editions of the zones: which one is in force, and how a running bus takes over the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import numpy as np
import pytest
import shapely

from borderzones import BorderZone, Zones, zonefile
from borderzones.zonefile import Areas, ZoneFile
from dispatch_bus.bootstrap import BorderGeography
from dispatch_bus.domain.errors import Stop
from dispatch_bus.domain.place import Position
from dispatch_bus.editions import LiveGeography, file_in_force, load_zones

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOON = START + timedelta(hours=1)
SPOT = Position(lon=4.995, lat=51.05)
WEST, EAST = shapely.box(4.9, 51, 5, 51.1), shapely.box(5, 51, 5.1, 51.1)


def areas(*rows: tuple[dict[str, str], shapely.Geometry]) -> Areas:
    """Return areas of rows and polygons."""
    polygons = [shapely.multipolygons([shape]) for _, shape in rows]
    return Areas(tuple(row for row, _ in rows), np.array(polygons, dtype=object))


def edition(label: str, valid_from: datetime | None = None) -> ZoneFile:
    """Return zones of A and B; only the label and the moment tell editions apart."""
    strip = shapely.box(4.98, 51, 5, 51.1)
    layers = {
        "countries": areas(({"country": "A"}, WEST), ({"country": "B"}, EAST)),
        "regions": areas(
            ({"region_id": "A1", "country": "A"}, WEST), ({"region_id": "B1", "country": "B"}, EAST)
        ),
        "special": areas(({"special_id": "S", "countries": "A", "disciplines": ""}, WEST)),
        "strips": areas(({"zone_id": "A-B", "side": "A"}, strip)),
        "pieces": areas(({"piece_id": "A-B/A/A1"}, strip)),
    }
    zone = BorderZone("A-B", ("A", "B"), (1_400.0, 0.0))
    return ZoneFile(label, (zone,), (), layers, valid_from=valid_from)


def published(folder: Path, name: str, label: str, valid_from: datetime | None = None) -> str:
    """Write an edition into the folder and return its version."""
    return zonefile.write(folder / name, edition(label, valid_from))


class Clock:
    """A time that a test moves on."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Running:
    """A geography over a folder, as a process of the bus has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.refused: set[str] = set()
        published(folder, "zones.bzones", "first")
        zones = load_zones(folder)
        self.live = LiveGeography(folder, zones, BorderGeography, self.accept, self.clock)

    def accept(self, zones: Zones) -> None:
        """Refuse the editions that a test has named."""
        if zones.label in self.refused:
            raise Stop("does not fit", "Mend it.")

    @property
    def label(self) -> str:
        """The edition that an answer comes from."""
        (answer,) = self.live.locate([SPOT])
        assert answer.version == self.live.version
        return answer.version.partition("+")[0]


@pytest.fixture
def running(tmp_path: Path) -> Running:
    """A process that has begun with the edition called first."""
    return Running(tmp_path)


def test_the_edition_whose_moment_came_last_is_in_force(tmp_path: Path) -> None:
    """One without a moment counts as the oldest, and one to come does not count yet."""
    published(tmp_path, "zones.bzones", "always")
    published(tmp_path, "a.bzones", "past", START - timedelta(days=1))
    published(tmp_path, "b.bzones", "soon", SOON)
    assert file_in_force(tmp_path, START - timedelta(days=2)).name == "zones.bzones"
    assert file_in_force(tmp_path, START).name == "a.bzones"
    assert file_in_force(tmp_path, SOON).name == "b.bzones"


def test_a_folder_whose_editions_are_all_to_come_stops_the_bus(tmp_path: Path) -> None:
    """Without zones in force nothing can be decided."""
    published(tmp_path, "zones.bzones", "soon", SOON)
    with pytest.raises(Stop, match="no border zones that are in force"):
        file_in_force(tmp_path, START)


def test_a_running_bus_changes_at_the_stated_moment(running: Running) -> None:
    """Until the moment the old edition answers, and from the moment on the new one."""
    published(running.folder, "next.bzones", "second", SOON)
    running.live.renew()
    running.clock.now = SOON - timedelta(microseconds=1)
    assert running.label == "first"
    running.clock.now = SOON
    assert running.label == "second"


def test_it_changes_without_the_file(running: Running) -> None:
    """What was loaded ahead of its moment needs no folder at that moment."""
    published(running.folder, "next.bzones", "second", SOON)
    running.live.renew()
    for path in running.folder.iterdir():
        path.unlink()
    running.live.renew()
    assert running.label == "first"
    running.clock.now = SOON
    assert running.label == "second"


def test_editions_may_wait_in_line(running: Running) -> None:
    """Each is used from its own moment on, in whatever order they were published."""
    later = SOON + timedelta(hours=1)
    published(running.folder, "c.bzones", "third", later)
    running.live.renew()
    published(running.folder, "b.bzones", "second", SOON)
    running.live.renew()
    labels = []
    for running.clock.now in (START, SOON, later):
        labels.append(running.label)
    assert labels == ["first", "second", "third"]


def test_a_file_that_is_built_again_is_used_at_once(running: Running) -> None:
    """Without a moment an edition holds from when it is found."""
    published(running.folder, "zones.bzones", "again")
    running.live.renew()
    assert running.label == "again"


def test_what_does_not_fit_the_configuration_is_not_used(running: Running) -> None:
    """The edition in force stays, also after the moment of the one that was refused."""
    running.refused.add("second")
    published(running.folder, "next.bzones", "second", SOON)
    running.live.renew()
    running.clock.now = SOON
    assert running.label == "first"


def test_a_damaged_file_is_not_used_until_it_is_whole(running: Running) -> None:
    """A file that is still being copied does no harm, and is found when it is complete."""
    version = published(running.folder, "next.bzones", "second", START)
    whole = (running.folder / "next.bzones").read_bytes()
    (running.folder / "next.bzones").write_bytes(whole[:-100])
    running.live.renew()
    assert running.label == "first"
    (running.folder / "next.bzones").write_bytes(whole)
    running.live.renew()
    assert running.live.version == version


def test_the_moment_is_part_of_the_version(tmp_path: Path) -> None:
    """The same zones from another moment on are another version."""
    content = edition("x", START)
    first = zonefile.write(tmp_path / "a", content)
    second = zonefile.write(tmp_path / "b", attrs.evolve(content, valid_from=SOON))
    assert first != second
    assert zonefile.read(tmp_path / "b")[0].valid_from == SOON
