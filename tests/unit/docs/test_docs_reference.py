"""The documentation against the code: what is listed is complete, and what is linked is there."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from making.command_line import all_commands
from prometheus_client import REGISTRY

import dispatch_bus.gateway.metrics
import dispatch_bus.observability.metrics  # noqa: F401 - both register what they count
from dispatch_bus.application.health import Condition
from dispatch_bus.application.standing import Standing
from dispatch_bus.domain import errors
from dispatch_bus.domain.kinds import EntryKind
from dispatch_bus.domain.message import Act
from dispatch_bus.domain.notice import AnswerKind, NoticeState, RefusalCause
from dispatch_bus.domain.routing import Rule
from dispatch_bus.gateway.standing import Told
from dispatch_bus.store.quarantine import QuarantineState

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
VOCABULARIES: tuple[type[StrEnum], ...] = (
    EntryKind,
    NoticeState,
    AnswerKind,
    RefusalCause,
    Act,
    Rule,
    QuarantineState,
)
STANDING = Standing(
    at=datetime(2026, 3, 1, tzinfo=UTC),
    stages=(),
    rooms=(),
    handoffs=0,
    quarantine={},
    sealer=True,
    entries=0,
    connections=1,
    connections_limit=100,
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def words(page: Path) -> set[str]:
    """Return everything that stands between backticks on a page."""
    return set(re.findall(r"`([^`\n]+)`", page.read_text("utf-8")))


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda one: one.__name__)
def test_every_code_is_in_the_reference(vocabulary: type[StrEnum]) -> None:
    """The reference names each code of a closed vocabulary."""
    assert {one.value for one in vocabulary} - words(DOCS / "reference.md") == set()


def test_every_command_is_in_the_reference() -> None:
    """The reference names each command, and no other."""
    told = {word for word in words(DOCS / "reference.md") if word.startswith("dispatch-bus ")}
    named = {" ".join(re.findall(r"[a-z-]+", word)) for word in told}
    assert named == {name for name, _ in all_commands()}


def test_every_option_is_in_the_reference() -> None:
    """The reference names each option beside the command that has it."""
    lines = (DOCS / "reference.md").read_text("utf-8").splitlines()
    for name, command in all_commands():
        (row,) = (line for line in lines if line.startswith((f"| `{name}`", f"| `{name} ")))
        options = {opt for one in command.params for opt in one.opts if opt.startswith("-")}
        missing = {opt for opt in options - {"--config", "--help"} if f"`{opt}" not in row}
        assert not missing, f"{name}: {missing}"


def test_every_default_is_in_the_reference() -> None:
    """The reference tells the default of each option that takes a value and has one."""
    lines = (DOCS / "reference.md").read_text("utf-8").splitlines()
    for name, command in all_commands():
        (row,) = (line for line in lines if line.startswith((f"| `{name}`", f"| `{name} ")))
        for one in command.params:
            if isinstance(one.default, int | float | str | Path) and not one.is_flag:
                assert f"({one.default}" in row.replace("`", ""), f"{name}: {one.name}"


def test_every_error_is_in_the_reference() -> None:
    """The reference names each error that has a kind of recovery."""
    tree = {
        name
        for name, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.DispatchBusError) and one is not errors.DispatchBusError
    }
    assert tree - words(DOCS / "reference.md") == set()


def test_every_metric_is_in_the_operators_page() -> None:
    """The operator's page names each metric as Prometheus shows it, and no other."""
    counted = {
        f"{metric.name}_total" if metric.type == "counter" else metric.name
        for metric in (*REGISTRY.collect(), *Told(STANDING).collect())
        if metric.name.startswith("dispatch_bus_")
    }
    told = {word for word in words(DOCS / "operator.md") if word.startswith("dispatch_bus_")}
    assert told == counted


def test_every_condition_is_in_the_operators_page() -> None:
    """The operator's page says what each condition of health means."""
    assert {one.value for one in Condition} - words(DOCS / "operator.md") == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each link of a page leads to a file of the repository, and to a heading on it."""
    for link in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("picture", sorted(DOCS.rglob("*.svg")), ids=lambda one: one.name)
def test_no_picture_loads_anything(picture: Path) -> None:
    """A picture shows the same without a network: it names no address but its namespace."""
    addresses = re.findall(r"\w+://[^\s\"')]+", picture.read_text("utf-8"))
    assert set(addresses) == {"http://www.w3.org/2000/svg"}
