"""Every operation's answer has a schema that says what each of its parts is: no seam passes anything at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from treadle.api import OPERATIONS


def anything(schema: object, path: str = "") -> Iterator[str]:
    """Places in a JSON Schema that take whatever comes."""
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from anything(part, f"{path}/{number}")
    elif isinstance(schema, dict):
        inside = schema.keys() & {"properties", "additionalProperties", "items", "prefixItems"}
        if schema.get("type") in ("object", "array") and not inside:
            yield path  # msgspec leaves out what may be anything
        for name, part in schema.items():
            if name in ("default", "enum", "examples"):
                continue
            if part == {} and name not in ("properties", "$defs"):
                yield f"{path}/{name}"
            yield from anything(part, f"{path}/{name}")


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name != "schema"])  # it answers a schema itself
def test_an_answer_says_what_each_part_is(name: str) -> None:
    answer = OPERATIONS[name].answer
    assert isinstance(answer, type) and issubclass(answer, msgspec.Struct)
    schema = msgspec.json.schema(answer)
    assert list(anything(schema)) == []


def test_anything_is_seen() -> None:
    class Loose(msgspec.Struct):
        rows: list[Any]
        more: dict[str, Any]
        one: Any
        name: str = ""

    assert len(list(anything(msgspec.json.schema(Loose)))) == 3
