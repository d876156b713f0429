"""What every family of models does. See `treadle.training.families.Family` for the contract."""

from __future__ import annotations

import re
import time
import zlib
from typing import Any, ClassVar

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.errors import ModelError
from treadle.packing import export
from treadle.scoring.encoder import Encoder
from treadle.scoring.metrics import weighted
from treadle.scoring.scorer import Scorer
from treadle.scoring.steps import Number
from treadle.scoring.tasks import Task, task_of
from treadle.training import Fitted
from treadle.training.families import Array, Blend, Estimator, Family, Inputs, Kept, Member, Params, Sample

CLASSES = ("a", "b", "c", "d")
KINDS = ("classification", "multiclass", "regression", "counts")
EVERY = (*KINDS, "quantiles")
"""With what only some families can learn."""
LEVELS = (0.1, 0.5, 0.9)
WIDTH = 6
TOLERANCE = 1e-5
"""How far a graph may be from the estimator: of predictions, relative to the greatest where that is above 1."""
SECONDS = 5
"""That a fit is given, by a clock that goes on by one whenever it is looked at."""
_FREE = "treadle.training.cores.Cores.free"


def sample_of(kind: str, encoding: str, rows: int = 2000, width: int = WIDTH, seed: int = 1) -> Sample:
    """Rows with a known signal: a step, a product and a wave, beside columns of noise.

    For trees 5 % is missing and a column is whole numbers; for linear models all is known; the last column is
    0 or 1.
    """
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, width)).astype(np.float32)
    x[:, -1] = random.integers(0, 2, rows)
    drive = 1.5 * x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + x[:, -1]
    if encoding == "trees":
        x[:, 4] = random.integers(-3, 4, rows)
        x[random.random(x.shape) < 0.05] = np.nan
    noise = random.logistic(size=rows)
    if kind == "classification":
        return Sample(x, (drive + noise > 0.8).astype(np.float64))
    if kind == "multiclass":
        return Sample(x, np.digitize(drive + noise, (-1.5, 0.5, 2.0)).astype(np.float64))
    if kind == "counts":
        return Sample(x, random.poisson(np.exp(np.clip(drive / 2, -4, 3))).astype(np.float64))
    return Sample(x, 250.0 + 10 * (drive + noise))


def task_named(kind: str) -> Task:
    return task_of(kind, CLASSES if kind == "multiclass" else (), levels=LEVELS)


def content(kept: Kept) -> bytes:
    return msgspec.json.encode(kept, order="deterministic")


def loss(task: Task, y: Array, told: Array) -> float:
    """Of predictions: the mean squared error, of probabilities that of each class; of counts the mean deviance, of
    quantiles the pinball loss."""
    if task.levels:
        return weighted("pinball", y, told)(np.ones(len(y)))
    if task.plain().kind == "exponential":
        return float(2 * (y * np.log(np.maximum(y, 1e-9) / told) - y + told).mean())
    truth = y if told.ndim == 1 else np.eye(told.shape[1])[y.astype(np.int64)]
    return float(((told - truth) ** 2).mean())


class FamilySuite:
    """What every family keeps to. `family` is its class; `quick` are settings over its defaults that are soon fitted.

    - it learns: new rows are told better than by who knows no feature; it can be fitted on few rows, with an empty
      column, and where a class has no row;
    - equal rows, settings and seed give the same to the last byte, whatever the number of threads; where that is not
      so, `threads_matter` says why;
    - restored from what was kept, as JSON too, it predicts the same to the last bit;
    - a family that grows (`grows`) ends at its seconds with what it has, and can be cut to fewer rounds;
    - rows weigh what they are told to; with `weights_repeat`, a row of weight 3 is three rows;
    - the settings of `defaults` can be proposed by `suggest`, name by name;
    - one that may be released has a graph that says what it says, at its own thresholds, beside them, at zeros, at the
      greatest numbers and where values are missing; and no training row stands in what it keeps. One that may not says
      so when it is asked for its graph.
    """

    family: ClassVar[type[Family]]
    kinds: ClassVar[tuple[str, ...]] = KINDS
    quick: ClassVar[Params] = {}
    grows: ClassVar[bool] = True
    threads_matter: ClassVar[str] = ""
    weights_repeat: ClassVar[bool] = False
    zero: ClassVar[float] = 0.0
    """Numbers so near to zero count as zero, to the library: the graph is not held to them."""
    ROWS: ClassVar[int] = 20_000
    """That the graph is held to."""

    def steps(self, estimator: Estimator) -> int:
        """How far a fit came, of a family that grows."""
        return estimator.most_rounds

    def fitted(
        self, kind: str, rows: Sample | None = None, *, threads: int = 2, rounds: int | None = None, **more: Any
    ) -> Estimator:
        family = self.family(task_named(kind), threads=threads)
        rows = sample_of(kind, family.encoding) if rows is None else rows
        params = {**family.defaults(), **self.quick} | ({} if rounds is None else {"rounds": rounds})
        return family.fit(rows, params, **more)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", self.kinds)

    def test_it_learns(self, kind: str) -> None:
        task, held = task_named(kind), sample_of(kind, self.family.encoding, seed=2)
        rows = sample_of(kind, self.family.encoding)
        found = self.fitted(kind, rows, valid=held, metric=task.default_metric(rows.y, 1.0, 1.0))
        margins = found.margin(held.x)
        assert margins.dtype == np.float64 and margins.shape == (len(held), task.outputs)
        nothing = task.link(np.repeat(task.constant(rows.y)[None, :], len(held), axis=0))
        assert loss(task, held.y, task.link(margins)) < 0.97 * loss(task, held.y, nothing)

    def test_equal_input_gives_equal_bytes(self, kind: str) -> None:
        held = sample_of(kind, self.family.encoding, 500, seed=2)
        first, again = (self.fitted(kind, valid=held) for _ in range(2))
        assert content(first.kept()) == content(again.kept())

    def test_threads_change_nothing(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_FREE, lambda _, most=8: most)
        rows = sample_of(kind, self.family.encoding, 20_000, 11)
        one, two = (self.fitted(kind, rows, threads=threads, rounds=5) for threads in (1, 2))
        same = content(one.kept()) == content(two.kept())
        assert same or self.threads_matter, "say in `threads_matter` why, if it has to be"

    def test_restored_it_predicts_the_same_to_the_last_bit(self, kind: str) -> None:
        found = self.fitted(kind, valid=sample_of(kind, self.family.encoding, 500, seed=2))
        kept = msgspec.json.decode(msgspec.json.encode(found.kept()), type=Kept)
        back = self.family(task_named(kind)).restore(kept)
        held = sample_of(kind, self.family.encoding, 5000, seed=3)
        assert back.margin(held.x).tobytes() == found.margin(held.x).tobytes()
        assert back.rounds == found.rounds and content(back.kept()) == content(found.kept())

    def test_it_ends_at_its_seconds_with_what_it_has(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        held = sample_of(kind, self.family.encoding, 500, seed=2)
        monkeypatch.setattr(_FREE, lambda _, most=8: 1)
        now = iter(range(10**6))
        monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
        found = self.fitted(kind, valid=held, seconds=float(SECONDS))
        monkeypatch.undo()
        assert np.isfinite(found.margin(held.x)).all()
        assert not self.grows or 1 <= self.steps(found) <= SECONDS + 1

    def test_it_can_be_cut_to_fewer_rounds(self, kind: str) -> None:
        held = sample_of(kind, self.family.encoding, 500, seed=2)
        found = self.fitted(kind, valid=held)
        assert 0 <= found.rounds <= found.most_rounds
        if found.rounds > 1:
            one = found.cut(1)
            assert one.rounds == 1 and (one.margin(held.x) != found.margin(held.x)).any()
            assert (one.cut(found.rounds).margin(held.x) == found.margin(held.x)).all()
            back = self.family(task_named(kind)).restore(one.kept())
            assert (back.margin(held.x) == one.margin(held.x)).all()

    def test_rows_weigh_what_they_are_told_to(self, kind: str) -> None:
        rows = sample_of(kind, self.family.encoding)
        high = rows.y > np.median(rows.y) if kind != "classification" else rows.y > 0.5
        task = task_named(kind)
        plain, heavy = (self.fitted(kind, Sample(rows.x, rows.y, w)) for w in (None, np.where(high, 9.0, 1.0)))
        before, after = (task.link(e.margin(rows.x)) for e in (plain, heavy))
        if before.ndim > 1:  # the number of the class that is expected
            before, after = (np.asarray(told) @ np.arange(told.shape[1]) for told in (before, after))
        assert after.mean() > before.mean() + 0.1 * before.std()

    def test_a_row_of_weight_three_is_three_rows(self, kind: str) -> None:
        if not self.weights_repeat:
            return
        rows = sample_of(kind, self.family.encoding, 600)
        weight = np.random.default_rng(5).integers(1, 4, len(rows)).astype(np.float64)
        many = np.repeat(np.arange(len(rows)), weight.astype(np.int64))
        weighed = self.fitted(kind, Sample(rows.x, rows.y, weight)).margin(rows.x)
        repeated = self.fitted(kind, Sample(rows.x[many], rows.y[many])).margin(rows.x)
        assert np.abs(weighed - repeated).max() < 1e-2 * max(1.0, np.abs(repeated).max())

    def test_defaults_can_be_proposed(self, kind: str) -> None:
        from optuna.trial import FixedTrial

        family = self.family(task_named(kind), weight_option=kind == "classification")
        defaults = family.defaults()
        proposed = family.suggest(FixedTrial({f"{family.name}.{key}": value for key, value in defaults.items()}))
        assert proposed == defaults

    def test_few_rows_and_an_empty_column_are_enough(self, kind: str) -> None:
        rows = sample_of(kind, self.family.encoding, 30)
        rows.x[:, 2] = np.nan if self.family.encoding == "trees" else 0.0
        found = self.fitted(kind, rows)
        assert np.isfinite(found.margin(rows.x)).all()

    def test_a_class_without_rows_is_hardly_expected(self, kind: str) -> None:
        task, rows = task_named(kind), sample_of(kind, self.family.encoding)
        for absent in ((2,), (0, 3)) if kind == "multiclass" else ():
            seen = ~np.isin(rows.y, absent)
            found = self.fitted(kind, Sample(rows.x[seen], rows.y[seen]))
            told = task.link(found.margin(rows.x))
            assert told.shape == (len(rows), 4) and told[:, list(absent)].mean() < 0.02

    def test_its_graph_says_what_it_says(self, kind: str) -> None:
        task, encoding = task_named(kind), self.family.encoding
        found = self.fitted(kind, valid=sample_of(kind, encoding, 500, seed=2))
        fitted = Fitted(_as_they_are(WIDTH), found, task.plain())
        held = sample_of(kind, encoding, self.ROWS, seed=4).x
        if not self.family.releasable:
            with pytest.raises(ModelError):
                export(fitted, _frame(held[:10]))
            return
        graph = export(fitted, _frame(held[:10]))
        scorer = Scorer(graph, fitted.encoder, fitted.calibrator)
        x = _mutated(held, graph, encoding)
        x[np.abs(x) <= self.zero] = 0.0
        ours, theirs = scorer.score_matrix(x), task.plain().vector(found.margin(x))
        assert np.isfinite(ours).all()
        assert np.abs(ours - theirs).max() <= TOLERANCE * max(1.0, float(np.abs(theirs).max()))
        family = self.family(task)
        settings = {**family.defaults(), **self.quick, "rounds": found.rounds}
        footprint = family.footprint(settings, len(held), Inputs(WIDTH))
        packed = len(zlib.compress(graph, 6)) / 1e6
        assert packed < 2 * footprint.mb + 0.2, "a search counts with what the family says of its size"
        row = [float(value) for value in x[0]]
        began = time.perf_counter()
        for _ in range(200):
            scorer.score_row(row)
        print(f"one row in {(time.perf_counter() - began) / 200 * 1e6:.1f} µs, a graph of {len(graph):,} bytes")

    def test_half_of_its_graph_beside_other_columns_says_half(self, kind: str) -> None:
        """As a member of a blend it reads some of the columns, and counts by its share."""
        if not self.family.releasable:
            return
        task = task_named(kind)
        found = self.fitted(kind)
        columns = np.arange(WIDTH)[::-1] + 1
        blend = Blend((Member(0.5, columns, found),))
        x = sample_of(kind, self.family.encoding, 500, WIDTH + 2, seed=4).x
        fitted = Fitted(_as_they_are(WIDTH + 2), blend, task.plain())
        scorer = Scorer(export(fitted, _frame(x)), fitted.encoder, fitted.calibrator)
        theirs = task.link(0.5 * found.margin(np.ascontiguousarray(x[:, columns])))
        assert np.abs(scorer.score_matrix(x) - theirs).max() <= TOLERANCE * max(1.0, float(np.abs(theirs).max()))

    def test_no_training_row_is_kept(self, kind: str) -> None:
        rows = sample_of(kind, self.family.encoding, 400)
        kept = self.fitted(kind, rows).kept()
        assert bool(_rows_in(kept, rows.x)) != self.family.releasable


def _as_they_are(width: int) -> Encoder:
    names = tuple(f"n{i}" for i in range(width))
    return Encoder(inputs=names, steps=tuple(map(Number, names)))


def _frame(x: Array) -> pl.DataFrame:
    return pl.DataFrame({f"n{i}": column for i, column in enumerate(x.T)})


def _mutated(x: Array, graph: bytes, encoding: str) -> Array:
    """`x`, of which a third of the values are at or beside thresholds of the graph, at zero, or as far as they go."""
    random, x = np.random.default_rng(11), x.copy()
    low, high = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    for column, thresholds in _thresholds(graph).items():
        chosen = np.flatnonzero(random.random(len(x)) < 0.3)
        near = random.choice(np.array(thresholds, dtype=np.float32), len(chosen))
        near = np.clip(near, np.float32(-3e38), np.float32(3e38))  # LightGBM asks for the greatest number, for "any"
        up, down = (np.nextafter(near, np.float32(end)) for end in (np.inf, -np.inf))
        x[chosen, column] = np.choose(random.integers(0, 3, len(chosen)), [near, up, down])
    odd: Array = np.less(random.random(x.shape), 0.05)
    x[odd] = random.choice(np.array([0.0, -0.0, 1.0, -1.0], dtype=np.float32), int(odd.sum()))
    far: Array = np.less(random.random(x.shape), 0.03)
    if encoding == "trees":
        x[far] = random.choice(np.array([2.9e38, -2.9e38, np.nan, 1e-30], dtype=np.float32), int(far.sum()))
        low, high = np.float32(-3e38), np.float32(3e38)
    else:
        x[far] = np.where(random.random(x.shape) < 0.5, low, high)[far]
    clipped: Array = np.clip(x, low, high)
    return clipped


def _thresholds(graph: bytes) -> dict[int, list[float]]:
    """What the trees of a graph ask of each column."""
    import onnx

    found: dict[int, list[float]] = {}
    for node in onnx.load_from_string(graph).graph.node:
        told = {each.name: onnx.helper.get_attribute_value(each) for each in node.attribute}
        for mode, column, value in zip(
            told.get("nodes_modes", ()), told.get("nodes_featureids", ()), told.get("nodes_values", ()), strict=True
        ):
            if mode != b"LEAF":
                found.setdefault(column, []).append(value)
    return found


def _rows_in(kept: Kept, x: Array) -> int:
    """How many rows of `x` stand in what was kept, value after value or column by column."""
    runs = [np.array(told, dtype=np.float32) for told in kept.numbers.values()]
    runs += [np.frombuffer(told[: len(told) // 4 * 4], dtype="<f4") for told in kept.packed.values()]
    runs.append(np.array(re.findall(r"-?\d+\.\d+(?:e-?\d+)?", kept.text), dtype=np.float32))
    known = {row.tobytes() for row in x[~np.isnan(x).any(axis=1)]}
    width = x.shape[1]
    held = sum(run[i : i + width].tobytes() in known for run in runs for i in range(len(run) - width + 1))
    columns = {column.tobytes() for column in x.T}
    rows = len(x)
    held += sum(run[i * rows : (i + 1) * rows].tobytes() in columns for run in runs for i in range(len(run) // rows))
    return held + sum(_rows_in(part, x) for part in kept.parts)
