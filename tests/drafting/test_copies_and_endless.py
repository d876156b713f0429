"""Columns that are the label once more, and columns that are infinite, at the edges of what counts as such."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from treadle.drafting.copies import copies
from treadle.drafting.endless import MOST_HELD, endless

ROWS = 100
LABEL = [n % 3 for n in range(ROWS)]


def found(column: list[object], label: list[object] = LABEL, kind: str = "int") -> list[str]:  # type: ignore[assignment]
    frame = pl.DataFrame({"y": label, "x": column}, strict=False)
    return list(copies(frame, "y", {"y": "float" if kind == "float" else "int", "x": kind}))


@pytest.mark.parametrize(("known", "copy"), [(100, True), (50, True), (49, False), (30, False)])
def test_a_copy_is_known_in_half_of_the_rows(known: int, copy: bool) -> None:
    assert bool(found([LABEL[n] + 7 if n < known else None for n in range(ROWS)])) is copy


@pytest.mark.parametrize(("rows", "copy"), [(20, True), (19, False)])
def test_a_copy_is_seen_in_twenty_rows(rows: int, copy: bool) -> None:
    assert bool(found([value * 2 for value in LABEL[:rows]], LABEL[:rows])) is copy


def test_values_that_go_with_two_labels_or_labels_with_two_values_are_no_copy() -> None:
    assert not found([min(value, 1) for value in LABEL]), "two labels have one value"
    assert not found([value * 2 + n % 2 for n, value in enumerate(LABEL)]), "a label has two values"
    assert not found([LABEL[n - 1] if n % 50 == 0 else LABEL[n] for n in range(ROWS)]), "but for two rows"


def straight(noise: float = 0.0, slope: float = 2.0, odd: float | None = None) -> bool:
    random = np.random.default_rng(1)
    label = random.normal(size=400)
    column = slope * label + 3.0 + noise * random.normal(size=400)
    if odd is not None:
        column[7] = odd
    return bool(found(column.tolist(), label.tolist(), "float"))


def test_a_line_may_fall_and_has_no_noise() -> None:
    assert straight() and straight(slope=-2.0) and not straight(noise=0.01)
    assert straight(odd=float("inf")) and straight(odd=float("nan")), "what is no number lies on no line"
    assert not straight(odd=0.5), "in all rows"


def test_a_line_through_few_numbers_is_none() -> None:
    label = [float(n) for n in range(400)]
    assert not found([value if n < 19 else float("inf") for n, value in enumerate(label)], label, "float")
    assert found([value if n < 20 else float("inf") for n, value in enumerate(label)], label, "float")


def table(bad: int, rows: int = 100, width: int = 0) -> pl.DataFrame:
    values = [float("inf") if n < bad else float(n) for n in range(rows)]
    wide = {f"c{n}": [0] * rows for n in range(width)}
    return pl.DataFrame({"y": [float("-inf")] * rows, "x": values, "z": [1.0] * rows, **wide})


def test_few_endless_rows_are_set_aside_and_a_column_of_many_is_left_out() -> None:
    types = {"y": "float", "x": "float", "z": "float", "k": "int"}
    assert endless(table(0), types, "y") == ({}, "")
    out, said = endless(table(5), types, "y")
    assert out == {} and said == "x: 5 rows have infinite values, and are set aside as bad"
    assert endless(table(6), types, "y") == ({"x": 6}, "")
    assert endless(table(5, width=MOST_HELD - 3), types, "y")[0] == {}
    assert endless(table(5, width=MOST_HELD - 2), types, "y") == ({"x": 5}, ""), "it has no contract to set them aside"
    assert endless(table(5), {"y": "float"}, "y") == ({}, ""), "the label is no feature"
    assert endless(table(5).with_columns(pl.lit(None, pl.Float64).alias("z")), types, "y")[0] == {}
