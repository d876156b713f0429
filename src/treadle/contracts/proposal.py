"""Propose a contract for a table that has none: what its rows keep today."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from treadle import expr
from treadle.contracts.rules import number, quoted

if TYPE_CHECKING:
    import polars as pl

_LOGICAL = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_MOST_LEVELS, _FEWEST_ROWS, _FEW = 12, 50, 20
"""Of fewer than `_FEW` rows no range is told: one more is 5 % of them at once, and would be refused for being new."""
_MARGIN = 0.5
"""How far beyond the values of today a limit lies, as a share of their span."""
_ALL_DIGITS = 700
"""Digits that hold the sum of any two floats."""
_MOST_UNSEEN = 5
"""Percent of rows that may lie beyond what was seen; of more, something changed that a person should look at."""

_NOWHERE: Mapping[str, str] = {}


def propose(
    frame: pl.DataFrame, name: str, key: tuple[str, ...] = (), label: str = "", points: Mapping[str, str] = _NOWHERE
) -> str:
    """The text of a contract that `frame` keeps. `label`: the column that is predicted; `points`: by column, the
    `source.column` in which its values stand.

    Hard, so that a row that breaks it is set aside: types; required where nothing is missing; the key; the values of a
    label that has few. Soft, so that it is kept and told of: limits of numbers, with a margin, and the values of other
    texts that have few; what points to another table, whose rows may come later.
    """
    import io

    from ruamel.yaml import YAML

    stated = [_stated(values, key, label, points.get(values.name, "")) for values in frame.iter_columns()]
    tree = {
        "apiVersion": "v3.0.2",
        "kind": "DataContract",
        "id": name,
        "name": name,
        "version": "0.1.0",
        "status": "draft",
        "schema": [
            {
                "name": name,
                "logicalType": "object",
                "properties": stated,
            }
        ],
    }
    yaml, out = YAML(), io.StringIO()
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(tree, out)
    return "# Proposed from the rows of today: read it, and say what must really hold.\n" + out.getvalue()


def _stated(values: pl.Series, key: tuple[str, ...], label: str, to: str) -> dict[str, Any]:
    """What a column must be; where it points to another table, that says more than the values seen so far."""
    made = _property(values, key, label)
    if to:
        made.pop("quality", None)
        made["relationships"] = [{"to": to, "customProperties": [{"property": "level", "value": "warn"}]}]
    return made


def _property(values: pl.Series, key: tuple[str, ...], label: str) -> dict[str, Any]:
    import polars as pl

    made: dict[str, Any] = {"name": values.name}
    decimal = isinstance(values.dtype, pl.Decimal)
    kind = "float" if decimal else expr.polars_type(values.dtype)
    if kind is not None:
        made["logicalType"] = _LOGICAL[kind]
    if kind == "float":
        values = values.cast(pl.Float64).fill_nan(None)
    if len(values) and values.null_count() == 0:
        made["required"] = True
    if values.name in key:
        made["primaryKey"] = True
        if len(key) == 1:
            made["unique"] = True
        else:
            made["primaryKeyPosition"] = key.index(values.name) + 1
    elif kind in ("int", "float") and len(values) >= _FEW:
        seen = _seen(values, kind)
        if seen:
            made["quality"] = [seen]
    elif kind == "str" and len(values) > _FEWEST_ROWS and 1 < values.n_unique() <= _MOST_LEVELS:
        levels = sorted(value for value in values.cast(pl.String).unique().to_list() if value is not None)
        rule = {"name": f"{values.name}_is_known", "type": "library", "metric": "invalidValues"}
        bound = {"mustBe": 0} if values.name == label else _SOFTLY
        if all(level.isprintable() for level in levels):  # others cannot stand in a text of YAML
            made["quality"] = [{**rule, "arguments": {"validValues": levels}, **bound}]
    return made


_SOFTLY = {"severity": "warning", "mustBeLessOrEqualTo": _MOST_UNSEEN, "unit": "percent"}


def _seen(values: pl.Series, kind: str) -> dict[str, Any]:
    """A soft rule: the numbers lie where those of today do."""
    limits, column = _limits(values, kind), _plainly(values.name, kind)
    signs = {"minimum": ">=", "maximum": "<="}
    said = " and ".join(f"{column} {signs[name]} {value}" for name, value in limits.items())
    rule = {"name": f"{values.name}_range", "type": "custom", "engine": "treadle", "implementation": said}
    return {**rule, **_SOFTLY} if said else {}


def _plainly(column: str, kind: str) -> str:
    """A column as an expression has it, quoted where it must be."""
    from treadle.errors import ExpressionError

    with contextlib.suppress(ExpressionError):
        if expr.parse(f"{column} >= 0", {column: "float" if kind == "float" else "int"}).columns == (column,):
            return column
    return quoted(column)


def _limits(values: pl.Series, kind: str) -> dict[str, str]:
    """The limits as they are written, reckoned in exact decimals: a float of many digits has no room for a margin."""
    from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

    if kind == "float":
        values = values.filter(values.is_finite())
    if values.min() is None:
        return {}
    exact = Context(prec=_ALL_DIGITS)
    low, high = (Decimal(str(value)) for value in (values.min(), values.max()))
    margin = exact.multiply(exact.subtract(high, low) or abs(high), Decimal(_MARGIN)) or Decimal(1)
    below, above = exact.subtract(low, margin), exact.add(high, margin)
    if low >= 0 >= below:
        below = Decimal(0)  # what is never negative today is hardly ever meant to be
    # to two digits, away from the values
    limits = {"minimum": Context(2, ROUND_FLOOR).plus(below), "maximum": Context(2, ROUND_CEILING).plus(above)}
    # a limit that 64 bits or a float cannot hold would limit nothing
    widest = 2.0**63 if kind == "int" else math.inf
    within = {name: value for name, value in limits.items() if abs(float(value)) < widest}
    return {name: str(int(value)) if kind == "int" else number(float(value)) for name, value in within.items()}
