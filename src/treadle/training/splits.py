"""Cut rows into training and test, and the training rows into folds; say what could leak across the cut.

By time, a model is tested as it will be used: on what came later. A training row takes part only when its label was
known before the first test row is predicted (else it is purged), and a gap can be kept free besides
(López de Prado 2018, "Advances in Financial Machine Learning", ch. 7: purging and embargo).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from treadle.errors import DataError
from treadle.scoring import metrics
from treadle.scoring.tasks import task_of
from treadle.spec import Predict, duration
from treadle.training.table import TrainingTable

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]
MOST_DUPLICATES = 0.01
"""The share of test rows that may have the features of a training row without a word."""
COMMON = 20
"""So many equal training rows, and `MOST_DUPLICATES` of all, are a common row and no copies of one another."""


class Check(Struct, frozen=True):
    """One question about leaks, with its answer in words. `share`: of the test rows, where it is about rows.

    `checked` is False where the rows could not be asked: then `ok` is False too, and `text` says what is missing.
    """

    name: str
    ok: bool
    text: str
    checked: bool = True
    share: float = 0.0


@dataclass(frozen=True, eq=False)
class Fold:
    """Row positions (in the whole table) to train and to validate on."""

    train: Array
    valid: Array


@dataclass(frozen=True, eq=False)
class Split:
    """Row positions of the two parts. `test` is sealed: `evaluate` alone reads features and labels of those rows.

    Cutting needs their times and groups, the labels where classes are to be dealt out evenly or counted, and hashes of
    their features, by which copies of training rows are found.
    """

    by: str
    train: Array
    test: Array
    folds: tuple[Fold, ...]
    purged: int = 0
    cut: np.datetime64 | None = None
    checks: tuple[Check, ...] = field(default=())
    left_out: Array | None = None
    """Rows of neither part, of which nothing is to be learned at any time."""

    def teaching(self, rows: int) -> Array:
        """Which rows of a table of so many may be learned from when nothing is judged by them: the test rows too."""
        every = np.arange(rows)
        return every if self.left_out is None else np.setdiff1d(every, self.left_out)


def split(table: TrainingTable, predict: Predict, *, seed: int = 7) -> Split:
    """Cut `table` as `predict.split` says, and check that nothing leaks from one part to another.

    Raises:
        DataError: as of `cut`.
    """
    made = cut(table, predict, seed=seed)
    return replace(made, checks=leak_checks(table, made))


def cut(table: TrainingTable, predict: Predict, *, seed: int = 7) -> Split:
    """As `split`, without its checks: no feature is read.

    Raises:
        DataError: a split by time without times, by group without groups, or a part with no rows or one class.
    """
    rule, task = predict.split, task_of(predict.kind, table.classes, levels=predict.quantiles)
    purged, first = 0, None
    if rule.by == "time":
        train, test, purged, first = _by_time(table, rule.test, duration(rule.gap).total_seconds())
        folds = _time_folds(table, train, rule.folds, duration(rule.gap).total_seconds())
    else:
        label = table.label if task.stratifies else None
        part = _parts(table, rule.by, label, rule.test, rule.folds, seed)
        train, test = np.flatnonzero(part >= 0), np.flatnonzero(part < 0)
        folds = [Fold(np.flatnonzero((part >= 0) & (part != k)), np.flatnonzero(part == k)) for k in range(rule.folds)]
    folds = [f for f in folds if len(f.train) >= 20 and len(f.valid) >= 5]
    folds = [f for f in folds if task.fits(table.label[f.train], table.label[f.valid])]
    if predict.metric is not None and metrics.of_spread(predict.metric):
        folds = [f for f in folds if np.ptp(table.label[f.valid]) > 0]
    if task.stratifies and not (_both_classes(table, train) and _both_classes(table, test)):
        raise DataError(
            f"split by {rule.by}: the training or the test part holds one class only",
            where="predict.split",
            mend="give more rows, a larger test share, or split by stratified",
        )
    if not folds or len(test) == 0:
        raise DataError(
            f"split by {rule.by} leaves no usable folds",
            where="predict.split",
            mend="give more rows, fewer folds, or a smaller gap",
        )
    return Split(rule.by, train, test, tuple(folds), purged, first)


def _both_classes(table: TrainingTable, rows: Array) -> bool:
    label = table.label[rows]
    return len(label) > 0 and label.min() != label.max()


def _by_time(table: TrainingTable, share: float, gap: float) -> tuple[Array, Array, int, np.datetime64]:
    if table.at is None:
        raise DataError(
            "a split by time needs the time of each example",
            where="predict.split.by",
            mend="set `predict.at`, or split by random or stratified",
        )
    order = np.argsort(table.at, kind="stable")
    # The cut is a time, not a row: rows of one instant stay together, on the later side.
    cut: np.datetime64 = table.at[order[min(int(len(order) * (1 - share)), len(order) - 1)]]
    before = order[table.at[order] < cut]
    train = _usable(table, before, cut, gap)
    return train, order[table.at[order] >= cut], len(before) - len(train), cut


def _usable(table: TrainingTable, rows: Array, start: np.datetime64, gap: float) -> Array:
    """Of `rows`, those that end before `start` less the gap, and whose label was known before `start`."""
    assert table.at is not None
    keep = table.at[rows] < start - np.timedelta64(round(gap * 1e6), "us")
    if table.known is not None:
        keep &= table.known[rows] < start
    return rows[keep]


def _time_folds(table: TrainingTable, train: Array, count: int, gap: float) -> list[Fold]:
    """Expanding: fold k trains on all before its slice, and validates on the slice after."""
    assert table.at is not None
    if len(train) == 0:
        return []
    times = table.at[train]
    edges = [times[int(len(train) * part / (count + 1))] for part in range(1, count + 1)]
    folds = []
    for k, start in enumerate(edges):
        inside = times >= start
        if k + 1 < len(edges):
            inside &= times < edges[k + 1]
        folds.append(Fold(_usable(table, train[times < start], start, gap), train[inside]))
    return folds


def _parts(table: TrainingTable, by: str, label: Array | None, share: float, folds: int, seed: int) -> Array:
    """-1 for test rows, else the number of the fold."""
    random = np.random.default_rng(seed)
    n = len(table)
    if by == "group":
        if table.group is None:
            raise DataError(
                "a split by group needs the group of each row",
                where="predict.split.group",
                mend="name a column in `predict.split.group`",
            )
        names, member = np.unique(np.asarray(table.group).astype(str), return_inverse=True)
        if len(names) < folds + 1:
            raise DataError(
                f"{len(names)} groups are too few for a test part and {folds} folds",
                where="predict.split.group",
                mend="use fewer folds or split by random",
            )
        return _deal(random.permutation(len(names)), share, folds)[member]
    part = np.empty(n, dtype=np.int64)
    strata = label if by == "stratified" and label is not None else np.zeros(n)
    for value in np.unique(strata):
        rows = np.flatnonzero(strata == value)
        part[rows] = _deal(random.permutation(len(rows)), share, folds)
    return part


def _deal(shuffled: Array, share: float, folds: int) -> Array:
    """By place in a shuffled deck: the first `share` to the test part, the others dealt to the folds in turn."""
    tests = max(1, round(len(shuffled) * share))
    return np.where(shuffled < tests, -1, shuffled % folds)


def leak_checks(table: TrainingTable, made: Split) -> tuple[Check, ...]:
    """What could carry the answer from the test rows into training, asked of the rows themselves."""
    checks = [_duplicates(table, made)]
    if made.cut is not None and table.at is not None:
        latest = table.at[made.train].max()
        checks.append(
            Check(
                "time_order",
                bool(latest < made.cut),
                f"The last training row is predicted at {_minute(latest)}, the first test row at {_minute(made.cut)}.",
            )
        )
        checks.append(_label_known(table, made, made.cut))
    if table.group is not None:
        checks.append(_groups(np.asarray(table.group).astype(str), made))
    return tuple(checks)


def _label_known(table: TrainingTable, made: Split, cut: np.datetime64) -> Check:
    if table.known is None:
        return Check(
            "label_known",
            False,
            "Not checked: without `predict.label_known`, every label counts as known at the moment of its prediction. "
            "If labels come later, training used some that were not known yet, and the score is too good.",
            checked=False,
        )
    known = table.known[made.train].max()
    return Check(
        "label_known",
        bool(known < cut),
        f"{made.purged} rows before the cut were left out: they lie in the gap, or their label "
        f"was not known yet. The last training label was known at {_minute(known)}.",
    )


def _groups(groups: Array, made: Split) -> Check:
    """Only a split by group keeps groups apart; by time, that groups come back may be how the model is used."""
    shared = np.intersect1d(groups[made.train], groups[made.test])
    share = float(np.isin(groups[made.test], shared).mean())
    said = f"{len(shared)} groups have rows on both sides of the cut ({share:.0%} of the test rows)."
    if made.by == "group":
        return Check("groups", len(shared) == 0, said, share=share)
    if made.by == "time":
        return Check(
            "groups",
            False,
            f"Not checked: {said} A split by time tests known groups at later times, and says nothing of new ones.",
            checked=False,
            share=share,
        )
    return Check(
        "groups",
        len(shared) == 0,
        f"{said} The score holds for groups that are known already; only a split by group keeps them apart.",
        share=share,
    )


def _minute(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("T", " ") + " UTC"


def _duplicates(table: TrainingTable, made: Split) -> Check:
    """Rows of equal features on both sides. Of the test rows only hashes are looked at.

    Common rows are no copies: where a hundredth of the training rows are the same (customers who did nothing, with all
    amounts zero), so will test rows be. Where all features have few levels, equal rows are no wonder either. How many
    chance gives is estimated from how often two rows agree in each feature; the square root allows for features that
    go together.
    """
    frame = table.frame.select(table.names)
    hashes = frame.hash_rows(seed=1).to_numpy()
    levels, counts = np.unique(hashes[made.train], return_counts=True)
    many = counts >= max(COMMON, MOST_DUPLICATES * len(made.train))
    common = int(np.isin(hashes[made.test], levels[many]).sum())
    same = int(np.isin(hashes[made.test], levels).sum()) - common
    share = same / max(len(made.test), 1)
    text = f"{same} of {len(made.test)} test rows ({share:.2%}) have exactly the features of a training row."
    if common:
        text += (
            f" {common} more are common rows, of which the training rows have {int(counts[many].min())} or more each."
        )
    if share < MOST_DUPLICATES:
        return Check("duplicates", True, text, share=share)
    chance = _by_chance(frame[made.train[~np.isin(hashes[made.train], levels[many])]])
    if share <= 3 * chance:
        text += f" With so few different values, chance gives about {chance:.0%}."
    return Check("duplicates", share <= 3 * chance, text, share=share)


def _by_chance(rows: pl.DataFrame) -> float:
    agree = 1.0 if rows.height else 0.0
    for name in rows.columns:
        counts = rows.get_column(name).alias("level").value_counts(name="n").get_column("n").to_numpy() / rows.height
        agree *= float((counts**2).sum())
    return 1 - math.exp(-rows.height * math.sqrt(agree))
