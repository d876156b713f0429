"""Which families are proposed for a table, and why: what is said is what the search tries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from treadle.spec import ProjectSpec
from treadle.training import FeatureColumn, Proposed, TrainingTable, propose, search, split
from treadle.training.families import known


def tried(found: tuple[Proposed, ...]) -> dict[str, str]:
    return {each.family: each.why for each in found if each.tried}


@pytest.mark.parametrize("families", ["auto", ("extra_trees", "bayes"), ("neighbours",)])
def test_what_is_proposed_is_what_the_search_tries_and_every_family_is_told_of(
    table: Callable[..., TrainingTable], spec: Callable[..., ProjectSpec], families: object
) -> None:
    rows, project = table(300), spec(trials=2, families=families, search="none")
    parts = split(rows, project.predict)
    _, found = propose(rows, parts, project)
    assert set(tried(found)) == {trial.family for trial in search(rows, parts, project).trials}
    assert {each.family for each in found} == set(known()) and all(each.why for each in found)


def test_the_profile_is_of_the_training_rows(
    table: Callable[..., TrainingTable], spec: Callable[..., ProjectSpec]
) -> None:
    rows, project = table(600), spec()
    parts = split(rows, project.predict)
    seen, _ = propose(rows, parts, project)
    train = rows.frame[parts.train]
    assert (seen.rows, seen.tests) == (len(parts.train), len(parts.test))
    assert (seen.columns, seen.numbers, seen.texts, seen.truths, seen.times) == (6, 2, 1, 1, 2)
    assert seen.missing == pytest.approx(sum(train.null_count().row(0)) / (train.height * 6))
    assert seen.levels == train["city"].n_unique() and seen.classes == 2
    share = rows.label[parts.train].mean()
    assert seen.rarest == pytest.approx(min(share, 1 - share))
    assert seen.days == pytest.approx((len(parts.train) - 1) / 24, abs=0.2)
    assert (
        "in order of time over" in seen.said
        and "6 columns (2 of numbers, 1 of text, 1 true or false, 2 of times)" in seen.said
    )


def test_no_test_row_changes_the_profile(table: Callable[..., TrainingTable], spec: Callable[..., ProjectSpec]) -> None:
    from dataclasses import replace

    rows, project = table(400), spec()
    parts = split(rows, project.predict)
    where = np.isin(np.arange(400), parts.test)
    other = rows.frame.with_columns(
        city=pl.when(pl.Series(where)).then(pl.lit("elsewhere")).otherwise(pl.col("city")),
        amount=pl.when(pl.Series(where)).then(None).otherwise(pl.col("amount")),
    )
    changed = replace(rows, frame=other, label=np.where(where, 1.0, rows.label))
    assert propose(changed, parts, project) == propose(rows, parts, project)


def test_the_reasons_follow_the_table(table: Callable[..., TrainingTable], spec: Callable[..., ProjectSpec]) -> None:
    rows, project = table(300), spec()
    _, found = propose(rows, split(rows, project.predict), project)
    why = tried(found)
    assert "rows" in why["linear"] and "cells are missing" in why["lightgbm"] and "1 text column " in why["lightgbm"]
    random = np.random.default_rng(1)
    wide = pl.DataFrame({f"x{n}": random.normal(size=200) for n in range(60)})
    label = (np.arange(200) % 14 == 0).astype(float)
    features = tuple(FeatureColumn(name, "float", "request") for name in wide.columns)
    many = TrainingTable(wide, label, None, None, list(range(200)), features)
    plain = spec(by="stratified")
    why = tried(propose(many, split(many, plain.predict), plain)[1])
    assert "60 columns for 150 rows" in why["linear"] and "cells are missing" not in why["lightgbm"]
    assert "classes evened out" in why["linear"] and "7.3%" in why["linear"]


def test_numbers_have_no_rarer_class(table: Callable[..., TrainingTable], spec: Callable[..., ProjectSpec]) -> None:
    rows, project = table(300, kind="regression"), spec("regression")
    seen, found = propose(rows, split(rows, project.predict), project)
    assert seen.rarest is None and "class" not in seen.said
    assert "of no use for such a label" in {each.family: each.why for each in found}["bayes"]
