"""What looks as if the answer had leaked into the training rows, or the training rows into the test.

Each feature alone is asked to tell the label, on the training folds: fitted on a fold's training rows, asked on its
validation rows. A real cause is rarely near perfect alone; a column that was written after the fact is. The rule, so
that few honest features meet it (credit's balance alone has an area under the ROC curve of 0.95 and is none):

- classification: the out-of-fold area under the ROC curve is at least `AREA`, and average precision at least
  `PRECISION`, since with rare positives the area alone is easily high;
- regression: the out-of-fold R² on the ranks of the label, or the square of the rank correlation with it, is at least
  `RANKS`; and where rows have a time, it leaves at most `BETTER` of what the label's own last value leaves open:
  yesterday's price tells today's nearly, and is no leak;
- being missing, or not: one of the two holds at least a fifth of a class and `PURE` of it is that class; if that is
  the commoner one, it also holds at most a tenth of what chance would give of the other, where that is `_OTHERS` or
  more.

Numbers are asked by bins, text by level and by the words in it, times by their parts, by their place in time and by
their distance from `at`. A finding stops a release until a named reviewer answers for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from msgspec import Struct

from treadle.scoring import metrics
from treadle.scoring.tasks import Task
from treadle.training.splits import Check, Split
from treadle.training.table import FeatureColumn, TrainingTable

if TYPE_CHECKING:
    import polars as pl

Array = np.ndarray[Any, Any]
Scale = Literal["numbers", "levels", "times"]
LeakKind = Literal["tells_label", "missing_tells_label", "names_row", "label_column", "duplicates", "groups"]

AREA, PRECISION, RANKS, BETTER, PURE = 0.98, 0.5, 0.98, 0.1, 0.99
MOST_ROWS = 20_000
"""Training rows that are asked, evenly spread."""
_STEADY = 0.9999
"""The square of the correlation with the time, or with the place in it, of a number that counts nothing else."""
_BINS, _WORDS, _RARE, _LEAST, _OTHERS, _DRAWN, _EXACT = 48, 40, 5, 20, 15, 0.1, 1e-9
_SHARES = np.linspace(0, 1, _BINS)


class LeakFinding(Struct, frozen=True):
    """One thing that looks like a leak. `feature` is empty where it is about rows.

    `strength`: how well the feature alone tells the label (area, R² of ranks, purity), or the share of rows concerned.
    """

    feature: str
    kind: LeakKind
    strength: float
    text: str

    @property
    def name(self) -> str:
        """How a reviewer names it, such as ``tells_label/canary``."""
        return f"{self.kind}/{self.feature}" if self.feature else self.kind


class Reads(Struct, frozen=True):
    """A request or row feature that reads a column which the label, among others, is made of."""

    feature: str
    column: str


class LeakGate(Struct, frozen=True):
    """A finding as a condition of a release. `accepted_by` and `reason`: a named reviewer answered for it."""

    name: str
    text: str
    holds: bool = False
    accepted_by: str = ""
    reason: str = ""


class Probe(Struct, frozen=True):
    """How well one feature alone tells the label, out of fold, and from what of it."""

    feature: str
    aspect: str
    strength: float
    near_perfect: bool


def gates_from(findings: Sequence[LeakFinding]) -> tuple[LeakGate, ...]:
    """A gate that does not hold for each finding, until somebody answers for it."""
    return tuple(LeakGate(found.name, found.text) for found in findings)


def find_leaks(
    table: TrainingTable, parts: Split, task: Task, reads: Sequence[Reads] = ()
) -> tuple[tuple[LeakFinding, ...], tuple[Check, ...]]:
    """The findings, and in words what was asked. Labels and features of training rows only are read here.

    `reads` is what the plan knows and the rows do not. What `split` found about rows of both parts is in `parts`.
    """
    numbers, whole = task.of_amounts, _Sample(table, parts)
    asked = [whole.asking(label) for label in task.questions(whole.label)]
    probes = [max((probe(s, feature, numbers) for s in asked), key=_weight) for feature in table.learned]
    found = [_tells(p, numbers) for p in probes if p.near_perfect]
    if not numbers:
        told = ((_missing(sample, feature) for sample in asked) for feature in table.learned)
        found += [f for of in told if (f := next((g for g in of if g is not None), None)) is not None]
    found += [f for feature in table.learned if (f := _names(table, parts, feature)) is not None]
    found += [
        LeakFinding(
            r.feature,
            "label_column",
            1.0,
            f'The feature "{r.feature}" reads "{r.column}", of which the label is made too. '
            "It is a leak unless that column is known when the prediction is made.",
        )
        for r in reads
    ]
    rows = [
        LeakFinding("", "duplicates" if c.name == "duplicates" else "groups", c.share, c.text)
        for c in parts.checks
        if c.name in ("duplicates", "groups") and c.checked and not c.ok
    ]
    return (*found, *rows), (_strongest(probes, numbers),)


def _weight(found: Probe) -> tuple[bool, float]:
    return found.near_perfect, found.strength


def _strongest(probes: Sequence[Probe], numbers: bool) -> Check:
    best = max(probes, key=lambda p: p.strength)
    ok = not any(p.near_perfect for p in probes)
    text = (
        f'The strongest single feature, "{best.feature}"{best.aspect}, tells the label with {_measure(best, numbers)}.'
    )
    return Check("one_feature", ok, text)


def _measure(found: Probe, numbers: bool) -> str:
    name = "an R² of ranks" if numbers else "an area under the ROC curve"
    return f"{name} of {found.strength:.3f}, out of fold"


def _tells(found: Probe, numbers: bool) -> LeakFinding:
    return LeakFinding(
        found.feature,
        "tells_label",
        found.strength,
        f'"{found.feature}" alone{found.aspect} tells the label almost perfectly, with {_measure(found, numbers)}: '
        "usually it is the label, or was written after it was known.",
    )


class _Sample:
    """Training rows with their labels and the number of their fold; and the folds among them."""

    def __init__(self, table: TrainingTable, parts: Split) -> None:
        kept = parts.train
        if len(kept) > MOST_ROWS:
            kept = kept[np.linspace(0, len(kept) - 1, MOST_ROWS).astype(np.int64)]
        self.frame, self.label = table.frame[kept], np.asarray(table.label[kept], dtype=np.float64)
        self.at = None if table.at is None else table.at[kept]
        self.folds = [
            (np.flatnonzero(np.isin(kept, f.train)), np.flatnonzero(np.isin(kept, f.valid))) for f in parts.folds
        ]
        self.open = 1.0 if table.at is None else _left_open(table.label[parts.train], table.at[parts.train])

    def asking(self, label: Array) -> _Sample:
        """The same rows, with another label."""
        other = copy(self)
        other.label = label
        return other


def _left_open(label: Array, at: Array) -> float:
    """What share of the variance of its ranks the label's own last value leaves open: from 0 to 1."""
    ranks = _ranks(np.asarray(label, dtype=np.float64))[np.argsort(at, kind="stable")]
    before, after = ranks[:-1], ranks[1:]
    if len(ranks) < _LEAST or before.std() == 0 or after.std() == 0:
        return 1.0
    return 1 - float(np.corrcoef(before, after)[0, 1] ** 2)


def probe(sample: _Sample, feature: FeatureColumn, numbers: bool) -> Probe:
    """The aspect of a feature that tells the label best."""
    truth = _ranks(sample.label) if numbers else sample.label
    best = Probe(feature.name, "", 0.0, False)
    for aspect, values, scale in _aspects(sample.frame.get_column(feature.name), feature, sample.at, truth):
        strength, perfect = _strength(values, truth, sample, scale, numbers)
        if (perfect, strength) > (best.near_perfect, best.strength):
            best = Probe(feature.name, aspect, strength, perfect)
    return best


def _aspects(
    series: pl.Series, feature: FeatureColumn, at: Array | None, truth: Array
) -> Iterator[tuple[str, Array, Scale]]:
    """(words, values with NaN or -1 for missing, of what scale) of each way to look at a feature."""
    import polars as pl

    if feature.type == "str":
        yield "", _levels(series), "levels"
        if series.n_unique() > _WORDS:
            yield from _words(series, truth)
    elif feature.type in ("timestamp", "date"):
        when = series.cast(pl.Datetime("us"))
        micros = when.dt.epoch("us").cast(pl.Float64).fill_null(np.nan).to_numpy()
        yield " (its place in time)", micros, "times"
        for part in ("hour", "weekday", "day", "month"):
            yield f" (its {part})", getattr(when.dt, part)().cast(pl.Float64).fill_null(np.nan).to_numpy(), "times"
        if at is not None:
            yield " (its distance from `at`)", micros - at.astype("datetime64[us]").astype(np.float64), "numbers"
    else:
        values = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
        yield "", values, "times" if at is not None and _counts(values, at) else "numbers"


def _counts(values: Array, at: Array) -> bool:
    """Whether a number only counts the time, or the rows in time, as the number of a day or of an order does."""
    order = np.argsort(at, kind="stable")
    ordered, when = values[order], at[order].astype("datetime64[us]").astype(np.float64)
    if (
        not np.isfinite(ordered).all()
        or (np.diff(ordered) < 0).any()
        or ordered[0] == ordered[-1]
        or when[0] == when[-1]
    ):
        return False
    return any(np.corrcoef(ordered, clock)[0, 1] ** 2 >= _STEADY for clock in (when, np.arange(len(when))))


def _levels(series: pl.Series) -> Array:
    import polars as pl

    codes = series.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
    return np.asarray(codes)


def _words(series: pl.Series, truth: Array) -> Iterator[tuple[str, Array, Scale]]:
    """Having a word or not, for the words of a text of many levels that go best with the label.

    The commonest words would be those of the commoner class. What parts of a code say counts as words: letters beside
    digits or after `_` too.
    """
    import polars as pl

    said = series.str.to_lowercase().str.extract_all(r"[^\W\d_]+|\d+")
    rows = pl.DataFrame({"row": np.arange(len(series)), "word": said, "truth": truth - truth.mean()})
    pairs = rows.explode("word").drop_nulls().unique(["row", "word"])
    # the square of the correlation of having it with the label, but for what is the same for all words
    fit = (pl.col("truth").sum() ** 2 / (pl.len() * (len(series) - pl.len()))).round_sig_figs(9)
    often = pl.len().is_between(_RARE, len(series) - 1)
    known = pairs.group_by("word").agg(pl.when(often).then(fit).alias("fit")).drop_nulls()
    for word in known.sort(["fit", "word"], descending=[True, False]).head(_WORDS).get_column("word"):
        has = np.zeros(len(series))
        has[pairs.filter(pl.col("word") == word).get_column("row").to_numpy()] = 1.0
        yield f' (whether it says "{word}")', has, "numbers"


def _strength(values: Array, truth: Array, sample: _Sample, scale: Scale, numbers: bool) -> tuple[float, bool]:
    """Out-of-fold skill of one column, and whether it is near perfect."""
    said, true = [], []
    for train, valid in sample.folds:
        if len(train) < _LEAST or len(valid) == 0:
            continue
        edges = None if scale == "levels" else _edges(values[train], truth[train], numbers)
        place, held = (
            (values[train], values[valid])
            if edges is None
            else (_place(values[rows], edges) for rows in (train, valid))
        )
        said.append(_means(place, truth[train], held))
        true.append(truth[valid])
    if not said:
        return 0.0, False
    p, y = np.concatenate(said), np.concatenate(true)
    ones = np.ones(len(y))
    if numbers:
        r2 = max(0.0, metrics.weighted("r2", y, p)(ones), _in_step(values, truth) if scale == "numbers" else 0.0)
        return r2, r2 >= RANKS and 1 - r2 <= max(BETTER * sample.open, _EXACT)
    area, precision = (metrics.weighted(name, y, p)(ones) for name in ("roc_auc", "average_precision"))
    return area, area >= AREA and precision >= PRECISION


def _in_step(values: Array, truth: Array) -> float:
    """The square of the rank correlation over all rows: bins cannot follow a label that grows from fold to fold.

    Not asked of times and their parts, which are known at all times: a label that grows is no leak.
    """
    known = np.isfinite(values)
    if known.sum() < max(_LEAST, len(values) / 2):
        return 0.0
    one, other = _ranks(values[known]), truth[known]
    return float(np.corrcoef(one, other)[0, 1] ** 2) if one.std() > 0 and other.std() > 0 else 0.0


def _edges(values: Array, truth: Array, numbers: bool) -> Array:
    """Bin edges at quantiles; in classification of each class, so that a rare one is seen as finely."""
    known = np.isfinite(values)
    sides = [known] if numbers else [known & (truth > 0.5), known & (truth <= 0.5)]
    ordered = [np.sort(values[side]) for side in sides if side.any()]
    # quantiles that are values themselves, as `np.quantile` has them with method="nearest", in a tenth of its time
    cuts = [each[np.rint(_SHARES * (len(each) - 1)).astype(np.int64)] for each in ordered]
    return np.unique(np.concatenate(cuts)) if cuts else np.empty(0)


def _place(values: Array, edges: Array) -> Array:
    """Number of the bin; -1 where there is no value."""
    return np.where(np.isfinite(values), np.searchsorted(edges, values, side="left"), -1)


def _means(place: Array, truth: Array, held: Array) -> Array:
    """The mean label of the training rows at each place, for the held rows; drawn a little towards the whole."""
    whole = float(truth.mean())
    size = int(max(place.max(), held.max())) + 2
    total = np.bincount(place + 1, weights=truth, minlength=size) + whole * _DRAWN
    means: Array = (total / (np.bincount(place + 1, minlength=size) + _DRAWN))[held + 1]
    return means


def _ranks(values: Array) -> Array:
    """Ranks from 0; equal values share the mean of theirs."""
    _, inverse, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(count) - (count + 1) / 2)[inverse]
    return ranks


def _missing(sample: _Sample, feature: FeatureColumn) -> LeakFinding | None:
    """Its being missing, or being there, is of one class. Either class is asked, since a leak may be in the commoner.

    Nearly all rows are of the commoner class anyhow: of it, a find must also lack most of what chance would bring of
    the other one.
    """
    missing = sample.frame.get_column(feature.name).is_null().to_numpy()
    for rows, words in ((missing, "missing"), (~missing, "known")):
        for one, name in ((sample.label > 0.5, "true"), (sample.label <= 0.5, "false")):
            hits, size = int((rows & one).sum()), int(rows.sum())
            pure, expected = hits / max(size, 1), size * (1 - one.mean())
            if hits < _LEAST or hits < 0.2 * one.sum() or pure < PURE:
                continue
            if one.mean() > 0.5 and (expected < _OTHERS or size - hits > 0.1 * expected):
                continue
            return LeakFinding(
                feature.name,
                "missing_tells_label",
                pure,
                f'Where "{feature.name}" is {words}, {pure:.1%} of {size} training rows are of the class {name}: '
                "it may be filled in, or emptied, after the label was known.",
            )
    return None


def _names(table: TrainingTable, parts: Split, feature: FeatureColumn) -> LeakFinding | None:
    """A feature that is the row's own name: what is learned of it holds for no other row, or follows their order."""
    import polars as pl

    if feature.type not in ("str", "int"):
        return None
    some = parts.train[:1000]
    values = table.frame.get_column(feature.name)[some].cast(pl.String).to_list()
    if values != [str(table.ids[int(row)]) for row in some]:
        return None
    return LeakFinding(
        feature.name,
        "names_row",
        1.0,
        f'"{feature.name}" is the key of the row: it can tell only what the order of the rows gives away.',
    )
