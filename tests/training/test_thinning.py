"""Some of many rows: evenly spread; of a rare class more, and each of them counts by how many it stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.scoring import task_of
from treadle.spec import ProjectSpec
from treadle.training import FeatureColumn, TrainingTable, fit, fitting, search, split
from treadle.training.families import Family, Sample, families
from treadle.training.families.neighbours import Neighbours
from treadle.training.folds import LEAST_TRIED, Folds
from treadle.training.in_memory import in_memory
from treadle.training.in_time import InTime, in_time
from treadle.training.model import Chosen, OutOfFold
from treadle.training.prepare import Recipe, fit_encoder
from treadle.training.prepare.pairs import gains_of
from treadle.training.splits import Fold
from treadle.training.thinning import LEAST_OF_A_CLASS, Picked, thin

Table = Callable[..., TrainingTable]
Spec = Callable[..., ProjectSpec]
BINARY = task_of("classification")


def rare(rows: int, positives: int, most: int) -> np.ndarray:
    """Labels with so many positives, at none of the places that even spreading would take."""
    label = np.zeros(rows)
    missed = np.setdiff1d(np.arange(rows), thin(np.arange(rows), most))
    label[thin(missed, positives)] = 1.0
    return label


def share(label: np.ndarray, counts: np.ndarray | None) -> float:
    return float(np.average(label, weights=counts))


def test_without_a_rare_class_rows_are_spread_evenly_and_count_alike() -> None:
    rows = np.arange(50_000)[::-1].copy()
    label = (np.arange(50_000) % 11 == 0).astype(float)
    for task in (BINARY, task_of("regression"), task_of("counts"), task_of("multiclass", ("a", "b"))):
        picked = Picked.of(task, label, rows).at_most(20_000)
        assert picked.counts is None and picked.rows.tolist() == thin(rows, 20_000).tolist()
    whole = Picked.of(BINARY, label, rows)
    assert whole.at_most(50_000) is whole and len(whole) == 50_000


@pytest.mark.parametrize(("positives", "kept"), [(3, 3), (900, 900), (1_500, LEAST_OF_A_CLASS)])
def test_of_a_rare_class_all_are_kept_up_to_a_floor_and_rates_stay_true(positives: int, kept: int) -> None:
    label = rare(100_000, positives, 8_000)
    picked = Picked.of(BINARY, label, np.arange(100_000)).at_most(8_000)
    assert len(picked) == 8_000 and label[picked.rows].sum() == kept
    assert (np.diff(picked.rows) > 0).all(), "in their order"
    assert picked.counts is not None and picked.counts.mean() == pytest.approx(1.0)
    assert share(label[picked.rows], picked.counts) == pytest.approx(positives / 100_000)
    again = picked.at_most(4_000)
    assert again.counts is not None and label[again.rows].sum() == min(kept, 500), (
        "rare classes have a quarter together"
    )
    assert share(label[again.rows], again.counts) == pytest.approx(positives / 100_000)


def test_of_several_classes_none_gets_lost_and_the_common_ones_share_the_rest() -> None:
    label = np.repeat([0.0, 1.0, 2.0, 3.0], [60_000, 39_000, 995, 5])
    picked = Picked.of(task_of("multiclass", tuple("abcd")), label, np.arange(100_000)).at_most(2_000)
    told = np.bincount(label[picked.rows].astype(int))
    assert told[2:].tolist() == [125, 5] and told[0] / told[1] == pytest.approx(60 / 39, rel=0.01)
    by_class = np.bincount(label[picked.rows].astype(int), weights=picked.counts) / 2_000
    assert by_class == pytest.approx([0.6, 0.39, 0.00995, 0.00005], rel=0.01)


def test_of_sparse_counts_those_above_zero_are_kept() -> None:
    label = 7.0 * rare(20_000, 4, 1_000)
    picked = Picked.of(task_of("counts"), label, np.arange(20_000)).at_most(1_000)
    assert (label[picked.rows] > 0).sum() == 4 and share(label[picked.rows], picked.counts) == pytest.approx(0.0014)


def made(kind: str, name: str) -> Family:
    (family,) = families((name,), task_of(kind), threads=1)
    return family


@pytest.fixture
def few(table: Table) -> Callable[..., Folds]:
    """Two folds of 2,000 rows, of which even spreading finds none of the rare class."""

    def folds(kind: str = "classification", most: int = 0) -> Folds:
        rows = table(3_000, timed=False)
        label = np.concatenate([rare(2_000, 8, most or LEAST_TRIED), rare(1_000, 4, 100)])
        label *= 3.0 if kind == "counts" else 1.0
        parts = (Fold(np.arange(2_000), np.arange(2_000, 3_000)),) * 2
        metric = "poisson_deviance" if kind == "counts" else "average_precision"
        return Folds(replace(rows, label=label), parts, task_of(kind), metric, 7, 0.5, most)

    return folds


@pytest.mark.parametrize(("kind", "family"), [("classification", "linear"), ("counts", "lightgbm")])
def test_the_pace_is_tried_on_rows_that_can_be_fitted(few: Callable[..., Folds], kind: str, family: str) -> None:
    one, now = made(kind, family), iter(range(100))
    assert few(kind).pace(one, one.defaults(), lambda: float(next(now))) >= 0.0


def test_thinned_folds_are_fitted_and_measured_as_rates_are(
    few: Callable[..., Folds], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treadle.training.folds.MOST_VALID_ROWS", 100)
    monkeypatch.setattr("treadle.training.folds.LEAST_HELD", 50)
    folds = few(most=200)
    rows, held = folds.get(0, "linear")
    assert (len(rows), rows.y.sum(), len(held), held.y.sum()) == (200, 8, 100, 4)
    assert share(rows.y, rows.weight) == share(held.y, held.weight) == pytest.approx(0.004)
    assert share(folds.truth, folds.weight) == pytest.approx(0.004)
    tried = folds.run(made("classification", "linear"), {"c": 1.0}, hopeless=lambda early: False)
    assert not tried.failed and tried.scores[0] > 0
    seen = []
    monkeypatch.setattr("treadle.training.folds.learn", lambda f, some, params, stop, **_: seen.append((some, stop)))
    with pytest.raises(AttributeError):
        folds.on_few(made("classification", "linear"), {}, 100, 1.0)
    for some, wanted in zip(seen[0], (8, 4), strict=True):
        assert some.y.sum() == wanted and share(some.y, some.weight) == pytest.approx(0.004)


def test_weights_of_rows_stay_beside_the_counts(few: Callable[..., Folds]) -> None:
    plain = few(most=200)
    weight = np.linspace(0.5, 1.5, 3_000)
    parts = (Fold(np.arange(2_000), np.arange(2_000, 3_000)),) * 2
    heavy = Folds(replace(plain.table, weight=weight), parts, BINARY, "log_loss", 7, 0.5, 200)
    rows, _ = plain.get(0, "linear")
    assert heavy.get(0, "linear")[0].weight == pytest.approx(rows.weight * weight[plain.folds[0].train])


def test_what_is_calibrated_on_and_kept_is_a_likeness_of_all_rows(
    table: Table, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = table(3_000, timed=False)
    rows = replace(rows, label=rare(3_000, 60, 700))
    monkeypatch.setattr("treadle.training.folds.MOST_VALID_ROWS", 200)
    project = spec(by="random", trials=1, families=("linear",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    assert found.held is not None and found.held.counts
    held, number, _ = found.held.arrays()
    weight = found.held.weights(None)
    every = np.concatenate([fold.valid for fold in parts.folds])
    assert share(rows.label[held], weight) == pytest.approx(rows.label[every].mean(), rel=0.1)
    assert rows.label[held].mean() > 1.5 * rows.label[every].mean()
    real, seen = fitting.in_time, list[Picked]()
    monkeypatch.setattr(fitting, "in_time", lambda *args: seen.append(args[2]) or real(*args))
    told = fit(rows, parts, found, project)
    assert seen[0].strata is not None and seen[0].strata.tolist() == rows.label[parts.train].tolist()
    assert told.predict(rows.frame).mean() == pytest.approx(rows.label.mean(), rel=0.5), "no more than there are"
    assert len(np.unique(number)) == len(parts.folds) and any("of a rare class" in note for note in found.notes)
    some = OutOfFold.of(held, number, np.zeros((len(held), 1)), np.arange(len(held)) + 1.0)
    assert some.weights(np.arange(3_000.0)).tolist() == (held * (np.arange(len(held)) + 1.0)).tolist()
    assert msgspec.json.decode(msgspec.json.encode(some), type=OutOfFold).counts == some.counts


def test_scores_of_unseen_rows_have_no_more_of_what_counts_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    values = (np.random.default_rng(1).random(1_000) < 0.3) * 1.0
    counts = np.where(values > 0, 0.2, 1.3)
    monkeypatch.setattr(fitting, "MOST_UNSEEN", 500)
    kept = fitting._spread(values, counts)
    assert len(kept) == 500 and kept.mean() == pytest.approx(share(values, counts), abs=0.02)
    assert fitting._spread(values, np.ones(1_000)).tolist() == thin(values, 500).tolist()


def rare_flags() -> TrainingTable:
    """Ten of 4,000 labels are one, at places that even spreading of fewer rows misses: the flag tells them, in groups
    too, and the noise tells nothing."""
    label, random = rare(4_000, 10, 400), np.random.default_rng(3)
    town = np.arange(4_000) % 5
    frame = pl.DataFrame(
        {"flag": label * 5 + random.normal(size=4_000), "town": [f"t{k}" for k in town], "noise": town * 1.0}
    )
    names = (FeatureColumn("flag", "float"), FeatureColumn("town", "str"), FeatureColumn("noise", "float"))
    return TrainingTable(frame, label, None, None, range(4_000), names)


def test_columns_are_chosen_by_rows_that_hold_the_rare_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.training.prepare.pairs._ROWS", 400)
    monkeypatch.setattr("treadle.training.prepare.groups.ROWS", 400)
    rows = rare_flags()
    x = rows.frame.select("flag", "noise").to_numpy().astype(np.float32)
    assert gains_of(rows, x, 7, BINARY.strata(rows.label))[0] > 0 == gains_of(rows, x, 7).max()
    outputs = [
        {
            name
            for step in fit_encoder(rows, linear=False, recipe=recipe, strata=strata)[0].steps
            for name in step.outputs
        }
        for strata in (None, BINARY.strata(rows.label))
        for recipe in (Recipe(), Recipe(groups=True), Recipe(pairs=True))
    ]
    assert outputs[0] == outputs[1] == outputs[2] == outputs[3], "where no rare row is seen nothing helps"
    assert any("flag" in name for name in outputs[4] - outputs[3]), "told by its groups"


def test_what_chooses_columns_has_the_classes_of_folds_and_of_the_final_fit(
    few: Callable[..., Folds], table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, folds = [], few(most=200)
    for module in ("folds", "fitting"):

        def encode(rows: TrainingTable, **more: Any) -> Any:
            seen.append((rows.label, more["strata"]))
            return fit_encoder(rows, **more)

        monkeypatch.setattr(f"treadle.training.{module}.fit_encoder", encode)
    folds.get(0, "linear")
    fitting.fit_members(
        table(200), (Chosen("linear", {"c": 1.0}),), {"linear": made("classification", "linear")}, 7, 9.0
    )
    assert len(seen) == 2 and all(label.tolist() == strata.tolist() for label, strata in seen)


def test_the_nearest_rows_have_those_of_the_rare_class_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.training.families.neighbours.MOST_ROWS", 400)
    rows, family = rare_flags(), made("classification", "neighbours")
    kept = family.fit(Sample(rows.frame.select("flag").to_numpy().astype(np.float32), rows.label), {"count": 10})
    assert isinstance(kept, Neighbours) and kept.y.sum() == 10 and len(kept.y) == 400
    assert share(kept.y, kept.weight) == pytest.approx(10 / 4_000)


def test_fewer_rows_for_want_of_time_or_memory_lose_no_class(table: Table) -> None:
    rows = replace(table(2_000), label=rare(2_000, 6, 500))
    every = Picked.of(BINARY, rows.label, np.arange(2_000))
    taken = in_time((Chosen("linear", {}, 1.0, 100.0),), {}, every, 100, 25.0)
    assert len(taken.rows) == 500 and rows.label[taken.rows.rows].sum() == 6
    assert taken.said[0].endswith("with more of a rare class, each of which counts for less.")

    def made(some: TrainingTable) -> float:
        if len(some) > 500:
            raise MemoryError
        return share(some.label, some.weight)

    least = pytest.MonkeyPatch()
    with least.context() as here:
        here.setattr("treadle.training.in_memory.most_fit_rows", lambda features: 100)
        got, some, told = in_memory(rows, InTime((Chosen("linear", {}, 1.0, 100.0),), every, ()), made)
    assert got.members[0].seconds == pytest.approx(25.0), "what halves take is what is known of the twin"
    assert len(got.rows) == len(some) == 500 and some.label.sum() == 6 and told == pytest.approx(0.003)
