"""The model card (Mitchell et al. 2019, "Model Cards for Model Reporting") as Markdown, from what was measured."""

from __future__ import annotations

from treadle.figures import figure
from treadle.scoring import sign
from treadle.scoring.decisions import acts_from
from treadle.spec import ProjectSpec
from treadle.training import Evaluation, FitSummary, Refitted


def card(
    spec: ProjectSpec, found: Evaluation, summary: FitSummary, *, created: str, refitted: Refitted | None = None
) -> str:
    """What the model is for, how good it is and for whom, what it was made from, what it must not be used for."""
    people = spec.brief.people
    at = spec.predict.at
    asked = f" A prediction is made at `{at}` and uses only what was known before." if at else ""
    lines = [
        f"# {spec.project}: {spec.predict.name}",
        "",
        f"Made {created}. Owner: {people.owner}. Reviewers: {', '.join(people.reviewers) or 'none named'}.",
        "",
        "## What it is for",
        "",
        spec.brief.decision or f"Predict {spec.predict.name}.",
        "",
        f"One example per row of `{spec.predict.each}`; the label is `{spec.predict.label}`.{asked}",
        "",
    ]
    return "\n".join(
        lines + _quality(spec, found) + _leaks(found) + _weakest(found) + _origin(found, summary, refitted) + _LIMITS
    )


_LIMITS = [
    "",
    "## Limits",
    "",
    "It speaks about rows like those it was tested on. It has not been tested for other decisions, other places or",
    "later times; watch it, and do not use it where nobody watches.",
    "",
]


def _quality(spec: ProjectSpec, found: Evaluation) -> list[str]:
    rows = [(found.metric, found.value), (f"{found.metric} without a model", found.baseline)]
    if found.reference is not None:
        rows.append((f"{found.metric} from request and row features", found.reference))
    rows += [(name, value) for name, value in found.scores.items() if name != found.metric]
    lines = [
        "## How good it is",
        "",
        found.verdict,
        "",
        "| on the sealed test rows | value | 95 % interval |",
        "|---|---|---|",
        *[f"| {name} | {value.shown().value} | {value.shown().span} |" for name, value in rows],
        *_over_served(found),
    ]
    return lines + _decisions(spec, found)


def _over_served(found: Evaluation) -> list[str]:
    """Beside the version that was served when it was judged."""
    over = found.over_served
    if over is None:
        return []
    said = f"{over.said[0].upper()}{over.said[1:]}."
    if over.found is None:
        return ["", said]
    rows = [(found.metric, over.found.ours), (f"{found.metric} of {over.model}", over.found.theirs)]
    gain = over.found.gain.shown(signed=True)
    return [
        "",
        said,
        "",
        f"| on {over.rows:,} sealed rows that {over.model} has not learned from | value | 95 % interval |",
        "|---|---|---|",
        *[f"| {name} | {value.shown().value} | {value.shown().span} |" for name, value in rows],
        f"| gain | {gain.value} | {gain.span} |",
    ]


def _decisions(spec: ProjectSpec, found: Evaluation) -> list[str]:
    """What decisions cost, beside rules that look at nothing."""
    money = found.money
    if money is None or found.calibration_error is None:
        return []
    cost, saved, unit = spec.brief.mistakes, money.saved.shown(), money.currency
    said = f"It acts {acts_from(found.threshold)}; a missed one costs {cost.missed:g} {unit}, a false alarm "
    said += f"{cost.false_alarm:g}."
    if found.task.classes:
        by = "of least expected cost, by the costs of mistakes in the brief" if found.costs else "that is likeliest"
        said = f"It decides on the class {by}."
    rows = [("with this model", money.model.shown().value, money.model.shown().span, "")]
    for rule in money.fixed:
        score = "" if rule.score is None else figure(rule.score).value
        rows.append((rule.name.replace("|", "\\|"), figure(rule.cost).value, "", score))
    metric = found.metric if any(rule.score is not None for rule in money.fixed) else ""
    ends = f"That saves {saved.value} {unit} per decision ({saved.span}) against the cheapest of those."
    return [
        "",
        said,
        "",
        f"| a decision costs | {unit} | 95 % interval | {metric} |",
        "|---|---|---|---|",
        *[f"| {' | '.join(row)} |" for row in rows],
        "",
        f"{ends} Calibration error: {found.calibration_error:.3f}{_chance(found)}.",
        *(["", f"No release without an answer for it: {money.unsaved}."] if money.unsaved else []),
    ]


def _chance(found: Evaluation) -> str:
    noise = found.calibration_noise
    return "" if noise is None else f" (probabilities that are right would show some {noise:.3f} on so many rows)"


def _leaks(found: Evaluation) -> list[str]:
    if not found.findings:
        return []
    lines = [f"- {f.name}: {f.text}" for f in found.findings]
    return [
        "",
        "These findings say that the score may be owed to a leak. Who answered for them is in the record:",
        "",
        *lines,
    ]


def _weakest(found: Evaluation) -> list[str]:
    worst = sorted(found.slices, key=lambda s: s.metric.value * sign(found.metric))[:3]
    lines = [f"- {s.feature} = {s.level}: {s.metric.shown().whole} on {s.rows:,} rows" for s in worst]
    return ["", "## Where it is weakest", "", *lines] if lines else []


def _origin(found: Evaluation, summary: FitSummary, refitted: Refitted | None) -> list[str]:
    span = f", from {found.test_from[:10]} to {(found.test_to or '')[:10]}" if found.test_from else ""
    made = (
        f"{summary.family} on {found.train_rows:,} training rows and {len(found.importance)} features; tested on "
        f"{found.rows:,} rows{span}. It looks most at {', '.join(i.feature for i in found.importance[:5])}."
    )
    return [
        "",
        "## What it was made from",
        "",
        made,
        *(["", refitted.said()] if refitted else []),
        "",
        *[f"- {note}" for note in found.notes],
        *[f"- {'Holds' if c.ok else 'DOES NOT HOLD' if c.checked else 'Open'}: {c.text}" for c in found.checks],
    ]
