"""Which texts are free, which of their words get a column, and that a search finds them of use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from treadle.scoring.steps import Words
from treadle.training import FeatureColumn, TrainingTable, train
from treadle.training.prepare import Recipe, fit_encoder, recipes, with_more
from treadle.training.prepare.words import MOST_WORDS, WordsPreparation, is_free_text

NOTE = FeatureColumn("note", "str")
USUAL = [f"word{k}" for k in range(40)]


def written(rows: int = 900, seed: int = 1) -> TrainingTable:
    """Complaints whose cost hangs on two words, among many others."""
    random = np.random.default_rng(seed)
    notes = [" ".join(random.choice(USUAL, 8)) for _ in range(rows)]
    broken, late = random.random((2, rows)) < 0.3
    notes = [
        f"{n}{' BROKEN,' if b else ''}{' late!' if w else ''}" for n, b, w in zip(notes, broken, late, strict=True)
    ]
    label = 10.0 * broken + 5.0 * late + random.normal(size=rows)
    frame = pl.DataFrame({"note": notes, "amount": random.normal(size=rows)})
    return TrainingTable(frame, label, None, None, range(rows), (NOTE, FeatureColumn("amount", "float")))


def steps(table: TrainingTable, linear: bool = False) -> list[Words]:
    found = WordsPreparation().fit(table, table.features, linear=linear, seed=7)
    assert all(made.own is None for made in found)
    return [made.step for made in found if isinstance(made.step, Words)]


def test_what_somebody_wrote_is_free_text_and_a_name_is_none() -> None:
    table = written(300)
    assert is_free_text(table.frame["note"])
    for values in (
        ["Oslo"] * 300,
        [f"user {k}" for k in range(300)],
        [f"my own user {k}" for k in range(300)],
        ["the same old text"] * 300,
        [None] * 300,
    ):
        frame = table.frame.with_columns(pl.Series("note", values, dtype=pl.String))
        assert not is_free_text(frame["note"]) and with_more(("plain",), replace(table, frame=frame)) == ("plain",)
    assert with_more(("calendar", "trend"), table) == ("calendar", "trend", "calendar+words")
    assert recipes(table.features) == ("plain",)


def test_words_of_middling_rarity_are_kept_and_no_rare_one() -> None:
    table = written()
    odd = table.frame["note"].to_list()
    odd[:9] = [f"{text} mrs smith" for text in odd[:9]]
    table = replace(table, frame=table.frame.with_columns(pl.Series("note", [f"the {text}" for text in odd])))
    (step,) = steps(table)
    assert {"broken", "late"} <= {*step.words} and not {"mrs", "smith", "the"} & {*step.words}
    assert len(step.words) == 42 <= MOST_WORDS and step.words == tuple(sorted(step.words))
    crowded = table.frame.with_columns(
        pl.Series("note", [" ".join(f"w{(k * 7 + j) % 90}" for j in range(20)) for k in range(900)])
    )
    assert len(steps(replace(table, frame=crowded))[0].words) == MOST_WORDS


def test_one_text_is_told_by_its_words_in_any_case() -> None:
    step = Words("note", ("late", "straße", "17"), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    assert step.told("LATE: Order_17") == (1.0, 0.0, 1.0) and step.told("Straße, lately") == (0.0, 1.0, 0.0)
    assert step.told(None) == step.told("") == step.told(" \n") == (0.0, 0.0, 0.0)


def test_for_linear_models_each_word_has_unit_spread() -> None:
    table = written()
    (step,) = steps(table, linear=True)
    told = np.column_stack(step.columns(table.frame))
    assert np.abs(told.mean(axis=0)).max() < 1e-9 and np.abs(told.std(axis=0) - 1).max() < 1e-9


def test_words_do_not_depend_on_the_label() -> None:
    table = written()
    assert steps(table) == steps(replace(table, label=-table.label))


def test_a_search_finds_words_of_use(spec: Any) -> None:
    rows, project = written(), spec("regression", by="random", trials=6, families=("lightgbm", "linear"))
    model, _, found = train(rows, project)
    assert found.params["features"] == "plain+words" and found.value < 2.0
    assert Recipe.of({"features": "calendar+pairs+words"}) == Recipe("calendar", True, False, ("words",))
    assert "note:broken" in model.encoder.outputs
    plain, _ = fit_encoder(rows, linear=True)
    assert "note:broken" not in plain.outputs
