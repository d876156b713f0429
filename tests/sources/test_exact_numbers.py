"""Whole numbers beyond a float, and fractions among them: no two become one, and no value goes missing."""

from __future__ import annotations

import msgspec
import polars as pl
import pytest

from treadle.sources.documents import rows_of
from treadle.sources.exactness import as_texts, in_one, numbers_of

FAR = 2**53 + 1


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([2**53, 0.5], [2.0**53, 0.5]),
        ([FAR, 7.0, None], [FAR, 7, None]),
        ([FAR, 0.5, None], [str(FAR), "0.5", None]),
        ([-FAR, 0.5], [str(-FAR), "0.5"]),
        ([2**63 - 1, 7.0], [2**63 - 1, 7]),
        ([2**63, 7.0], [str(2**63), "7.0"]),
    ],
)
def test_what_numbers_of_one_column_are(values: list[int | float | None], found: list[object]) -> None:
    assert numbers_of(values, "x").to_list() == found


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([[FAR], [7.0, None]], [FAR, 7, None]),
        ([[FAR], [7.0], [6.5]], [str(FAR), "7", "6.5"]),  # one that is whole makes another no whole number
        ([[-FAR, 1], [0.5]], [str(-FAR), "1", "0.5"]),
        ([[-(2**53), 1], [0.5]], [-(2.0**53), 1.0, 0.5]),
    ],
)
def test_what_numbers_of_several_parts_are(parts: list[list[object]], found: list[object]) -> None:
    assert pl.concat(in_one([pl.Series("x", part) for part in parts])).to_list() == found


def test_a_number_as_text_is_the_same_number() -> None:
    made = as_texts(pl.Series("x", [7.0, 1e300, 0.5, 2.0**60, -7.0, None]))
    assert made.to_list() == ["7", "1e+300", "0.5", "1.152921504606847e+18", "-7", None] and made.name == "x"


@pytest.mark.parametrize("kind", ["json", "jsonl"])
@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([FAR, 0.5], [str(FAR), "0.5"]),  # as a float it is 2^53 itself
        ([-FAR, -FAR - 1, 0.5], [str(-FAR), str(-FAR - 1), "0.5"]),
        ([[FAR, 0.5], [1], None], [[str(FAR), "0.5"], ["1"], None]),
        ([[{"q": FAR}, {"q": 0.5}], [{"r": 1}], None], [[str(FAR), "0.5"], [None], None]),
        ([{"q": FAR}, {"q": 0.5}, {"r": 1}, None], [str(FAR), "0.5", None, None]),
    ],
)
def test_numbers_in_objects_and_lists(kind: str, values: list[object], found: list[object]) -> None:
    records = [{"p": value} for value in values]
    text = msgspec.json.encode(records) if kind == "json" else b"\n".join(map(msgspec.json.encode, records))
    column = rows_of(text, kind)["p"]
    if isinstance(column.dtype, pl.Struct):
        column = column.struct.field("q")
    elif column.dtype == pl.List(pl.Struct):
        column = column.list.eval(pl.element().struct.field("q"))
    assert column.to_list() == found
