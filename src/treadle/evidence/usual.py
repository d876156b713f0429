"""What the field calls the families, the settings and the features that the record names in Treadle's own words.

So that whoever asks for "target encoding" finds trials with `text: rates`, which is that. What is not listed here is
found by its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct

_FAMILIES = {
    "additive": "generalised additive model GAM explainable boosting",
    "bayes": "naive Bayes",
    "blend": "ensemble stacking blending",
    "catboost": "gradient boosting boosted trees GBDT",
    "constant": "baseline dummy",
    "extra_trees": "extremely randomised trees",
    "lightgbm": "gradient boosting boosted trees GBDT",
    "linear": "logistic regression linear regression ridge",
    "mlp": "neural network deep learning multilayer perceptron",
    "neighbours": "nearest neighbours kNN",
    "random_forest": "random forest bagging",
    "xgboost": "gradient boosting boosted trees GBDT",
}
_SETTINGS = {
    ("text", "rates"): "target encoding mean encoding of categories",
    ("text", "native"): "native categorical categories",
    ("groups", "told"): "group statistics group-wise aggregates",
    ("recent", "half"): "recency weighting time decay sample weights",
    ("recent", "fifth"): "recency weighting time decay sample weights",
    ("even_classes", "True"): "class weights class imbalance balanced",
    ("numbers", "ranked"): "rank quantile transform",
    ("extra_trees", "True"): "extremely randomised splits",
}


def trial_words(family: str, settings: Mapping[str, object]) -> str:
    """A trial in the field's words, beside those of the record. Numbers are left out: nobody looks for a rate of 0.06.

    >>> trial_words("linear", {"c": 0.5, "text": "rates"})
    'linear logistic regression linear regression ridge, text rates target encoding mean encoding of categories'
    """
    said = [f"{family} {_FAMILIES.get(family, '')}".strip()]
    for name, value in settings.items():
        usual = _SETTINGS.get((name, str(value)), "")
        if usual or isinstance(value, str):
            said.append(f"{name} {value} {usual}".strip())
    return ", ".join(said)


class _Named(Struct, frozen=True):
    name: str = ""
    text: str = ""
    feature: bool = True


class _Lookup(Struct, frozen=True):
    name: str = ""
    on: tuple[str, ...] = ()
    take: tuple[str, ...] = ()


class _Take(Struct, frozen=True):
    name: str = ""
    function: str = ""


class _Window(Struct, frozen=True):
    name: str = ""
    view: str = ""
    on: str = ""
    lengths: tuple[tuple[str, int], ...] = ()
    takes: tuple[_Take, ...] = ()


class _Plan(Struct, frozen=True):
    """What of a plan of features is looked for; the plan itself is a type of a higher room."""

    inputs: tuple[_Named, ...] = ()
    rows: tuple[_Named, ...] = ()
    lookups: tuple[_Lookup, ...] = ()
    windows: tuple[_Window, ...] = ()


class _Asked(Struct, frozen=True):
    plan: _Plan = _Plan()


def feature_lines(asked: bytes) -> list[str]:
    """The features that a step was asked for, a line each; none where its input says nothing of them."""
    try:
        plan = msgspec.json.decode(asked, type=_Asked).plan
    except (msgspec.MsgspecError, RecursionError):
        return []
    return list(_lines(plan))


def _lines(plan: _Plan) -> Iterator[str]:
    yield from (each.name for each in plan.inputs if each.feature)
    yield from (f"{each.name}: {each.text}" for each in plan.rows)
    for each in plan.lookups:
        yield f"{each.name}: lookup (join) of {', '.join(each.take)} on {', '.join(each.on)}"
    for window in plan.windows:
        takes = ", ".join(f"{take.name} ({take.function})" for take in window.takes)
        lengths = ", ".join(length for length, _ in window.lengths)
        yield f"{window.name}: rolling window of {lengths} over {window.view} on {window.on}: {takes}"
