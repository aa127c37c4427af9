"""Building zones: the shipped file again, the same bytes, and clear refusals of bad data."""

from __future__ import annotations

import gzip
import json

import pytest
import shapely

import borderzones
from borderzones import DefinitionError, SourceError, zonefile
from borderzones.build import build

SOURCES = """
[[source]]
file = "countries.geojson.gz"
version = "1"
licence = "CC0"
attribution = "nobody"
[[source]]
file = "regions.geojson.gz"
version = "1"
licence = "CC0"
attribution = "nobody"
[[source]]
file = "special_zones.geojson.gz"
version = "1"
licence = "CC0"
attribution = "nobody"
"""
ZONES = """
label = "small"
[[zone]]
id = "A-B"
pair = ["A", "B"]
depth_m = 1000
"""


def square(west, south, east, north):
    """Return a rectangle as GeoJSON."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def named(key, geometry, **properties):
    """Return a feature."""
    return {
        "type": "Feature",
        "properties": {"name": "", **key, **properties},
        "geometry": geometry,
    }


class Folder:
    """A small data folder: A in the west, B in the east of 5° E, C apart; B has two regions."""

    def __init__(self, path):
        self.path = path
        self.definitions = path / "zones.toml"
        self.definitions.write_text(ZONES, encoding="utf-8")
        (path / "sources.toml").write_text(SOURCES, encoding="utf-8")
        self.countries = {
            "A": square(4.9, 51, 5, 51.1),
            "B": square(5, 51, 5.1, 51.1),
            "C": square(6, 51, 6.1, 51.1),
        }
        self.regions = {
            "A1": ("A", square(4.9, 51, 5, 51.1)),
            "B1": ("B", square(5, 51, 5.1, 51.05)),
            "B2": ("B", square(5, 51.05, 5.1, 51.1)),
            "C1": ("C", square(6, 51, 6.1, 51.1)),
        }
        self.special = {"S": ("A,B", square(4.99, 51.01, 5.01, 51.02))}
        self.crs = "urn:ogc:def:crs:OGC:1.3:CRS84"

    def build(self, out="out.bzones"):
        """Write the data and build it."""
        self.write("countries", [named({"iso2": key}, g) for key, g in self.countries.items()])
        self.write(
            "regions",
            [
                named({"region_id": key}, g, country=country, level="x")
                for key, (country, g) in self.regions.items()
            ],
        )
        self.write(
            "special_zones",
            [
                named({"zone_id": key}, g, countries=countries, kind="x")
                for key, (countries, g) in self.special.items()
            ],
        )
        return build(self.definitions, self.path / out, data=self.path)

    def write(self, name, features):
        """Write one file of features."""
        crs = {"type": "name", "properties": {"name": self.crs}}
        document = {"type": "FeatureCollection", "crs": crs, "features": features}
        packed = gzip.compress(json.dumps(document).encode(), mtime=0)
        (self.path / f"{name}.geojson.gz").write_bytes(packed)


@pytest.fixture
def folder(tmp_path):
    """A small data folder that is sound."""
    return Folder(tmp_path)


def test_the_shipped_file_is_what_building_makes(tmp_path, zones, zones_path, definitions_path):
    """Built again from the shipped data and definitions, the file is the same to the byte."""
    version = build(definitions_path, tmp_path / "again.bzones")
    assert version == zones.version
    assert (tmp_path / "again.bzones").read_bytes() == zones_path.read_bytes()


def test_the_same_input_makes_the_same_bytes(folder):
    """Two builds of the same data and definitions are equal, whatever the file is called."""
    assert folder.build("one") == folder.build("two")
    assert (folder.path / "one").read_bytes() == (folder.path / "two").read_bytes()


def test_one_s_own_data_can_be_built_and_looked_up(folder):
    """Zones of another folder work like the shipped ones: strips, pieces, countries, regions."""
    version = folder.build()
    own = borderzones.load(folder.path / "out.bzones")
    assert own.version == version
    assert version.startswith("small+")
    assert own.countries == ("A", "B", "C")
    assert own.pieces.column("piece_id") == ("A-B/A/A1", "A-B/B/B1", "A-B/B/B2")
    west, far = own.look([4.99, 4.98], 51.05)
    assert [(hit.zone_id, hit.side) for hit in west.zones] == [("A-B", "A")]
    assert west.zones[0].border_m == pytest.approx(701.5, abs=0.5)
    assert far.zones == ()


def test_pieces_tile_their_strip(folder):
    """The pieces of a side cover its strip and do not overlap."""
    folder.build()
    content, _ = zonefile.read(folder.path / "out.bzones")
    strips, pieces = content.layers["strips"], content.layers["pieces"]
    for row, strip in zip(strips.rows, strips.polygons, strict=True):
        start = f"{row['zone_id']}/{row['side']}/"
        own = [
            shape
            for name, shape in zip(pieces.column("piece_id"), pieces.polygons, strict=True)
            if name.startswith(start)
        ]
        assert sum(shape.area for shape in own) == pytest.approx(strip.area, rel=1e-6)
        assert shapely.union_all(own).symmetric_difference(strip).area < 1e-9


def test_a_deeper_zone_is_another_version(folder):
    """A changed depth makes another version under the same label."""
    first = folder.build()
    folder.definitions.write_text(ZONES.replace("1000", "1200"), encoding="utf-8")
    second = folder.build()
    assert first != second
    assert second.startswith("small+")


def bow_tie(folder):
    folder.regions["B1"] = ("B", {"type": "Polygon", "coordinates": [
        [[5, 51], [5.1, 51.05], [5.1, 51], [5, 51.05], [5, 51]]]})  # fmt: skip


def no_polygon(folder):
    folder.countries["C"] = {"type": "Point", "coordinates": [6, 51]}


def no_geometry(folder):
    folder.special["S"] = ("A,B", None)


def unknown_country(folder):
    folder.regions["C1"] = ("X", folder.regions["C1"][1])


def unknown_special_country(folder):
    folder.special["S"] = ("A,X", folder.special["S"][1])


def hole(folder):
    del folder.regions["B2"]


def other_crs(folder):
    folder.crs = "urn:ogc:def:crs:EPSG::3857"


def far_north(folder):
    folder.countries["C"] = square(6, 51, 6.1, 56)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (bow_tie, r"regions\.geojson\.gz: B1 is not a valid polygon: Self-intersection"),
        (no_polygon, r"countries\.geojson\.gz: C is no polygon"),
        (no_geometry, r"special_zones\.geojson\.gz: S is no polygon"),
        (unknown_country, r"C1: its country 'X' has no polygon"),
        (unknown_special_country, r"S: its country 'X' has no polygon"),
        (hole, r"B: no region covers 5\.\d+ E 51\.\d+ N"),
        (far_north, r"C: reaches from 51\.0 to 56\.0 degrees north"),
        (other_crs, r"countries\.geojson\.gz: is not in EPSG:4326"),
    ],
)
def test_unsound_data_is_refused_by_name(folder, spoil, said):
    """Each mistake in the data is refused with the name of the area, and no file is written."""
    spoil(folder)
    with pytest.raises(SourceError, match=said):
        folder.build()
    assert not (folder.path / "out.bzones").exists()


def test_an_area_that_stands_twice_is_refused(folder):
    """Two areas with one id are refused."""
    folder.build()
    folder.write("countries", [named({"iso2": "A"}, folder.countries["A"])] * 2)
    with pytest.raises(SourceError, match="A stands twice"):
        build(folder.definitions, folder.path / "out.bzones", data=folder.path)


def test_a_missing_property_is_refused(folder):
    """An area without a property that is needed is refused, naming the property."""
    folder.build()
    folder.write("countries", [named({"code": "A"}, folder.countries["A"])])
    with pytest.raises(SourceError, match="the property iso2 is missing"):
        build(folder.definitions, folder.path / "out.bzones", data=folder.path)


@pytest.mark.parametrize("name", ["countries.geojson.gz", "sources.toml"])
def test_an_unreadable_file_is_refused_and_the_old_zones_stay(folder, name):
    """A file that is missing is refused by name, and zones built before are left as they were."""
    folder.build()
    before = (folder.path / "out.bzones").read_bytes()
    (folder.path / name).unlink()
    with pytest.raises(SourceError, match=name):
        build(folder.definitions, folder.path / "out.bzones", data=folder.path)
    assert (folder.path / "out.bzones").read_bytes() == before


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ('["A", "X"]', "A-B: pair names 'X', which is not one of A, B, C"),
        ('["A", "C"]', "A-B: A and C share no border"),
    ],
)
def test_a_pair_without_a_border_is_refused(folder, pair, said):
    """A zone needs two known countries that meet."""
    folder.definitions.write_text(ZONES.replace('["A", "B"]', pair), encoding="utf-8")
    with pytest.raises(DefinitionError, match=said):
        folder.build()


BRIDGE = """
[[special]]
id = "BRIDGE"
kind = "bridge"
name = "A bridge"
countries = ["B", "A"]
disciplines = ["fire"]
line = [[5.0, 51.05], [5.02, 51.05]]
within_m = 300
[[special]]
id = "S"
countries = ["A"]
"""


def test_a_side_may_have_no_strip_and_the_other_one_of_its_own_depth(folder):
    """A depth of 0 leaves a side without strip; the other reaches as far as it says."""
    uneven = ZONES.replace("1000", "{ A = 0, B = 2000 }")
    folder.definitions.write_text(uneven, encoding="utf-8")
    folder.build()
    own = borderzones.load(folder.path / "out.bzones")
    west, near, far = own.look([4.999, 5.028, 5.029], 51.05)
    assert ([hit.side for hit in near.zones], west.zones, far.zones) == (["B"], (), ())


def test_special_zones_are_drawn_and_get_their_rules(folder):
    """A line with its metres around is an area; an area of the data gets the rule of its id."""
    folder.definitions.write_text(ZONES + BRIDGE, encoding="utf-8")
    folder.build()
    own = borderzones.load(folder.path / "out.bzones")
    assert own.special == {"BRIDGE": frozenset({"A", "B"}), "S": frozenset({"A"})}
    assert own.special_disciplines == {"BRIDGE": frozenset({"fire"})}
    # 0.001° of longitude are 70 m here: 280 m and 350 m beyond the ends of the line.
    found = own.classify([4.996, 4.995, 5.024, 5.025], 51.05)
    assert found.where(lambda one: "BRIDGE" in one.special).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["B", "A"]', '["B", "X"]', "special BRIDGE: countries names 'X', which is not one of"),
        ('id = "S"', 'id = "T"', "special T: the data has no area of this id. Draw it"),
        ('id = "BRIDGE"', 'id = "B1"', "special B1: a region has this id"),
        ("[[5.0, 51.05], [5.02, 51.05]]", "[[51.05, 5.0]]", "longitude before latitude"),
        ('id = "S"', 'id = "x"\nkind = "x"\nname = "x"\nline = [[5, 51]]\nwithin_m = 9', "9 is no"),
    ],
)
def test_a_special_zone_that_does_not_fit_the_data_is_refused(folder, old, new, said):
    """Unknown countries and ids, ids that are taken, and exchanged coordinates are refused."""
    folder.definitions.write_text(ZONES + BRIDGE.replace(old, new), encoding="utf-8")
    with pytest.raises(DefinitionError, match=said):
        folder.build()


def test_data_without_special_zones_can_be_built_and_asked(folder):
    """Whoever brings data of their own need not have any."""
    folder.special = {}
    folder.build()
    zones = borderzones.load(folder.path / "out.bzones")
    (look,) = zones.look(lon=[4.995], lat=[51.05], radius_m=[10])
    assert (look.countries[0].country, look.special) == ("A", ())
    assert zones.at(4.995, 51.05).special == ()
    assert zones.touches(4.995, 51.05)[0].countries
