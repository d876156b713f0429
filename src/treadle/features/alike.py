"""Which features two plans make in the same way, so that what one of them made can be read by the other's model.

A name is not enough: `hour` may be the hour of departure in one plan and of arrival in the next. Two features are alike
where all that they are made of is the same: expression, lookup or window, source, key, times.
"""

from __future__ import annotations

from typing import Any

from treadle import expr
from treadle.features.plan import FeaturePlan, Stream


def alike(one: FeaturePlan, other: FeaturePlan) -> frozenset[str]:
    """The names of features that both plans make in the same way."""
    ours, theirs = _made_of(one), _made_of(other)
    return frozenset(name for name, made in ours.items() if theirs.get(name) == made)


def _made_of(plan: FeaturePlan) -> dict[str, Any]:
    """For each feature all that it is made of, to be compared and nothing else."""
    moment = (plan.each, plan.at)
    made: dict[str, Any] = {}
    for lookup in plan.lookups:
        stream = plan.stream(lookup.stream)
        for column in lookup.take:
            taken = (stream.columns.get(column), stream.types.get(column), stream.column_types.get(column))
            made[f"{lookup.name}_{column}"] = (moment, _events(stream), lookup.on, lookup.max_age_us, column, taken)
    for window in plan.windows:
        view = plan.stream(window.view)
        for take in window.takes:
            argument = None if take.argument is None else plan.arguments[window.view][take.argument]
            what = (take.function, take.type, argument and (argument.text, argument.type), view.columns)
            for text, length in window.lengths:
                made[f"{window.name}_{take.name}_{text}"] = (moment, _events(view), window.on, length, what)
    rows: dict[str, Any] = {}
    for row in plan.rows:  # each after those that it reads
        read = sorted({*expr.names_in(row.text)} & {*rows})
        rows[row.name] = (plan.each, row.text, row.type, [rows[name] for name in read])
    made |= rows
    return {feature.name: (feature, made.get(feature.name, plan.each)) for feature in plan.features}


def _events(stream: Stream) -> tuple[Any, ...]:
    return (stream.source, stream.key, stream.known, stream.happened, stream.identity, stream.where)
