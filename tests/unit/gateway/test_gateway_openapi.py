"""The API's own description is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from fastapi.openapi.models import OpenAPI

from dispatch_bus.application.bus import Bus
from dispatch_bus.domain.errors import Stop
from dispatch_bus.gateway.app import create_app

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description; making it asks nothing of any bus."""
    return create_app(cast("Bus", None), token="x" * 16).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method} {path}", operation


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Every schema that is ours: the library's own two describe what is never sent."""
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """It is a document of OpenAPI 3.1, and every reference in it leads somewhere."""
    assert OpenAPI.model_validate(document).openapi.startswith("3.1")
    known = {f"#/components/schemas/{name}" for name in schemas(document)}
    assert set(references(document)) <= known


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """Every operation has a summary and a description, and a name of its own."""
    found = dict(operations(document))
    assert len(found) == 15
    assert [name for name, one in found.items() if not one.get("description")] == []
    assert [name for name, one in found.items() if not one.get("summary")] == []
    assert len({one["operationId"] for one in found.values()}) == len(found)


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    """Every query parameter and header says what it is."""
    bare = [
        (name, parameter["name"])
        for name, one in operations(document)
        for parameter in one.get("parameters", ())
        if parameter["in"] != "path" and not parameter.get("description")
    ]
    assert bare == []


def test_every_field_is_described(document: dict[str, Any]) -> None:
    """Every field of every schema has a description, and an example unless it holds fields."""
    bare = [
        (name, field)
        for name, schema in schemas(document).items()
        for field, told in schema.get("properties", {}).items()
        if not told.get("description") or not (told.get("examples") or holds_fields(told))
    ]
    assert bare == []


def holds_fields(told: dict[str, Any]) -> bool:
    return next(references(told), None) is not None


def test_every_operation_of_the_bus_needs_the_token(document: dict[str, Any]) -> None:
    """Whatever is under the prefix names the token as its security."""
    open_ones = [name for name, one in operations(document) if not one.get("security")]
    assert open_ones == ["get /health"]


def test_every_problem_is_described(document: dict[str, Any]) -> None:
    """Every operation of the bus lists each status of the error table, in the one form."""
    for name, one in operations(document):
        if "/api/v1/" in name:
            for status in ("401", "404", "409", "422", "500", "503"):
                assert "application/problem+json" in one["responses"][status]["content"], name


@pytest.mark.parametrize("token", ["", "short"])
def test_a_token_that_keeps_nobody_out_stops_the_gateway(token: str) -> None:
    """With an empty or short token the gateway does not start, and says what to do."""
    with pytest.raises(Stop, match="Delete the token file"):
        create_app(cast("Bus", None), token=token)
