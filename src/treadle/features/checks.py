"""What parts of the project file may not say, where `planning` would not see it by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from treadle.errors import SpecError, nearest
from treadle.expr import Expression
from treadle.features.plan import FeaturePlan
from treadle.spec import Source, duration

_NOT_IN_JSON = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
"""What stands in JSON otherwise than it is: fast decoders do not take such field names."""
RECORD_ID = "prediction_id"
_ODD = "it has a quote, a backslash or a control character"
_OWN_ID = f"a record has a {RECORD_ID} of its own, by which its outcome is told"


def check_known(name: str, known: Mapping[str, Any], where: str, noun: str) -> None:
    if name not in known:
        raise SpecError(f'there is no {noun} "{name}"', where=where, mend=nearest(name, known))


def check_some(names: tuple[str, ...], where: str) -> None:
    if not names:
        raise SpecError("at least one is wanted here", where=where, mend="name one, or leave the whole part out")


def check_derived(name: str, found: Expression, key: str, where: str) -> None:
    """A derived column has a type of columns, and does not stand for the key that rows are kept by."""
    if found.type in ("interval", "null"):
        raise SpecError(f"a column cannot be of type {found.type}", where=where, mend="cast it: cast(x as TYPE)")
    if name == key and (found.tree.op, found.tree.value) != ("column", key):
        raise SpecError(
            f"rows are kept by the source's own {key}", where=where, mend="give the derived column another name"
        )


def name_problem(name: str) -> str:
    """Why a column of this name can be no field of a record, so no feature either; "" if it can."""
    if _NOT_IN_JSON.search(name):
        return _ODD
    if name == RECORD_ID:
        return _OWN_ID
    return _meant(name)


def check_names(plan: FeaturePlan) -> None:
    """Columns can be fields of a record, and neither they nor features are taken for something else."""
    for source, columns in plan.sources().items():
        for name in sorted(columns):
            _check_name(name, f"sources.{source}")
            if _NOT_IN_JSON.search(name):
                raise SpecError(
                    f"the column {name!r} cannot be the field of a record: {_ODD}",
                    where=f"sources.{source}",
                    mend="rename it in the source",
                )
    for column in plan.inputs:
        if column.name == RECORD_ID:
            raise SpecError(_OWN_ID, where=f"sources.{plan.each}", mend="rename the column in the source")
    made = [name for stream in plan.views.values() for name in stream.columns]
    for name in [*made, *(feature.name for feature in plan.features)]:
        _check_name(name, "features")


def _check_name(name: str, where: str) -> None:
    meant = _meant(name)
    if meant:
        raise SpecError(f"{name!r} cannot be the name of a column: {meant}", where=where, mend="rename it")


def _meant(name: str) -> str:
    """For what else a name would be taken; "" where it is nothing but a name."""
    if len(name) > 4 and name.startswith("__") and name.endswith("__"):
        return "such are names of Treadle's own columns"
    return "such are patterns of names" if name == "*" or (name.startswith("^") and name.endswith("$")) else ""


def length_us(text: str, where: str) -> int:
    """A length of time in microseconds, longer than nothing."""
    try:
        found = round(duration(text).total_seconds() * 1e6)
    except SpecError as bad:
        raise SpecError(bad.what, where=where, mend=bad.mend) from bad
    if not found:
        raise SpecError(f'"{text}" is no time at all', where=where, mend="give a length such as 1h")
    return found


def order_of_ties(
    name: str, source: Source, types: Mapping[str, object], key: tuple[str, ...], take: tuple[str, ...]
) -> tuple[str, ...]:
    """What orders the rows of one key and moment of a source that is looked up: the rest of its key; without one, what
    is taken of them."""
    for column in source.keys:
        if column not in types:
            where, what = f"sources.{name}.key", f'source {name} has no column "{column}"'
            raise SpecError(what, where=where, mend=nearest(column, types))
    equal = {*key, source.happened, source.known}
    return tuple(column for column in source.keys or sorted({*take} & types.keys()) if column not in equal)
