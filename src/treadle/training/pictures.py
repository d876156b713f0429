"""The parts of a report that depend on what is predicted: decisions, classes or numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from treadle.figures import figure
from treadle.pages import Chart, Mark, Section, escape, table
from treadle.scoring.bootstrap import Interval
from treadle.scoring.decisions import acts_from
from treadle.scoring.quantiles import name_of
from treadle.scoring.tasks import View
from treadle.spec import ProjectSpec
from treadle.training.evaluation import Evaluation
from treadle.training.mistakes import Money
from treadle.training.rates import Rates
from treadle.training.spread import Spread


def pair(value: Interval, *, signed: bool = False) -> tuple[str, str]:
    shown = value.shown(signed=signed)
    return shown.value, shown.span


def _decisions(found: Evaluation, spec: ProjectSpec) -> list[Section]:
    return [
        Section(
            "What the decisions cost",
            _money(found, spec),
            f"Acting {acts_from(found.threshold)}, chosen on out-of-fold predictions so that mistakes cost least.",
        ),
        Section(
            "Can the probabilities be believed?",
            _calibration(found),
            f"Calibration error {found.calibration_error:.3f}: the mean distance between what was predicted "
            f"and what came, over groups of equal size. {_beside(found)}",
        ),
        Section("Every threshold", _curves(found)),
    ]


def _beside(found: Evaluation) -> str:
    """What the calibration error has to be read beside."""
    if found.calibration_noise is None:  # an evaluation of before it was reckoned
        return ""
    return (
        f"Probabilities that are right would show some {found.calibration_noise:.3f} on so many rows, by chance alone."
    )


def _of_classes(found: Evaluation, spec: ProjectSpec) -> list[Section]:
    money = found.money
    costs = (
        "The class of least expected cost is decided on, by the costs of the brief (Elkan 2001)."
        if found.costs
        else "The likeliest class is decided on; nothing is said of costs, so each mistake is one."
    )
    paid = f'<div class="card">{_rules(money, found.metric)}</div>' if money else ""
    return [
        *([Section("What the decisions cost", paid, costs)] if paid else []),
        Section(
            "Which class is taken for which",
            _class_table(found),
            "Test rows by the class that was true (lines) and the one that was predicted (columns).",
        ),
        Section(
            "Can the probabilities be believed?",
            _calibration(found),
            f"Of the class that was predicted. Calibration error {found.calibration_error:.3f}: the mean distance "
            f"between its probability and how often it was right, over groups of equal size. {_beside(found)}",
        ),
    ]


def _numbers(found: Evaluation, spec: ProjectSpec) -> list[Section]:
    per = [Section(f"Counts per unit of {found.rates.per}", _per_unit(found.rates), _PER_UNIT)] if found.rates else []
    return [*per, Section("Predicted and true", _residuals(found))]


_PER_UNIT = "Of all test rows, and of a fifth of them each, by the rate that was predicted: all counts over all units."


def _per_unit(rates: Rates) -> str:
    rows = [("all test rows", figure(rates.predicted.value).value, *pair(rates.observed))]
    for place, group in enumerate(rates.groups, 1):
        rows.append((f"{place} ({group.rows:,} rows)", figure(group.predicted).value, figure(group.observed).value, ""))
    head = ("Rows", "predicted per unit", "came per unit", "95 % interval")
    return f'<div class="card">{table(head, rows, numbers=(1, 2, 3))}</div>'


def _class_table(found: Evaluation) -> str:
    told = found.classes
    assert told is not None
    grouped = len(told.shown) - 1 if len(told.shown) < len(told.names) else None
    rows = [
        (name, *(f"{n:,}" for n in counts), f"{counts[i] / sum(counts):.1%}" if sum(counts) and i != grouped else "–")
        for i, (name, counts) in enumerate(zip(told.shown, told.counts, strict=True))
    ]
    whole = table(("True", *told.shown, "right"), rows, numbers=tuple(range(1, len(told.shown) + 2)))
    return f'<div class="card scroll">{whole}</div>'


def _money(found: Evaluation, spec: ProjectSpec) -> str:
    c, m = found.confusion, found.money
    assert c is not None and m is not None
    total = max(found.rows, 1)
    rows = [
        (
            "True",
            f"{c.true_alarms:,} ({c.true_alarms / total:.1%})",
            f"{c.missed:,} ({c.missed / total:.1%})",
            f"{c.cost_missed:,.0f} {c.currency}",
        ),
        (
            "False",
            f"{c.false_alarms:,} ({c.false_alarms / total:.1%})",
            f"{c.true_quiet:,} ({c.true_quiet / total:.1%})",
            f"{c.cost_false_alarms:,.0f} {c.currency}",
        ),
    ]
    mistakes = spec.brief.mistakes
    counts = table(("Came", "Acted", "Did not act", "Cost"), rows, numbers=(1, 2, 3))
    paid = _rules(m, found.metric)
    return (
        f'<div class="grid"><div class="card"><h3>Decisions on the test rows</h3>{counts}'
        f'<p class="quiet">A missed one costs {mistakes.missed:g} {escape(m.currency)}, a false alarm '
        f'{mistakes.false_alarm:g}.</p></div><div class="card"><h3>Cost per decision</h3>{paid}</div></div>'
    )


def _rules(money: Money, metric: str) -> str:
    """What a decision costs with the model, and by each rule that looks at nothing."""
    scored = any(rule.score is not None for rule in money.fixed)
    rows = [("With this model", *pair(money.model), "")]
    for rule in money.fixed:
        score = "" if rule.score is None else figure(rule.score).value
        rows.append((rule.name[0].upper() + rule.name[1:], figure(rule.cost).value, "", score))
    rows.append(("Saved against the cheapest of those", *pair(money.saved, signed=True), ""))
    head = ("Rule", f"{money.currency} per decision", "95 % interval", metric)
    width = 4 if scored else 3
    return table(head[:width], [row[:width] for row in rows], numbers=tuple(range(1, width)))


class _Words(NamedTuple):
    """What a chart of probabilities calls its axis, and rows for which what was predicted did and did not hold."""

    share: str
    yes: str
    no: str


_WORDS: dict[View, _Words] = {
    "decisions": _Words("share that came true", "came", "did not come"),
    "classes": _Words("share that was right", "right", "wrong"),
}


def _calibration(found: Evaluation) -> str:
    words = _WORDS[found.task.view]
    bins = found.calibration
    top = min(1.0, max([b.high for b in bins] + [b.predicted for b in bins]) * 1.08)
    chart = Chart("predicted probability", words.share, x=(0, top), y=(0, top), height=320)
    chart.add(Mark("line", [0, top], [0, top], label="perfect", colour=3, dashed=True))
    chart.add(
        Mark(
            "points",
            [b.predicted for b in bins],
            [b.observed for b in bins],
            low=[b.low for b in bins],
            high=[b.high for b in bins],
            label="test rows, in groups of equal size",
            tips=[
                f"predicted {b.predicted:.3f}, {words.yes} {figure(b.observed, b.low, b.high).whole}, {b.rows:,} rows"
                for b in bins
            ],
        )
    )
    h = found.histogram
    last = max((i for i, n in enumerate(h.negatives) if n + h.positives[i]), default=0) + 1
    edges, no, yes = h.edges[: last + 1], h.negatives[:last], h.positives[:last]
    hist = Chart("predicted probability", "test rows", height=320, x=(0, edges[-1]))
    spans = [f"{edges[i]:.3f} to {edges[i + 1]:.3f}" for i in range(last)]
    hist.add(
        Mark(
            "bars",
            edges,
            no,
            label=words.no,
            colour=1,
            tips=[f"{s}: {n:,} {words.no}" for s, n in zip(spans, no, strict=True)],
        )
    )
    hist.add(
        Mark(
            "bars",
            edges,
            yes,
            base=no,
            high=[a + b for a, b in zip(no, yes, strict=True)],
            label=words.yes,
            colour=2,
            tips=[f"{s}: {n:,} {words.yes}" for s, n in zip(spans, yes, strict=True)],
        )
    )
    if found.task.decides and found.threshold <= 1:
        hist.rule("x", found.threshold, f"act from {found.threshold:.2f}")
    return (
        f'<div class="grid"><div class="card"><h3>Calibration</h3>{chart.svg()}</div>'
        f'<div class="card"><h3>Predictions</h3>{hist.svg()}</div></div>'
    )


def _curves(found: Evaluation) -> str:
    points = found.curves
    pr = Chart("recall: share of the true ones acted on", "precision", x=(0, 1), y=(0, 1))
    pr.add(Mark("step", [p.recall for p in points], [p.precision for p in points], label="this model"))
    pr.add(Mark("line", [0, 1], [found.share, found.share], label="without a model", colour=3, dashed=True))
    roc = Chart("false alarms among the untrue", "recall", x=(0, 1), y=(0, 1))
    roc.add(
        Mark(
            "line", [0.0, *[p.false_alarm_rate for p in points]], [0.0, *[p.recall for p in points]], label="this model"
        )
    )
    roc.add(Mark("line", [0, 1], [0, 1], label="without a model", colour=3, dashed=True))
    if found.threshold <= 1:
        here = min(points, key=lambda p: abs(p.threshold - found.threshold))
        tip = f"threshold {here.threshold:.3f}: precision {here.precision:.3f}, recall {here.recall:.3f}"
        pr.add(Mark("points", [here.recall], [here.precision], colour=2, tips=[tip], label="chosen threshold"))
        roc.add(Mark("points", [here.false_alarm_rate], [here.recall], colour=2, tips=[tip], label="chosen threshold"))
    return (
        f'<div class="grid"><div class="card"><h3>Precision and recall</h3>{pr.svg()}</div>'
        f'<div class="card"><h3>ROC</h3>{roc.svg()}</div></div>'
    )


def _residuals(found: Evaluation) -> str:
    x, y = [a for a, _ in found.residuals], [b for _, b in found.residuals]
    low, high = min(x + y), max(x + y)
    chart = Chart("predicted", "true", width=560, height=380)
    chart.add(Mark("line", [low, high], [low, high], label="perfect", colour=3, dashed=True))
    chart.add(
        Mark(
            "points",
            x,
            y,
            label=f"{len(x)} of the test rows",
            tips=[f"predicted {figure(a).value}, true {figure(b).value}" for a, b in found.residuals],
        )
    )
    return f'<div class="card">{chart.svg()}</div>'


def _quantiles(found: Evaluation, spec: ProjectSpec) -> list[Section]:
    told = found.spread
    assert told is not None
    aim = f", to be {told.aim:.3g}" if told.aim else ""
    coverage, width = told.coverage.shown(), told.width.shown()
    between = (
        f"From the lowest to the highest lie {coverage.whole} of the test rows{aim}; these are {width.whole} apart."
        if told.aim
        else "There is one quantile, and so no interval."
    )
    return [
        Section(
            "Do the quantiles hold?",
            _held(told),
            f"How often what came does not exceed each quantile, on rows that nothing was chosen by. {between}",
        ),
        Section("Predicted and true", _band(told)),
    ]


def _held(told: Spread) -> str:
    chart = Chart("level of the quantile", "share that did not exceed it", x=(0, 1), y=(0, 1), height=320)
    chart.add(Mark("line", [0, 1], [0, 1], label="perfect", colour=3, dashed=True))
    chart.add(
        Mark(
            "points",
            [each.level for each in told.levels],
            [each.below.value for each in told.levels],
            low=[each.below.value if each.below.low is None else each.below.low for each in told.levels],
            high=[each.below.value if each.below.high is None else each.below.high for each in told.levels],
            label="test rows",
            tips=[f"{name_of(each.level)}: {each.below.shown().whole}" for each in told.levels],
        )
    )
    rows = [(name_of(each.level), f"{each.level:g}", *pair(each.below), *pair(each.loss)) for each in told.levels]
    head = ("", "to be", "share below", "95 % interval", "pinball loss", "95 % interval")
    whole = table(head, rows, numbers=(1, 2, 3, 4, 5))
    return (
        f'<div class="grid"><div class="card"><h3>Calibration</h3>{chart.svg()}</div>'
        f'<div class="card"><h3>Each quantile</h3>{whole}</div></div>'
    )


def _band(told: Spread) -> str:
    place = list(range(len(told.rows)))
    middle = 1 + min(range(len(told.levels)), key=lambda k: abs(told.levels[k].level - 0.5))
    chart = Chart("test rows, by the middle quantile", "value", width=560, height=340, x_ticks=[])
    low, high = [row[1] for row in told.rows], [row[-1] for row in told.rows]
    if told.aim:
        ends = f"{name_of(told.levels[0].level)} to {name_of(told.levels[-1].level)}"
        chart.add(Mark("band", place, low=low, high=high, label=ends))
    name = name_of(told.levels[middle - 1].level)
    chart.add(Mark("line", place, [row[middle] for row in told.rows], label=name))
    held = [low[i] <= told.rows[i][0] <= high[i] for i in place] if told.aim else [True for _ in place]
    for inside, label, colour in ((True, "came, within" if told.aim else "came", 3), (False, "came, outside", 2)):
        some = [i for i in place if held[i] is inside]
        tips = [f"{name} {figure(told.rows[i][middle]).value}, came {figure(told.rows[i][0]).value}" for i in some]
        if some:
            chart.add(Mark("points", some, [told.rows[i][0] for i in some], label=label, colour=colour, tips=tips))
    return f'<div class="card">{chart.svg()}</div>'


VIEWS: dict[View, Callable[[Evaluation, ProjectSpec], list[Section]]] = {
    "decisions": _decisions,
    "classes": _of_classes,
    "numbers": _numbers,
    "spread": _quantiles,
}
