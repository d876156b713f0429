"""The sections of a report that are read off the model itself: what each column adds, and what would go first."""

from __future__ import annotations

from treadle.figures import figure
from treadle.pages import Chart, Mark, Section, bars_across, escape
from treadle.training.curves import Shape
from treadle.training.evaluation import Evaluation

MOST_CHARTS = 12
MOST_LINES = 4
"""Curves that one chart can hold: of more classes, those that differ most."""


def readings(found: Evaluation) -> list[Section]:
    """None, of a model that cannot be read."""
    told = found.anatomy
    sections = []
    if told.shapes:
        sections.append(
            Section(
                "What each column adds",
                f'<div class="grid">{"".join(_card(shape, found) for shape in told.shapes[:MOST_CHARTS])}</div>',
                f"The model is the sum of one curve a column and of {_beside(found)}, in {found.task.margin_unit}. "
                f"Zero is the mean of the training rows. {_which(len(told.shapes))}",
            )
        )
    if told.path:
        silenced = bars_across([(d.feature, d.penalty, d.penalty, d.penalty) for d in told.path], top=1.0, most=40)
        sections.append(
            Section(
                "Which features would go first",
                f'<div class="card">{silenced}</div>',
                "Were the linear model made to use fewer features, the uppermost would be given up first: the penalty "
                "at which each falls silent, as a share of the one that silences the last (lasso path).",
            )
        )
    return sections


def _beside(found: Evaluation) -> str:
    return f"the logarithm of {found.rates.per}" if found.rates else "nothing else"


def _which(columns: int) -> str:
    if columns <= MOST_CHARTS:
        return "The column that weighs most comes first."
    return f"Of {columns} columns the {MOST_CHARTS} that weigh most are shown."


def _card(shape: Shape, found: Evaluation) -> str:
    lines = sorted(range(len(shape.effects)), key=lambda k: -_reach(shape.effects[k]))[:MOST_LINES]
    names = {output: found.task.classes[output] if found.task.classes else "" for output in sorted(lines)}
    missing = ""
    if shape.missing is not None:
        shown = ", ".join(f"{name} {_signed(shape.missing[output])}".strip() for output, name in names.items())
        missing = f'<p class="quiet">Where it is missing: {escape(shown)}.</p>'
    return f'<div class="card"><h3>{escape(shape.name)}</h3>{_drawn(shape, names, found)}{missing}</div>'


def _drawn(shape: Shape, names: dict[int, str], found: Evaluation) -> str:
    if shape.levels and len(names) == 1:
        (effects,) = shape.effects
        return bars_across([(name or "(empty)", e, e, e) for name, e in zip(shape.levels, effects, strict=True)])
    chart = Chart(shape.name, found.task.margin_unit.partition(",")[0], height=240, x_ticks=_ticks(shape))
    for colour, (output, name) in enumerate(names.items(), start=1):
        chart.add(_mark(shape, output, name, colour))
    return chart.rule("y", 0.0).svg()


def _mark(shape: Shape, output: int, label: str, colour: int) -> Mark:
    effects = shape.effects[output]
    if shape.levels:
        tips = [f"{level}: {_signed(effect)}" for level, effect in zip(shape.levels, effects, strict=True)]
        return Mark("points", range(len(effects)), effects, label=label, colour=colour, tips=tips)
    # a step is drawn to its own height where it begins, and ends where the next one does
    return Mark("step", shape.edges, (*effects, effects[-1]), label=label, colour=colour)


def _ticks(shape: Shape) -> list[tuple[float, str]] | None:
    return [(place, level or "(empty)") for place, level in enumerate(shape.levels)] if shape.levels else None


def _reach(effects: tuple[float, ...]) -> float:
    return max(effects) - min(effects)


def _signed(value: float) -> str:
    return figure(value, signed=True).value
