"""What names of columns and the writing of labels suggest is said, with how to say it, and acted upon by nobody."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.drafting.drafts import ON_FIT, Wanted, draft
from treadle.drafting.guessing import Hints
from treadle.drafting.stated import NOTHING_STATED, Stated
from treadle.drafting.suggested import MOST_CLASSES, alike, suggested

ROWS = 120


def said(folder: Path, *, place: str = ON_FIT, target: str = "y", **columns: object) -> list[str]:
    random = np.random.default_rng(1)
    plain = pl.DataFrame({"x": random.normal(size=ROWS), "y": random.poisson(3.0, ROWS)})
    plain.with_columns(**{name: pl.Series(values) for name, values in columns.items()}).write_csv(folder / "t.csv")
    wanted = Wanted(folder=str(folder / "new"), source=str(folder / "t.csv"), target=target, owner="ada", place=place)
    return draft(wanted).guess.said


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("weight", "--weight weight"), ("survey_wt", "--weight survey_wt"), ("fnlwgt", "--weight fnlwgt"),
        ("exposure", "--exposure exposure"), ("person_years", "--exposure person_years"), ("weighted", ""), ("age", ""),
    ],
)  # fmt: skip
def test_a_name_that_says_weight_or_exposure_is_hinted_at(tmp_path: Path, name: str, option: str) -> None:
    told = said(tmp_path, **{name: np.linspace(0.5, 2, ROWS)})
    hints = [line for line in told if "is taken as a feature" in line]
    assert [line.endswith(option) for line in hints] == [True] if option else hints == []
    in_file = [
        line for line in said(tmp_path, place="--from", **{name: np.linspace(0.5, 2, ROWS)}) if "taken as" in line
    ]
    assert all("--" not in line and "in predict" in line for line in in_file) and len(in_file) == len(hints)


def test_what_is_no_number_or_counts_nothing_is_no_exposure(tmp_path: Path) -> None:
    assert not any("is taken as" in line for line in said(tmp_path, weight=["a", "b"] * (ROWS // 2)))
    fractions = np.random.default_rng(2).integers(0, 30, ROWS) / 2
    assert not any("is taken as" in line for line in said(tmp_path, exposure=np.linspace(1, 2, ROWS), y=fractions))


def test_labels_that_differ_by_capitals_or_blanks_are_told(tmp_path: Path) -> None:
    told = said(tmp_path, target="kind", kind=["Yes", "yes", "NO ", "No"] * (ROWS // 4))
    (line,) = [line for line in told if line.startswith("kind: ")]
    assert '"NO " and "No"; "Yes" and "yes" differ by capitals or blanks alone' in line
    assert not any("differ by" in line for line in said(tmp_path, target="kind", kind=["Yes", "No"] * (ROWS // 2)))


@given(st.lists(st.text(max_size=6)))
def test_each_value_is_in_one_group_at_most_and_groups_are_alike(values: list[str]) -> None:
    groups = alike(values)
    flat = [value for same in groups for value in same]
    assert len(flat) == len(set(flat)) and set(flat) <= set(values) and all(len(same) > 1 for same in groups)
    assert all(len({" ".join(value.casefold().split()) for value in same}) == 1 for same in groups)


def hints(folder: Path, stated: Stated = NOTHING_STATED, kind: str | None = None, **columns: object) -> list[str]:
    random = np.random.default_rng(1)
    plain = pl.DataFrame({"x": random.normal(size=ROWS), "y": random.poisson(3.0, ROWS)})
    plain.with_columns(**{name: pl.Series(values) for name, values in columns.items()}).write_csv(folder / "t.csv")
    asked = Wanted(str(folder / "new"), str(folder / "t.csv"), "y", owner="ada", place=ON_FIT)
    wanted = msgspec.structs.replace(asked, stated=stated, hints=Hints(kind=kind))
    return [line for line in draft(wanted).guess.said if "is taken as a feature" in line]


def test_the_first_of_several_is_hinted_at_and_none_where_one_is_said(tmp_path: Path) -> None:
    both = {"wt": np.linspace(0.5, 2, ROWS), "sample_weight": np.linspace(1, 3, ROWS)}
    (line,) = hints(tmp_path, **both)
    assert line.startswith("wt is taken") and line.endswith("--weight wt")
    assert not hints(tmp_path, Stated(weight="wt"), **both)
    over = {"exposure": np.linspace(1, 2, ROWS), "population": np.linspace(2, 9, ROWS)}
    (line,) = hints(tmp_path, **over)
    assert line.startswith("exposure is taken") and line.endswith("--exposure exposure")
    assert not hints(tmp_path, Stated(exposure="exposure"), "counts", **over)


def test_what_is_below_zero_or_no_count_is_not_counted_over_anything(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    over = {"exposure": np.linspace(1, 2, ROWS)}
    assert hints(tmp_path, kind="regression", **over)
    assert not hints(tmp_path, kind="regression", y=random.integers(-20, 20, ROWS), **over)
    assert not hints(tmp_path, y=random.integers(0, 2, ROWS), **over), "a class is no count"
    days = {"stay_days": np.linspace(1, 2, ROWS)}
    assert hints(tmp_path, kind="counts", **days) and not hints(tmp_path, kind="regression", **days)


def test_three_groups_of_labels_are_named_and_the_others_counted(tmp_path: Path) -> None:
    kinds = [form for word in ("ab", "cd", "ef", "gh", "ij") for form in (word, word.upper())]
    told = said(tmp_path, target="kind", kind=kinds * (ROWS // 10))
    (line,) = [line for line in told if line.startswith("kind: ")]
    assert '"AB" and "ab"; "CD" and "cd"; "EF" and "ef"; and 2 more differ' in line and "gh" not in line


@pytest.mark.parametrize(("values", "told"), [(MOST_CLASSES, True), (MOST_CLASSES + 2, False)])
def test_of_more_values_than_classes_none_are_held_against_each_other(values: int, told: bool) -> None:
    labels = [form for n in range(values // 2) for form in (f"k{n}", f"K{n}")]
    guess = SimpleNamespace(target="kind", types={"kind": "str"}, labels=pl.Series(labels), request=(), numeric=False)
    lines = suggested(guess, NOTHING_STATED, options=True)  # type: ignore[arg-type]
    assert bool(lines) is told
