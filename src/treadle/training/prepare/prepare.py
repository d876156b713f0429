"""One encoder for training rows: which step each feature gets, by what a family takes and what the recipe asks for."""

from __future__ import annotations

from typing import Literal

from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Calendar, Clock, Number, Step
from treadle.training.families import Array
from treadle.training.prepare.levels import fit_levels
from treadle.training.prepare.pairs import crosses, gains, pairs
from treadle.training.prepare.scaled import fit_scaled
from treadle.training.table import FeatureColumn, TrainingTable

Recipe = Literal["plain", "calendar", "trend", "pairs", "calendar+pairs", "trend+pairs"]
"""`plain`: each feature by itself, times by day and week. `calendar`: times by the year too. `trend`: and in a line.
`pairs`: and two features together."""
TIMES = ("date", "timestamp")


def recipes(features: tuple[FeatureColumn, ...]) -> tuple[Recipe, ...]:
    """Those that differ for such features, the plainest first."""
    timed = any(feature.type in TIMES for feature in features)
    numbers = sum(feature.type in ("int", "float") for feature in features)
    texts = sum(feature.type in ("str", "bool") for feature in features)
    together = numbers > 1 or texts > 1
    if timed and together:
        return ("plain", "calendar", "trend", "pairs", "calendar+pairs", "trend+pairs")
    if timed:
        return ("plain", "calendar", "trend")
    return ("plain", "pairs") if together else ("plain",)


def fit_encoder(
    table: TrainingTable,
    *,
    linear: bool,
    features: tuple[FeatureColumn, ...] | None = None,
    seed: int = 7,
    recipe: Recipe = "plain",
) -> tuple[Encoder, Array]:
    """The encoder fitted on the rows of `table`, and those rows encoded, float32 [rows, width].

    `linear`: missing numbers get the median and an indicator, numbers are clipped to the 0.1 % and 99.9 % quantiles
    and standardised, text of up to 30 levels is one-hot. Otherwise (trees): numbers as they are, text as a
    rate and a share. `features`: a subset to use; None means all.
    """
    chosen = table.features if features is None else features
    steps: list[Step] = []
    own: list[tuple[Step, Array]] = []
    for feature in chosen:
        if feature.type in TIMES:
            steps += _times(table, feature, linear, recipe)
        elif feature.type == "str":
            _add_levels(steps, own, (feature.name,), table, linear, seed)
        else:
            steps.append(
                fit_scaled(feature.name, table.frame.get_column(feature.name)) if linear else Number(feature.name)
            )
    encoder = Encoder(inputs=table.names, steps=tuple(steps))
    matrix = _own_rates(encoder, encoder.matrix(table.frame), own)
    if not recipe.endswith("pairs") or linear:
        return encoder, matrix
    helpful = gains(table, encoder, matrix, seed)
    steps += pairs(table, chosen, helpful)
    for both in crosses(chosen, helpful):
        _add_levels(steps, own, both, table, linear, seed)
    encoder = Encoder(inputs=table.names, steps=tuple(steps))
    return encoder, _own_rates(encoder, encoder.matrix(table.frame), own)


def _times(table: TrainingTable, feature: FeatureColumn, linear: bool, recipe: Recipe) -> list[Step]:
    date = feature.type == "date"
    clock = Clock(feature.name, date=date, smooth=linear)
    if recipe in ("plain", "pairs"):
        return [clock]
    series = table.frame.get_column(feature.name).drop_nulls()
    first = series.min() if linear and len(series) else None
    origin = 0 if first is None else first.toordinal() - 719_163  # type: ignore[union-attr]
    days = recipe.startswith("trend")
    return [clock, Calendar(feature.name, date=date, smooth=linear, days=days, origin=origin if days else 0)]


def _add_levels(
    steps: list[Step],
    own: list[tuple[Step, Array]],
    names: tuple[str, ...],
    table: TrainingTable,
    linear: bool,
    seed: int,
) -> None:
    step, rates = fit_levels(names, table, linear, seed)
    steps.append(step)
    if rates is not None:
        own.append((step, rates))


def _own_rates(encoder: Encoder, matrix: Array, own: list[tuple[Step, Array]]) -> Array:
    """The training rows told by the labels of others, in the place of rates that hold their own."""
    column = 0
    for step in encoder.ordered:
        for mine, rates in own:
            if mine is step:
                matrix[:, column : column + rates.shape[1]] = rates
        column += len(step.outputs)
    return matrix
