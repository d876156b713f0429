"""The `quality` part of a contract: library metrics and row expressions. What cannot be run is refused."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from treadle.contracts.builder import Builder, Draft
from treadle.contracts.rules import BATCH_KINDS, Bound, quoted
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
_BOUNDS = (
    "mustBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
)
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
_SOFT = ("warning", "info")
"""Severities of a rule whose failing rows are kept, and told of."""


def add_quality(build: Builder, node: Any, column: str | None) -> None:
    """Add one quality rule, of a column or of the table."""
    document = build.document
    document.no_misspelling(node, (*_KEYS, *_BOUNDS))
    kind = str(node.get("type") or "library")
    if kind == "custom":
        engine = str(node.get("engine"))
        if engine != "treadle":
            raise document.error(
                node, "engine", f'rules of the engine "{engine}" cannot be run here', "use engine: treadle"
            )
        _expression(build, node, column, "implementation")
    elif kind == "sql":
        _expression(build, node, column, "query")
    elif kind == "library":
        _library(build, node, column)
    elif kind == "text":
        raise document.error(node, "type", "a rule in plain words cannot be run", "put it under `description`")
    else:
        raise document.error(
            node, "type", f'rules of the type "{kind}" cannot be run here', nearest(kind, ("library", "custom", "sql"))
        )


def _expression(build: Builder, node: Any, column: str | None, key: str) -> None:
    text = node.get(key)
    if not isinstance(text, str) or not text.strip():
        raise build.document.error(node, key, f"the rule needs an expression under `{key}`")
    text = text.strip()
    if text.lower().startswith(("select ", "with ")):
        raise build.document.error(
            node, key, "queries cannot be run here", "write what must hold of each row: arrived > departed"
        )
    shown = f"in each row it must hold that {text}"
    _add(build, node, Draft("expression", column, shown, text, bound=_tolerance(build, node)), at=key)


def _library(build: Builder, node: Any, column: str | None) -> None:
    document = build.document
    key = "metric" if node.get("metric") is not None else "rule"
    metric = str(node.get(key) or "")
    kind = _METRICS.get(metric)
    if kind is None:
        what = f'the metric "{metric}" cannot be run here' if metric else "the rule needs a `metric`"
        raise document.error(node, key if metric else "type", what, nearest(metric, _METRICS))
    if kind == "rows":
        bound = _bound(build, node)
        if bound is None or bound.percent:
            raise document.error(node, key, "rowCount needs a number of rows", f"give one of: {', '.join(_BOUNDS)}")
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
    if str(node.get("severity")).lower() in _SOFT:
        if draft.kind == "unique":
            raise build.document.error(
                node, "severity", "a value that must not repeat names a row, and is no warning", "leave severity out"
            )
        draft = replace(draft, soft=draft.kind not in BATCH_KINDS)
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
    bound = _bound(build, node) or _ZERO
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
    bound = _bound(build, node)
    return None if bound and (bound.low, bound.high) == (0.0, 0.0) else bound


def _bound(build: Builder, node: Any) -> Bound | None:
    document = build.document
    found = [key for key in node if str(key).startswith("must")]
    unknown = [key for key in found if key not in _BOUNDS]
    if unknown:
        what = f'the bound "{unknown[0]}" cannot be checked here'
        raise document.error(node, unknown[0], what, nearest(unknown[0], _BOUNDS))
    unit = str(node.get("unit") or "rows")
    if unit not in ("rows", "percent"):
        raise document.error(node, "unit", f'"{unit}" is no unit of a rule', "use rows or percent")
    percent = unit == "percent"
    if not found:
        return None
    if len(found) > 1:
        if set(found) == {"mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo"}:
            low, high = (document.number(node, key) for key in ("mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo"))
            return Bound(low, high, percent=percent)
        raise document.error(node, found[1], "a rule has one bound", "use mustBeBetween for two limits")
    key = str(found[0])
    if key == "mustBeBetween":
        pair = node[key]
        numbers = isinstance(pair, list) and [v for v in pair if isinstance(v, int | float) and not isinstance(v, bool)]
        if not numbers or len(pair) != 2 or len(numbers) != 2 or pair[0] > pair[1]:
            raise document.error(node, key, "`mustBeBetween` takes two numbers, the smaller first")
        return Bound(float(pair[0]), float(pair[1]), percent=percent)
    value = document.number(node, key)
    match key:
        case "mustBe":
            return Bound(value, value, percent=percent)
        case "mustBeGreaterThan":
            return Bound(low=value, low_open=True, percent=percent)
        case "mustBeGreaterOrEqualTo":
            return Bound(low=value, percent=percent)
        case "mustBeLessThan":
            return Bound(high=value, high_open=True, percent=percent)
    return Bound(high=value, percent=percent)
