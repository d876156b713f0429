"""The model to beat: the same family and settings on request and row features alone, fitted as the model itself is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from treadle.scoring import task_of
from treadle.spec.brief import Brief, People
from treadle.spec.project import Predict, ProjectSpec, Source, Split, Train
from treadle.training import Chosen, FeatureColumn, TrainingTable, chance, evaluate, fit, fitting, search, split, train
from treadle.training.families import families, learn
from treadle.training.prepare import fit_encoder
from treadle.training.recency import recency
from treadle.training.thinning import thin


def test_it_is_fitted_as_the_model_is_by_what_a_request_tells(table, spec, monkeypatch):
    """On as many rows, which weigh by their age; with the rounds that the last fold wants, within the seconds."""
    rows, project = table(400), spec(families=("lightgbm",))
    parts = split(rows, project.predict)
    (family,) = families(("lightgbm",), task_of("classification"), threads=1)
    member = Chosen("lightgbm", {**family.defaults(), "rounds": 999, "recent": "half"})
    asked = []

    def told(family, sample, params, valid=None, **options):
        found = learn(family, sample, params, valid, **options)
        asked.append((sample, params, valid, options, found))
        return found

    monkeypatch.setattr(fitting, "learn", told)
    whole, last = rows.rows(parts.train[::2]), parts.folds[-1]
    model = fitting._reference(rows, parts, whole, family, member, "log_loss", 7, 60.0)
    first, final = asked
    simple = rows.only(("request", "row"))
    assert len(simple) == 5 and "count" not in {name for step in model.encoder.steps for name in step.reads}
    assert len(whole) < len(last.train)
    for (sample, *_), part in ((first, rows.rows(thin(last.train, len(whole)))), (final, whole)):
        _, x = fit_encoder(part, linear=False, features=simple, seed=7)
        assert np.array_equal(sample.x, x, equal_nan=True) and np.array_equal(sample.y, part.label)
        assert sample.weight == pytest.approx(recency(part.at, 0.5))
    assert np.array_equal(first[2].y, rows.label[last.valid]) and final[2] is None
    assert first[3] == {"metric": "log_loss", "seconds": 30.0} and final[3] == {"seconds": 60.0}
    assert final[1] == {**member.params, "rounds": first[4].rounds} and first[4].rounds < 999
    fitting._reference(rows, parts, whole, family, replace(member, seconds=30.0), "log_loss", 7, 2.0)
    share = 0.2 + 0.8 * 5 / len(rows.learned)
    assert [each[3]["seconds"] for each in asked[2:]] == pytest.approx([45 * share] * 2), "as the member, by its share"


def test_it_takes_no_more_than_is_left_and_is_passed_over_where_that_is_too_little(table, spec, monkeypatch):
    rows, project = table(300), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    share = 0.2 + 0.8 * len(rows.only(("request", "row"))) / len(rows.learned)
    asked, at = [], [0.0]

    def told(family, sample, params, valid=None, *, seconds, **options):
        asked.append(seconds)
        at[0] += took[len(asked) - 1]
        return learn(family, sample, params, valid, **options)

    monkeypatch.setattr(fitting, "learn", told)

    def made(thought):
        asked.clear()
        at[0] = 0.0
        slow = replace(found, members=tuple(replace(each, seconds=thought) for each in found.members))
        return fit(rows, parts, slow, project, seconds=100.0, clock=lambda: at[0])

    took = [60.0, 15.0, 20.0]
    model = made(20.0)
    assert model.reference is not None and asked == [40.0, 20.0, 25.0], "half of 40 that are left, then all of 25"
    took = [90.0]
    model = made(60.0)
    assert model.reference is None and asked == [90.0] and 60 * share > 1.5 * 5
    assert model.summary.notes == ("The model that it has to beat was not fitted: there was no time left for it.",)
    took = [130.0, 0.5, 0.5]
    assert made(0.5).reference is not None and asked == [40.0, 1.0, 1.0], "what is soon made always is"


def test_what_is_kept_of_unseen_rows_is_some_of_them_and_want_of_memory_is_said(table, spec, monkeypatch):
    rows, project = table(300), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    whole = fit(rows, parts, found, project)
    assert whole.reference is not None and whole.summary.notes == ()

    def refused(*_):
        raise errors[-1]

    monkeypatch.setattr(fitting, "_reference", refused)
    monkeypatch.setattr(fitting, "MOST_UNSEEN", 10)
    errors = []
    for error, why in ((RuntimeError("no kernel"), "RuntimeError: no kernel"), (MemoryError("refused"), "refused")):
        errors.append(error)
        model = fit(rows, parts, found, project)
        said = f"The model that it has to beat was not fitted: {why}."
        assert model.reference is None and model.summary.notes == (said,)
    assert np.array_equal(model.unseen, whole.unseen[thin(np.arange(len(whole.unseen)), 10)])


def test_of_counts_over_an_exposure_it_tells_counts_too_and_chance_is_dealt_rates(monkeypatch):
    random = np.random.default_rng(1)
    x, n, days = random.normal(size=600), random.normal(size=600), random.uniform(1, 365, 600)
    label = random.poisson(np.exp(-3.0 + 0.8 * x + 0.3 * n) * days).astype(float)
    features = (
        FeatureColumn("x", "float"),
        FeatureColumn("n", "float", "window"),
        FeatureColumn("days", "float", "exposure"),
    )
    frame = pl.DataFrame({"x": x, "n": n, "days": days})
    rows = TrainingTable(frame, label, None, None, range(600), features, exposure=days)
    spec = ProjectSpec(
        project="claims",
        brief=Brief(people=People(owner="ada")),
        sources={"rows": Source(read="rows.csv")},
        predict=Predict(
            name="y", each="rows", label="y", kind="counts", exposure="days", split=Split(test=0.25, folds=2)
        ),
        train=Train(families=("linear",), search="none"),
    )
    model, parts, _ = train(rows, spec)
    told, dealt = model.reference.predict(frame), {}
    assert model.reference.predict(frame.with_columns(pl.col("days") * 2)) == pytest.approx(2 * told, rel=1e-5)
    assert told.sum() == pytest.approx(label.sum(), rel=0.2)
    monkeypatch.setattr(chance, "reached", lambda *args, **more: dealt.update(more) or 9.0)
    evaluate(model, rows, parts, spec, replicates=10)
    assert np.array_equal(dealt["exposure"], days[parts.test])
