"""The trials of a search that were better than all before them: what each gained, and what was paid for it."""

from __future__ import annotations

from dataclasses import dataclass

from treadle.figures import figure
from treadle.money import Money
from treadle.pages import table
from treadle.scoring.metrics import sign
from treadle.training.model import SearchResult, Trial


@dataclass(frozen=True)
class Forward:
    """A trial that was better than all before it. `points`: by how much, in hundredths of what the first one scored;
    `seconds`: since the one before."""

    trial: Trial
    points: float | None
    seconds: float
    until: float


def forward(search: SearchResult) -> list[Forward]:
    found: list[Forward] = []
    until = last = 0.0
    for trial in search.trials:
        until += trial.seconds
        if trial.state != "complete":
            continue
        gain = (trial.value - found[-1].trial.value) * sign(search.metric) if found else 0.0
        if found and gain <= 0:
            continue
        unit = abs(found[0].trial.value) / 100 if found else 0.0
        found.append(Forward(trial, gain / unit if unit else None, until - last, until))
        last = until
    return found


def steps_shown(search: SearchResult, metric: str, second: Money | None) -> str:
    """Each trial that was better than all before: when it came, what it gained, and what was paid for that."""
    steps = forward(search)
    head: tuple[str, ...] = ("Trial", "Family", metric, "Points gained", "After")
    rows = [_cells(step) for step in steps]
    since = sum(t.seconds for t in search.trials) - (steps[-1].until if steps else 0.0)
    spent = f"{since:.1f} s of trials"
    if second is not None:
        head += (f"Paid, {second.currency}", f"A point, {second.currency}")
        price = float(second.amount)
        rows = [row + _paid(step, price) for row, step in zip(rows, steps, strict=True)]
        spent += f" ({figure(price * since).value} {second.currency})"
    return table(head, rows, numbers=(0, *range(2, len(head)))) + (
        "<p class=quiet>A point is a hundredth of what the first whole trial scored. "
        f"The {spent} after the last of these brought no better one.</p>"
    )


def _cells(step: Forward) -> tuple[str, ...]:
    points = "" if step.points is None else f"{step.points:+.2f}"
    return str(step.trial.number + 1), step.trial.family, figure(step.trial.value).value, points, f"{step.until:.1f} s"


def _paid(step: Forward, price: float) -> tuple[str, ...]:
    point = figure(price * step.seconds / step.points).value if step.points else ""
    return figure(price * step.until).value, point
