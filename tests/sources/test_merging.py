"""However rows are cut into readings, the table is the same; and how new rows fit those that are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.sources import Batch, Before, ColumnsChanged, batch, merged, together
from treadle.spec import New

SCHEMA = {"k": pl.Int64, "at": pl.Int64, "v": pl.Float64, "gone": pl.Boolean}
ROWS = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 9), st.sampled_from([0.5, 1.0, float("nan"), None]), st.booleans() | st.none()
    ),
    max_size=20,
)


def before(frame: pl.DataFrame) -> Before:
    def read(columns: Sequence[str] | None) -> pl.DataFrame:
        return frame if columns is None else frame.select(columns)

    return Before(frame.schema, read)


def put(kept: pl.DataFrame | None, rows: pl.DataFrame, new: New, keys: tuple[str, ...] = ("k",)) -> pl.DataFrame:
    found = merged(None if kept is None else before(kept), batch(rows, keys, new, "here"), keys, new, "here")
    if kept is None or found.whole:
        return found.rows
    return pl.concat([kept, found.rows], how="diagonal")


def frame(rows: Sequence[tuple[object, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(ROWS, st.lists(st.integers(0, 20), max_size=4), st.sampled_from(["replace", "keep"]))
def test_a_table_does_not_depend_on_how_it_was_read(rows: list[tuple[object, ...]], cuts: list[int], rule: str) -> None:
    """Against an oracle that looks at all rows at once; they come in the order of `at`, as they do by a cursor."""
    new = New(by="at", when_seen=rule)  # type: ignore[arg-type]
    rows = sorted(rows, key=lambda row: row[1])  # type: ignore[arg-type, return-value]
    kept: pl.DataFrame | None = None
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for start, end in pairwise(edges):
        kept = put(kept, frame(rows[start:end]), new)
    wanted: dict[object, tuple[object, ...]] = {}
    for row in rows:
        wanted[row[0]] = wanted.get(row[0], row) if rule == "keep" else row
    assert kept is not None
    assert kept.sort("k").equals(frame(list(wanted.values())).sort("k"))


@given(ROWS, st.lists(st.integers(0, 20), max_size=4))
def test_what_was_deleted_last_is_not_there(rows: list[tuple[object, ...]], cuts: list[int]) -> None:
    new = New(by="at", deleted="gone")
    rows = sorted(rows, key=lambda row: row[1])  # type: ignore[arg-type, return-value]
    kept: pl.DataFrame | None = None
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for start, end in pairwise(edges):
        kept = put(kept, frame(rows[start:end]), new)
    last = {row[0]: row for row in rows}
    assert kept is not None
    assert sorted(kept["k"]) == sorted(key for key, row in last.items() if not row[3])  # type: ignore[type-var]


@pytest.mark.parametrize(("rule", "first"), [("replace", [2, 1, 2, 2]), ("keep", [1, 2, 1, 1])])
def test_several_readings_together_are_what_they_are_in_turn(rule: str, first: list[int]) -> None:
    """One row later, one earlier, one as late as the one before, and one without a time: `v` tells the reading."""
    new = New(by="at", when_seen=rule)  # type: ignore[arg-type]
    several = [
        frame([(1, 3, 1.0, None), (2, 5, 1.0, None), (3, 5, 1.0, None), (4, 5, 1.0, None)]),
        frame([(2, 3, 2.0, None), (1, 5, 2.0, None), (3, 5, 2.0, None), (4, None, 2.0, None)]),
    ]
    found = merged(None, together(several, ("k",), new, ""), ("k",), new, "").rows.sort("k")
    assert found["v"].to_list() == first
    assert put(put(None, several[0], new), several[1], new).sort("k").equals(found)


def test_without_a_key_all_rows_are_kept_and_nothing_is_rewritten() -> None:
    kept = frame([(1, 1, 1.0, None)])
    found = merged(before(kept), batch(kept, (), New(by="at"), ""), (), New(by="at"), "")
    assert (found.whole, found.added, found.rows.height) == (False, 1, 1)


def test_rows_that_are_as_they_were_are_no_change() -> None:
    kept = frame([(1, 1, float("nan"), None), (2, 1, None, True)])
    found = merged(before(kept), batch(kept, ("k",), New(by="at"), ""), ("k",), New(by="at"), "")
    assert (found.whole, found.added, found.replaced, found.rows.height) == (False, 0, 0, 0)


def test_two_rows_of_one_key_in_one_reading() -> None:
    rows = frame([(1, 1, 1.0, None), (1, 2, 0.5, None), (None, 1, 1.0, None), (None, 1, 1.0, None)])
    assert put(None, rows, New(by="at"))["at"].to_list() == [2, 1, 1]
    assert put(None, rows, New(by="at", when_seen="keep"))["at"].to_list() == [1, 1, 1]
    with pytest.raises(DataError, match="2 rows have a key that is there already, such as k 1"):
        put(None, rows, New(by="at", when_seen="refuse"))


@pytest.mark.parametrize(
    ("kept", "came", "kind"),
    [
        ([1], [0.5], pl.Float64()), ([0.5], [1], pl.Float64()), ([None], ["a"], pl.String()), ([1], [None], pl.Int64()),
        ([date(2024, 1, 1)], [datetime(2024, 1, 2, tzinfo=UTC)], pl.Datetime("us", "UTC")),
        ([datetime(2024, 1, 1, tzinfo=UTC)], [date(2024, 1, 2)], pl.Datetime("us", "UTC")),
    ],
)  # fmt: skip
def test_types_are_made_to_fit(kept: list[object], came: list[object], kind: pl.DataType) -> None:
    found = put(pl.DataFrame({"x": kept}), pl.DataFrame({"x": came}), New(), ())
    assert found["x"].dtype == kind and found["x"].null_count() == (kept + came).count(None)
    assert found["x"].drop_nulls().len() == 2 - (kept + came).count(None)


@pytest.mark.parametrize(("kept", "came"), [([1], ["a"]), (["a"], [1]), ([True], [1]), ([date(2024, 1, 1)], [5])])
def test_another_type_is_refused(kept: list[object], came: list[object]) -> None:
    with pytest.raises(ColumnsChanged, match=r"x is .*, and was") as told:
        put(pl.DataFrame({"x": kept}), pl.DataFrame({"x": came}), New(), ())
    assert told.value.columns == ("x",)


def test_a_lost_column_is_refused() -> None:
    with pytest.raises(ColumnsChanged, match="y is not there any more"):
        put(pl.DataFrame({"x": [1], "y": [1]}), pl.DataFrame({"x": [2]}), New(), ())


def test_columns_in_another_order_are_the_same() -> None:
    found = put(pl.DataFrame({"x": [1], "y": [2]}), pl.DataFrame({"y": [4], "x": [3]}), New(), ())
    assert found.rows() == [(1, 2), (3, 4)]


@pytest.mark.parametrize("marks", [[True, False, None], [1, 0, None], [date(2024, 1, 1), None, None]])
def test_what_marks_a_deleted_row(marks: list[object]) -> None:
    rows = pl.DataFrame({"k": [1, 2, 3], "gone": marks})
    assert put(None, rows, New(deleted="gone"))["k"].to_list() == [2, 3]


def test_texts_mark_nothing_and_columns_must_be_there() -> None:
    with pytest.raises(DataError, match="gone marks deleted rows, and is String"):
        put(None, pl.DataFrame({"k": [1], "gone": ["false"]}), New(deleted="gone"))
    with pytest.raises(DataError, match='no column "k"'):
        batch(pl.DataFrame({"x": [1]}), ("k",), New(), "")
    assert Batch(pl.DataFrame()).deleted is None


@pytest.mark.parametrize("keys", [("k",), ()])
def test_a_row_that_is_deleted_and_has_no_key_does_not_stand(keys: tuple[str, ...]) -> None:
    rows = frame([(None, 1, 0.5, True), (None, 2, 1.0, None), (None, 3, 1.0, False)])
    assert put(None, rows, New(by="at", deleted="gone"), keys)["at"].to_list() == [2, 3]


def test_a_row_that_is_there_again_after_its_deletion_takes_the_place_of_the_one_before() -> None:
    kept, new = frame([(1, 5, 0.5, None), (2, 5, 0.5, None)]), New(by="at", deleted="gone", when_seen="keep")
    came = frame([(1, 7, None, True), (1, 9, 1.0, None), (2, 7, None, True), (3, 9, 1.0, None)])
    found = merged(before(kept), batch(came, ("k",), new, ""), ("k",), new, "")
    assert (found.added, found.replaced, found.removed) == (1, 1, 1)
    assert found.rows.sort("k").select("k", "at").rows() == [(1, 9), (3, 9)]


FAR = 2**53 + 1


@pytest.mark.parametrize(
    ("kept", "came", "kind"),
    [([FAR], [7.0], pl.Int64), ([7.0], [FAR], pl.Int64), ([2**53], [0.5], pl.Float64)],
)
def test_whole_numbers_beyond_a_float_stay_whole(kept: list[object], came: list[object], kind: pl.DataType) -> None:
    found = put(pl.DataFrame({"x": kept}), pl.DataFrame({"x": came}), New(), ())["x"]
    assert found.dtype == kind and found.to_list() == kept + came


@pytest.mark.parametrize(("kept", "came"), [([FAR], [6.5]), ([6.5], [FAR]), ([-FAR], [2.0**60])])
def test_whole_numbers_that_would_lose_digits_are_refused(kept: list[object], came: list[object]) -> None:
    said = f"x was {kept[0]} and the like, and is {came[0]} now"
    with pytest.raises(ColumnsChanged, match=re.escape(said)) as told:
        put(pl.DataFrame({"x": kept}), pl.DataFrame({"x": came}), New(), ())
    assert "logicalType: integer" in told.value.mend
