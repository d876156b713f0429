"""A fingerprint names rows by their content, wherever parts of them are cut."""

from __future__ import annotations

import polars as pl
import pytest
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
