"""The built file: true to its data, and refused with a clear message when it is damaged."""

from __future__ import annotations

import json
import threading
import zipfile

import numpy as np
import pytest
import shapely

import borderzones
from borderzones import ZoneFileError, zonefile


@pytest.fixture
def copy(tmp_path, zones_path):
    """A copy of the shipped file, to damage."""
    path = tmp_path / "copy.bzones"
    path.write_bytes(zones_path.read_bytes())
    return path


def rewrite(path, **changes):
    """Write the archive again with the bytes of some entries changed by functions."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, changes.get(name.replace(".", "_"), lambda same: same)(data))


def test_the_shipped_polygons_are_those_of_the_data(zones_path, countries, regions, special_zones):
    """Countries, regions and special zones keep every vertex of the data, to the last digit."""
    content, _ = zonefile.read(zones_path)
    plain = {
        "countries": ("country", countries),
        "regions": ("region_id", {key: shape for key, (_, shape) in regions.items()}),
        "special": ("special_id", special_zones),
    }
    for layer, (key, shapes) in plain.items():
        areas = content.layers[layer]
        own = dict(zip(areas.column(key), areas.polygons, strict=True))
        kept, expected = [own[name] for name in shapes], list(shapes.values())
        assert shapely.equals_identical(kept, expected).all()


def test_the_shipped_strips_and_pieces_are_valid(zones_path):
    """No polygon that was computed crosses itself."""
    content, _ = zonefile.read(zones_path)
    for layer in ("strips", "pieces"):
        assert shapely.is_valid(content.layers[layer].polygons).all()


def test_a_version_is_the_label_and_a_short_hash(zones):
    """The version tells the operator's edition and the content apart."""
    label, _, digest = zones.version.partition("+")
    assert label == "2026-11"
    assert len(digest) == 12


def test_the_same_content_makes_the_same_bytes(zones_path, tmp_path):
    """Written again, a file is the same to the byte, with the same version."""
    content, version = zonefile.read(zones_path)
    assert zonefile.write(tmp_path / "again.bzones", content) == version
    assert (tmp_path / "again.bzones").read_bytes() == zones_path.read_bytes()


def test_a_loaded_file_names_its_sources_and_their_credit(zones):
    """Whoever shows the zones finds the sources, with licence and attribution, in the file."""
    assert [source.file for source in zones.sources] == [
        "countries.geojson.gz",
        "regions.geojson.gz",
        "special_zones.geojson.gz",
    ]
    assert all("OpenStreetMap contributors" in source.attribution for source in zones.sources)


def test_a_missing_file_is_named(tmp_path):
    """A path with no file is refused by its name, with the remedy."""
    with pytest.raises(ZoneFileError, match=r"none\.bzones: no such zone file\. Build it again"):
        borderzones.load(tmp_path / "none.bzones")


@pytest.mark.parametrize("kept", [0, 1, 1_000, 1_000_000, -1])
def test_a_truncated_file_is_refused(copy, kept):
    """A file that was cut anywhere is refused as damaged, by name and with the remedy."""
    copy.write_bytes(copy.read_bytes()[:kept])
    with pytest.raises(ZoneFileError, match=r"copy\.bzones: the zone file is damaged.*restore"):
        borderzones.load(copy)


@pytest.mark.parametrize("seed", range(12))
def test_a_changed_byte_is_refused(copy, seed):
    """One changed byte anywhere in the archived data is refused as damage."""
    data = bytearray(copy.read_bytes())
    data[int(np.random.default_rng(seed).integers(100, len(data) - 2_000))] ^= 0x40
    copy.write_bytes(bytes(data))
    with pytest.raises(ZoneFileError, match=r"copy\.bzones"):
        borderzones.load(copy)


def test_an_exchanged_entry_is_refused_by_the_checksum(copy):
    """An archive that is sound as a zip but holds other data fails the checksum."""
    rewrite(copy, strips_xy=lambda data: bytes(8) + data[8:])
    with pytest.raises(ZoneFileError, match="its checksum does not match"):
        borderzones.load(copy)


def test_another_schema_is_refused_by_its_number(copy):
    """A file of a later program is refused by its schema, before anything else is read."""

    def later(header):
        return json.dumps({**json.loads(header), "schema": 99}).encode()

    rewrite(copy, header_json=later)
    with pytest.raises(ZoneFileError, match=r"schema 99 is not the schema 3 of this program"):
        borderzones.load(copy)


@pytest.mark.parametrize("header", [b"", b"[]", b"{}", b"\xff"])
def test_an_unreadable_header_is_refused(copy, header):
    """An archive without a readable header is refused as damaged."""
    rewrite(copy, header_json=lambda _: header)
    with pytest.raises(ZoneFileError, match="no readable header"):
        borderzones.load(copy)


def test_threads_share_loaded_zones(zones_path):
    """Eight threads that start on fresh zones at once get the answers of one."""
    fresh = borderzones.load(zones_path)
    chance = np.random.default_rng(8)
    lon, lat = chance.uniform(4.8, 6.6, 400), chance.uniform(49.4, 51.6, 400)
    answers, start = {}, threading.Barrier(8)

    def ask(number):
        start.wait()
        answers[number] = fresh.look(lon, lat, 500)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = borderzones.load(zones_path).look(lon, lat, 500)
    assert [answers[number] for number in range(8)] == [expected] * 8
