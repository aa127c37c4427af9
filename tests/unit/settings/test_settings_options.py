"""Options: each adapter says itself which ones it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dispatch_bus.domain.errors import DispatchBusError, Retry, Stop
from dispatch_bus.sdk.process import try_start
from dispatch_bus.settings import Finding, GeographyFacts, check

Edit = Callable[[str, str, str], None]


@pytest.fixture
def findings(folder: Path, facts: GeographyFacts) -> Callable[[], tuple[Finding, ...]]:
    """Check the folder with its adapters started."""
    return lambda: check(folder, facts, {"plain"}, try_start)


def test_options_that_every_adapter_takes_are_no_mistake(
    findings: Callable[[], tuple[Finding, ...]],
) -> None:
    """A configuration without mistakes stays one when its adapters are asked."""
    assert findings() == ()


@pytest.mark.parametrize(
    ("old", "new", "option", "value"),
    [
        ('token = "simulated"', 'token = "simulated", timeout = 3', "timeout", "3"),
        ('token = "simulated"', 'token = "simulated", timeout_s = 0', "timeout_s", "0"),
        ('token = "simulated"', "token = 4711", "token", "(hidden)"),
        (', token = "simulated"', "", "token", "None"),
    ],
    ids=["unknown", "out of range", "secret", "missing"],
)
def test_an_option_that_an_adapter_refuses_is_named_without_secrets(
    old: str,
    new: str,
    option: str,
    value: str,
    edit: Edit,
    findings: Callable[[], tuple[Finding, ...]],
) -> None:
    """The room, its option and what to do are named; a secret is not shown."""
    edit("rooms.toml", old, new)
    (found,) = findings()
    assert (found.file, found.key) == ("rooms.toml", f"room.NL.options.{option}")
    assert (str(found.value), bool(found.remedy)) == (value, True)
    assert "4711" not in str(found)


@pytest.mark.parametrize(
    "error", [Retry("plain: start took longer than 30 s"), Stop("It is broken.", "Install it.")]
)
def test_an_adapter_that_does_not_start_is_named(
    error: DispatchBusError, folder: Path, facts: GeographyFacts
) -> None:
    """Whatever keeps an adapter from starting is found beside its name."""

    def fail(*_: object) -> None:
        raise error

    found = check(folder, facts, {"plain"}, fail)
    assert [(one.key, one.value) for one in found] == [
        ("room.NL.adapter", "plain"),
        ("room.BE.adapter", "plain"),
    ]
    assert found[0].remedy == str(error)
