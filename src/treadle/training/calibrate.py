"""From a model's raw margin to a probability that can be believed, as data.

A margin is the log-odds before the sigmoid. Three maps compete: the sigmoid itself, Platt's two-parameter sigmoid
(Platt 1999) and isotonic regression by pooling adjacent violators (Zadrozny and Elkan 2002). Each is fitted on some
folds of out-of-fold margins and scored on the others; the lowest log loss wins, the simpler one when it is close.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np

from treadle.scoring.calibrator import Array, Calibrator, sigmoid
from treadle.scoring.quantiles import pinball, weighted_quantiles

MOST_KNOTS = 100
STEADY_ROWS = 10.0
"""How many rows speak for a temperature of one: of few rows that all were told right, any certainty would do."""
FEW_OF_A_CLASS, LEAST_ROWS_OF_A_CLASS = 10, 0.5
"""A class of fewer rows is one that a fit can be certain of by mistake, and is taken to have half a row more: as the
model that knows only shares takes it (`Multiclass.constant`)."""
MARGIN_OF_WIN = 0.001
"""A richer map must lower the log loss by this share: it costs data, and ties that blur a ranking. Shifts of quantiles
may raise the pinball loss by it."""


def choose(margins: Array, y: Array, fold: Array, weight: Array | None = None) -> tuple[Calibrator, dict[str, float]]:
    """The map with the lowest cross-fitted log loss, fitted on all of `margins`; and the log loss of each.

    `fold` numbers the rows' folds. With one fold only, rows are dealt to two halves. `weight`: how much each counts.
    """
    weight = np.ones(len(y)) if weight is None else weight
    if len(np.unique(fold)) < 2:
        fold = np.arange(len(y)) % 2
    fits: dict[str, Callable[[Array, Array, Array], Calibrator]] = {
        "none": lambda m, t, w: Calibrator(),
        "sigmoid": platt,
        "isotonic": isotonic,
    }
    losses = {}
    for name, fit in fits.items():
        p = np.empty(len(y))
        for k in np.unique(fold):
            here = fold == k
            p[here] = fit(margins[~here], y[~here], weight[~here]).vector(margins[here])
        q = np.clip(p, 1e-7, 1 - 1e-7)
        losses[name] = float(-np.average(np.where(y > 0.5, np.log(q), np.log1p(-q)), weights=weight))
    best = "none"
    for name in ("sigmoid", "isotonic"):
        if losses[name] < losses[best] * (1 - MARGIN_OF_WIN):
            best = name
    return fits[best](margins, y, weight), losses


def choose_classes(
    margins: Array, y: Array, fold: Array, weight: Array | None = None
) -> tuple[Calibrator, dict[str, float]]:
    """The softmax as it is, or with one temperature for all classes (Guo et al. 2017): the lower cross-fitted log loss.

    Its inverse is searched for on a grid of logarithms, from a fifth to five, which is wide and cannot run away.
    Classes of few rows, or of none among these, get a floor besides: see `floors`.
    """
    outputs, weight = margins.shape[1], np.ones(len(y)) if weight is None else weight
    if len(np.unique(fold)) < 2:
        fold = np.arange(len(y)) % 2
    plain = Calibrator("softmax", offsets=(0.0,) * outputs)

    def loss(found: Calibrator, rows: Array) -> float:
        told = found.vector(margins[rows])[np.arange(int(rows.sum())), y[rows].astype(np.int64)]
        return float(-np.average(np.log(np.clip(told, 1e-12, 1.0)), weights=weight[rows]))

    def fitted(rows: Array) -> Calibrator:
        tried = [Calibrator("softmax", a=float(a), offsets=plain.offsets) for a in np.geomspace(0.2, 5.0, 65)]
        n = float(weight[rows].sum())
        return min(tried, key=lambda found: loss(found, rows) + STEADY_ROWS * math.log(found.a) ** 2 / n)

    everything = np.ones(len(y), dtype=bool)
    parts = [fold == k for k in np.unique(fold)]
    shares = [float(np.average(here, weights=weight)) for here in parts]
    losses = {
        "none": loss(plain, everything),
        "temperature": sum(s * loss(fitted(~here), here) for s, here in zip(shares, parts, strict=True)),
    }
    better = losses["temperature"] < losses["none"] * (1 - MARGIN_OF_WIN)
    found = fitted(everything) if better else plain
    return msgspec.structs.replace(found, least=floors(y, outputs)), losses


def floors(y: Array, outputs: int) -> tuple[float, ...]:
    """The least probability of each of `outputs` classes: of one with few rows in `y` what half a row of it would say
    beside all others (the Krichevsky-Trofimov estimate of a class never seen), of the others none. Empty where no class
    has few.

    >>> floors(np.repeat([0.0, 1.0], 20), 3)
    (0.0, 0.0, 0.012048192771084338)
    """
    counts = np.bincount(y.astype(np.int64), minlength=outputs)
    few = counts < FEW_OF_A_CLASS
    whole = len(y) + LEAST_ROWS_OF_A_CLASS * outputs
    return tuple(float(LEAST_ROWS_OF_A_CLASS / whole) if rare else 0.0 for rare in few) if few.any() else ()


def choose_shifts(
    margins: Array, y: Array, fold: Array, levels: tuple[float, ...], weight: Array | None = None
) -> tuple[Calibrator, dict[str, float]]:
    """Quantiles as they are, or each moved by the same quantile of what held rows lie above it (Romano, Patterson and
    Candès 2019, "Conformalized quantile regression"; a shift a level). They are moved where cross-fitted shares below
    them are nearer to the levels for it, and the pinball loss is not greater by more than `MARGIN_OF_WIN`: the level is
    what was asked for, and a loss so little greater is noise. `weight`: how much each row counts, in shares and losses
    alike (Tibshirani, Barber, Candès and Ramdas 2019, "Conformal prediction under covariate shift").
    """
    weight = np.ones(len(y)) if weight is None else weight
    if len(np.unique(fold)) < 2:
        fold = np.arange(len(y)) % 2
    plain = Calibrator("rearranged", offsets=(0.0,) * len(levels), levels=levels)

    def shifted(rows: Array) -> Calibrator:
        gaps, mine = y[rows, None] - margins[rows], weight[rows]
        n = float(mine.sum())
        # a new row counts as one more, on the outer side: the correction for what a finite number of rows can tell
        at = [min(level * (n + 1) / n, 1.0) if level > 0.5 else max(level - (1 - level) / n, 0.0) for level in levels]
        offsets = tuple(float(weighted_quantiles(gap, share, mine)) for gap, share in zip(gaps.T, at, strict=True))
        return Calibrator("rearranged", offsets=offsets, levels=levels)

    moved = np.empty_like(margins)
    for k in np.unique(fold):
        moved[fold == k] = shifted(fold != k).vector(margins[fold == k])
    told = {"none": np.asarray(plain.vector(margins)), "shifts": moved}
    losses = {name: float(np.average(pinball(y, p, levels).mean(axis=1), weights=weight)) for name, p in told.items()}
    below = {name: np.average(y[:, None] <= p, axis=0, weights=weight) for name, p in told.items()}
    astray = {name: float(np.abs(share - levels).mean()) for name, share in below.items()}
    better = astray["shifts"] < astray["none"] and losses["shifts"] <= losses["none"] * (1 + MARGIN_OF_WIN)
    return (shifted(np.ones(len(y), dtype=bool)) if better else plain), losses


def platt(margins: Array, y: Array, weight: Array | None = None) -> Calibrator:
    """Slope and offset of the log-odds by Newton steps, with Platt's smoothed targets; slope kept positive."""
    weight = np.ones(len(y)) if weight is None else weight
    positives, n = float((y * weight).sum()), float(weight.sum())
    target = np.where(y > 0.5, (positives + 1) / (positives + 2), 1 / (n - positives + 2))
    # Margins of unit spread make the two parameters alike in size, and Newton's steps safe.
    spread = float(np.std(margins)) or 1.0
    x = np.column_stack([np.asarray(margins, dtype=np.float64) / spread, np.ones(len(y))])
    beta = np.array([0.0, math.log(max(positives, 0.5) / max(n - positives, 0.5))])
    for _ in range(50):
        p = sigmoid(x @ beta)
        slope = x.T @ (weight * (p - target))
        bend = (x * (weight * p * (1 - p))[:, None]).T @ x + 1e-9 * np.eye(2)
        step = np.linalg.solve(bend, slope)
        beta = beta - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    beta[0] /= spread
    if not np.isfinite(beta).all() or beta[0] <= 0:
        return Calibrator()  # the margins do not rank: turning them around would be a guess
    return Calibrator("sigmoid", a=float(beta[0]), b=float(beta[1]))


def isotonic(margins: Array, y: Array, weight: Array | None = None) -> Calibrator:
    """The best non-decreasing steps, as lines between the middles of the steps, so that few margins tie."""
    order = np.argsort(margins, kind="stable")
    w = np.ones(len(y)) if weight is None else weight[order]
    m, target = np.asarray(margins, dtype=np.float64)[order], y[order]
    # Equal counts of rows first: fewer, steadier blocks than single rows.
    blocks = _blocks(m, min(MOST_KNOTS, max(2, len(m) // 20)))
    pooled: list[list[float]] = []
    for rows in blocks:
        pooled.append([float((m[rows] * w[rows]).sum()), float((target[rows] * w[rows]).sum()), float(w[rows].sum())])
        while len(pooled) > 1 and pooled[-2][1] / pooled[-2][2] >= pooled[-1][1] / pooled[-1][2]:
            last = pooled.pop()
            pooled[-1] = [pooled[-1][i] + last[i] for i in range(3)]
    x = [block[0] / block[2] for block in pooled]
    # Half a row of each class: a block of few rows is never wholly certain.
    p = [(block[1] + 0.5) / (block[2] + 1) for block in pooled]
    knots: list[tuple[float, float]] = []
    for at, value in zip(x, np.maximum.accumulate(p), strict=True):
        if not knots or at > knots[-1][0]:
            knots.append((at, float(value)))
    if len(knots) < 2:
        return Calibrator()
    return Calibrator("isotonic", x=tuple(k[0] for k in knots), y=tuple(k[1] for k in knots))


def _blocks(margins: Array, most: int) -> list[Array]:
    """Rows of sorted `margins`, about as many in each block; rows of one margin are told alike, so they are in one."""
    starts = np.array([rows[0] for rows in np.array_split(np.arange(len(margins)), most)[1:] if len(rows)], dtype=int)
    tied = margins[starts - 1] == margins[starts]
    starts = np.where(tied, np.searchsorted(margins, margins[starts], side="right"), starts)
    return np.split(np.arange(len(margins)), np.unique(starts[starts < len(margins)]))
