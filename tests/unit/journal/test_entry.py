"""One entry and its bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dispatch_bus.domain.codes import Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.journal.canonical import MAX_DEPTH, MAX_INTEGER
from dispatch_bus.journal.entry import (
    SCHEMA_VERSION,
    Entry,
    decode,
    encode,
    glimpse,
    is_known,
)

INCIDENT = UUID("018f2d6e-0000-7000-8000-000000000001")
ENTRY = Entry(
    kind=EntryKind.INCIDENT_RECORDED,
    at=datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC),
    mode=Mode.ACTUAL,
    incident=INCIDENT,
    notice=None,
    correlation="c-1",
    actor="intake",
    facts={"revision": 2, "distance_m": 12.5},
)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(EntryKind),
    at=st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        max_value=datetime(9998, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC) | st.just(timezone(timedelta(hours=-11, minutes=-30))),
    ),
    mode=st.sampled_from(Mode),
    incident=st.none() | st.uuids(),
    notice=st.none() | st.uuids(),
    correlation=TEXT,
    actor=TEXT,
    facts=st.dictionaries(TEXT, VALUES, max_size=5),
)


def with_fact(value: Any) -> Entry:
    return evolve(ENTRY, facts={"here": {"list": [value]}})


def altered(**fields: Any) -> bytes:
    return json.dumps(json.loads(encode(ENTRY)) | fields).encode()


@given(ENTRIES)
def test_what_is_written_is_read(entry: Entry) -> None:
    """Decoding gives back the entry that was encoded."""
    assert decode(encode(entry), SCHEMA_VERSION) == entry


def test_the_bytes_are_fixed_for_good() -> None:
    """The form in bytes is what earlier releases hashed, key for key."""
    sealed = evolve(ENTRY, sealed="c2VhbGVk", key="2026-03-01/7")
    assert encode(sealed) == (
        b'{"actor":"intake","at":"2026-03-01T12:00:00.250000Z","correlation":"c-1",'
        b'"facts":{"distance_m":12.5,"revision":2},'
        b'"incident":"018f2d6e-0000-7000-8000-000000000001","key":"2026-03-01/7",'
        b'"kind":"incident.recorded","mode":"actual","notice":null,"schema":1,'
        b'"sealed":"c2VhbGVk"}'
    )


@given(st.permutations(["a", "b", "ä", "z", "€"]))
def test_the_order_of_facts_leaves_no_trace(keys: list[str]) -> None:
    """The same facts in another order give the same bytes."""
    facts = dict.fromkeys(keys, 1)
    assert encode(evolve(ENTRY, facts=facts)) == encode(
        evolve(ENTRY, facts=dict.fromkeys(sorted(keys), 1))
    )


def test_one_instant_has_one_form() -> None:
    """A time with another offset is written as the same instant in UTC."""
    elsewhere = ENTRY.at.astimezone(timezone(timedelta(hours=2)))
    assert encode(evolve(ENTRY, at=elsewhere)) == encode(ENTRY)


def test_text_is_kept_as_utf_8() -> None:
    """Text outside ASCII stands in the bytes as itself."""
    assert "Liège 🚒".encode() in encode(evolve(ENTRY, facts={"place": "Liège 🚒"}))


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        float("-inf"),
        MAX_INTEGER + 1,
        10**5000,
        "a\0b",
        "\ud800",
        b"bytes",
        {1: "key"},
        {"\udfff": "key"},
        {1, 2},
        ENTRY.at,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_reader_could_not_read_back_is_refused(value: Any) -> None:
    """A value that JSON, UTF-8 or PostgreSQL cannot hold is refused where it stands."""
    with pytest.raises(Refused) as refused:
        encode(with_fact(value))
    assert refused.value.field.startswith("facts.here.list[0]")


def test_a_bottomless_fact_is_refused() -> None:
    """Nesting beyond the limit is refused instead of exhausting the stack."""
    nested: list[Any] = []
    for _ in range(MAX_DEPTH):
        nested = [nested]
    with pytest.raises(Refused, match="Nest at most"):
        encode(with_fact(nested))


@pytest.mark.parametrize("field", ["correlation", "actor", "key"])
def test_text_beside_the_facts_is_checked_too(field: str) -> None:
    """NUL is refused in every field of an entry."""
    with pytest.raises(Refused) as refused:
        encode(evolve(ENTRY, **{"key": "k", "sealed": "", field: "a\0b"}))
    assert refused.value.field == field


def test_a_time_without_offset_is_refused() -> None:
    """A naive time could be any of two hours, and no entry has it."""
    with pytest.raises(Refused, match="offset"):
        evolve(ENTRY, at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_time_that_utc_cannot_say_is_refused() -> None:
    """A time that leaves the calendar on its way to UTC is refused."""
    with pytest.raises(Refused, match="9999"):
        evolve(ENTRY, at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))))


def test_an_unknown_mode_is_refused() -> None:
    """Nothing is journalled that is neither actual nor exercise nor test."""
    with pytest.raises(Refused, match="exercise"):
        evolve(ENTRY, mode="real")


def test_a_kind_outside_the_vocabulary_is_not_written() -> None:
    """An entry of an unknown kind is refused before it is hashed."""
    with pytest.raises(Refused, match="EntryKind"):
        encode(evolve(ENTRY, kind="incident.lost"))


@pytest.mark.parametrize("fields", [{"sealed": "c2VhbGVk"}, {"key": "k"}])
def test_ciphertext_and_key_go_together(fields: dict[str, str]) -> None:
    """Ciphertext without its key's id, or the reverse, is refused."""
    with pytest.raises(Refused, match="together"):
        evolve(ENTRY, **fields)


def test_plaintext_in_place_of_ciphertext_is_refused_unseen() -> None:
    """A name written where ciphertext belongs is refused, and the error does not repeat it."""
    with pytest.raises(Refused) as refused:
        evolve(ENTRY, sealed="Jansen, M.", key="k")
    assert "Jansen" not in str(refused.value)


def test_an_entry_keeps_what_it_said() -> None:
    """An entry does not follow the mapping that it was made from."""
    facts = {"revision": 1}
    entry = evolve(ENTRY, facts=facts)
    facts["revision"] = 2
    assert entry.facts == {"revision": 1}


def test_a_kind_of_a_later_release_is_kept() -> None:
    """Decoding keeps a kind that this release does not know."""
    assert decode(altered(kind="escort.announced"), SCHEMA_VERSION).kind == "escort.announced"


def test_an_entry_of_a_newer_schema_is_glimpsed() -> None:
    """What every release writes is told; its kind is none that this one acts on, nor its facts."""
    document = json.loads(encode(ENTRY)) | {"schema": SCHEMA_VERSION + 1, "weather": "fog"}
    found = glimpse(json.dumps(document).encode(), SCHEMA_VERSION + 1)
    assert found == evolve(ENTRY, kind=f"incident.recorded@{SCHEMA_VERSION + 1}", facts={})
    assert not is_known(found.kind)


def test_an_entry_of_this_schema_is_glimpsed_whole() -> None:
    """A glimpse of what this release wrote is all of it."""
    assert glimpse(encode(ENTRY), SCHEMA_VERSION) == decode(encode(ENTRY), SCHEMA_VERSION)


def test_a_newer_schema_is_refused() -> None:
    """An entry of a schema from the future is refused instead of misread."""
    with pytest.raises(Refused, match="newer release"):
        decode(altered(schema=SCHEMA_VERSION + 1), SCHEMA_VERSION + 1)


def test_a_changed_schema_version_is_noticed() -> None:
    """A version beside the bytes that is not the hashed one is refused."""
    with pytest.raises(Refused, match="verify the journal"):
        decode(altered(schema=0), SCHEMA_VERSION)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"[]",
        b"{",
        b"[" * 100_000,
        altered(at=5),
        altered(at="yesterday"),
        altered(incident="x"),
        altered(incident=5),
        altered(facts=3),
        altered(kind=None),
        altered(surprise=1),
        altered(mode="real"),
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_bytes_that_are_no_entry_are_refused(raw: bytes) -> None:
    """Bytes that no release wrote are refused with a clear error, whatever is wrong."""
    with pytest.raises(Refused):
        decode(raw, SCHEMA_VERSION)
