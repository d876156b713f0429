"""Libraries by their defaults are what the libraries themselves give; rivals are scored, and paid, on the same rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from treadle.errors import SpecError
from treadle.scoring.bootstrap import draws, interval
from treadle.scoring.metrics import weighted as metric_of
from treadle.scoring.tasks import task_of
from treadle.spec import Mistakes
from treadle.training import TrainingTable, plain, split
from treadle.training.mistakes import row_costs
from treadle.training.plain import LIBRARIES, fit_plain
from treadle.training.rivals import Rival, compare


def test_linear_is_scikit_learns_own_ridge_with_its_defaults(table: Callable[..., TrainingTable]):
    from dataclasses import replace

    found = table(300, kind="regression")
    found = replace(found, features=tuple(f for f in found.features if f.name in ("count", "flag", "city")))
    train, rest = np.arange(200), np.arange(200, 300)
    plain = fit_plain("linear", found, train, task_of("regression"), seed=7, threads=1)
    numbers = found.frame.select("count", "flag").to_numpy().astype(float)
    city = found.frame.select("city").fill_null("none").to_numpy()
    scaler, hot = StandardScaler().fit(numbers[train]), OneHotEncoder(sparse_output=False).fit(city[train])
    x = np.column_stack([scaler.transform(numbers), hot.transform(city)])
    own = Ridge().fit(x[train], found.label[train])
    assert np.allclose(plain.predict(found.frame[rest]), own.predict(x[rest]), atol=1e-6)
    assert plain.cpu_seconds > 0 and plain.said == LIBRARIES["linear"]


def weighted(table: Callable[..., TrainingTable], kind: str, *names: str) -> TrainingTable:
    from dataclasses import replace

    found = table(300, kind=kind)
    weight = np.random.default_rng(3).uniform(0.1, 5.0, 300)
    return replace(found, features=tuple(f for f in found.features if f.name in names), weight=weight)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_lightgbm_is_the_library_s_own_with_text_as_categories_and_rows_by_their_weights(table):
    import lightgbm

    found, train, rest = weighted(table, "classification", "amount", "city"), np.arange(200), np.arange(200, 300)
    plain = fit_plain("lightgbm", found, train, task_of("classification"), seed=7, threads=1)
    city = found.frame.get_column("city")
    places = {level: n for n, level in enumerate(sorted(city[:200].drop_nulls().unique()))}
    codes = [float("nan") if each is None else float(places[each]) for each in city]
    x = np.column_stack([found.frame.get_column("amount").fill_null(float("nan")).to_numpy(), codes])
    label = found.label.astype(int)

    def own(weight: np.ndarray | None, **more: object) -> np.ndarray:
        made = lightgbm.LGBMClassifier(random_state=7, n_jobs=1, verbosity=-1)
        return made.fit(x[train], label[train], sample_weight=weight, **more).predict_proba(x[rest])[:, 1]

    told = plain.predict(found.frame[rest])
    assert np.array_equal(told, own(found.weight[train], categorical_feature=[1]))
    assert not np.array_equal(told, own(None, categorical_feature=[1])), "weights count"
    assert not np.array_equal(told, own(found.weight[train])), "a place among the levels is no amount"


def test_gaps_are_the_median_and_times_count_and_a_level_that_was_never_seen_is_none(table):
    import polars as pl

    found, train, rest = weighted(table, "regression", "amount", "city", "when"), np.arange(200), np.arange(200, 300)
    frame = found.frame.with_columns(pl.col("city").fill_null("Oslo"))
    from dataclasses import replace

    plain = fit_plain("linear", replace(found, frame=frame), train, task_of("regression"), seed=7, threads=1)
    when = frame.get_column("when").dt.epoch("us").to_numpy() / 1e6
    amount = frame.get_column("amount").fill_null(float(np.median(frame["amount"][:200].drop_nulls()))).to_numpy()
    numbers = StandardScaler().fit(np.column_stack([amount, when])[train]).transform(np.column_stack([amount, when]))
    hot = OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(frame.select("city").to_numpy()[train])
    text = hot.transform(frame.select("city").to_numpy())
    own = Ridge().fit(np.column_stack([numbers, text])[train], found.label[train], sample_weight=found.weight[train])
    assert np.allclose(plain.predict(frame[rest]), own.predict(np.column_stack([numbers, text])[rest]), atol=1e-6)
    strange = plain.predict(frame[rest].with_columns(pl.lit("never seen").alias("city")))
    assert np.allclose(strange, own.predict(np.column_stack([numbers, text * 0])[rest]), atol=1e-6)


@pytest.mark.parametrize("library", sorted(LIBRARIES))
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_each_library_learns_and_answers_for_levels_it_never_saw(table, kind: str, library: str):
    import polars as pl

    found, task = table(300, kind=kind), task_of(kind)
    plain = fit_plain(library, found, np.arange(200), task, seed=7, threads=1)
    text = next(f.name for f in found.features if f.type == "str")
    strange = found.frame[np.arange(200, 300)].with_columns(pl.lit("never seen").alias(text))
    for rows in (strange, found.frame[:1]):
        told = plain.predict(rows)
        assert told.shape == (rows.height,) and np.isfinite(told).all()
    again = fit_plain(library, found, np.arange(200), task, seed=7, threads=1)
    assert np.array_equal(again.predict(strange), plain.predict(strange))


def test_several_classes_of_which_the_training_rows_lack_one(table):
    from dataclasses import replace

    found = table(300, kind="regression")
    found = replace(found, label=np.arange(300.0) % 2 * 2, classes=("a", "b", "c"))
    task = task_of("multiclass", ("a", "b", "c"))
    for library in LIBRARIES:
        told = fit_plain(library, found, np.arange(200), task, seed=7, threads=1).predict(found.frame)
        assert told.shape == (300, 3) and not told[:, 1].any() and np.allclose(told.sum(axis=1), 1)


def test_what_is_not_known_is_refused(table):
    found, task = table(60), task_of("classification")
    with pytest.raises(SpecError, match='no defaults are known of a library "lightgmb"') as bad:
        fit_plain("lightgmb", found, np.arange(50), task, seed=7, threads=1)
    assert "lightgbm" in bad.value.mend
    with pytest.raises(SpecError, match="tells no quantiles"):
        fit_plain("linear", found, np.arange(50), task_of("quantiles", levels=(0.1, 0.9)), seed=7, threads=1)


def test_costs_by_hand_and_pairs_in_either_order(table, spec):
    """Of 100 rows 50 are true. Acting on all costs 50 false alarms of 1: 0.5 a row; on none 50 missed of 3: 1.5."""
    from dataclasses import replace

    found = table(300)
    found = replace(found, label=(np.arange(300) % 2).astype(float), at=None, known=None)
    parts = split(found, spec(by="stratified").predict, seed=7)
    y = found.label[parts.test]
    own, always, never = (Rival(name, "rule", p, 0.5) for name, p in (("own", y), ("a", y * 0 + 1), ("n", y * 0)))
    made = compare("accuracy", task_of("classification"), found, parts, [own, always, never],
                   Mistakes(missed=3, false_alarm=1), seed=7, replicates=50)  # fmt: skip
    share = y.mean()
    costs = [each.cost.value for each in made.scored]
    assert costs == pytest.approx([0.0, 1 - share, 3 * share]) and made.currency == "USD"
    assert made.scored[0].cost.low is None and "every resample is perfect" in made.scored[0].cost.why
    assert 0 < made.scored[1].cost.low < 1 - share < made.scored[1].cost.high
    assert made.pair("own", "n").saves.value == pytest.approx(3 * share)
    turned = made.pair("n", "own")
    assert turned.saves.value == -made.pair("own", "n").saves.value
    for each in (made.pair("own", "n").saves, turned.saves):
        assert each.low < each.value < each.high
    assert (turned.gain.low, turned.gain.high) == (-made.pair("own", "n").gain.high, -made.pair("own", "n").gain.low)
    free = compare("accuracy", task_of("classification"), found, parts, [own, never], Mistakes(), seed=7, replicates=50)
    assert free.scored[0].cost is None and free.pairs[0].saves is None and free.currency == ""


def test_rows_weigh_what_they_weigh_and_groups_are_drawn_whole(table, spec):
    from dataclasses import replace

    found = table(300)
    weight = np.random.default_rng(3).uniform(0.1, 5.0, 300)
    label, group = (np.arange(300) % 2).astype(float), [f"g{n % 30}" for n in range(300)]
    found = replace(found, label=label, at=None, known=None, weight=weight, group=group)
    predict = spec(by="stratified").predict
    parts = replace(split(found, predict, seed=7), by="group")
    y, mass = found.label[parts.test], weight[parts.test]
    rivals = [Rival("own", "own", y, 0.5), Rival("a", "rule", y * 0 + 1, 0.5)]
    made = compare("accuracy", task_of("classification"), found, parts, rivals, Mistakes(missed=3, false_alarm=1),
                   seed=7, replicates=20)  # fmt: skip
    assert made.scored[1].cost.value == pytest.approx(mass[y == 0].sum() / mass.sum())
    assert made.scored[1].score.value == pytest.approx(mass[y == 1].sum() / mass.sum())
    assert made.drawn == "groups"
    by_row = compare("accuracy", task_of("classification"), found, replace(parts, by="stratified"), rivals,
                     Mistakes(missed=3, false_alarm=1), seed=7, replicates=20)  # fmt: skip
    assert by_row.drawn == "rows"


def test_an_answer_takes_the_shortest_of_three_and_all_but_the_slowest_answer_count(monkeypatch):
    """Row n takes n + 1 milliseconds, and twice of three times something else took a second more."""
    from types import SimpleNamespace

    from treadle.training import rivals

    now, asked = [0.0], list[int]()

    def answer(row: int) -> None:
        asked.append(row)
        now[0] += (row + 1) / 1000 + (len(asked) % 3 != 0)

    monkeypatch.setattr(rivals, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    assert rivals.answer_ms(answer, 1000) == pytest.approx(49.0, abs=1e-3)
    assert asked == [row for row in range(rivals.TIMED) for _ in range(3)]
    asked.clear()
    assert rivals.answer_ms(answer, 2) == pytest.approx(2.0, abs=1e-3) and set(asked) == {0, 1}


def test_draws_are_of_the_seed_and_as_the_classes_were_dealt_out(table, spec):
    from dataclasses import replace

    found = replace(table(300), label=(np.arange(300) % 3 == 0).astype(float), at=None, known=None)
    parts = split(found, spec(by="stratified").predict, seed=7)
    y, p = found.label[parts.test], np.random.default_rng(2).random(len(parts.test))
    made = compare("brier", task_of("classification"), found, parts, [Rival("own", "own", p, 0.5)], Mistakes(),
                   seed=11, replicates=30)  # fmt: skip
    draw, value = draws(y, None, dealt_from=300, seed=11), metric_of("brier", y, p)
    wanted = interval(value(draw.whole), [value(draw(k)) for k in range(30)], draw.block, within=(0.0, 1.0))
    assert made.scored[0].score == wanted


def test_mistakes_among_classes_cost_what_the_true_one_and_the_told_one_say():
    task = task_of("multiclass", ("a", "b", "c"), ((0.0, 1.0, 4.0), (2.0, 0.0, 8.0), (16.0, 32.0, 0.0)))
    told, true = np.eye(3)[[1, 2, 0, 2]], np.array([0.0, 0.0, 1.0, 2.0])
    assert row_costs(told, true, task.rule(0.0), task, Mistakes()).tolist() == [1.0, 4.0, 2.0, 0.0]
    assert row_costs(told, true, (), task_of("multiclass", ("a", "b", "c")), Mistakes()) is None


def test_a_library_that_did_not_come_to_an_end_says_so():
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    class Slow:
        def fit(self, x, y):
            warnings.warn("more rounds are needed", ConvergenceWarning, stacklevel=1)

    said = plain._fitted(Slow(), np.zeros((2, 1)), np.zeros(2), None, "linear")
    assert said == LIBRARIES["linear"] + "; it did not converge in its rounds"
