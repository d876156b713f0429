"""Fitted again on all rows: the same recipe, whatever the kind; sealed labels teach the released model alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.scoring import task_of
from treadle.spec import ProjectSpec
from treadle.store import Blob
from treadle.training import (
    Chosen,
    FitSummary,
    FittedModel,
    Refitted,
    TrainingTable,
    fit,
    in_units,
    refit,
    refitting,
    search,
    split,
)
from treadle.training.families import LinearFamily, Sample
from treadle.training.keep import dump

Table = Callable[..., TrainingTable]
Spec = Callable[..., ProjectSpec]


def timeless(model: FittedModel) -> bytes:
    """The model without how long its fit took."""
    return dump(replace(model, summary=msgspec.structs.replace(model.summary, seconds=0.0)))


@pytest.mark.parametrize(("kind", "decides"), [("classification", True), ("regression", False)])
def test_it_is_the_same_recipe_on_more_rows(table: Table, spec: Spec, kind: str, decides: bool) -> None:
    rows, project = table(kind=kind), spec(kind, trials=2)
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    twin = fit(rows, parts, found, project)
    model, apart = refit(rows, parts, found, twin, project)
    assert (apart.rows, apart.twin_rows, apart.sealed) == (len(rows), len(parts.train), len(parts.test))
    assert len(parts.train) + len(parts.test) < len(rows)  # the gap before the cut, and labels that came too late
    assert 0 < apart.mean < apart.largest and (apart.turned is not None) == decides
    assert model.summary.members == twin.summary.members and model.threshold == twin.threshold
    assert model.calibrator == twin.calibrator and (model.unseen == twin.unseen).all()
    assert dump(refit(rows, parts, found, twin, project)[0]) == dump(model)


def test_sealed_labels_change_the_released_model_and_not_its_twin(table: Table, spec: Spec) -> None:
    rows, project = table(), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    twin = fit(rows, parts, found, project)
    label = rows.label.copy()
    label[parts.test] = 1 - label[parts.test]
    other = replace(rows, label=label)
    assert timeless(fit(other, parts, found, project)) == timeless(twin)
    model, apart = refit(rows, parts, found, twin, project)
    turned, far = refit(other, parts, found, twin, project)
    assert dump(model) != dump(turned) and far.largest > apart.largest


def test_rows_of_unlike_weight_are_weighed_over_all_of_them(table: Table, spec: Spec) -> None:
    """Whatever unit weights come in, so that penalties weigh as they do without weights."""
    rows, project = table(), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    weighed = in_units(replace(rows, weight=np.linspace(0.1, 3.0, len(rows))), parts.train)
    found = search(weighed, parts, project)
    twin = fit(weighed, parts, found, project)
    heavier = replace(weighed, weight=weighed.weight * 50)
    told = [refit(each, parts, found, twin, project)[0].predict(rows.frame) for each in (weighed, heavier)]
    assert np.abs(told[0] - told[1]).max() < 1e-9


def test_what_is_said_of_it_names_both_and_their_distance() -> None:
    said = Refitted(rows=2000, twin_rows=1500, sealed=500, largest=0.0312, mean=0.0049, turned=3).said()
    assert "all 2,000 rows" in said and "1,500 training rows" in said and "3 decisions" in said and "0.031" in said
    assert "decisions" not in Refitted(10, 8, 2, 0.5, 0.2, None).said()


def test_rows_that_cannot_be_teach_the_released_model_nothing(table: Table, spec: Spec) -> None:
    """What experts said of rows holds for it too: whatever stands in those that are left out, it is the same model."""
    rows, project = table(), spec(trials=1, families=("linear",))
    made = split(rows, project.predict)
    out = made.train[::9]
    folds = (replace(f, train=np.setdiff1d(f.train, out), valid=np.setdiff1d(f.valid, out)) for f in made.folds)
    parts = replace(made, train=np.setdiff1d(made.train, out), folds=tuple(folds), left_out=out)
    found = search(rows, parts, project)
    twin = fit(rows, parts, found, project)
    model, apart = refit(rows, parts, found, twin, project)
    here = pl.Series(np.isin(np.arange(len(rows)), out))
    odd = rows.frame.with_columns(amount=pl.when(here).then(pl.lit(1e6)).otherwise(pl.col("amount")))
    other = replace(rows, frame=odd, label=np.where(here.to_numpy(), 1 - rows.label, rows.label))
    assert dump(refit(other, parts, found, twin, project)[0]) == dump(model)
    assert apart.rows == model.summary.train_rows == len(rows) - len(out)
    assert dump(refit(rows, made, found, twin, project)[0]) != dump(model), "without a word of them it learns of them"


def test_each_member_has_its_part_of_the_seconds(table: Table, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, project = table(300), spec(trials=1, families=("linear",), seed=11)
    parts = split(rows, project.predict, seed=11)
    found = search(rows, parts, project)
    twin, asked = fit(rows, parts, found, project), []

    def fit_members(some, members, families, seed, seconds):  # type: ignore[no-untyped-def]
        asked.append((len(some), len(members), seed, seconds))
        return twin.encoder, twin.estimator

    monkeypatch.setattr(refitting, "fit_members", fit_members)
    two = msgspec.structs.replace(found, members=found.members * 2)
    twin = replace(twin, summary=msgspec.structs.replace(twin.summary, members=twin.summary.members * 2))
    model, _ = refit(rows, parts, two, twin, project, seconds=60.0)
    assert asked == [(300, 2, 11, 30.0)]
    assert twin.reference is not None and model.reference is None, "no row is left to hold one against it"


def test_it_has_the_steps_of_its_twin_where_there_was_no_time_for_finer_ones(
    table: Table, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, project = table(500), spec(trials=1, families=("lightgbm",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    slow = tuple(msgspec.structs.replace(member, seconds=100.0) for member in found.members)
    found, asked = msgspec.structs.replace(found, members=slow), []
    twin = fit(rows, parts, found, project, seconds=50.0)
    assert twin.summary.members[0].params != found.members[0].params
    real = refitting.fit_members

    def fit_members(some: TrainingTable, members: tuple[Chosen, ...], **more: object) -> object:
        asked.append((len(some), [member.params for member in members]))
        return real(some, members, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(refitting, "fit_members", fit_members)
    model, apart = refit(rows, parts, found, twin, project)
    assert asked == [(500, [member.params for member in twin.summary.members])] and apart.labelled == 0
    rate = {"rate": twin.summary.params["rate"], "rounds": twin.summary.params["rounds"]}
    assert model.summary.params == model.summary.params | rate
    assert model.summary.notes == (refitting.HASTY,)


def test_of_as_many_rows_as_there_is_time_for_and_no_fewer_than_its_twin(table: Table) -> None:
    """Five times the rows take five times as long: in 20 seconds two fifths of 50 are fitted, and in none a fifth."""
    whole, member = table(1000), Chosen("linear", {"c": 1.0}, 1.0, 10.0)
    twin = FitSummary("classification", "log_loss", "linear", {}, 0.5, 0.5, "none", {}, 200, 1.0, members=(member,))
    for seconds, count, said in ((np.inf, 1000, 0), (34.0, 1000, 0), (20.0, 400, 1), (1.0, 200, 1)):
        taken = refitting._taken(twin, {}, whole, seconds)
        assert (len(taken.rows), len(taken.said)) == (count, said)
        assert [each.params for each in taken.members] == [member.params]
        assert taken.members[0].seconds == pytest.approx(50.0 * count / 1000)


def test_where_memory_does_not_do_for_all_rows_it_is_of_half_of_them(
    table: Table, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, project = table(300), spec(trials=1, families=("linear",))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    twin, plain = fit(rows, parts, found, project), LinearFamily.fit
    monkeypatch.setattr("treadle.training.in_memory.most_fit_rows", lambda features: 40)

    def greedy(family: LinearFamily, sample: Sample, *more: object, **options: object) -> object:
        if len(sample) > 180:
            raise MemoryError("refused")
        return plain(family, sample, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(LinearFamily, "fit", greedy)
    model, apart = refit(rows, parts, found, twin, project)
    assert (apart.rows, apart.labelled, model.summary.train_rows) == (150, 300, 150)
    assert model.summary.notes == ("Not all 300 rows could be fitted (refused): the model is fitted on 150 of them.",)
    assert "fitted again on 150 of all 300 rows with a label" in apart.said()
    told = ModelRefitted(model=Blob("0" * 64), twin=Blob("1" * 64), **msgspec.structs.asdict(apart)).said()
    assert told.startswith("on 150 of all 300 rows with a label")


def test_decisions_that_turned_are_counted_as_they_are_served() -> None:
    summary = SimpleNamespace(task=task_of("classification"), threshold=0.5, classes=())
    assert refitting._turned(summary, np.array([0.5, 0.4]), np.array([0.6, 0.3])) == 0
    assert refitting._turned(summary, np.array([0.5, 0.4]), np.array([0.4, 0.3])) == 1
    costs, names = ((0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (20.0, 20.0, 0.0)), ("a", "b", "c")
    several = SimpleNamespace(task=task_of("multiclass", names, costs), classes=names, costs=costs)
    assert refitting._turned(several, np.array([[0.5, 0.4, 0.1]]), np.array([[0.97, 0.02, 0.01]])) == 1
    number = SimpleNamespace(task=task_of("regression"), classes=())
    assert refitting._turned(number, np.array([1.0]), np.array([2.0])) is None


def test_groups_that_the_split_does_not_keep_apart_are_no_part_of_the_recipe(table: Table, spec: Spec) -> None:
    """By time a group comes back: a row is told what was known of its level before it, and of its group too."""
    rows, project = table(), spec(trials=1, families=("linear",))
    town = pl.Series([f"town {number * 7 % 60}" for number in range(len(rows))])  # too many for a column each
    rows = replace(rows, frame=rows.frame.with_columns(city=town))
    parts = split(rows, project.predict)
    found = search(rows, parts, project)
    twin = fit(rows, parts, found, project)
    grouped = replace(rows, group=[f"g{number % 40}" for number in range(len(rows))])
    assert dump(refit(grouped, parts, found, twin, project)[0]) == dump(refit(rows, parts, found, twin, project)[0])
