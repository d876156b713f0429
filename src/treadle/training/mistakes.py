"""What mistakes cost: the brief's costs by class, and what decisions cost beside rules that look at nothing."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct

from treadle.errors import Fault, SpecError, nearest
from treadle.scoring import metrics
from treadle.scoring.bootstrap import Draws, Interval, interval, of_costs
from treadle.scoring.decisions import NEVER, Costs, Rule, chosen
from treadle.scoring.metrics import Array
from treadle.scoring.tasks import Task
from treadle.spec import Mistakes

PLACE = "brief.mistakes.costs"
COUNTED = "mistakes"
"""The unit of costs that are not stated: each mistake is one."""
_OF_DECISIONS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1")
_MOST_NAMED = 5


class FixedRule(Struct, frozen=True):
    """A rule that looks at nothing, such as `never act`: its cost per decision on the test rows, and the project's
    metric where that is one of decisions."""

    name: str
    cost: float
    score: float | None = None


class Money(Struct, frozen=True):
    """The cost of mistakes per decision: with the model, by each fixed rule; and what the model saves against the
    cheapest of those, with its interval. `currency`: `mistakes` where nothing is said of what they cost."""

    model: Interval
    fixed: tuple[FixedRule, ...]
    saved: Interval
    currency: str

    @property
    def cheapest(self) -> FixedRule:
        return min(self.fixed, key=lambda rule: rule.cost)

    @property
    def unsaved(self) -> str:
        """Why the model is worth no more than the cheapest fixed rule, in a sentence; empty where it is, and where
        nothing is said of what mistakes cost.

        Without an interval its value counts: that test rows are few is told of the gain already.
        """
        least = self.saved.value if self.saved.low is None else self.saved.low
        if self.currency == COUNTED or least > 0:
            return ""
        shown, beside = self.model.shown(), f"{self.cheapest.cost:.4g} {self.currency}"
        return (
            f"a decision costs {shown.whole} {self.currency}, which is not surely less than to {self.cheapest.name} "
            f"({beside}); the difference is {self.saved.shown(signed=True).whole}"
        )


def costs_of(mistakes: Mistakes, classes: tuple[str, ...]) -> Costs:
    """What the brief says of mistakes among several classes, by number; empty where it says nothing.

    Raises:
        SpecError: a class that no row has, or a mistake that nothing is said of; all at once.
    """
    if not classes or (not mistakes.costs and mistakes.unlisted is None):
        return ()
    wrong = []
    for true, row in mistakes.costs.items():
        strange = [(PLACE, true)] if true not in classes else []
        strange += [(f"{PLACE}.{true}", name) for name in row if name not in classes]
        wrong += [Fault(f'there is no class "{name}"', place, nearest(name, classes)) for place, name in strange]
    if mistakes.unlisted is None:
        wrong += _unlisted(mistakes, classes)
    if len(wrong) == 1:
        raise SpecError(wrong[0].what, where=wrong[0].where, mend=wrong[0].mend or "correct the name")
    if wrong:
        raise SpecError(f"the costs of mistakes are wrong in {len(wrong)} places", where=PLACE, faults=wrong)

    def cost(true: str, told: str) -> float:
        unlisted = 0.0 if true == told else mistakes.unlisted or 0.0
        return float(mistakes.costs.get(true, {}).get(told, unlisted))

    return tuple(tuple(cost(true, told) for told in classes) for true in classes)


def _unlisted(mistakes: Mistakes, classes: tuple[str, ...]) -> list[Fault]:
    """Without a cost for all others, each mistake must be listed."""
    found, mend = [], "list them, or write `unlisted: 1` for what is not listed"
    for true in classes:
        row = mistakes.costs.get(true)
        if row is None:
            found.append(Fault(f'nothing is said of rows that are "{true}"', PLACE, mend))
            continue
        missing = [name for name in classes if name != true and name not in row]
        if missing:
            more = f" and {len(missing) - _MOST_NAMED:,} more" if len(missing) > _MOST_NAMED else ""
            named = ", ".join(f'"{name}"' for name in missing[:_MOST_NAMED]) + more
            found.append(Fault(f'nothing is said of "{true}" taken for {named}', f"{PLACE}.{true}", mend))
    return found


def of_decisions(
    p: Array, y: Array, threshold: float, mistakes: Mistakes, metric: str, draw: Draws, replicates: int
) -> Money:
    """Of yes and no: acted upon from `threshold` on, beside never and always."""

    def cost(act: Array) -> Array:
        return _of_acts(act, y, mistakes)

    def score(act: float) -> float | None:
        value = metrics.weighted(metric, y, np.full(len(y), act), 0.5)(draw.whole)
        return value if metric in _OF_DECISIONS and math.isfinite(value) else None

    rules = [(name, cost(np.full(len(y), act)), score(float(act))) for name, act in _FIXED]
    return _money(cost(p >= threshold), rules, mistakes.currency, draw, replicates)


_FIXED = (("never act", False), ("always act", True))


def _of_acts(act: Array, y: Array, mistakes: Mistakes) -> Array:
    return np.where(act, np.where(y > 0.5, 0.0, mistakes.false_alarm), np.where(y > 0.5, mistakes.missed, 0.0))


def row_costs(p: Array, y: Array, rule: Rule, task: Task, mistakes: Mistakes) -> Array | None:
    """What the decision on each row costs; None where nothing is decided, or nothing is said of what mistakes cost."""
    if task.decides and not isinstance(rule, tuple):
        return None if mistakes == Mistakes() else _of_acts(p >= rule, y, mistakes)
    if task.classes and task.costs:
        return np.array(task.costs)[y.astype(np.int64), chosen(p, task.costs)]
    return None


def idle(task: Task, p: Array, threshold: float) -> str:
    """That all decisions are alike, in a sentence; empty where they are not, or nothing is decided by a threshold."""
    if not task.decides or 0 < (p >= threshold).sum() < len(p):
        return ""
    which = "No test row is" if p[0] < threshold else "Every test row is"
    return f"{which} acted upon: by what the brief says of mistakes, that costs least of all thresholds."


def of_classes(
    p: Array, y: Array, task: Task, currency: str, metric: str, draw: Draws, replicates: int, *, shares: Array
) -> Money:
    """Of several classes: the one that is decided on, beside always the commonest, and always the one that is cheapest.

    `shares`: of each class among the training rows, by which these two are chosen: a rule that was chosen on the test
    rows would have seen what it is judged on. Where nothing is said of costs, each mistake is one.
    """
    classes, costs = task.classes, task.costs
    stated = np.array(costs) if costs else 1.0 - np.eye(len(classes))
    truth = y.astype(np.int64)
    common, cheap = int(shares.argmax()), int((shares @ stated).argmin())
    rules = []
    for told in dict.fromkeys((common, cheap)):
        one = np.zeros(p.shape)
        one[:, told] = 1.0
        score = metrics.weighted(metric, y, one, ())(draw.whole) if metric in _OF_DECISIONS else None
        name = f'always say "{classes[told]}"' + (", the commonest" if told == common else "")
        rules.append((name, stated[truth, told], score))
    ours = stated[truth, chosen(p, costs)]
    return _money(ours, rules, currency if costs else COUNTED, draw, replicates)


def _money(
    ours: Array, rules: list[tuple[str, Array, float | None]], currency: str, draw: Draws, replicates: int
) -> Money:
    """`ours`: the cost of each row's decision; the same of each rule, by its name, and its score."""

    def mean(cost: Array) -> float:
        return float(np.average(cost, weights=draw.whole))

    _, best, _ = min(rules, key=lambda rule: mean(rule[1]))
    with_model, saved = [], []
    for k in range(replicates):
        w = draw(k)
        with_model.append(float(w @ ours / w.sum()))
        saved.append(float(w @ (best - ours) / w.sum()))
    return Money(
        of_costs(mean(ours), with_model, draw.block),
        tuple(FixedRule(name, mean(cost), score) for name, cost, score in rules),
        interval(mean(best) - mean(ours), saved, draw.block),
        currency,
    )


def ideal_threshold(mistakes: Mistakes) -> float:
    """From which probability on acting costs least, where probabilities are perfect (Elkan 2001)."""
    return mistakes.false_alarm / max(mistakes.false_alarm + mistakes.missed, 1e-12)


def choose_threshold(p: Array, y: Array, mistakes: Mistakes, weight: Array | None = None) -> float:
    """The probability from which acting costs least on `p` and `y`: the least sum of missed and false alarms; `NEVER`
    where acting upon nobody costs less than from any.

    With perfect probabilities that is `ideal_threshold`; the rows, each by its `weight`, have the last word, among 500
    candidates, evenly over the rows, and a tie goes to the one nearest to that.
    """
    ideal = ideal_threshold(mistakes)
    candidates = np.unique(np.concatenate([np.quantile(p, np.linspace(0, 1, 500)), [ideal, NEVER]]))
    order = np.argsort(p)
    weight = np.ones(len(y)) if weight is None else weight
    hits, rows = (np.concatenate([[0.0], np.cumsum(each[order])]) for each in (y * weight, weight))
    below = np.searchsorted(p[order], candidates, side="left")
    missed = hits[below]
    alarms = (rows[-1] - rows[below]) - (hits[-1] - missed)
    cost = missed * mistakes.missed + alarms * mistakes.false_alarm
    cheapest = np.flatnonzero(cost <= cost.min() + 1e-12 * max(1.0, rows[-1]))
    return float(candidates[cheapest[np.argmin(np.abs(candidates[cheapest] - ideal))]])
