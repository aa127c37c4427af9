"""The operator's file of border zones: read, or refused with file, key and remedy."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from borderzones import BorderZone, DefinitionError, SpecialZone, read_definitions

DRAWN = {
    "id": '"BRIDGE"',
    "kind": '"bridge"',
    "name": '"A bridge"',
    "countries": '["A", "B"]',
    "line": "[[5.0, 51.0]]",
    "within_m": "300",
}
GOOD = {"id": '"A-B"', "pair": '["A", "B"]', "depth_m": "1000"}


@pytest.fixture
def written(tmp_path):
    """Return a function that writes a file of definitions and returns its path."""

    def write(text):
        path = tmp_path / "zones.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def zone(**changes):
    """Return a file with one zone, some of whose values are changed."""
    lines = [f"{key} = {value}" for key, value in {**GOOD, **changes}.items()]
    return "\n".join(['label = "x"', "[[zone]]", *lines])


def special(**changes):
    """Return a file with a drawn special zone, some of whose values are changed or left out."""
    lines = [f"{key} = {value}" for key, value in {**DRAWN, **changes}.items() if value]
    return "\n".join([zone(), "[[special]]", *lines])


def test_the_shipped_definitions_have_a_zone_for_each_border(definitions_path):
    """The shipped file defines one zone for each of the eight land borders."""
    pairs = {definition.pair for definition in read_definitions(definitions_path).zones}
    assert pairs == {
        ("NL", "BE"),
        ("NL", "DE"),
        ("BE", "DE"),
        ("BE", "LU"),
        ("BE", "FR"),
        ("LU", "DE"),
        ("LU", "FR"),
        ("DE", "FR"),
    }


def test_definitions_are_read(written):
    """A good file gives its label and its zones."""
    definitions = read_definitions(written(zone()))
    assert definitions.label == "x"
    assert definitions.zones == (BorderZone("A-B", ("A", "B"), (1000.0, 1000.0)),)


def test_each_side_may_have_a_depth_of_its_own(written):
    """A table gives the depth on each side, and one of the two may have none."""
    (found,) = read_definitions(written(zone(depth_m="{ B = 0, A = 500 }"))).zones
    assert (found.depth_m("A"), found.depth_m("B"), found.deepest_m) == (500.0, 0.0, 500.0)


def test_a_zone_may_be_for_some_disciplines(written):
    """The disciplines are kept in their order; the package knows none by name."""
    (found,) = read_definitions(written(zone(disciplines='["fire", "x"]'))).zones
    assert found.disciplines == ("fire", "x")


def test_an_edition_may_begin_later(written):
    """The moment from which zones are to be used is kept in UTC."""
    text = "valid_from = 2026-12-01T06:00:00+01:00\n" + zone()
    assert read_definitions(written(text)).valid_from == datetime(2026, 12, 1, 5, tzinfo=UTC)


def test_special_zones_are_read(written):
    """An area of the data gets a rule by its id alone; another one is drawn."""
    rule = '\n[[special]]\nid = "EXCLAVE"\ncountries = ["A", "B"]\ndisciplines = ["fire"]'
    assert read_definitions(written(special() + rule)).special == (
        SpecialZone("BRIDGE", ("A", "B"), (), "bridge", "A bridge", ((5.0, 51.0),), 300.0),
        SpecialZone("EXCLAVE", ("A", "B"), ("fire",)),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("label = ", "cannot be read"),
        (zone().replace("label", "name"), "name: unknown key"),
        (zone().replace('"x"', '""'), "label: missing"),
        ('label = "x"', "zone: missing"),
        (zone(width="3"), r"zone\[1\]: must have the keys depth_m, id, pair and may have "),
        (zone(id='"A/B"'), r"zone\[1\].id: 'A/B' is no id"),
        (zone(id="7"), r"zone\[1\].id: 7 is no id"),
        (zone(pair='["A", "A"]'), r"zone\[1\].pair: \['A', 'A'\] is no pair"),
        (zone(pair='["A"]'), r"zone\[1\].pair: \['A'\] is no pair"),
        (zone(pair='"AB"'), r"zone\[1\].pair: 'AB' is no pair"),
        (zone(depth_m="99"), r"zone\[1\].depth_m: 99 is no depth. Write metres from 100 to 50000"),
        (zone(depth_m="50001"), "50001 is no depth"),
        (zone(depth_m="nan"), "nan is no depth"),
        (zone(depth_m="true"), "True is no depth"),
        (zone(depth_m='"15 km"'), "'15 km' is no depth"),
        (zone() + "\n" + zone().partition("\n")[2], "zone.id: 'A-B' stands twice"),
        (zone(depth_m="{ A = 0, B = 0 }"), r"zone\[1\].depth_m: both sides are 0"),
        (zone(depth_m="{ A = 0, C = 500 }"), r"names A, C. Give a depth for each of A and B"),
        (zone(depth_m="{ A = 50, B = 0 }"), r"zone\[1\].depth_m.A: 50 is no depth"),
        (zone(disciplines='"fire"'), r"zone\[1\].disciplines: 'fire' is no list"),
        (zone(disciplines='["x", "x"]'), "is no list. Write different texts"),
        ("valid_from = 2026-12-01T06:00:00\n" + zone(), "valid_from: .* is no moment"),
        (special(countries="[]"), r"special\[1\].countries: empty"),
        (special(line=None), r"special\[1\]: must have the keys countries, id, kind, line, name"),
        (special(line="[[51.0, 5.0, 2]]"), r"special\[1\].line: .* is no line"),
        (special(line="[[181, 5]]"), r"special\[1\].line: .* is no line"),
        (special(within_m="9"), r"special\[1\].within_m: 9 is no distance"),
        (special(name='""'), r"special\[1\].name: '' is no text"),
        (special() + special()[len(zone()) :], "special.id: 'BRIDGE' stands twice"),
    ],
)
def test_a_mistake_is_refused_with_file_key_and_remedy(written, text, said):
    """Each mistake is refused by a message with the file, the key, the value and the remedy."""
    path = written(text)
    with pytest.raises(DefinitionError, match=said) as refusal:
        read_definitions(path)
    assert str(refusal.value).startswith(str(path))
    assert str(refusal.value).endswith(".")


def test_a_missing_file_is_refused_by_its_name(tmp_path):
    """A file that is not there is refused like one that cannot be read."""
    with pytest.raises(DefinitionError, match=r"nowhere\.toml: cannot be read"):
        read_definitions(tmp_path / "nowhere.toml")
