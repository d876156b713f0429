"""The evaluation as a page that one would show to a colleague who has to decide."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.figures import figure
from treadle.labelling import LabelGain, gained
from treadle.money import Money
from treadle.pages import Chart, Mark, Section, bars_across, escape, page, table, tile
from treadle.scoring.bootstrap import Interval
from treadle.scoring.metrics import sign
from treadle.scoring.over_served import OverServed
from treadle.spec import ProjectSpec
from treadle.training.evaluation import Evaluation
from treadle.training.model import SearchResult
from treadle.training.pictures import VIEWS, pair
from treadle.training.readings import readings
from treadle.training.refitting import Refitted
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
    "pinball": "Pinball loss",
    "coverage": "Coverage",
    "width": "Width",
}


def report(
    found: Evaluation,
    spec: ProjectSpec,
    search: SearchResult | None = None,
    *,
    costs: Sequence[tuple[str, str]] = (),
    second: Money | None = None,
    made: str = "",
    refitted: Refitted | None = None,
    labels: LabelGain | None = None,
) -> str:
    """One self-contained HTML page. `costs`: (what, amount) lines; `second`: the price of one, in the search; `made`: a
    line on when and from what; `refitted`: of a model that is fitted again for release, how it stands to this one;
    `labels`: what the experts' word gained."""
    notes = (*(() if refitted is None else (refitted.said(),)), *(() if search is None else search.notes))
    sections = [
        Section("", _tiles(found, costs, spec.predict.weight) + _warnings(found, notes)),
        Section("Is it better than what is simpler?", _rivals(found)),
    ]
    if found.over_served is not None:
        sections.append(Section("Is it better than what is served?", _beside_served(found.over_served)))
    if labels is not None:
        sections.append(gained(labels, _inside(_name(labels.metric))))
    sections += VIEWS[found.task.view](found, spec)
    sections += [
        Section(
            "What the model looks at",
            _importance(found),
            f"How much {_inside(_name(found.metric))} is lost when one feature is shuffled among the test rows; "
            "the line is the range of three shuffles. Features that say the same share their importance.",
        ),
        *readings(found),
        Section(
            "Where it does well and where not", _slices(found), f"{_name(found.metric)} on parts of the test rows."
        ),
        Section("Could the answer have leaked?", _checks(found)),
    ]
    if search is not None:
        sections.append(Section("How it was found", trials_shown(search, _name(search.metric), second)))
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


def _drawn(found: Evaluation) -> str:
    kind = found.drawn or ("days" if found.test_from else "rows")
    return {"days": "of whole days, in runs", "groups": "of whole groups"}.get(kind, "of rows")


def _headline(found: Evaluation) -> str:
    name, rival = _name(found.metric), found.reference or found.baseline
    name = _inside(name)
    than = "from simple features" if found.reference else "without a model"
    return f"{name} {found.value.shown().value}, against {rival.shown().value} {than}"


def _name(metric: str) -> str:
    return _NAMES.get(metric, metric)


def _inside(name: str) -> str:
    """The name within a sentence: abbreviations, and what is called after a person, keep their capitals."""
    return name if name.isupper() or name.startswith(("R", "Poisson")) else name[0].lower() + name[1:]


def _tiles(found: Evaluation, costs: Sequence[tuple[str, str]], weight: str | None) -> str:
    tiles = [_measured(_name(found.metric), found.value), _measured("Without a model", found.baseline)]
    if found.reference is not None:
        tiles.append(_measured("Request and row features only", found.reference))
    if found.rates is not None:
        came, told = found.rates.observed.shown(), figure(found.rates.predicted.value).value
        tiles.append(tile(f"Counts per unit of {found.rates.per}", came.value, f"{came.span}; predicted {told}"))
    if found.money is not None:
        cheapest, saved = found.money.cheapest, found.money.saved.shown()
        tiles.append(
            tile(
                "Saved per decision",
                saved.value,
                f"{saved.span}; to {cheapest.name} costs {figure(cheapest.cost).value}",
                found.money.currency,
            )
        )
    when = f"{found.test_from[:10]} to {(found.test_to or '')[:10]}" if found.test_from else "drawn at random"
    weighed = f"; weighted by {weight}" if weight else ""
    tiles.append(tile("Test rows", f"{found.rows:,}", f"{when}; trained on {found.train_rows:,}{weighed}"))
    tiles += [tile(name, amount, "data, features and training") for name, amount in costs[:1]]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _measured(name: str, value: Interval) -> str:
    shown = value.shown()
    return tile(name, shown.value, f"95 % interval {shown.span}" if shown.low else shown.span)


def _warnings(found: Evaluation, searched: Sequence[str]) -> str:
    """Beside the score: what it may be owed to, and what it leaves out."""
    leaks = [(f.name, f.text) for f in found.findings]
    notes = "".join(f"<p class=quiet>{escape(note)}</p>" for note in (*searched, *found.notes))
    return (
        f'<div class="card">{table(("This score may be owed to a leak", "Why"), leaks)}</div>' if leaks else ""
    ) + notes


def _rivals(found: Evaluation) -> str:
    rows = [(f"No model: {found.knows}", found.baseline, None)]
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
    verdict = found.verdict.replace(found.metric, _inside(_name(found.metric)))
    return (
        f"<p>{escape(verdict)}{better}</p>"
        f'<div class="grid"><div class="card"><h3>{escape(_name(found.metric))} on the test rows</h3>{bars}'
        f"{_scores(found)}</div>{over_time}</div>"
    )


def _beside_served(over: OverServed) -> str:
    """The served version on the same rows, and the gain with its interval."""
    name = _inside(_name(over.metric))
    verdict = over.said.replace(over.metric, name)
    said = f"<p>{escape(f'{verdict[0].upper()}{verdict[1:]}.')}</p>"
    if over.found is None:
        return said
    ours, theirs, gain = over.found.ours, over.found.theirs, over.found.gain.shown(signed=True)
    both = [("this model", ours), (f"{over.model}, served", theirs)]
    bars = bars_across([(who, value.value, _low(value), _high(value)) for who, value in both])
    rows = [(who, *pair(value)) for who, value in both] + [("gain", gain.value, gain.span)]
    shown = table(("", name, "95 % interval"), rows, numbers=(1, 2))
    quiet = "The interval of the gain is of differences on the same draws of rows, so it is not that of the two values."
    return f'{said}<div class="grid"><div class="card">{bars}{shown}<p class="quiet">{quiet}</p></div></div>'


def _low(value: Interval) -> float:
    return value.value if value.low is None else value.low


def _high(value: Interval) -> float:
    return value.value if value.high is None else value.high


def _scores(found: Evaluation) -> str:
    rows = [(_name(name), *pair(v)) for name, v in found.scores.items()]
    rows += [(name, figure(v).value, "the project's own") for name, v in found.own.items()]
    whole = table(("Metric", "Value", "95 % interval"), rows, numbers=(1, 2))
    return f"<details open><summary>All metrics</summary>{whole}</details>"


def _importance(found: Evaluation) -> str:
    if not found.importance:
        return (
            '<p class="quiet">No feature was shuffled: the minutes of the run were over before. More of them '
            "(train_minutes in brief.limits, or --minutes of treadle fit) give it time.</p>"
        )
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
            (s.level, f"{s.rows:,}", figure(s.share).value, *pair(s.metric)) for s in found.slices if s.feature == name
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
