"""Cut rows into training and test, and the training rows into folds; say what could leak across the cut.

By time, a model is tested as it will be used: on what came later. A training row takes part only when its label was
known before the first test row is predicted (else it is purged), and a gap can be kept free besides
(López de Prado 2018, "Advances in Financial Machine Learning", ch. 7: purging and embargo).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec import Struct

from treadle.errors import DataError
from treadle.spec import Predict, duration
from treadle.training.table import TrainingTable

Array = np.ndarray[Any, Any]


class Check(Struct, frozen=True):
    """One question about leaks, with its answer in words."""

    name: str
    ok: bool
    text: str


@dataclass(frozen=True, eq=False)
class Fold:
    """Row positions (in the whole table) to train and to validate on."""

    train: Array
    valid: Array


@dataclass(frozen=True, eq=False)
class Split:
    """Row positions of the two parts. `test` is sealed: only `evaluate` may look at those rows."""

    by: str
    train: Array
    test: Array
    folds: tuple[Fold, ...]
    purged: int = 0
    cut: np.datetime64 | None = None
    checks: tuple[Check, ...] = field(default=())


def split(table: TrainingTable, predict: Predict, *, seed: int = 7) -> Split:
    """Cut `table` as `predict.split` says.

    Raises:
        DataError: a split by time without times, by group without groups, or a part with no rows or one class.
    """
    rule = predict.split
    purged, cut = 0, None
    if rule.by == "time":
        train, test, purged, cut = _by_time(table, rule.test, duration(rule.gap).total_seconds())
        folds = _time_folds(table, train, rule.folds, duration(rule.gap).total_seconds())
    else:
        label = table.label if predict.kind == "classification" else None
        part = _parts(table, rule.by, label, rule.test, rule.folds, seed)
        train, test = np.flatnonzero(part >= 0), np.flatnonzero(part < 0)
        folds = [Fold(np.flatnonzero((part >= 0) & (part != k)), np.flatnonzero(part == k)) for k in range(rule.folds)]
    if predict.kind == "classification":
        folds = [f for f in folds if _both_classes(table, f.train) and _both_classes(table, f.valid)]
        if not (_both_classes(table, train) and _both_classes(table, test)):
            raise DataError(
                f"split by {rule.by}: the training or the test part holds one class only",
                where="predict.split",
                mend="give more rows, a larger test share, or split by stratified",
            )
    folds = [f for f in folds if len(f.train) >= 20 and len(f.valid) >= 5]
    if not folds or len(test) == 0:
        raise DataError(
            f"split by {rule.by} leaves no usable folds",
            where="predict.split",
            mend="give more rows, fewer folds, or a smaller gap",
        )
    made = Split(rule.by, train, test, tuple(folds), purged, cut)
    return Split(rule.by, train, test, tuple(folds), purged, cut, leak_checks(table, made))


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
    checks = [_duplicates(table, made), _one_feature(table, made)]
    if made.cut is not None and table.at is not None:
        latest = table.at[made.train].max()
        checks.append(
            Check(
                "time_order",
                bool(latest < made.cut),
                f"The last training row is predicted at {_minute(latest)}, the first test row at {_minute(made.cut)}.",
            )
        )
        if table.known is not None:
            known = table.known[made.train].max()
            checks.append(
                Check(
                    "label_known",
                    bool(known < made.cut),
                    f"{made.purged} rows before the cut were left out: they lie in the gap, or their label "
                    f"was not known yet. The last training label was known at {_minute(known)}.",
                )
            )
    if table.group is not None:
        groups = np.asarray(table.group).astype(str)
        shared = np.intersect1d(groups[made.train], groups[made.test])
        ok = made.by != "group" or len(shared) == 0
        checks.append(Check("groups", ok, f"{len(shared)} groups have rows on both sides of the cut."))
    return tuple(checks)


def _minute(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]")).replace("T", " ") + " UTC"


def _duplicates(table: TrainingTable, made: Split) -> Check:
    hashes = table.frame.select(table.names).hash_rows(seed=1).to_numpy()
    same = int(np.isin(hashes[made.test], hashes[made.train]).sum())
    share = same / max(len(made.test), 1)
    return Check(
        "duplicates",
        share < 0.01,
        f"{same} of {len(made.test)} test rows ({share:.2%}) have exactly the features of a training row.",
    )


def _one_feature(table: TrainingTable, made: Split) -> Check:
    """A single feature that ranks the label almost perfectly is usually the label, told early."""
    rows = made.train[:: max(1, len(made.train) // 20_000)]
    label = table.label[rows]
    binary = bool(np.isin(label, (0.0, 1.0)).all())
    best, name = 0.0, ""
    for feature in table.features:
        if feature.type not in ("int", "float", "bool"):
            continue
        values = table.frame.get_column(feature.name).cast(float).to_numpy()[rows]
        known = np.isfinite(values)
        if known.sum() < 20:
            continue
        found = _strength(values[known], label[known], binary)
        if found > best:
            best, name = found, feature.name
    measure = "an area under the ROC curve" if binary else "a rank correlation"
    text = (
        "No numeric feature could be held against the label."
        if not name
        else (f'The strongest single number, "{name}", ranks the label with {measure} of {best:.2f}.')
    )
    return Check("one_feature", best < 0.98, text)


def _strength(values: Array, label: Array, binary: bool) -> float:
    """How well `values` alone rank the label, in either direction; 0 when there is nothing to rank."""
    rank = _ranks(values)
    if not binary:
        other = _ranks(label)
        return abs(float(np.corrcoef(rank, other)[0, 1])) if rank.std() > 0 and other.std() > 0 else 0.0
    positives = float(label.sum())
    negatives = len(label) - positives
    if not positives or not negatives:
        return 0.0
    area = (float(rank[label > 0.5].sum()) - positives * (positives - 1) / 2) / (positives * negatives)
    return max(area, 1 - area)


def _ranks(values: Array) -> Array:
    """Ranks from 0; equal values share the mean of theirs."""
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(count) - (count + 1) / 2)[inverse]
    return ranks
