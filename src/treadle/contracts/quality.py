"""The `quality` part of a contract: library metrics and row expressions. What cannot be run is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from treadle.contracts.bounds import BOUNDS, bound_of, level_of
from treadle.contracts.builder import Builder, Draft
from treadle.contracts.measures import add_measure
from treadle.contracts.rules import Bound, quoted
from treadle.errors import nearest

_METRICS = {
    "nullValues": "nulls",
    "missingValues": "nulls",
    "nullCheck": "nulls",
    "duplicateValues": "duplicates",
    "duplicateCount": "duplicates",
    "uniqueCheck": "duplicates",
    "invalidValues": "invalid",
    "validValues": "invalid",
    "rowCount": "rows",
}
"""Metrics by the standard's name; those ending in Check or Count are older names."""
_KEYS = (
    "type",
    "metric",
    "rule",
    "engine",
    "implementation",
    "query",
    "arguments",
    "validValues",
    "pattern",
    "unit",
    "severity",
)
_ZERO = Bound(0.0, 0.0)


def add_quality(build: Builder, node: Any, column: str | None) -> None:
    """Add one quality rule, of a column or of the table."""
    document = build.document
    document.no_misspelling(node, (*_KEYS, *BOUNDS))
    kind = str(node.get("type") or "library")
    if kind == "custom":
        engine = str(node.get("engine"))
        if engine != "treadle":
            raise document.error(
                node, "engine", f'rules of the engine "{engine}" cannot be run here', "use engine: treadle"
            )
        asked = node.get("implementation")
        if isinstance(asked, Mapping) and "expression" in asked:
            document.no_misspelling(asked, ("expression", "unit", *BOUNDS))
            _expression(build, node, column, "expression", asked)
        elif isinstance(asked, Mapping):
            add_measure(build, node, asked, column)
        else:
            _expression(build, node, column, "implementation", node)
    elif kind == "sql":
        _expression(build, node, column, "query", node)
    elif kind == "library":
        _library(build, node, column)
    elif kind == "text":
        raise document.error(node, "type", "a rule in plain words cannot be run", "put it under `description`")
    else:
        raise document.error(
            node, "type", f'rules of the type "{kind}" cannot be run here', nearest(kind, ("library", "custom", "sql"))
        )


def _expression(build: Builder, node: Any, column: str | None, key: str, home: Any) -> None:
    """`home`: where the expression stands, and its bound."""
    text = home.get(key)
    if not isinstance(text, str) or not text.strip():
        raise build.document.error(home, key, f"the rule needs an expression under `{key}`")
    text = text.strip()
    if text.lower().startswith(("select ", "with ")):
        raise build.document.error(
            home, key, "queries cannot be run here", "write what must hold of each row: arrived > departed"
        )
    shown = f"in each row it must hold that {text}"
    bound = _tolerance(build, home if any(str(name).startswith("must") for name in home) else node)
    _add(
        build, node, Draft("expression", column, shown, text, bound=bound), at=key if home is node else "implementation"
    )


def _library(build: Builder, node: Any, column: str | None) -> None:
    document = build.document
    key = "metric" if node.get("metric") is not None else "rule"
    metric = str(node.get(key) or "")
    kind = _METRICS.get(metric)
    if kind is None:
        what = f'the metric "{metric}" cannot be run here' if metric else "the rule needs a `metric`"
        raise document.error(node, key if metric else "type", what, nearest(metric, _METRICS))
    if kind == "rows":
        bound = bound_of(build.document, node)
        if bound is None or bound.percent:
            raise document.error(node, key, "rowCount needs a number of rows", f"give one of: {', '.join(BOUNDS)}")
        _add(build, node, Draft("row_count", None, f"the table must have {bound.text('rows')}", bound=bound))
        return
    if kind == "duplicates":
        _duplicates(build, node, column)
        return
    if column is None:
        raise document.error(node, key, f"{metric} is about a column", "put it under a property")
    if kind == "nulls":
        _nulls(build, node, column)
    else:
        _valid(build, node, column, metric, key)


def _add(build: Builder, node: Any, draft: Draft, at: str | None = None) -> None:
    draft = replace(draft, level=level_of(build.document, node, "severity", draft.kind))
    build.add(node, draft, at=at, name=str(node.get("name") or node.get("id") or ""))


def _arguments(build: Builder, node: Any) -> Any:
    return build.document.mapping(node.get("arguments"), node, "arguments")


def _values(build: Builder, node: Any, name: str, column: str) -> tuple[list[Any], list[str], bool]:
    """A list of values under the rule or its arguments: as written, as constants, and whether NULL is one."""
    arguments = _arguments(build, node)
    home = arguments if name in arguments else node
    found = home.get(name)
    if found is None:
        return [], [], False
    if not isinstance(found, list) or not found:
        raise build.document.error(home, name, f"`{name}` must be a list of values", f"write {name}: [a, b]")
    known = [(i, value) for i, value in enumerate(found) if value is not None]
    constants = [build.literal(value, column, found, i) for i, value in known]
    return [value for _, value in known], constants, len(known) < len(found)


def _nulls(build: Builder, node: Any, column: str) -> None:
    bound = bound_of(build.document, node) or _ZERO
    _, constants, _ = _values(build, node, "missingValues", column)
    measure = f"{quoted(column)} is null"
    if constants:
        measure = f"{quoted(column)} in ({', '.join(constants)}) or {measure}"
    text = f"{column} must have {bound.text('missing values')}"
    _add(build, node, Draft("null_share", column, text, bound=bound, measure=measure))


def _duplicates(build: Builder, node: Any, column: str | None) -> None:
    names = [column] if column else [str(name) for name in _arguments(build, node).get("properties") or ()]
    for name in names:
        if name not in build.columns:
            raise build.document.error(
                node, "arguments", f'there is no property "{name}"', nearest(name, build.columns)
            )
    if not names:
        raise build.document.error(node, "metric", "duplicates of what?", "give arguments: {properties: [a, b]}")
    text = f"no two rows may have the same {', '.join(names)}"
    _add(build, node, Draft("unique", column, text, columns=tuple(names), bound=_tolerance(build, node)))


def _valid(build: Builder, node: Any, column: str, metric: str, key: str) -> None:
    arguments = _arguments(build, node)
    unknown = [name for name in arguments if name not in ("validValues", "pattern")]
    if unknown:
        raise build.document.error(
            arguments, unknown[0], f'{metric} has no argument "{unknown[0]}" here', "use validValues or pattern"
        )
    values, constants, _ = _values(build, node, "validValues", column)
    pattern = arguments.get("pattern", node.get("pattern"))
    if not constants and pattern is None:
        raise build.document.error(node, key, f"{metric} needs validValues or a pattern")
    bound = _tolerance(build, node)
    if constants:
        shown = ", ".join(str(value) for value in values)
        expression = f"{quoted(column)} in ({', '.join(constants)})"
        _add(build, node, Draft("set", column, f"{column} must be one of {shown}", expression, bound=bound))
    if pattern is not None:
        text = f"{column} must match {pattern}"
        _add(build, node, Draft("regex", column, text, build.matches(column, str(pattern)), bound=bound))


def _tolerance(build: Builder, node: Any) -> Bound | None:
    """A bound on the rows that fail a row rule. Zero needs none: each failing row is set aside anyway."""
    bound = bound_of(build.document, node)
    return None if bound and (bound.low, bound.high) == (0.0, 0.0) else bound
