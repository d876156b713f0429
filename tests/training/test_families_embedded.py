"""Networks on embeddings: as numbers, without the library that learned them; and the suite, where it is installed."""

from __future__ import annotations

import math
import sys
from typing import ClassVar

import msgspec
import numpy as np
import polars as pl
import pytest

from treadle.packing import export
from treadle.scoring.encoder import Encoder
from treadle.scoring.scorer import Scorer
from treadle.scoring.steps import Number
from treadle.scoring.tasks import Task, task_of
from treadle.testing import FamilySuite
from treadle.testing.families import EVERY, LEVELS, content, loss, sample_of, task_named
from treadle.training import Fitted
from treadle.training.families import Array, Blend, Inputs, Kept, Member, Params, Sample, known, restore
from treadle.training.families.embedded_net import EmbeddedNet, Embedding
from treadle.training.families.embeddings import MOST_WEIGHTS, EmbeddingsFamily, Learning

NAN, INF = float("nan"), float("inf")
ODD = (NAN, INF, -INF, 3e38, -3e38, 0.0, -0.0, -1.0, 1.0, 2.0, 3.0, 500.0, 0.5, 1e-30, -7.0)
LAYERS = (
    [[0.1, -0.2], [0.5, 0.25], [-0.75, 1.0], [0.3, 0.6], [1.5, -0.5]],  # the table: of three rows, and of two
    [[0.4, -1.0, 0.2], [-0.3, 0.8, 0.9], [1.1, 0.2, -0.6], [0.25, -0.5, 0.75],
     [0.6, 0.1, -0.2], [-0.9, 0.4, 0.3], [0.2, 0.7, -0.1], [0.5, -0.3, 0.8]],
    [0.05, -0.1, 0.15],
    [[0.7, -0.4], [1.2, 0.3], [-0.5, 0.9]],
    [0.01, -0.02],
)  # fmt: skip
SMALL = EmbeddedNet(
    layers=tuple(np.array(part, dtype=np.float32) for part in LAYERS),
    rounds=3,
    losses=(0.7, 0.6, 0.5),
    held_losses=(0.7, 0.65, 0.66),
    embedding=Embedding(
        numbers=np.array([1, 3]),
        fill=np.array([-1.0, 2.5], np.float32),
        flagged=np.array([0]),
        place=np.array([0, 0, 1]),
        lower=np.array([-1.0, 0.5, 2.0], np.float32),
        steep=np.array([1 / 1.5, 2.0, 0.25], np.float32),
        codes=np.array([0, 2]),
        sizes=np.array([3, 2]),
    ),
)
"""Columns: a code of two levels, a number in two pieces that is sometimes missing, a code of one level, a number."""


def by_hand(row: Array) -> list[float]:
    """What the small one says, sum by sum."""
    table, first, offsets, second, last = LAYERS
    a = -1.0 if math.isnan(row[1]) else float(row[1])
    b = 2.5 if math.isnan(row[3]) else float(row[3])
    read = [min(max((a + 1.0) / 1.5, 0), 1), min(max((a - 0.5) * 2, 0), 1), min(max((b - 2.0) / 4, 0), 1)]
    read.append(float(math.isnan(row[1])))
    for code, begin, most in ((row[0], 0, 2), (row[2], 3, 1)):
        place = 0 if math.isnan(code) or not 0 <= code + 1 <= most else int(code + 1)
        read += table[begin + place]
    hidden = [max(0.0, sum(r * w[k] for r, w in zip(read, first, strict=True)) + offsets[k]) for k in range(3)]
    return [sum(h * w[k] for h, w in zip(hidden, second, strict=True)) + last[k] for k in range(2)]


def odd(x: Array, seed: int = 5) -> Array:
    """`x`, of which a fifth is as no table has it."""
    random, x = np.random.default_rng(seed), x.copy()
    some = random.random(x.shape) < 0.2
    x[some] = random.choice(np.array(ODD, dtype=np.float32), int(some.sum()))
    return x


def rows_of_odds(width: int = 4) -> Array:
    return odd(np.random.default_rng(2).normal(size=(3000, width)).astype(np.float32))


def scorer_of(net: EmbeddedNet | Blend, width: int, task: Task) -> Scorer:
    names = tuple(f"n{i}" for i in range(width))
    encoder = Encoder(inputs=names, steps=tuple(map(Number, names)))
    fitted = Fitted(encoder, net, task.plain())
    frame = pl.DataFrame({name: np.linspace(-1, 1, 20, dtype=np.float32) for name in names})
    return Scorer(export(fitted, frame), fitted.encoder, fitted.calibrator)


def with_codes(kind: str, rows: int = 1500, seed: int = 1) -> Sample:
    """Rows whose label goes by 30 levels, beside a second text and numbers of which some are missing."""
    base = sample_of(kind, "trees", rows, 6, seed=seed)
    random = np.random.default_rng(seed)
    codes = random.integers(0, 30, rows)
    drive = 1.5 * np.sin(np.arange(30) * 2.0)[codes]
    base.x[:, 0], base.x[:, 5] = codes, random.integers(-1, 3, rows)
    noise = random.logistic(size=rows) / 2
    y = {
        "classification": drive + noise > 0,
        "multiclass": np.digitize(drive + noise, (-1.2, 0.0, 1.2)),
        "counts": random.poisson(np.exp(drive / 2)),
    }.get(kind, 250.0 + 10 * (drive + noise))
    return Sample(base.x, np.asarray(y, dtype=np.float64), None, (0, 5))


def test_a_kept_one_says_what_its_numbers_say() -> None:
    x = rows_of_odds()
    told = SMALL.margin(x)
    assert told.dtype == np.float64 and told.shape == (3000, 2)
    assert np.abs(told - np.array([by_hand(row) for row in x])).max() < 1e-5
    assert SMALL.margin(x[:0]).shape == (0, 2)


def test_it_is_restored_and_cut_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    kept = msgspec.json.decode(content(SMALL.kept()), type=Kept)
    back, x = restore(kept, task_named("quantiles")), rows_of_odds()
    assert isinstance(back, EmbeddedNet) and back.cut(1).rounds == 3, "epochs are not kept, so it stays what it is"
    assert back.margin(x).tobytes() == SMALL.margin(x).tobytes() and content(back.kept()) == content(SMALL.kept())


@pytest.mark.parametrize("columns", [[0, 1, 2, 3], [5, 0, 2, 4]])
def test_its_graph_says_what_it_says_of_any_row(columns: list[int]) -> None:
    """Missing, infinite, huge, codes that no level has; where others' columns stand between its own too."""
    net, x = EmbeddedNet.restore(SMALL.kept()), rows_of_odds(6 if columns[0] else 4)
    whole = Blend((Member(0.5, np.array(columns), net),)) if columns[0] else net
    # of two outputs: as quantiles, which the task puts in order
    scorer = scorer_of(whole, x.shape[1], task_of("quantiles", levels=(0.1, 0.9)))
    told = (0.5 if columns[0] else 1.0) * net.margin(np.ascontiguousarray(x[:, columns]))
    assert np.abs(scorer.score_matrix(x) - np.sort(told, axis=1)).max() < 1e-5


def test_a_table_alone_and_numbers_alone_are_networks_too() -> None:
    random = np.random.default_rng(1)
    codes = Sample(random.integers(-1, 5, (200, 2)).astype(np.float32), np.zeros(200), None, (0, 1))
    numbers = Sample(random.normal(size=(200, 2)).astype(np.float32), np.zeros(200))
    family = EmbeddingsFamily(task_named("regression"))
    for rows in (codes, numbers):
        net = family.started(rows, rows.y, family.defaults(), np.ones(200))
        assert isinstance(net, EmbeddedNet) and (net.table is None) == (rows is numbers)
        x = odd(rows.x)
        told = scorer_of(net, 2, family.task).score_matrix(x)
        assert np.abs(told - net.margin(x)[:, 0]).max() < 1e-5


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([1.0, 1.0, 1.0], [1.0, 2.0]),
        ([NAN, NAN], [0.0, 1.0]),
        ([0.0, 1.0, 1.0, 0.0], [0.0, 1.0]),
        ([-INF, 0.0, INF], [-1e30, 0.0, 1e30]),
        ([1e30, 1e30], [1e30, 2e30]),
        ([0.0, 1e-40, 3.0], [0.0, 3.0]),
    ],
)
def test_pieces_of_odd_columns(values: list[float], edges: list[float]) -> None:
    x = np.array(values, dtype=np.float32)[:, None]
    found = Embedding.of(Sample(x, np.zeros(len(x))), 8)
    told = [*found.lower, found.lower[-1] + 1 / found.steep[-1]]
    assert told == pytest.approx(edges, rel=1e-5)
    assert np.isfinite(found.read(np.array(ODD, dtype=np.float32)[:, None])[0]).all()


def test_pieces_hold_as_many_rows_and_missing_ones_are_told() -> None:
    x = np.random.default_rng(1).exponential(size=(4000, 2)).astype(np.float32)
    x[::5, 1] = np.nan
    found = Embedding.of(Sample(x, np.zeros(4000)), 10)
    assert found.place.tolist() == [0] * 10 + [1] * 10 and found.flagged.tolist() == [1]
    begin = np.searchsorted(found.lower[:10], x[:, 0], side="right")
    assert np.bincount(begin)[1:].tolist() == pytest.approx([400] * 10, abs=2)
    read, _ = found.read(np.array([[NAN, NAN], [99.0, 99.0]], dtype=np.float32))
    assert read[0, :10].sum() == pytest.approx(5, abs=0.05), "never missing before: as the middle one"
    assert read[0, 10:].tolist() == [0.0] * 10 + [1.0] and read[1].tolist() == [1.0] * 20 + [0.0]


@pytest.mark.parametrize("inputs", [Inputs(2000), Inputs(60, (501,) * 60), Inputs(12, (3, 500))])
def test_it_stays_small_of_any_table(inputs: Inputs) -> None:
    family = EmbeddingsFamily(task_named("multiclass"))
    largest = {**family.defaults(), "width": 256, "depth": 3, "embedding": 32, "pieces": 48}
    for params in (family.defaults(), largest):
        found = family.footprint(params, 1000, inputs)
        assert found.mb <= 4e-6 * MOST_WEIGHTS and found.row_us < 100
    within = family.within(largest, Inputs(5, (10,)))
    assert {key: within[key] for key in largest} == largest, "what is small enough is as it was asked for"


def test_auto_does_not_try_it() -> None:
    from treadle.training.families import families

    task = task_named("classification")
    assert EmbeddingsFamily.name in known()
    assert EmbeddingsFamily.name not in [each.name for each in families("auto", task, threads=1)]


@pytest.mark.needs("torch")
class TestEmbeddings(FamilySuite):
    family = EmbeddingsFamily
    kinds = EVERY
    quick: ClassVar[Params] = {"width": 32}


@pytest.mark.needs("torch")
@pytest.mark.parametrize("kind", EVERY)
def test_it_learns_levels_and_the_library_says_the_same(kind: str) -> None:
    rows, held = with_codes(kind), with_codes(kind, seed=2)
    made = EmbeddingsFamily(task_named(kind), threads=1)
    params = {**made.defaults(), "width": 32, "pieces": 8}
    found, again = (made.fit(rows, params, held) for _ in range(2))
    assert isinstance(found, EmbeddedNet) and content(found.kept()) == content(again.kept())
    link, nothing = made.task.link, np.repeat(made.task.constant(rows.y)[None, :], len(held), axis=0)
    assert loss(made.task, held.y, link(found.margin(held.x))) < 0.9 * loss(made.task, held.y, link(nothing))
    x = odd(held.x)
    with made.learning(found, held, *_taught(len(held), made), params) as learner:
        assert isinstance(learner, Learning)
        theirs = learner.margin(found.layers, x)
    told = scorer_of(found, x.shape[1], made.task).score_matrix(x)
    most = max(1.0, float(np.abs(link(theirs)).max()))
    assert np.abs(link(found.margin(x)) - link(theirs)).max() <= 1e-5 * most
    assert np.abs(told - made.task.plain().vector(theirs)).max() <= 1e-5 * most


def _taught(rows: int, made: EmbeddingsFamily) -> tuple[Array, Array]:
    return np.zeros((rows, made.task.outputs)), np.ones(rows)


@pytest.mark.needs("torch")
@pytest.mark.parametrize("kind", EVERY)
def test_the_loss_that_it_learns_by_is_that_of_all_networks(kind: str) -> None:
    import torch

    made = EmbeddingsFamily(task_named(kind))
    rows = with_codes(kind, 300)
    y = (rows.y - 250) / 10 if kind in ("regression", "quantiles") else rows.y
    truth = made._truth(y)
    margins = np.random.default_rng(1).normal(size=truth.shape) * 2
    ours = made._each_loss(margins, made._told(margins), truth.astype(np.float64))
    params = made.defaults()
    first = made.started(rows, y, params, np.ones(len(rows)))
    with made.learning(first, rows, truth, np.ones(len(rows)), params) as learner:
        assert isinstance(learner, Learning)
        theirs = learner._each_loss(torch.from_numpy(margins), torch.from_numpy(truth.astype(np.float64))).numpy()
    # the kink of a quantile is rounded off by a quarter of its half width at the most
    assert np.abs(ours - theirs).max() < (0.006 if kind == "quantiles" else 1e-6)


@pytest.mark.needs("torch")
def test_one_that_was_kept_goes_on_where_it_stood() -> None:
    made, rows = EmbeddingsFamily(task_named("quantiles"), threads=1), with_codes("quantiles")
    params = {**made.defaults(), "width": 32}
    short = made.fit(rows, {**params, "rounds": 4})
    longer = made.resume(made.restore(short.kept()), rows, {**params, "rounds": 15})
    assert isinstance(longer, EmbeddedNet) and isinstance(short, EmbeddedNet)
    assert longer.rounds == 15 and longer.losses[:4] == short.losses and len(longer.losses) == 15
    assert longer.losses[5] < short.losses[0]
    below = [(rows.y <= made.task.link(longer.margin(rows.x))[:, k]).mean() for k in range(3)]
    assert np.abs(np.array(below) - LEVELS).max() < 0.08


@pytest.mark.needs("torch")
def test_it_leaves_the_library_as_it_was_and_says_when_memory_is_refused() -> None:
    import torch

    torch.set_num_threads(2)
    made, rows = EmbeddingsFamily(task_named("classification"), threads=1), with_codes("classification", 200)
    made.fit(rows, {**made.defaults(), "rounds": 1})
    assert torch.get_num_threads() == 2 and torch.get_deterministic_debug_mode() == 0
    with (
        pytest.raises(MemoryError, match="memory"),
        made.learning(
            made.started(rows, rows.y, made.defaults(), np.ones(200)),
            rows,
            rows.y[:, None],
            np.ones(200),
            made.defaults(),
        ),
    ):
        torch.empty(10**15)
    assert torch.get_num_threads() == 2 and torch.get_deterministic_debug_mode() == 0
