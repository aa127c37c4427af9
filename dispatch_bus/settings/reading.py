"""Reads a whole configuration folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from attrs import frozen
from pydantic import BaseModel

from dispatch_bus.settings.finding import Finding
from dispatch_bus.settings.models import (
    AgreementsFile,
    Bus,
    CentresFile,
    CodesFile,
    ResponsibilityFile,
    RoomsFile,
    ZonesFile,
)
from dispatch_bus.settings.toml import Parsed, parse

MODELS: Mapping[str, type[BaseModel]] = {
    "bus.toml": Bus,
    "rooms.toml": RoomsFile,
    "centres.toml": CentresFile,
    "responsibility.toml": ResponsibilityFile,
    "agreements.toml": AgreementsFile,
    "zones.toml": ZonesFile,
}
_VERSION_DIGITS = 12


@frozen(kw_only=True)
class Reading:
    """A folder as it was read: each model by its file's stem, where the file is right.

    ``codes`` maps a code list's name to its model, and stands among the materials only where
    every list is right. ``version`` is a short hash of all the files' contents.
    """

    materials: Mapping[str, object]
    findings: tuple[Finding, ...]
    version: str


def read(folder: Path) -> Reading:
    """Read each file of a configuration folder and collect every misfit in all of them."""
    contents = dict(_contents(folder))
    parsed = dict(_parsed(contents))
    found = tuple(finding for one in parsed.values() for finding in one.findings)
    return Reading(materials=_materials(parsed), findings=found, version=_version(contents))


def _contents(folder: Path) -> Iterator[tuple[str, bytes | OSError]]:
    code_lists = sorted(f"codes/{path.name}" for path in (folder / "codes").glob("*.toml"))
    for name in (*MODELS, *code_lists):
        try:
            yield name, (folder / name).read_bytes()
        except OSError as error:
            yield name, error


def _parsed(contents: Mapping[str, bytes | OSError]) -> Iterator[tuple[str, Parsed]]:
    for name, raw in contents.items():
        if isinstance(raw, OSError):
            remedy = f"Put the file there ({raw.strerror}); the shipped one is an example."
            yield name, Parsed(None, (Finding(name, "file", None, remedy),))
        else:
            yield name, parse(name, raw, MODELS.get(name, CodesFile))


def _materials(parsed: Mapping[str, Parsed]) -> dict[str, object]:
    models = {
        name.removesuffix(".toml"): one.model
        for name, one in parsed.items()
        if one.model is not None
    }
    codes = {name.removeprefix("codes/"): models.pop(name) for name in list(models) if "/" in name}
    whole = len(codes) == sum("/" in name for name in parsed)
    return {**models, "codes": codes} if whole else models


def _version(contents: Mapping[str, bytes | OSError]) -> str:
    digest = sha256()
    for name, raw in sorted(contents.items()):
        content = raw if isinstance(raw, bytes) else b""
        digest.update(f"{name}\x00{len(content)}\x00".encode())
        digest.update(content)
    return digest.hexdigest()[:_VERSION_DIGITS]
