"""Rules that the standard has no name for, as `implementation` of a rule of the engine `treadle`; and foreign keys.

- {type: custom, engine: treadle, implementation: {metric: sumsBalance, left: debit, right: credit, within: 0.01}}
"""

from __future__ import annotations

import math
from typing import Any

from treadle import expr
from treadle.contracts.bounds import BOUNDS, bound_of, level_of
from treadle.contracts.builder import Builder, Draft
from treadle.contracts.rules import Bound, Foreign, Level, Metric, RuleKind, Sums, number, quoted
from treadle.errors import ExpressionError, SpecError, nearest

_BOUND = (*BOUNDS, "unit")
_KNOWN: dict[str, tuple[str, ...]] = {
    "foreignKey": ("metric", "columns", "source", "to", "nulls"),
    "sumsBalance": ("metric", "left", "right", "by", "within", "source"),
    "rowCountChange": ("metric", *_BOUND),
    "psi": ("metric", *_BOUND),
    "jensenShannon": ("metric", *_BOUND),
    "meanChange": ("metric", *_BOUND),
    "missingChange": ("metric", *_BOUND),
    "distinctChange": ("metric", *_BOUND),
}
_SAID: dict[Metric, str] = {
    "psi": "the population stability index of {}, less what chance shows,",
    "jensenShannon": "the Jensen-Shannon distance of {}",
    "meanChange": "the change of the mean of {}",
    "missingChange": "the change of the share of missing values of {}",
    "distinctChange": "the change of the number of distinct values of {}",
    "rowCountChange": "the change of the number of rows",
}
_NUMBERS = ("int", "float")


def add_measure(build: Builder, node: Any, asked: Any, column: str | None) -> None:
    """Add the rule that an `implementation` of keys and values asks for, of a column or of the table."""
    document = build.document
    metric = str(asked.get("metric") or "")
    if metric not in _KNOWN:
        what = f'the metric "{metric}" is not known' if metric else "the rule needs a `metric`, or an `expression`"
        raise document.error(asked, "metric", what, nearest(metric, _KNOWN) if metric else "")
    for key in asked:
        if key not in _KNOWN[metric]:
            raise document.error(asked, key, f'{metric} takes no "{key}"', nearest(str(key), _KNOWN[metric]))
    if metric == "foreignKey":
        draft = _foreign_key(build, asked, column)
    elif metric == "sumsBalance":
        draft = _sums(build, asked, column)
    else:
        draft = _moved(build, node, asked, column, metric)  # type: ignore[arg-type]
    _put(build, node, draft, level_of(document, node, "severity", draft.kind))


def add_relationships(build: Builder, parent: Any, column: str | None) -> None:
    """The foreign keys of a property, or of the table, as the standard's `relationships` have them."""
    document = build.document
    for node in document.items(parent, "relationships"):
        document.no_misspelling(node, ("type", "from", "to", "customProperties"))
        if str(node.get("type") or "foreignKey") != "foreignKey":
            raise document.error(node, "type", f'a relationship of the type "{node["type"]}" cannot be checked here')
        here = [column] if column else [each.rpartition(".")[2] for each in _names(build, node, "from")]
        there = [each.partition(".") for each in _names(build, node, "to")]
        if not all(column for _, _, column in there) or len({source for source, _, _ in there}) != 1:
            raise document.error(node, "to", "a foreign key points to columns of one source", "write to: source.column")
        own = {str(each.get("property")): each for each in document.items(node, "customProperties")}
        nulls = _nulls(build, own["nulls"], "value") if "nulls" in own else False
        level = level_of(document, own["level"], "value", "foreign_key") if "level" in own else None
        target = Foreign(there[0][0], tuple(column for _, _, column in there), nulls)
        name = str(own["name"].get("value") or "") if "name" in own else ""
        _put(build, node, _key_draft(build, node, tuple(here), target, "to"), level, name)


def _put(build: Builder, node: Any, draft: Draft, level: Level | None, name: str = "") -> None:
    from msgspec.structs import replace

    build.add(node, replace(draft, level=level), name=str(node.get("name") or node.get("id") or name))


def _names(build: Builder, node: Any, key: str) -> list[str]:
    found = node.get(key)
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise build.document.error(node, key, f"`{key}` must name a column, or a list of columns")
    return [str(name) for name in names]


def _nulls(build: Builder, node: Any, key: str) -> bool:
    said = node.get(key)
    if said is not None and said not in ("pass", "refuse"):
        raise build.document.error(node, key, f'nulls may pass, or be refused, found "{said}"', "use pass or refuse")
    return str(said) == "refuse"


def _foreign_key(build: Builder, asked: Any, column: str | None) -> Draft:
    document = build.document
    here = _names(build, asked, "columns") if "columns" in asked else [column] if column else []
    source = asked.get("source")
    if not isinstance(source, str) or not source:
        raise document.error(asked, "source" if "source" in asked else "metric", "a foreign key needs a `source`")
    return _key_draft(
        build,
        asked,
        tuple(here),
        Foreign(source, tuple(_names(build, asked, "to")), _nulls(build, asked, "nulls")),
        "to",
    )


def _key_draft(build: Builder, node: Any, here: tuple[str, ...], target: Foreign, at: str) -> Draft:
    document = build.document
    for name in here:
        if name not in build.columns:
            raise document.error(node, at, f'there is no property "{name}"', nearest(name, build.columns))
    if len(here) != len(target.columns) or not here:
        raise document.error(
            node, at, f"a foreign key pairs columns, found {len(here)} here and {len(target.columns)} there"
        )
    there = ", ".join(target.columns)
    text = f"{', '.join(here)} must stand in {there} of {target.source}" + (", and be there" if target.nulls else "")
    return Draft("foreign_key", here[0] if len(here) == 1 else None, text, columns=here, foreign=target)


def _sums(build: Builder, asked: Any, column: str | None) -> Draft:
    document = build.document
    left = str(asked.get("left") or (quoted(column) if column else ""))
    if not left.strip():
        raise document.error(asked, "metric", "sums of what?", "give left: and right:, each a column or an expression")
    types = {name: kind for name, kind in build.columns.items() if kind is not None}
    reads = list(_numeric(build, asked, "left", left, types))
    by = tuple(_names(build, asked, "by")) if "by" in asked else ()
    for name in by:
        if name not in build.columns:
            raise document.error(asked, "by", f'there is no property "{name}"', nearest(name, build.columns))
    right, source = asked.get("right"), str(asked.get("source") or "")
    if isinstance(right, int | float) and not isinstance(right, bool):
        if not math.isfinite(right) or source:
            raise document.error(asked, "right", f"{right} is no sum" if not source else f"{source} has no number")
    elif not isinstance(right, str) or not right.strip():
        raise document.error(
            asked, "right" if "right" in asked else "metric", "`right` must be an expression or a number"
        )
    elif not source:
        reads += _numeric(build, asked, "right", right, types)
    within = document.number(asked, "within") if "within" in asked else 0.0
    if not 0 <= within < math.inf:
        raise document.error(asked, "within", "`within` must be a number from 0")
    shown = (
        number(right) if isinstance(right, int | float) else f"that of {right}" + (f" in {source}" if source else "")
    )
    text = (
        f"the sum of {left} must be {shown}"
        + (f", within {number(within)}" if within else "")
        + (f", for each {', '.join(by)}" if by else "")
    )
    sums = Sums(left, right if isinstance(right, str) else float(right), by, within, source)
    return Draft("sums", column, text, columns=tuple(dict.fromkeys((*reads, *by))), sums=sums)


def _numeric(build: Builder, node: Any, key: str, text: str, types: dict[str, Any]) -> tuple[str, ...]:
    """The columns of an expression, which must be a number."""
    where = build.document.at(node, key)
    undeclared = text.strip().strip('"')
    if undeclared in build.columns and undeclared not in types:
        raise SpecError(f"{undeclared} has no logicalType, and this rule needs one", where=where)
    found = expr.parse(text, types, where=where)
    if found.type not in _NUMBERS:
        raise ExpressionError(
            f"a sum is of numbers, and this is of type {found.type}: {text}",
            where=where,
            mend="name a column of numbers",
        )
    return found.columns


def _moved(build: Builder, node: Any, asked: Any, column: str | None, metric: Metric) -> Draft:
    document = build.document
    home = asked if any(str(key).startswith("must") for key in asked) else node
    bound = bound_of(document, home)
    if bound is None:
        raise document.error(asked, "metric", f"{metric} needs a bound", f"give one of: {', '.join(BOUNDS)}")
    of_table = metric == "rowCountChange"
    if of_table and column is not None:
        raise document.error(asked, "metric", "rowCountChange is about the table", "put it under the table's quality")
    if not of_table and column is None:
        raise document.error(asked, "metric", f"{metric} is about a column", "put it under a property")
    if metric == "meanChange" and build.typed(column or "", asked, "metric") not in _NUMBERS:
        raise document.error(asked, "metric", f"only numbers have a mean, and {column} is none")
    if metric in ("psi", "jensenShannon"):
        if bound.percent or (bound.high is None and bound.low is not None):
            raise document.error(asked, "metric", f"{metric} is bounded from above, and is no share", "mustBeLessThan")
    elif bound.low is None and bound.high is not None:  # whichever way it changed
        bound = Bound(-bound.high, bound.high, bound.high_open, bound.high_open, bound.percent)
    kind: RuleKind = "moved"
    noun = "" if metric in ("psi", "jensenShannon") else _noun(metric, bound)
    said = bound.text(noun).rstrip()
    text = f"{_SAID[metric].format(column)} against the last good snapshot must be {said}"
    return Draft(kind, column, text, bound=bound, metric=metric)


def _noun(metric: Metric, bound: Bound) -> str:
    if metric == "missingChange":
        return "points" if bound.percent else ""
    return "" if bound.percent or metric == "meanChange" else "rows" if metric == "rowCountChange" else "values"
