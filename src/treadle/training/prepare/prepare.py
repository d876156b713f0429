"""One encoder for training rows: which step each feature gets, by what a family takes and what the recipe asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, cast

from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Calendar, Clock, FittedStep, Grouped, Levels, Number
from treadle.training.families import Array, Sample
from treadle.training.prepare.groups import fit_groups
from treadle.training.prepare.known import preparation, preparations
from treadle.training.prepare.levels import fit_codes, fit_levels
from treadle.training.prepare.pairs import crosses, gains, pairs
from treadle.training.prepare.ranked import fit_ranked
from treadle.training.prepare.scaled import fit_scaled
from treadle.training.table import FeatureColumn, TrainingTable


class Recipe(NamedTuple):
    """How features are prepared. `times`: by day and week, by the year too, or also in a line. `pairs`: two features
    together. `native`: text as categories, for families that take them. `more`: names of other preparations. `ranked`:
    numbers by their rank, for families that learn of scaled ones. `groups`: numbers beside what is usual in their
    group."""

    times: Literal["plain", "calendar", "trend"] = "plain"
    pairs: bool = False
    native: bool = False
    more: tuple[str, ...] = ()
    ranked: bool = False
    groups: bool = False

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Recipe:
        """The recipe of a trial's settings: `features` such as ``calendar+pairs``, `text`, `numbers`, and `groups`."""
        first, *rest = str(params.get("features", "plain")).split("+")
        if first == "pairs":
            first, rest = "plain", ["pairs", *rest]
        more = tuple(name for name in rest if name != "pairs")
        native, ranked = params.get("text") == "native", params.get("numbers") == "ranked"
        groups = params.get("groups") == "told"
        return cls(cast("Any", first), "pairs" in rest, native, more, ranked, groups)


PLAIN = Recipe()
YEAR = 360.0
TIMES = ("date", "timestamp")


def recipes(features: tuple[FeatureColumn, ...], ahead_days: float | None = None) -> tuple[str, ...]:
    """Those that differ for such features, the plainest first.

    `ahead_days`: of a model that is to predict what comes later, the days that its training rows span. Of less than a
    year, a day of the year is met once, and stands for its date. Of a year and more it comes back; but folds, which
    know less than that, would speak against it. So there the calendar is given, and in shorter tables it is left out.
    """
    timed = any(feature.type in TIMES for feature in features)
    numbers = sum(feature.type in ("int", "float") for feature in features)
    texts = sum(feature.type in ("str", "bool") for feature in features)
    together = numbers > 1 or texts > 1
    if timed and ahead_days is not None:
        whole = ahead_days >= YEAR
        each: tuple[str, ...] = ("calendar", "trend") if whole else ("plain",)
        both: tuple[str, ...] = ("calendar+pairs", "trend+pairs") if whole else ("pairs",)
        return each + both if together else each
    if timed and together:
        return ("plain", "calendar", "trend", "pairs", "calendar+pairs", "trend+pairs")
    if timed:
        return ("plain", "calendar", "trend")
    return ("plain", "pairs") if together else ("plain",)


def with_more(ways: tuple[str, ...], table: TrainingTable) -> tuple[str, ...]:
    """The recipes, and one for each preparation that has something to do in these training rows."""
    return (*ways, *(f"{ways[0]}+{name}" for name, each in preparations().items() if each.offers(table)))


def added(ways: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the recipes that have more than what every search may choose from."""
    return tuple(way for way in ways if Recipe.of({"features": way}).more)


def alone(recipe: str) -> str:
    """The recipe without columns that are made of two features."""
    return "+".join(part for part in recipe.split("+") if part != "pairs") or "plain"


def fit_encoder(
    table: TrainingTable,
    *,
    linear: bool,
    features: tuple[FeatureColumn, ...] | None = None,
    seed: int = 7,
    recipe: Recipe = PLAIN,
    strata: Array | None = None,
) -> tuple[Encoder, Array]:
    """The encoder fitted on the rows of `table`, and those rows encoded, float32 [rows, width].

    `linear`: missing numbers get the median and an indicator, numbers are clipped to the 0.1 % and 99.9 % quantiles
    and standardised, text of up to 30 levels is one-hot. Otherwise (trees): numbers as they are, text as a
    rate and a share. `features`: a subset to use; None means all. `strata`: int64 [rows], the class of each where none
    may get lost when some rows choose the columns.
    """
    chosen = table.learned if features is None else features
    steps: list[FittedStep] = []
    own: list[tuple[FittedStep, Array]] = []
    for feature in chosen:
        if feature.type in TIMES:
            steps += _times(table, feature, linear, recipe)
        elif feature.type == "str" and recipe.native:
            steps.append(fit_codes((feature.name,), table))
        elif feature.type == "str":
            _add_levels(steps, own, (feature.name,), table, linear, seed)
        else:
            steps.append(_number(feature.name, table, linear, recipe))
    grouped = _grouped(steps, own, table, chosen, linear, seed, strata) if recipe.groups else []
    if recipe.pairs and not linear:
        _add_pairs(steps, own, table, chosen, seed, recipe, strata)
    steps += grouped
    for name in recipe.more:
        for made in preparation(name).fit(table, chosen, linear=linear, seed=seed):
            steps.append(made.step)
            own += [(made.step, made.own)] if made.own is not None else []
    encoder = Encoder(inputs=table.names, steps=tuple(steps))
    return encoder, _own_rates(encoder, encoder.matrix(table.frame), own)


def _number(name: str, table: TrainingTable, linear: bool, recipe: Recipe) -> FittedStep:
    if not linear:
        return Number(name)
    fitted = fit_ranked if recipe.ranked else fit_scaled
    return fitted(name, table.frame.get_column(name))


def _grouped(
    steps: list[FittedStep],
    own: list[tuple[FittedStep, Array]],
    table: TrainingTable,
    chosen: tuple[FeatureColumn, ...],
    linear: bool,
    seed: int,
    strata: Array | None,
) -> list[Grouped]:
    """Of the features that a quick model looks at most, numbers by their groups."""
    encoder = Encoder(inputs=table.names, steps=tuple(steps))
    x = _own_rates(encoder, encoder.matrix(table.frame), own)
    return fit_groups(table, chosen, encoder, x, linear=linear, seed=seed, strata=strata)


def _add_pairs(
    steps: list[FittedStep],
    own: list[tuple[FittedStep, Array]],
    table: TrainingTable,
    chosen: tuple[FeatureColumn, ...],
    seed: int,
    recipe: Recipe,
    strata: Array | None,
) -> None:
    """Of the features that a quick model looks at most, each two together."""
    encoder = Encoder(inputs=table.names, steps=tuple(steps))
    helpful = gains(table, encoder, _own_rates(encoder, encoder.matrix(table.frame), own), seed, strata)
    steps += pairs(table, chosen, helpful)
    for both in crosses(chosen, helpful):
        if recipe.native:
            steps.append(fit_codes(both, table))
            continue
        _add_levels(steps, own, both, table, False, seed)


def categories(encoder: Encoder) -> tuple[int, ...]:
    """The columns of an encoder that hold codes, and no amounts."""
    found, column = [], 0
    for step in encoder.ordered:
        if isinstance(step, Levels) and step.codes:
            found.append(column)
        column += len(step.outputs)
    return tuple(found)


def sample_of(table: TrainingTable, encoder: Encoder, x: Array) -> Sample:
    """The rows of `table`, encoded as `x` by `encoder`, as a family takes them."""
    label, weight = table.taught
    return Sample(x, label, weight, categories(encoder))


def _times(table: TrainingTable, feature: FeatureColumn, linear: bool, recipe: Recipe) -> list[FittedStep]:
    date = feature.type == "date"
    clock = Clock(feature.name, date=date, smooth=linear)
    if recipe.times == "plain":
        return [clock]
    series = table.frame.get_column(feature.name).drop_nulls()
    first = series.min() if linear and len(series) else None
    origin = 0 if first is None else first.toordinal() - 719_163  # type: ignore[union-attr]
    days = recipe.times == "trend"
    return [clock, Calendar(feature.name, date=date, smooth=linear, days=days, origin=origin if days else 0)]


def _add_levels(
    steps: list[FittedStep],
    own: list[tuple[FittedStep, Array]],
    names: tuple[str, ...],
    table: TrainingTable,
    linear: bool,
    seed: int,
) -> None:
    step, rates = fit_levels(names, table, linear, seed)
    steps.append(step)
    if rates is not None:
        own.append((step, rates))


def _own_rates(encoder: Encoder, matrix: Array, own: list[tuple[FittedStep, Array]]) -> Array:
    """The training rows told by the labels of others, in the place of rates that hold their own."""
    column = 0
    for step in encoder.ordered:
        for mine, rates in own:
            if mine is step:
                matrix[:, column : column + rates.shape[1]] = rates
        column += len(step.outputs)
    return matrix
