"""A fingerprint names rows by their content, wherever parts of them are cut."""

from __future__ import annotations

import math
from datetime import datetime

import polars as pl
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from treadle.store import Blocks, fingerprint, fingerprints


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "block_rows", lambda columns: 4)


def of_parts(frame: pl.DataFrame, cuts: list[int]) -> str:
    blocks, at = Blocks(), 0
    for cut in [*cuts, frame.height]:
        end = max(at, min(cut, frame.height))
        blocks.add(frame.slice(at, end - at))
        at = end
    return blocks.fingerprint()


@given(
    st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.text(max_size=3)), max_size=20),
    st.lists(st.integers(0, 20), max_size=6).map(sorted),
)
def test_where_parts_are_cut_changes_nothing(rows: list[tuple[int, str]], cuts: list[int]) -> None:
    frame = pl.DataFrame(rows, schema={"n": pl.Int64, "s": pl.String}, orient="row")
    assert of_parts(frame, cuts) == fingerprint(frame)


@pytest.mark.parametrize("height", [4, 5, 8, 9])
def test_other_rows_in_any_block_are_another(height: int) -> None:
    frame = pl.DataFrame({"n": range(height)})
    whole = fingerprint(frame)
    for row in range(height):
        changed = frame.with_columns(pl.when(pl.col("n") == row).then(-1).otherwise("n").alias("n"))
        assert fingerprint(changed) != whole
    assert fingerprint(frame.head(height - 1)) != whole
    assert fingerprint(frame.reverse()) != whole


def test_rows_of_a_block_follow_from_the_columns_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert [fingerprints.block_rows(n) for n in (0, 1, 20, 10_000)] == [1 << 24, 1 << 24, 1 << 19, 1 << 16]


LIST, PAIR, ROW = pl.List(pl.Float64), pl.Array(pl.Float64, 2), pl.Struct({"x": pl.Float64})
NOON = datetime(2026, 1, 1, 12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.Series("a", [0, 1]), pl.Series("a", [None, 1], dtype=pl.Int64)),
        (pl.Series("a", ["", "b"]), pl.Series("a", [None, "b"], dtype=pl.String)),
        (pl.Series("a", [b"", b"b"]), pl.Series("a", [None, b"b"], dtype=pl.Binary)),
        (pl.Series("a", [False, True]), pl.Series("a", [None, True], dtype=pl.Boolean)),
        (pl.Series("a", ["ab", "c"]), pl.Series("a", ["a", "bc"])),
        (pl.Series("a", [b"ab", b"c"]), pl.Series("a", [b"a", b"bc"])),
        (pl.Series("a", [1, 2], dtype=pl.Int64), pl.Series("a", [1, 2], dtype=pl.UInt64)),
        (pl.Series("a", [False, True]), pl.Series("a", [0, 1], dtype=pl.UInt8)),
        (pl.Series("a", [0.0]), pl.Series("a", [-0.0])),
        (pl.Series("a", [NOON]), pl.Series("a", [NOON]).dt.replace_time_zone("UTC")),
        (pl.Series("a", [[1], [2, 3]]), pl.Series("a", [[1, 2], [3]])),
        (pl.Series("a", [[None]], dtype=LIST), pl.Series("a", [[math.nan]], dtype=LIST)),
        (pl.Series("a", [[math.nan]], dtype=LIST), pl.Series("a", [[math.inf]], dtype=LIST)),
        (pl.Series("a", [[]], dtype=LIST), pl.Series("a", [None], dtype=LIST)),
        (pl.Series("a", [[]], dtype=LIST), pl.Series("a", [[None]], dtype=LIST)),
        (pl.Series("a", [[1.5, math.nan]], dtype=PAIR), pl.Series("a", [[1.5, None]], dtype=PAIR)),
        (pl.Series("a", [{"x": math.nan}]), pl.Series("a", [{"x": math.inf}])),
        (pl.Series("a", [None], dtype=ROW), pl.Series("a", [{"x": None}], dtype=ROW)),
        (pl.Series("a", [[{"x": 1.0}, None]], dtype=pl.List(ROW)), pl.Series("a", [[None, {"x": 1.0}]])),
        (pl.Series("a", [[["a"], []]]), pl.Series("a", [[[], ["a"]]])),
        (pl.Series("a", [[["a", "b"]]]), pl.Series("a", [[["a"], ["b"]]])),
        (
            pl.Series("a", [[1]]).cast(pl.List(pl.Datetime("ns"))),
            pl.Series("a", [[2]]).cast(pl.List(pl.Datetime("ns"))),
        ),
        (pl.Series("a", [1]), pl.Series("b", [1])),
    ],
    ids=lambda each: f"{each.dtype}",
)
def test_what_differs_in_anything_is_named_otherwise(one: pl.Series, other: pl.Series) -> None:
    assert fingerprint(one.to_frame()) != fingerprint(other.to_frame())
    assert fingerprint(pl.concat([one, one]).to_frame()) == fingerprint(pl.concat([one, one], rechunk=False).to_frame())


def test_what_lies_under_a_missing_value_is_none() -> None:
    some = pl.DataFrame({"n": [1, 2, 3], "keep": [True, False, True]})
    hidden = some.select(pl.when("keep").then("n").alias("n"))
    assert fingerprint(hidden) == fingerprint(pl.DataFrame({"n": [1, None, 3]}))
    for whole, there in ((pl.struct("n"), {"n": 1}), (pl.concat_list("n"), [1])):
        nested = some.head(2).select(pl.when("keep").then(whole).alias("a"))
        assert fingerprint(nested) == fingerprint(pl.DataFrame({"a": [there, None]}))


def test_nested_values_are_what_they_are_wherever_they_lie() -> None:
    rows = pl.DataFrame({"l": [[1, 2], [], [3], None, [4, 5]], "s": [{"x": [n]} for n in "abcde"]})
    assert fingerprint(rows.slice(2, 3)) == fingerprint(pl.DataFrame(rows.rows()[2:], rows.schema, orient="row"))
    assert of_parts(rows, [1, 3]) == fingerprint(rows)


def test_the_hash_is_blake3_of_rows_names_types_and_values() -> None:
    """Worked by hand: the height, then each column's name and type, then its numbers as they lie in memory."""
    said = b"2" + b"a\0Int64\0" + (5).to_bytes(8, "little") + (7).to_bytes(8, "little")
    assert fingerprint(pl.DataFrame({"a": [5, 7]})) == blake3(said).hexdigest()
    lengths = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    said = b"3" + b"a\0List(Int64)\0" + b"\1\0\1" + lengths + b"\1" + (7).to_bytes(8, "little")
    assert fingerprint(pl.DataFrame({"a": [[7], None, []]})) == blake3(said).hexdigest()


SPELLED = b"%s\0Int64\0" % (b"b" * 65)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": ["\0"], "b": [7]}, {"a": pl.Series([None], dtype=pl.String), "b": [7]}),
        ({"a": [int.from_bytes(b"A" * 8, "little")], "b": [7]}, {"a\0Int64\0AAAAAAAAb": [7]}),
        (
            {"1a": [3], "b" * 65: [7]},
            {"a": [3, *(int.from_bytes(SPELLED[at : at + 8], "little") for at in range(0, 72, 8)), 7]},
        ),
    ],
    ids=["missing", "name", "height"],
)
def test_nothing_reads_as_another_column_as_missing_or_as_a_height(
    one: dict[str, list[object]], other: dict[str, list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pair was made so that one plain row of bytes without marks between its parts is the same for both."""
    monkeypatch.undo()
    assert fingerprint(pl.DataFrame(one)) != fingerprint(pl.DataFrame(other))


def test_a_category_is_named_by_its_text_and_not_by_its_number_in_this_process() -> None:
    pl.Series(["first here"], dtype=pl.Categorical)
    lengths = (1).to_bytes(4, "little") + (2).to_bytes(4, "little")
    said = b"2" + b"a\0Categorical\0" + lengths + b"xyy"
    assert fingerprint(pl.DataFrame({"a": pl.Series(["x", "yy"], dtype=pl.Categorical)})) == blake3(said).hexdigest()
