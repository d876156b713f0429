"""Which numbers are told beside what is usual of them in a row's group, and what that is.

After AutoGluon's TabPrep and Kanter and Veeramachaneni 2015, "Deep feature synthesis". The few categories and numbers
that a quick model looks at most are tried with each other, and of the columns that come of it those are kept that it
looks at then. No label has a part in what a column says, and nothing of a held row: categories, numbers, columns and
their constants come from the training rows of each fit. Small groups are drawn to all rows, as levels are
(Micci-Barreca 2001).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from treadle.scoring.encoder import Encoder
from treadle.scoring.steps import Grouped, How, Tell, numbers
from treadle.training.families import Array
from treadle.training.prepare.levels import SMOOTHING
from treadle.training.prepare.pairs import gains, gains_of
from treadle.training.table import FeatureColumn, TrainingTable
from treadle.training.thinning import Picked

if TYPE_CHECKING:
    import polars as pl

GROUPS = ("plain", "told")
"""The setting `groups` of a trial: without such columns, or with them."""
MOST_GROUPS, MOST_NUMBERS, MOST_COLUMNS = 3, 5, 12
MOST_LEVELS = 1000
"""Rarer levels are told as never seen: a bundle has room for so many."""
ROWS = 6_000
"""That choose among columns: each fold of each way to prepare pays for it."""
ROWS_OF_A_LEVEL = 5.0
"""Where levels have fewer rows than this on average, they are names of rows, and no groups."""
ROWS_OF_A_NUMBER, FEW_LEVELS = 50.0, 200
"""Whole numbers that come so often are taken for the names of groups as well."""
HOW: tuple[How, ...] = ("mean", "spread", "minus", "over")
_LEAST_SPREAD = 1e-9
"""Of the size of a number: below that it is constant."""


def offers_groups(table: TrainingTable) -> bool:
    """Whether some feature can name groups for a number that is another."""
    groups = [f.name for f in table.learned if _names_groups(table, f)]
    return any(f.type in ("int", "float") and set(groups) - {f.name} for f in table.learned)


def fit_groups(
    table: TrainingTable,
    features: tuple[FeatureColumn, ...],
    encoder: Encoder,
    x: Array,
    *,
    linear: bool,
    seed: int,
    strata: Array | None = None,
) -> list[Grouped]:
    """Steps of at most `MOST_COLUMNS` columns together; none where none helps.

    `encoder` and `x`: the plain columns of these rows, beside which others have to help. `strata`: of these rows, see
    `Picked`.
    """
    some = Picked(np.arange(len(table)), strata).at_most(ROWS)
    few, near = some.taken_from(table), x[some.rows]
    helpful = gains(few, encoder, near, seed)
    able = [f for f in features if helpful.get(f.name, 0.0) > 0]
    groups = _first([f.name for f in able if _names_groups(table, f)], helpful, MOST_GROUPS)
    measured = _first([f.name for f in able if f.type in ("int", "float")], helpful, MOST_NUMBERS)
    tried = [step for group in groups if (step := fit_grouped(table, group, measured, linear=linear)).tells]
    if not tried:
        return []
    made = np.column_stack([near, *(column for step in tried for column in step.columns(few.frame))])
    found = gains_of(few, made.astype(np.float32), seed)[x.shape[1] :]
    best = np.argsort(-found, kind="stable")[:MOST_COLUMNS]
    kept, column, steps = set(best[found[best] > 0].tolist()), 0, []
    for step in tried:
        places = [k for k in range(len(step.tells)) if column + k in kept]
        column += len(step.tells)
        steps += [_only(step, places)] if places else []
    return steps


def fit_grouped(table: TrainingTable, group: str, measured: list[str], *, linear: bool) -> Grouped:
    """All that there is to tell of the numbers `measured`, by the levels of `group`; of constant ones nothing."""
    levels, code = _coded(table.frame.get_column(group))
    weight = table.taught[1]
    weight = np.ones(len(code)) if weight is None else weight
    tells, told = list[Tell](), list[Array]()
    for name in measured:
        values = numbers(table.frame.get_column(name))
        found = _by_level(values, weight, code, len(levels) + 2) if name != group else None
        if found is not None:
            usual, constants = found
            tells += [Tell(name, how, usual) for how in HOW]
            told += [constants] * len(HOW)
    rows = np.column_stack(told) if told else np.empty((len(levels) + 2, 0))
    each = [tuple(map(float, row)) for row in rows]
    return Grouped(group, tuple(tells), dict(zip(levels, each, strict=False)), each[-1], smooth=linear)


def _names_groups(table: TrainingTable, feature: FeatureColumn) -> bool:
    if feature.type == "bool":
        return True
    if feature.type not in ("str", "int"):
        return False
    levels, rows = table.frame.get_column(feature.name).n_unique(), len(table)
    if feature.type == "int":
        return 2 < levels <= min(FEW_LEVELS, rows / ROWS_OF_A_NUMBER)
    return 1 < levels <= rows / ROWS_OF_A_LEVEL


def _first(names: list[str], helpful: dict[str, float], most: int) -> list[str]:
    return sorted(sorted(names, key=lambda name: -helpful[name])[:most])


def _coded(series: pl.Series) -> tuple[list[str], Array]:
    """The levels, the commonest first, and the number of each row's; one more for others, and two for none."""
    import polars as pl

    text = series.cast(pl.String)
    # value_counts breaks ties in no fixed order; names make the choice, and so the fit, repeatable
    counts = text.drop_nulls().value_counts(sort=True, name="n").sort(["n", text.name], descending=[True, False])
    levels: list[str] = counts.get_column(text.name).to_list()[:MOST_LEVELS]
    code = np.full(len(text), len(levels), dtype=np.int64)
    if levels:
        numbered = text.replace_strict(levels, list(range(len(levels))), default=len(levels), return_dtype=pl.Int64)
        code = numbered.to_numpy().copy()
    code[text.is_null().to_numpy()] = len(levels) + 1
    return levels, code


def _by_level(values: Array, weight: Array, code: Array, size: int) -> tuple[tuple[float, float], Array] | None:
    """Mean and spread of all rows, and of each code, [size, 2], drawn to those of all; None of what is constant."""
    known = ~np.isnan(values)
    values, weight, code = values[known], weight[known], code[known]
    if not len(values):
        return None
    whole = float(np.average(values, weights=weight))
    spread = float(np.sqrt(np.average((values - whole) ** 2, weights=weight)))
    if not spread > _LEAST_SPREAD * max(abs(whole), 1e-300):
        return None
    count = np.bincount(code, weights=weight, minlength=size)
    off = values - whole  # from the whole mean, so that numbers that lie far off lose no digits
    mean = np.bincount(code, weights=off * weight, minlength=size) / np.maximum(count, 1e-300)
    within = np.bincount(code, weights=(off - mean[code]) ** 2 * weight, minlength=size)
    share = count / (count + SMOOTHING)
    means = whole + share * mean
    spreads = np.sqrt((within + SMOOTHING * spread**2) / (count + SMOOTHING))
    return (whole, spread), np.column_stack([means, spreads])


def _only(step: Grouped, places: list[int]) -> Grouped:
    """The step with some of its columns."""

    def some(constants: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(each for k in places for each in constants[2 * k : 2 * k + 2])

    values = {level: some(constants) for level, constants in step.values.items()}
    tells = tuple(step.tells[k] for k in places)
    return Grouped(step.group, tells, values, some(step.null), step.smooth)
