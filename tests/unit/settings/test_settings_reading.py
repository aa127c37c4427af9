"""Reading a folder: files that are missing, broken, or hold what nobody may see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dispatch_bus.settings import ConfigurationWrong, Finding, GeographyFacts, check, load

Edit = Callable[[str, str, str], None]
SCALARS = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.just("[]"),
    st.just("{}"),
    st.just("07:30:00"),
    st.from_regex(r'"[a-zA-Z0-9 ./:{}-]{0,30}"', fullmatch=True),
).map(lambda value: str(value).lower() if isinstance(value, bool | float) else str(value))


def mistakes_in(folder: Path) -> tuple[Finding, ...]:
    with pytest.raises(ConfigurationWrong) as wrong:
        load(folder)
    return wrong.value.mistakes


def test_a_missing_file_is_named(folder: Path) -> None:
    """A file that is not there is a mistake with its name."""
    (folder / "centres.toml").unlink()
    (found,) = mistakes_in(folder)
    assert (found.file, found.key, found.value) == ("centres.toml", "file", None)
    assert "Put the file there" in found.remedy


def test_a_missing_folder_names_every_file(tmp_path: Path) -> None:
    """A folder that is not there is told as the files that it should have had."""
    files = {found.file for found in mistakes_in(tmp_path / "nowhere")}
    assert files >= {"bus.toml", "rooms.toml", "centres.toml", "agreements.toml", "zones.toml"}


def test_mistakes_of_all_files_are_told_at_once(folder: Path, edit: Edit) -> None:
    """Nobody has to mend one mistake to learn of the next one."""
    edit("bus.toml", "port = 8420", "port = true")
    edit("rooms.toml", '"plain"', "7")
    edit("agreements.toml", '"A law"', '""')
    edit("responsibility.toml", '"BE-102"', '"BE-101"')
    found = [(one.file, one.key) for one in mistakes_in(folder)]
    assert found == [
        ("bus.toml", "gateway.port"),
        ("rooms.toml", "room.NL.adapter"),
        ("responsibility.toml", "duty.3.backup"),
        ("agreements.toml", "agreement.NL-BE-police.data_regime"),
    ]


def test_a_broken_code_list_does_not_hide_its_room(folder: Path, edit: Edit) -> None:
    """A room whose list has a mistake is not blamed for naming a list that does not exist."""
    edit("codes/nl.toml", "priority = 1", "")
    assert [one.key for one in mistakes_in(folder)] == ["code.A1.priority"]


def test_bytes_that_are_no_utf8_are_placed(folder: Path) -> None:
    """A file in another encoding is told with the first byte that does not fit."""
    (folder / "zones.toml").write_bytes('label = "é"'.encode("latin-1"))
    (found,) = mistakes_in(folder)
    assert (found.key, found.value) == ("byte 9", 0xE9)
    assert "UTF-8" in found.remedy


def test_endless_brackets_are_a_mistake(folder: Path) -> None:
    """A file that would exhaust the parser is refused like any other."""
    (folder / "zones.toml").write_text(f"label = {'[' * 100_000}", "utf-8")
    (found,) = mistakes_in(folder)
    assert found.remedy == "Nest fewer brackets."


def test_a_duplicate_key_is_placed(folder: Path) -> None:
    """TOML's own rules are told with line and column."""
    (folder / "zones.toml").write_text('label = "a"\nlabel = "b"\n', "utf-8")
    (found,) = mistakes_in(folder)
    assert (found.key, found.value) == ("line 2, column 12", 'label = "b"')


def test_the_error_shows_every_mistake_and_the_way_on(folder: Path, edit: Edit) -> None:
    """The message of the error alone is enough to mend the folder."""
    edit("bus.toml", "port = 8420", "prot = 8420")
    with pytest.raises(ConfigurationWrong) as wrong:
        load(folder)
    message = str(wrong.value)
    assert str(folder) in message
    assert "bus.toml, gateway.port: nothing. Add this key." in message
    assert "bus.toml, gateway.prot: 8420. No such key." in message
    assert "dispatch-bus config check" in message


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rooms.toml", "options = {", 'token = "hush" # {'),
        ("rooms.toml", 'token = "simulated"', 'token = "hush'),
        ("rooms.toml", "http://127", "ftp://me:hush@127"),
        ("bus.toml", 'url = ""', 'url = "mysql://me:hush@db/bus"'),
        ("bus.toml", 'url = ""', 'ulr = "postgresql://me:hush@db/bus"'),
        ("bus.toml", "[store]", '[stroe]\npassword = "hush"'),
    ],
)
def test_a_finding_shows_no_secret(
    file: str, old: str, new: str, folder: Path, facts: GeographyFacts, edit: Edit
) -> None:
    """A password or token that stands in a wrong place is not repeated on a screen or in a log."""
    edit(file, old, new)
    findings = check(folder, facts, {"plain"})
    assert findings
    assert "hush" not in repr(findings)


def test_the_version_follows_every_file(folder: Path) -> None:
    """Any change in any file gives another version, and none gives the same one."""
    first = load(folder)
    assert load(folder).version == first.version == first.book.version
    seen = {first.version}
    for file in sorted(folder.rglob("*.toml")):
        file.write_text(file.read_text("utf-8") + "\n# changed\n", "utf-8")
        seen.add(load(folder).version)
    assert len(seen) == 1 + len(list(folder.rglob("*.toml")))


@examples(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200), file=st.sampled_from(["bus.toml", "zones.toml"]))
def test_any_bytes_are_told_as_mistakes(folder: Path, raw: bytes, file: str) -> None:
    """No content of a file ends in anything but a list of mistakes."""
    kept = (folder / file).read_bytes()
    (folder / file).write_bytes(raw)
    assert all(one.remedy for one in mistakes_in(folder))
    (folder / file).write_bytes(kept)


@examples(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_is_taken_or_told(
    folder: Path, facts: GeographyFacts, data: st.DataObject
) -> None:
    """Whatever stands for a value, the check comes to an end with findings that name a file."""
    file = data.draw(st.sampled_from(sorted(folder.rglob("*.toml"))))
    kept = file.read_text("utf-8")
    lines = kept.splitlines()
    settable = [number for number, line in enumerate(lines) if " = " in line]
    number = data.draw(st.sampled_from(settable))
    lines[number] = f"{lines[number].split(' = ')[0]} = {data.draw(SCALARS)}"
    try:
        file.write_text("\n".join(lines), "utf-8")
        findings = check(folder, facts, {"plain"})
    finally:
        file.write_text(kept, "utf-8")
    assert all((folder / found.file).exists() and found.remedy for found in findings)
