"""Cursors."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch_bus.domain.errors import Refused
from dispatch_bus.gateway import cursors


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_leads_back_to_its_mark(at: object, id_: object) -> None:
    """What was written is read again, and needs no escaping in an address."""
    cursor = cursors.write((at, id_))  # type: ignore[arg-type]
    assert cursors.read(cursor) == (at, id_)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text())
def test_anything_else_is_refused(text: str) -> None:
    """No text makes reading a cursor fail in any other way than by refusing it."""
    with pytest.raises(Refused) as refusal:
        cursors.read(text)
    assert refusal.value.field == "cursor"


def test_a_time_without_offset_is_refused() -> None:
    """A mark whose time could be any of two hours is no mark."""
    naive = "MjAyNi0wMy0wMVQxMjowMDowMCAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA"
    with pytest.raises(Refused):
        cursors.read(naive)
