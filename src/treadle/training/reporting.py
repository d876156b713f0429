"""The evaluation as a page that one would show to a colleague who has to decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from treadle.figures import figure
from treadle.pages import Chart, Mark, Section, bars_across, escape, page, table, tile
from treadle.scoring.bootstrap import Interval
from treadle.scoring.metrics import sign
from treadle.scoring.tasks.task import View
from treadle.spec import ProjectSpec
from treadle.training.evaluation import Evaluation
from treadle.training.model import SearchResult
from treadle.training.trials import trials_shown

_NAMES = {
    "average_precision": "Average precision",
    "roc_auc": "ROC AUC",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "rmse": "RMSE",
    "mae": "MAE",
    "mse": "MSE",
    "r2": "R²",
    "poisson_deviance": "Poisson deviance",
}


def report(
    found: Evaluation,
    spec: ProjectSpec,
    search: SearchResult | None = None,
    *,
    costs: Sequence[tuple[str, str]] = (),
    made: str = "",
) -> str:
    """One self-contained HTML page. `costs`: (what, amount) lines; `made`: a line on when and from what."""
    sections = [
        Section("", _tiles(found, costs) + _warnings(found)),
        Section("Is it better than what is simpler?", _rivals(found)),
    ]
    sections += _VIEWS[found.task.view](found, spec)
    sections += [
        Section(
            "What the model looks at",
            _importance(found),
            f"How much {_name(found.metric).lower()} is lost when one feature is shuffled among the test rows; "
            "the line is the range of three shuffles. Features that say the same share their importance.",
        ),
        Section(
            "Where it does well and where not", _slices(found), f"{_name(found.metric)} on parts of the test rows."
        ),
        Section("Could the answer have leaked?", _checks(found)),
    ]
    if search is not None:
        sections.append(Section("How it was found", trials_shown(search, _name(search.metric))))
    if costs:
        sections.append(Section("What this model cost", f'<div class="card">{table(("What", "Amount"), costs)}</div>'))
    lead = spec.brief.decision or f"Predict {spec.predict.name}."
    return page(
        f"{spec.project}: {_headline(found)}",
        sections,
        eyebrow="Treadle · model report",
        lead=lead,
        footer=f"Intervals are 95 %, by bootstrap {_drawn(found)}; a share without a mistake has its exact "
        f"one-sided bound. {made}",
    )


def _decisions(found: Evaluation, spec: ProjectSpec) -> list[Section]:
    return [
        Section(
            "What the decisions cost",
            _money(found, spec),
            f"Acting from a probability of {found.threshold:.3f}, chosen on out-of-fold predictions "
            "so that mistakes cost least.",
        ),
        Section(
            "Can the probabilities be believed?",
            _calibration(found),
            f"Calibration error {found.calibration_error:.3f}: the mean distance between what was predicted "
            "and what came, over groups of equal size.",
        ),
        Section("Every threshold", _curves(found)),
    ]


def _of_classes(found: Evaluation, spec: ProjectSpec) -> list[Section]:
    return [
        Section(
            "Which class is taken for which",
            _class_table(found),
            "Test rows by the class that was true (lines) and the one that was predicted (columns).",
        ),
        Section(
            "Can the probabilities be believed?",
            _calibration(found),
            f"Of the class that was chosen. Calibration error {found.calibration_error:.3f}: the mean distance between "
            "its probability and how often it was right, over groups of equal size.",
        ),
    ]


def _numbers(found: Evaluation, spec: ProjectSpec) -> list[Section]:
    return [Section("Predicted and true", _residuals(found))]


_VIEWS: dict[View, Callable[[Evaluation, ProjectSpec], list[Section]]] = {
    "decisions": _decisions,
    "classes": _of_classes,
    "numbers": _numbers,
}


def _class_table(found: Evaluation) -> str:
    told = found.classes
    assert told is not None
    rows = [
        (name, *(f"{n:,}" for n in counts), f"{counts[i] / max(sum(counts), 1):.1%}")
        for i, (name, counts) in enumerate(zip(told.shown, told.counts, strict=True))
    ]
    whole = table(("True", *told.shown, "right"), rows, numbers=tuple(range(1, len(told.shown) + 2)))
    return f'<div class="card scroll">{whole}</div>'


def _drawn(found: Evaluation) -> str:
    kind = found.drawn or ("days" if found.test_from else "rows")
    return {"days": "of whole days, in runs", "groups": "of whole groups"}.get(kind, "of rows")


def _headline(found: Evaluation) -> str:
    name, rival = _name(found.metric), found.reference or found.baseline
    name = name if name.isupper() or name.startswith("R") else name.lower()
    than = "from simple features" if found.reference else "without a model"
    return f"{name} {found.value.shown().value}, against {rival.shown().value} {than}"


def _name(metric: str) -> str:
    return _NAMES.get(metric, metric)


def _tiles(found: Evaluation, costs: Sequence[tuple[str, str]]) -> str:
    tiles = [_measured(_name(found.metric), found.value), _measured("Without a model", found.baseline)]
    if found.reference is not None:
        tiles.append(_measured("Request and row features only", found.reference))
    if found.money is not None:
        cheaper, saved = min(found.money.never, found.money.always), found.money.saved.shown()
        tiles.append(
            tile(
                "Saved per decision",
                saved.value,
                f"{saved.span}; best fixed rule costs {figure(cheaper).value}",
                found.money.currency,
            )
        )
    when = f"{found.test_from[:10]} to {(found.test_to or '')[:10]}" if found.test_from else "drawn at random"
    tiles.append(tile("Test rows", f"{found.rows:,}", f"{when}; trained on {found.train_rows:,}"))
    tiles += [tile(name, amount, "data, features and training") for name, amount in costs[:1]]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _measured(name: str, value: Interval) -> str:
    shown = value.shown()
    return tile(name, shown.value, f"95 % interval {shown.span}" if shown.low else shown.span)


def _warnings(found: Evaluation) -> str:
    """Beside the score: what it may be owed to, and what it leaves out."""
    leaks = [(f.name, f.text) for f in found.findings]
    notes = "".join(f"<p class=quiet>{escape(note)}</p>" for note in found.notes)
    return (
        f'<div class="card">{table(("This score may be owed to a leak", "Why"), leaks)}</div>' if leaks else ""
    ) + notes


def _rivals(found: Evaluation) -> str:
    knows = found.task.trivial
    rows = [(f"No model: {knows}", found.baseline, None)]
    if found.reference is not None:
        rows.append(("Request and row features only", found.reference, None))
    chart_rows = [(f"this model ({found.family})", found.value), *[(n, v) for n, v, _ in reversed(rows)]]
    bars = bars_across([(n, v.value, _low(v), _high(v)) for n, v in chart_rows])
    better = "" if sign(found.metric) > 0 else " Lower is better."
    over_time = ""
    if len(found.periods) > 2:
        periods = found.periods
        place = list(range(len(periods)))
        every = max(1, len(periods) // 5)
        chart = Chart(
            "week from (dotted: all test rows)",
            _name(found.metric),
            width=460,
            height=230,
            x=(-0.4, len(periods) - 0.6),
            x_ticks=[(i, periods[i].start[5:]) for i in place if i % every == 0],
        )
        chart.add(
            Mark(
                "points",
                place,
                [p.metric.value for p in periods],
                low=[_low(p.metric) for p in periods],
                high=[_high(p.metric) for p in periods],
                tips=[f"{p.start}: {p.metric.shown().whole}, {p.rows:,} rows" for p in periods],
            )
        )
        chart.rule("y", found.value.value)
        over_time = f'<div class="card"><h3>Week by week</h3>{chart.svg()}</div>'
    verdict = found.verdict.replace(found.metric, _name(found.metric).lower())
    return (
        f"<p>{escape(verdict)}{better}</p>"
        f'<div class="grid"><div class="card"><h3>{escape(_name(found.metric))} on the test rows</h3>{bars}'
        f"{_scores(found)}</div>{over_time}</div>"
    )


def _low(value: Interval) -> float:
    return value.value if value.low is None else value.low


def _high(value: Interval) -> float:
    return value.value if value.high is None else value.high


def _pair(value: Interval, *, signed: bool = False) -> tuple[str, str]:
    shown = value.shown(signed=signed)
    return shown.value, shown.span


def _scores(found: Evaluation) -> str:
    rows = [(_name(name), *_pair(v)) for name, v in found.scores.items()]
    rows += [(name, figure(v).value, "the project's own") for name, v in found.own.items()]
    whole = table(("Metric", "Value", "95 % interval"), rows, numbers=(1, 2))
    return f"<details open><summary>All metrics</summary>{whole}</details>"


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
    rules = table(
        ("Rule", f"{m.currency} per decision", "95 % interval"),
        [
            ("With this model", *_pair(m.model)),
            ("Never act", figure(m.never).value, ""),
            ("Always act", figure(m.always).value, ""),
            ("Saved against the cheaper of those", *_pair(m.saved, signed=True)),
        ],
        numbers=(1, 2),
    )
    return (
        f'<div class="grid"><div class="card"><h3>Decisions on the test rows</h3>{counts}'
        f'<p class="quiet">A missed one costs {mistakes.missed:g} {escape(m.currency)}, a false alarm '
        f'{mistakes.false_alarm:g}.</p></div><div class="card"><h3>Cost per decision</h3>{rules}</div></div>'
    )


def _calibration(found: Evaluation) -> str:
    bins = found.calibration
    top = min(1.0, max([b.high for b in bins] + [b.predicted for b in bins]) * 1.08)
    chart = Chart("predicted probability", "share that came true", x=(0, top), y=(0, top), height=320)
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
                f"predicted {b.predicted:.3f}, came {figure(b.observed, b.low, b.high).whole}, {b.rows:,} rows"
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
            label="did not come",
            colour=1,
            tips=[f"{s}: {n:,} did not come" for s, n in zip(spans, no, strict=True)],
        )
    )
    hist.add(
        Mark(
            "bars",
            edges,
            yes,
            base=no,
            high=[a + b for a, b in zip(no, yes, strict=True)],
            label="came",
            colour=2,
            tips=[f"{s}: {n:,} came" for s, n in zip(spans, yes, strict=True)],
        )
    )
    if found.task.decides:
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


def _importance(found: Evaluation) -> str:
    rows = [(i.feature, i.drop, i.low, i.high) for i in found.importance]
    half = (min(len(rows), 30) + 1) // 2
    top = max((high for *_, high in rows), default=0.0)  # both halves on one scale
    left = bars_across(rows[:half], top=top)
    right = bars_across(rows[half : 2 * half], top=top) if len(rows) > half else ""
    second = f'<div class="card">{right}</div>' if right else ""
    return f'<div class="grid"><div class="card">{left}</div>{second}</div>'


def _slices(found: Evaluation) -> str:
    if not found.slices:
        return '<p class="quiet">No feature has few enough levels to cut by.</p>'
    names = list(dict.fromkeys(s.feature for s in found.slices))
    cards = []
    for name in names:
        rows = [
            (s.level, f"{s.rows:,}", figure(s.share).value, *_pair(s.metric)) for s in found.slices if s.feature == name
        ]
        head = (name, "rows", found.task.shares, "value", "95 % interval")
        cards.append(f'<div class="card">{table(head, rows, numbers=(1, 2, 3, 4))}</div>')
    return f'<div class="columns">{"".join(cards)}</div>'


def _checks(found: Evaluation) -> str:
    rows = "".join(
        f'<tr><td class="mark n {"good" if c.ok else "bad" if c.checked else ""}">'
        f"{'✓ holds' if c.ok else '✗ look here' if c.checked else '– not checked'}</td>"
        f'<td class="w">{escape(c.name.replace("_", " "))}</td>'
        f"<td>{escape(c.text)}</td></tr>"
        for c in found.checks
    )
    return f'<div class="card scroll"><table><tbody>{rows}</tbody></table></div>'
