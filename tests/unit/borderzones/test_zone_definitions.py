"""The operator's file of border zones: read, or refused with file, key and remedy."""

from __future__ import annotations

import pytest

from borderzones import BorderZone, DefinitionError, read_definitions

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
    assert definitions.zones == (BorderZone("A-B", ("A", "B"), 1000.0),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("label = ", "cannot be read"),
        (zone().replace("label", "name"), "name: unknown key"),
        (zone().replace('"x"', '""'), "label: missing"),
        ('label = "x"', "zone: missing"),
        (zone(width="3"), r"zone\[1\]: must have exactly the keys depth_m, id, pair"),
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
