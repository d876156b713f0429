"""Columns of JSON come in the order of their text, also where Polars would shuffle them; what is too deep is told."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.sources.documents import MOST_LEVELS, Missing, at, rows_of
from treadle.sources.unreadable import Unreadable

WIDE = [f"c{number}" for number in range(100)]


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_columns_keep_their_order_however_many_there_are(kind: str) -> None:
    inner = dict.fromkeys(reversed(WIDE), 1)
    records = [dict.fromkeys(WIDE, 1), {"late": 2, "inner": inner, "c5": 3}]
    text = json.dumps(records) if kind == "json" else "\n".join(map(json.dumps, records))
    frame = rows_of(text.encode(), kind)
    assert frame.columns == [*WIDE, "late", "inner"]
    assert frame.schema["inner"] == pl.Struct(dict.fromkeys(reversed(WIDE), pl.Int64))
    assert (
        frame["late"].to_list() == [None, 2] and frame["c5"].to_list() == [1, 3] and frame["c6"].to_list() == [1, None]
    )
    assert frame["inner"].to_list()[1] == inner


@given(st.permutations(WIDE), st.integers(0, 99))
def test_any_order_is_kept(names: list[str], cut: int) -> None:
    records = [dict.fromkeys(names[:cut], 1), dict.fromkeys(names[cut:], 2)]
    text = "\n".join(json.dumps(record) for record in records if record)
    assert rows_of(text.encode(), "jsonl").columns == names


@pytest.mark.parametrize("kind", ["json", "jsonl"])
@pytest.mark.parametrize("levels", [MOST_LEVELS + 1, 150, 900, 30_000])
@pytest.mark.parametrize(("opens", "closes"), [('{"a":', "}"), ("[", "]")])
def test_what_is_nested_too_deep_is_told(kind: str, levels: int, opens: str, closes: str) -> None:
    deep = '{"b":' + opens * levels + "1" + closes * levels + "}"
    text = f'[{{"b":1}},{deep}]' if kind == "json" else f' {{"b":1}}\n\n{deep}\n'
    with pytest.raises(Unreadable, match=r"more than 32 levels|is no JSON") as bad:
        rows_of(text.encode(), kind)
    assert bad.value.mend


def test_as_deep_as_may_be_is_read() -> None:
    deep = '{"a":' * MOST_LEVELS + "1" + "}" * MOST_LEVELS
    assert rows_of(deep.encode(), "jsonl").height == rows_of(f"[{deep}]".encode(), "json").height == 1


def test_brackets_within_texts_are_no_levels() -> None:
    text = json.dumps({"a": "{[" * 500}) + "\n" + json.dumps({"a": "x", "b": [1]})
    assert rows_of(text.encode(), "jsonl").height == 2


def test_a_place_in_a_document() -> None:
    tree = {"a": {"b": [1]}, "": 2}
    assert at(tree, "a.b") == [1] and at(tree, "") == 2
    for place in ("a.c", "a.b.c", "x", "a."):
        with pytest.raises(Missing):
            at(tree, place)
    with pytest.raises(Missing, match='did you mean "meta"'):
        at({"meta": 1}, "mata.next")
