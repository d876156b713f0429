"""Counts over an exposure: the rate is modelled, and the logarithm of the exposure is the offset."""

from __future__ import annotations

import math
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import PoissonRegressor

from treadle.errors import DataError
from treadle.packing import export
from treadle.scoring import Scorer
from treadle.scoring.encoder import Encoder
from treadle.scoring.metrics import weighted
from treadle.scoring.steps import Offset
from treadle.scoring.tasks import task_of
from treadle.spec.brief import Brief, People
from treadle.spec.project import Predict, ProjectSpec, Source, Split, Train
from treadle.training import (
    FeatureColumn,
    TrainingTable,
    chance,
    check,
    check_exposure,
    evaluate,
    in_units,
    report,
    train,
)
from treadle.training.families import Exposed, Sample, restore
from treadle.training.families.linear import LinearFamily
from treadle.training.keep import dump
from treadle.training.keep import restore as read_back
from treadle.training.prepare import fit_encoder, sample_of

FEATURES = (
    FeatureColumn("x", "float"),
    FeatureColumn("town", "str"),
    FeatureColumn("days", "float", "exposure"),
)


def true_rate(x, town):
    return np.exp(-3.0 + 0.8 * x + np.where(town == "b", 0.7, 0.0))


def rows_of(n=3000, seed=1, unit=1.0):
    """Claims over 1 to 365 days; `unit`: days in a unit of exposure."""
    random = np.random.default_rng(seed)
    x, town, days = random.normal(size=n), random.choice(["a", "b"], n), random.uniform(1, 365, n)
    y = random.poisson(true_rate(x, town) * days / 10).astype(float)
    frame = pl.DataFrame({"x": x, "town": town, "days": days / unit})
    return TrainingTable(frame, y, None, None, range(n), FEATURES, exposure=days / unit)


def asked(families=("linear",), **predict):
    return ProjectSpec(
        project="claims",
        brief=Brief(people=People(owner="ada")),
        sources={"rows": Source(read="rows.csv")},
        predict=Predict(
            name="y", each="rows", label="y", kind="counts", exposure="days", split=Split(test=0.25, folds=3), **predict
        ),
        train=Train(families=families, trials=max(2, len(families))),
    )


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ([1.0, np.nan, 2.0], "the exposure days is missing, or no finite number, in 1 of 3 rows"),
        ([1.0, np.inf, 2.0], "the exposure days is missing, or no finite number, in 1 of 3 rows"),
        (
            [1.0, 3.0e38, 2.0],
            "the exposure days is not below 3e+38, beyond which nothing is told of it, in 1 of 3 rows",
        ),
        ([0.0, -2.0, 2.0], "the exposure days is not above zero (the least is -2) in 2 of 3 rows"),
    ],
)
def test_exposures_that_are_none_are_one_error_with_a_count(bad, said):
    with pytest.raises(DataError) as found:
        check_exposure(np.array(bad), "days")
    assert found.value.what == said and found.value.where == "predict.exposure" and found.value.mend
    with pytest.raises(DataError, match="exposure"):
        table = rows_of(200)
        check(replace(table, exposure=np.concatenate([bad, table.exposure[3:]])), task_of("counts"))
    with pytest.raises(DataError) as both:
        check_exposure(np.array([np.nan, 0.0]), "days")
    assert len(both.value.faults) == 2


def test_a_linear_fit_is_that_of_scikit_learn_with_rates_as_targets_and_exposures_as_weights():
    table = rows_of()
    encoder, x = fit_encoder(table, linear=True)
    assert "days" not in encoder.outputs
    ours = LinearFamily(task_of("counts")).fit(sample_of(table, encoder, x), {"c": 1.0})
    theirs = PoissonRegressor(alpha=1.0 / len(table), max_iter=200)
    theirs.fit(x.astype(float), table.label / table.exposure, sample_weight=table.exposure)
    assert ours.coef[:, 0] == pytest.approx(theirs.coef_, rel=1e-5)
    assert ours.intercept[0] == pytest.approx(theirs.intercept_, rel=1e-5)


def test_the_likelihood_is_that_of_counts_with_an_offset():
    """Against maximum likelihood with the logarithm of the exposure as an offset, by Newton steps of its own."""
    table = in_units(rows_of(), np.arange(3000))
    encoder, x = fit_encoder(table, linear=True)
    design = np.column_stack([x.astype(float), np.ones(len(x))])
    beta = np.zeros(design.shape[1])
    beta[-1] = np.log(table.label.sum() / table.exposure.sum())
    for _ in range(50):
        told = np.exp(design @ beta) * table.exposure
        slope = design.T @ (table.label - told)
        beta = beta + np.linalg.solve((design * told[:, None]).T @ design + 1e-6 * np.eye(len(beta)), slope)
    ours = LinearFamily(task_of("counts")).fit(sample_of(table, encoder, x), {"c": 1e6})
    rate = np.exp(ours.margin(x)[:, 0]) / table.unit
    assert rate == pytest.approx(np.exp(design @ beta), rel=0.01)


@pytest.mark.parametrize("families", [("linear",), ("lightgbm",), ("linear", "lightgbm")])
def test_known_rates_are_found_and_counts_are_in_proportion(families):
    table, spec = rows_of(), asked(families)
    model, parts, _ = train(table, spec)
    new = rows_of(2000, seed=9)
    x, town = new.frame.get_column("x").to_numpy(), new.frame.get_column("town").to_numpy()
    rate = model.predict(new.frame) / new.exposure
    truth = true_rate(x, town) / 10
    error = np.abs(np.log(rate / truth))
    assert np.median(error) < (0.05 if families == ("linear",) else 0.25)
    twice = model.predict(new.frame.with_columns(pl.col("days") * 2))
    assert twice == pytest.approx(2 * model.predict(new.frame), rel=1e-5)
    graph = export(model, table.frame[parts.train])
    scorer = Scorer(graph, model.encoder, model.calibrator)
    many = scorer.score_matrix(model.encoder.matrix(new.frame[:200]))
    one = [scorer.score(row) for row in new.frame[:200].select(model.encoder.inputs).iter_rows()]
    assert many == pytest.approx(model.predict(new.frame[:200]), rel=3e-5) and one == pytest.approx(many, rel=1e-6)
    back = read_back(dump(model))
    assert (back.predict(new.frame) == model.predict(new.frame)).all()


def test_the_unit_of_exposure_changes_nothing_but_the_rate():
    days, years = (evaluated(rows_of(unit=unit)) for unit in (1.0, 365.0))
    assert days[1].value.value == pytest.approx(years[1].value.value, rel=1e-4)
    assert days[1].rates.observed.value * 365 == pytest.approx(years[1].rates.observed.value)


def evaluated(table, **predict):
    spec = asked(**predict)
    model, parts, found = train(table, spec)
    return model, evaluate(model, table, parts, spec, replicates=60), parts, found, spec


def test_held_out_figures_are_of_counts_given_the_exposure():
    table = rows_of()
    model, found, parts, searched, spec = evaluated(table)
    test = table.rows(parts.test)
    p = model.predict(test.frame)
    assert found.value.value == pytest.approx(sk.mean_poisson_deviance(test.label, p))
    assert found.scores["rmse"].value == pytest.approx(sk.root_mean_squared_error(test.label, p))
    train_rows = table.rows(parts.train)
    rate = train_rows.label.sum() / train_rows.exposure.sum()
    assert found.baseline.value == pytest.approx(sk.mean_poisson_deviance(test.label, rate * test.exposure), rel=1e-6)
    assert found.baseline.value > found.value.value and found.gain_is_real
    assert found.rates.observed.value == pytest.approx(test.label.sum() / test.exposure.sum())
    assert found.rates.predicted.value == pytest.approx(p.sum() / test.exposure.sum())
    assert found.rates.observed.low < found.rates.predicted.value < found.rates.observed.high
    groups = found.rates.groups
    assert [g.predicted for g in groups] == sorted(g.predicted for g in groups) and sum(g.rows for g in groups) == 750
    assert {i.feature for i in found.importance} == {"x", "town"} and not any(s.feature == "days" for s in found.slices)
    assert "Counts are in proportion to days" in " ".join(found.notes) and found.knows == "the mean per unit of days"
    assert not any("no time to ask" in note for note in found.notes)
    held, fold, margins = searched.held.arrays()
    unit = table.exposure[parts.train].mean()
    told = np.exp(margins[:, 0]) * table.exposure[held] / unit
    each = [sk.mean_poisson_deviance(table.label[held][fold == k], told[fold == k]) for k in np.unique(fold)]
    assert searched.value == pytest.approx(np.mean(each), rel=1e-3)
    page = report(found, spec)
    assert "Counts per unit of days" in page and "No model: the mean per unit of days" in page
    assert model.summary.out_of_fold == pytest.approx(sk.mean_poisson_deviance(table.label[held], told))


def test_weights_and_exposures_go_together():
    table = rows_of(1500)
    weight = np.random.default_rng(3).choice([1.0, 3.0], len(table))
    model, found, parts, _, _ = evaluated(replace(table, weight=weight), weight="w")
    test = table.rows(parts.test)
    p, w = model.predict(test.frame), weight[parts.test]
    assert found.value.value == pytest.approx(sk.mean_poisson_deviance(test.label, p, sample_weight=w))
    assert found.rates.observed.value == pytest.approx((w @ test.label) / (w @ test.exposure))
    label, mass = replace(table, weight=weight).taught
    assert label == pytest.approx(table.label / table.exposure) and mass.mean() == pytest.approx(1.0)
    assert mass / mass[0] == pytest.approx((weight * table.exposure) / (weight[0] * table.exposure[0]))


def test_chance_is_dealt_rates_and_keeps_the_exposure_with_its_count():
    """Who knows the exposure alone is no better than chance, though its counts go with those that came."""
    random = np.random.default_rng(6)
    passed = 0
    for k in range(40):
        exposure = random.uniform(1, 100, 150)
        y = random.poisson(0.1 * exposure).astype(float)
        p = 0.1 * exposure * np.exp(0.2 * random.normal(size=150))
        value = weighted("poisson_deviance", y, p)(np.ones(150))
        passed += value < chance.reached("poisson_deviance", y, p, 0.0, seed=k, exposure=exposure)
        assert value < chance.reached("poisson_deviance", y, p, 0.0, seed=k)
    assert passed <= 4


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True), st.integers(-5, 10**18)), min_size=1, max_size=20))
def test_one_row_and_many_have_the_same_offset_to_the_last_bit(values):
    numbers = [None if v is None else float(v) for v in values]
    encoder = Encoder(("e",), (Offset("e", unit=7.0),))
    many = encoder.matrix(pl.DataFrame({"e": pl.Series(numbers, dtype=pl.Float64)}))[:, 0]
    one = np.array([np.float32(encoder.row((v,))[0]) for v in numbers])
    assert many.tobytes() == one.tobytes() or (np.isnan(many) == np.isnan(one)).all()
    assert all(math.isnan(m) != (v is not None and 0 < v < 3e38) for v, m in zip(numbers, many, strict=True))


def test_an_exposed_estimator_is_kept_and_counts_by_its_share_of_a_blend():
    x = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    family = LinearFamily(task_of("counts"))
    inner = family.fit(Sample(x[:, :2], np.exp(x[:, 0]).astype(float)), {"c": 1.0})
    with pytest.raises(ValueError):
        inner.margin(x)
    whole = Exposed(family.fit(Sample(x, np.exp(x[:, 0]).astype(float)), {"c": 1.0}), 2)
    assert whole.margin(x)[:, 0] == pytest.approx(whole.estimator.margin(x)[:, 0] + x[:, 2])
    again = restore(msgspec.json.decode(msgspec.json.encode(whole.kept()), type=type(whole.kept())), task_of("counts"))
    assert (again.margin(x) == whole.margin(x)).all() and whole.cut(3) is whole


def test_a_model_of_rates_is_read_as_one_of_counts_is():
    table = rows_of(1200)
    _, found, _, _, spec = evaluated(table, families=("additive",))
    assert {shape.name for shape in found.anatomy.shapes} <= {"x", "town", "town:rate", "town:share"}
    assert found.anatomy.shapes[0].name == "x" and "of the logarithm of days" in report(found, spec)
    _, found, _, _, _ = evaluated(table, families=("linear",))
    assert {step.feature for step in found.anatomy.path} == {"x", "town"}
