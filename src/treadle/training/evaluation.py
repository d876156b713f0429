"""Open the sealed test rows once, and say what they show.

Whoever calls `evaluate` counts the call: each look at the test rows makes the next a little less honest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from msgspec import Struct

from treadle.errors import DataError
from treadle.figures import figure
from treadle.scoring import metrics
from treadle.scoring.bootstrap import REPLICATES, Draws, Interval, draws, interval, of_score
from treadle.scoring.decisions import Costs, Rule
from treadle.scoring.metrics import Array, Own
from treadle.scoring.over_served import OverServed
from treadle.scoring.paired import gain_over, replicated
from treadle.scoring.tasks import Task, task_of
from treadle.spec import ProjectSpec
from treadle.training import chance, describe, weights
from treadle.training.anatomy import Anatomy, anatomy
from treadle.training.describe import Bin, ClassTable, Confusion, Importance, Point, Slice
from treadle.training.leaks import LeakFinding, LeakGate, Reads, find_leaks, gates_from
from treadle.training.minutes import IMPORTANCE_SHARE, Minutes
from treadle.training.mistakes import Money, idle
from treadle.training.model import FittedModel
from treadle.training.rates import Rates, rates_of
from treadle.training.search_state import Progress
from treadle.training.splits import Check, Split
from treadle.training.spread import Spread
from treadle.training.table import TrainingTable
from treadle.training.views import VIEWS, Histogram, Seen, histogram


class Provenance(Struct, frozen=True):
    """How a table was made, where its rows do not show it."""

    reads: tuple[Reads, ...] = ()
    """Features that read a column of the label, as the plan knows."""
    dropped: int = 0
    """Rows left out before, since they have no label, or no time."""
    weightless: int = 0
    """Rows left out before, since they weigh nothing."""


UNTOLD = Provenance()
"""Nothing is known but the rows."""


class Period(Struct, frozen=True):
    """The metric on the test rows of one week."""

    start: str
    rows: int
    metric: Interval


class Evaluation(Struct, frozen=True):
    """All that the test rows showed; every value with its interval. Gains are positive where the model is better."""

    kind: str
    metric: str
    family: str
    rows: int
    train_rows: int
    share: float
    test_from: str | None
    test_to: str | None
    value: Interval
    baseline: Interval
    reference: Interval | None
    gain_over_baseline: Interval
    gain_over_reference: Interval | None
    verdict: str
    scores: dict[str, Interval]
    own: dict[str, float]
    threshold: float
    calibration_error: float | None
    calibration: tuple[Bin, ...]
    curves: tuple[Point, ...]
    histogram: Histogram
    confusion: Confusion | None
    money: Money | None
    slices: tuple[Slice, ...]
    importance: tuple[Importance, ...]
    periods: tuple[Period, ...]
    residuals: tuple[tuple[float, float], ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    seconds: float
    calibration_noise: float | None = None
    """The calibration error that probabilities which are right would show on so many rows."""
    findings: tuple[LeakFinding, ...] = ()
    """What looks like a leak: each stops a release until a named reviewer answers for it."""
    dropped: int = 0
    """Rows of the examples left out since they have no label, or no time."""
    chance: float | None = None
    """What 39 in 40 models of pure chance stay under (above, where lower is better); None in older evaluations."""
    classes: ClassTable | None = None
    """Of several classes, which were taken for which."""
    drawn: str = ""
    """What intervals draw: rows, days or groups; empty in older evaluations."""
    spread: Spread | None = None
    """Of quantiles, how often each holds."""
    anatomy: Anatomy = Anatomy()
    """What can be read off the model itself."""
    costs: Costs = ()
    """What mistakes among the classes cost, by number, where the brief says so."""
    rates: Rates | None = None
    """Counts per unit of exposure, where they are in proportion to one."""
    by_rows: float | None = None
    """The metric with every test row counting alike, where rows have weights: what comes to a server has none."""
    over_served: OverServed | None = None
    """The gain over the version that was served; None where none was, or one of this very model."""

    @property
    def task(self) -> Task:
        names, levels = self.classes.names if self.classes else (), self.spread.told if self.spread else ()
        return task_of(self.kind, names, self.costs, levels)

    @property
    def knows(self) -> str:
        """What the baseline knows, in words."""
        return self.task.trivial + (f" per unit of {self.rates.per}" if self.rates else "")

    @property
    def gain_is_real(self) -> bool:
        """The gain over knowing nothing is above zero with its whole interval, and is more than chance reaches."""
        return _real(self.gain_over_baseline) and _beyond(self.metric, self.value.value, self.chance)

    @property
    def gain_untold(self) -> str:
        """Why these rows cannot tell the gain over knowing nothing from noise, so that a reviewer has to; empty where
        they tell it, and where what was measured speaks against it: it is not above zero, or chance reaches it too.
        """
        gain = self.gain_over_baseline
        if gain.low is not None or gain.value <= 0 or not _beyond(self.metric, self.value.value, self.chance):
            return ""
        return f"it is {gain.shown(signed=True).value}, but {gain.why or 'has no interval'}"


def leak_gates(found: Evaluation) -> tuple[LeakGate, ...]:
    """The findings of an evaluation as conditions of a release."""
    return gates_from(found.findings)


def evaluate(
    model: FittedModel,
    table: TrainingTable,
    parts: Split,
    spec: ProjectSpec,
    *,
    own: Mapping[str, Own] | None = None,
    progress: Progress | None = None,
    replicates: int = REPLICATES,
    clock: Callable[[], float] = time.monotonic,
    provenance: Provenance = UNTOLD,
) -> Evaluation:
    """Judge `model` on the test rows of `parts`. Intervals: 95 %, by groups after a split by them, else by days.

    Raises:
        DataError: no test rows, or a metric that these rows do not define.
    """
    start, say = clock(), progress or (lambda done, text: None)
    table = weights.in_units(table, parts.train)
    test = table.rows(parts.test)
    if len(test) == 0:
        raise DataError("there are no test rows", where="predict.split.test", mend="set a larger test share")
    summary, y, task = model.summary, test.label, model.summary.task
    say(0.0, "predicting the test rows")
    p, group = model.predict(test.frame), test.group if parts.by == "group" else None
    dealt = len(parts.train) + len(parts.test) if task.decides and parts.by == "stratified" else None
    draw = _remembered(draws(y, test.at, group=group, dealt_from=dealt, seed=spec.train.seed, weight=test.weight))
    say(0.2, "intervals by bootstrap")
    wanted, minutes = replicates, Minutes(spec.brief.limits.train_minutes, clock)
    replicates = minutes.draws(wanted, lambda: metrics.weighted(summary.metric, y, p, summary.rule)(draw(0)))
    rival = _against_rivals(model, test, p, draw, replicates, group, spec.train.seed)
    say(0.5, "importance by permutation")
    until = minutes.until(IMPORTANCE_SHARE)
    important = describe.importance(model, test, summary.metric, summary.rule, seed=spec.train.seed, until=until)
    alike, fewer = idle(task, p, summary.threshold), replicates if replicates < wanted else 0
    say(0.8, "slices, and whether the answer could have leaked")
    return Evaluation(
        kind=summary.kind,
        metric=summary.metric,
        family=summary.family,
        drawn=draw.block.kind,
        rows=len(test),
        train_rows=summary.train_rows,
        share=task.share(y, draw.whole),
        **_span(test),
        **rival,
        scores=_all_scores(task, test, p, summary.rule, draw, min(replicates, 200)) | {summary.metric: rival["value"]},
        own={name: float(function(y, p, summary.threshold)) for name, function in (own or {}).items()},
        threshold=summary.threshold,
        costs=summary.costs,
        rates=rates_of(test, p, draw, min(replicates, 200)),
        histogram=histogram(task, p, y),
        slices=describe.slices(test, task, p, summary.metric, summary.rule, draw),
        importance=important,
        anatomy=anatomy(model, table, parts.train),
        periods=_periods(test, p, summary.metric, summary.rule, spec.train.seed),
        seconds=clock() - start,
        **_doubts(table, parts, model, spec, provenance, rival, len(important), alike, fewer),
        **VIEWS[task.view](Seen(task, summary, p, y, spec, draw, replicates, table.rows(parts.train))),
    )


def _against_rivals(
    model: FittedModel, test: TrainingTable, p: Array, draw: Draws, replicates: int, group: Any, seed: int
) -> dict[str, Any]:
    """The model beside the baseline, the reference and chance, and what is to be said of them."""
    summary, y = model.summary, test.label
    baseline = test.counts(summary.task.link(model.baseline.margin(y)))
    reference = None if model.reference is None else model.reference.predict(test.frame)
    found = _compare(summary.metric, y, p, baseline, reference, summary.rule, draw, replicates)
    dealt = {"at": test.at, "group": group, "weight": test.weight, "exposure": test.exposure}
    luck = chance.reached(summary.metric, y, p, summary.rule, seed=seed, **dealt)
    gains = (found["gain_over_baseline"], found["gain_over_reference"])
    alike = metrics.weighted(summary.metric, y, p, summary.rule)(np.ones(len(y)))
    return found | {
        "chance": luck,
        "verdict": _verdict(summary.metric, found["value"], *gains, luck),
        "by_rows": None if test.weight is None else alike,
    }


def _span(test: TrainingTable) -> dict[str, Any]:
    times = (None, None) if test.at is None else (str(test.at.min()), str(test.at.max()))
    return dict(zip(("test_from", "test_to"), times, strict=True))


def _doubts(
    table: TrainingTable,
    parts: Split,
    model: FittedModel,
    spec: ProjectSpec,
    provenance: Provenance,
    rival: Mapping[str, Any],
    asked_of: int,
    alike: str,
    fewer: int,
) -> dict[str, Any]:
    """What a reader of the score must know and would not think of asking.

    `asked_of`: features that importance has; `alike`: that all decisions are alike, where they are; `fewer`: draws,
    where there was no time for all.
    """
    summary, value, unasked = model.summary, rival["value"], len({*model.encoder.groups()} - {table.per}) - asked_of
    findings, asked = find_leaks(table, parts, summary.task, provenance.reads)
    checks, notes = (*asked, *parts.checks), list(summary.notes)
    if table.per is not None:
        notes.append(f"Counts are in proportion to {table.per}: figures are of counts, given {table.per}.")
    if spec.predict.weight is not None:
        weight = None if table.weight is None else table.weight[parts.test]
        notes.append(weights.said(spec.predict.weight, weight, summary.metric, rival["by_rows"], provenance.weightless))
    notes += [alike] if alike else []
    notes += [f"Intervals are of {fewer} draws only: there was no time for more."] if fewer else []
    if value.why:
        notes.append(f"{summary.metric} has no interval: {value.why}. That is no proof of a model without mistakes.")
    if unasked:
        notes.append(f"There was no time to ask how much {unasked:,} of the features matter, those least in step.")
    unlearnt = summary.task.unlearnt(table.label[parts.train], table.label[parts.test])
    notes += [f"{said}." for said in (*summary.task.remarks(table.label), *unlearnt)]
    if dropped := provenance.dropped:
        whole = dropped + len(table)
        notes.append(f"{dropped:,} of {whole:,} rows were left out: they have no label, or no time.")
    notes += [c.text for c in checks if c.name == "label_known" and not c.checked]
    return {"findings": findings, "checks": checks, "notes": tuple(notes), "dropped": dropped}


def _remembered(draw: Draws) -> Draws:
    """The first hundred draws are asked for again and again; they are kept, as float32 to be small."""
    kept: dict[int, Array] = {}

    def remembered(number: int) -> Array:
        if number not in kept:
            often = draw(number)
            if number >= 100:
                return often
            kept[number] = often.astype(np.float32)
        return kept[number].astype(np.float64)

    return Draws(remembered, draw.block, draw.whole)


def _compare(
    metric: str,
    y: Array,
    p: Array,
    baseline: Array,
    reference: Array | None,
    rule: Rule,
    draw: Draws,
    replicates: int,
) -> dict[str, Any]:
    """The model beside its rivals, on the same draws of rows, so that what is common cancels out."""
    ours = metrics.weighted(metric, y, p, rule)
    # who knows nothing says the commonest class, whatever mistakes cost: else it would be an easy rival
    theirs = metrics.weighted(metric, y, baseline, () if isinstance(rule, tuple) else rule)
    third = None if reference is None else metrics.weighted(metric, y, reference, rule)
    if not np.isfinite(ours(draw.whole)):
        raise DataError(
            f"{metric} is not defined on the test rows",
            where="predict.metric",
            mend="give more test rows, or choose another metric",
        )
    mine, trivial, *simple = replicated([ours, theirs, *([] if third is None else [third])], draw, replicates)
    return {
        "value": of_score(metric, y, p, rule, mine.whole, mine.drawn, draw.block),
        "baseline": interval(trivial.whole, trivial.drawn, draw.block, within=metrics.within(metric)),
        "reference": None
        if reference is None
        else of_score(metric, y, reference, rule, simple[0].whole, simple[0].drawn, draw.block),
        "gain_over_baseline": gain_over(metric, mine, trivial, draw.block),
        "gain_over_reference": None if third is None else gain_over(metric, mine, simple[0], draw.block),
    }


def _real(gain: Interval) -> bool:
    return gain.low is not None and gain.low > 0


def _is_loss(gain: Interval) -> bool:
    return gain.high is not None and gain.high < 0


def _beyond(metric: str, value: float, luck: float | None) -> bool:
    return luck is None or (value - luck) * metrics.sign(metric) > 0


def _verdict(metric: str, value: Interval, gain: Interval, over: Interval | None, luck: float) -> str:
    def shown(found: Interval) -> str:
        return found.shown(signed=True).whole

    if _is_loss(gain):
        return f"No gain: in {metric} the model does worse than knowing nothing, {shown(gain)}."
    if gain.low is None:
        return f"Whether there is a gain cannot be told: in {metric} over knowing nothing, {shown(gain)}."
    if not _real(gain):
        return f"No gain: in {metric} the model is within noise of knowing nothing, {shown(gain)}."
    if not _beyond(metric, value.value, luck):
        return (
            f"No gain: in {metric} the model has {value.shown().value}, and with labels dealt out by chance it does as "
            f"well once in 40 times ({figure(luck).value})."
        )
    if over is None:
        return f"A gain of {shown(gain)} in {metric} over knowing nothing, more than chance reaches once in 40 times."
    if _is_loss(over):
        return f"No gain from history: in {metric} the model does worse with it than the simple model, {shown(over)}."
    if not _real(over):
        return f"No gain from history: in {metric} it is within noise of the simple model, {shown(over)}."
    return f"A gain of {shown(over)} in {metric} over request and row features alone."


def _all_scores(
    task: Task, test: TrainingTable, p: Array, rule: Rule, draw: Draws, replicates: int
) -> dict[str, Interval]:
    y = test.label
    values = {name: metrics.weighted(name, y, p, rule) for name in task.METRICS}
    drawn: dict[str, list[float]] = {name: [] for name in values}
    for k in range(replicates):
        w = draw(k)
        for name, value in values.items():
            drawn[name].append(value(w))
    whole = {name: value(draw.whole) for name, value in values.items()}
    return {
        name: of_score(name, y, p, rule, value, drawn[name], draw.block)
        for name, value in whole.items()
        if np.isfinite(value)
    }


def _periods(test: TrainingTable, p: Array, metric: str, rule: Rule, seed: int) -> tuple[Period, ...]:
    """Weeks are drawn each by itself: of days drawn in runs of the whole time a week would be one run."""
    if test.at is None:
        return ()
    weeks = (test.at.astype("datetime64[D]").astype(np.int64) + 3) // 7  # from Monday to Sunday
    found = []
    for week in np.unique(weeks):
        rows = np.flatnonzero(weeks == week)
        value = metrics.weighted(metric, test.label[rows], p[rows], rule)
        weight = None if test.weight is None else test.weight[rows]
        draw = draws(test.label[rows], test.at[rows], seed=seed, weight=weight)
        whole = value(draw.whole)
        if len(rows) >= describe.LEAST_SLICE and np.isfinite(whole):
            days = test.at[rows].astype("datetime64[D]").min()
            drawn = [value(draw(k)) for k in range(describe.SLICE_REPLICATES)]
            said = of_score(metric, test.label[rows], p[rows], rule, whole, drawn, draw.block)
            found.append(Period(str(days), len(rows), said))
    return tuple(found)
