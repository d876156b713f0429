"""What is known of a table need not be guessed; and what is the label once more is left out."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.drafting.copies import copies
from treadle.drafting.drafts import Wanted, draft
from treadle.drafting.guessing import Hints
from treadle.drafting.writing import write, write_project
from treadle.errors import DataError, TreadleError
from treadle.expr import column_types
from treadle.spec import ProjectSpec, load, trusted

ROWS = 80
FRAME = pl.DataFrame(
    {
        "amount": [n * 37 % 101 / 2 for n in range(ROWS)],
        "who": [f"p{n % 9}" for n in range(ROWS)],
        "when": pl.Series([f"2024-01-{1 + n % 28:02}" for n in range(ROWS)]).str.to_date(),
        "word": [("red", "green", "blue")[n * 7 % 3] for n in range(ROWS)],
        "size": [n * 31 % 5 for n in range(ROWS)],
        "low": [n % 6 - 4 for n in range(ROWS)],
        "back": ["rare" if n % 4 == 0 else "often" for n in range(ROWS)],
    }
)


def drafted(folder: Path, target: str, frame: pl.DataFrame = FRAME, **hints: object) -> tuple[list[str], ProjectSpec]:
    frame.write_parquet(folder / "t.parquet")
    asked = Wanted(str(folder / "made"), str(folder / "t.parquet"), target, owner="ada", hints=Hints(**hints))  # type: ignore[arg-type]
    said = write_project(asked).guesses
    return said, load(folder / "made").spec


def test_without_hints_the_rarer_value_is_found_and_rows_are_split_by_time(tmp_path: Path) -> None:
    said, spec = drafted(tmp_path, "back")
    assert spec.predict.label == "back = 'rare'" and spec.predict.split.by == "time"
    assert any("'rare', the rarer one, is the one to find" in line for line in said)


@pytest.mark.parametrize(
    ("target", "hints", "label", "kind", "metric"),
    [
        ("back", {"positive": "often"}, "back = 'often'", "classification", "roc_auc"),
        ("back", {"metric": "brier"}, "back = 'rare'", "classification", "brier"),
        ("word", {"positive": "red"}, "word = 'red'", "classification", "roc_auc"),
        ("word", {}, "word", "multiclass", "log_loss"),
        ("size", {}, "size", "regression", "rmse"),
        ("size", {"kind": "multiclass"}, "size", "multiclass", "log_loss"),
        ("size", {"kind": "counts"}, "size", "counts", "poisson_deviance"),
        ("size", {"kind": "classification", "positive": "3"}, "size = 3", "classification", "roc_auc"),
        ("amount", {"kind": "regression", "metric": "mae"}, "amount", "regression", "mae"),
    ],
)
def test_a_hint_takes_the_place_of_a_guess(
    tmp_path: Path, target: str, hints: dict[str, object], label: str, kind: str, metric: str
) -> None:
    _, spec = drafted(tmp_path, target, **hints)
    assert (spec.predict.label, spec.predict.kind, spec.predict.metric) == (label, kind, metric)


def test_groups_are_kept_whole_and_are_no_feature(tmp_path: Path) -> None:
    said, spec = drafted(tmp_path, "back", group="who")
    assert (spec.predict.split.by, spec.predict.split.group, spec.predict.at) == ("group", "who", None)
    assert "who" not in spec.features.request and "when" in spec.features.request
    assert any(line.startswith("group: 9 of who") for line in said)


def test_dropped_columns_are_no_features_nor_key_nor_time(tmp_path: Path) -> None:
    frame = FRAME.with_columns(id=pl.int_range(pl.len()))
    said, spec = drafted(tmp_path, "back", frame, drop=("id", "when"))
    assert not {"id", "when"} & set(spec.features.request) and spec.predict.at is None
    assert spec.sources["made"].key == () and any("id (dropped, as asked), when (dropped" in line for line in said)


def test_minutes_and_trials_stand_in_the_file(tmp_path: Path) -> None:
    _, spec = drafted(tmp_path, "back", minutes=None, trials=3)
    assert spec.brief.limits.train_minutes is None and spec.train.trials == 3
    (tmp_path / "b").mkdir()
    assert drafted(tmp_path / "b", "back", minutes=0.75)[1].brief.limits.train_minutes == 0.75
    (tmp_path / "c").mkdir()
    limits = drafted(tmp_path / "c", "back", minutes=None, spend=0.5)[1].brief.limits
    assert (limits.train_minutes, limits.train_cost) == (None, 0.5)


@pytest.mark.parametrize(
    ("target", "hints", "said"),
    [
        ("back", {"time": "wen"}, '--time: the table has no column "wen"\n  did you mean "when"?'),
        ("back", {"time": "word"}, "--time: word is str, such as 'red', and no time"),
        ("back", {"group": "back"}, "--group: back is what is predicted"),
        ("back", {"group": "who", "time": "when"}, "split by time or by group, not by both"),
        ("back", {"drop": ("sise",)}, '--drop: the table has no column "sise"\n  did you mean "size"?'),
        ("back", {"positive": "rar"}, '--positive: back is never "rar"\n  did you mean "rare"?'),
        ("back", {"metric": "rmse"}, '--metric: there is no classification metric "rmse"'),
        ("back", {"kind": "regression"}, "--kind: back is str with 2 different values, of which no regression"),
        ("back", {"kind": "classes"}, '--kind: there is no kind "classes"'),
        ("word", {"kind": "classification"}, "--positive VALUE, to tell one value from all others"),
        ("word", {"kind": "multiclass", "positive": "red"}, "of multiclass no value is the one to find"),
        ("amount", {"kind": "multiclass"}, "amount is float with"),
        ("when", {"positive": "2024-01-01"}, "--target: when is date, of which nothing is predicted"),
        ("low", {"kind": "counts"}, "--kind: low: a count is below zero"),
        ("size", {"drop": ("amount", "who", "when", "word", "back", "low")}, "no column is left to learn from"),
    ],
)
def test_a_hint_that_cannot_be_is_one_clear_error_and_leaves_nothing(
    tmp_path: Path, target: str, hints: dict[str, object], said: str
) -> None:
    with pytest.raises(TreadleError) as caught:
        drafted(tmp_path, target, **hints)
    assert said in str(caught.value)
    assert not (tmp_path / "made").exists()


def test_an_infinite_label_is_refused_and_a_missing_one_is_said(tmp_path: Path) -> None:
    odd = FRAME.with_columns(amount=pl.when(pl.col("size") == 3).then(float("inf")).otherwise(pl.col("amount")))
    with pytest.raises(DataError, match="amount is infinite in 16 of 80 rows"):
        drafted(tmp_path, "amount", odd)
    with pytest.raises(DataError, match="back is missing in every row"):
        drafted(tmp_path, "back", FRAME.with_columns(back=pl.lit(None, pl.String)))


@pytest.mark.parametrize(
    ("copy", "target"),
    [
        (pl.col("back"), "back"),
        (pl.col("back") == "often", "back"),
        ((pl.col("back") == "rare").cast(pl.Int8), "back"),
        (pl.col("word").replace({"red": "1", "green": "2", "blue": "3"}), "word"),
        (-pl.col("size"), "size"),
    ],
)
def test_the_label_in_other_words_is_left_out_and_said(tmp_path: Path, copy: pl.Expr, target: str) -> None:
    said, spec = drafted(tmp_path, target, FRAME.with_columns(twin=copy))
    assert "twin" not in spec.features.request
    assert any("twin (the label itself: " in line for line in said)
    assert any(line.startswith("twin would have given the answer away") for line in said)


def test_a_number_in_another_unit_is_a_copy_and_a_near_one_is_none() -> None:
    frame = pl.DataFrame({"y": [n * 1.7 + n % 3 for n in range(500)], "noise": [float(n) for n in range(500)]})
    frame = frame.with_columns(unit=32 - pl.col("y") * 1.8)
    assert list(copies(frame, "y", column_types(frame.schema))) == ["unit"]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2) | st.none()), min_size=60, max_size=90))
def test_a_copy_is_one_that_maps_each_value_to_one_and_back(pairs: list[tuple[int, int | None]]) -> None:
    frame = pl.DataFrame(pairs, schema={"y": pl.Int64, "x": pl.Int64}, orient="row")
    known = [(y, x) for y, x in pairs if x is not None]
    one_to_one = len(set(known)) == len({y for y, _ in pairs}) == len({x for _, x in known})
    enough = len(known) >= max(20, len(pairs) / 2)
    assert (set(copies(frame, "y", {"y": "int", "x": "int"})) == {"x"}) == (one_to_one and enough)


def test_a_table_that_is_written_to_between_guess_and_copy_is_refused(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "t.parquet")
    made = draft(Wanted(str(tmp_path / "made"), str(tmp_path / "t.parquet"), "back", owner="ada"))
    FRAME.reverse().write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="changed while it was being read"):
        write(made)
    assert not (tmp_path / "made").exists()


def test_a_project_that_is_soon_gone_is_not_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    FRAME.write_parquet(tmp_path / "t.parquet")
    write_project(Wanted(str(tmp_path / "made"), str(tmp_path / "t.parquet"), "back", owner="ada", trusted=False))
    assert not trusted(load(tmp_path / "made")) and not (tmp_path / "trust").exists()


def test_the_folder_of_a_delta_table_begins_a_project(tmp_path: Path) -> None:
    FRAME.write_delta(str(tmp_path / "t"))
    write_project(Wanted(str(tmp_path / "made"), str(tmp_path / "t"), "back", owner="ada"))
    assert load(tmp_path / "made").spec.sources["made"].read == "data/made"
    assert (tmp_path / "made" / "data" / "made" / "_delta_log").is_dir()
    with pytest.raises(DataError, match="made is a folder"):
        write_project(Wanted(str(tmp_path / "other"), str(tmp_path / "made"), "back", owner="ada"))


def test_a_very_wide_table_has_no_contract_and_says_so(tmp_path: Path) -> None:
    wide = FRAME.with_columns([(pl.col("amount") * n + n % 7).alias(f"x{n}") for n in range(1_200)])
    said, spec = drafted(tmp_path, "back", wide)
    assert spec.sources["made"].contract is None and len(spec.features.request) > 1_200
    assert any(line.startswith("no contract: 1,207 columns are too many") for line in said)
