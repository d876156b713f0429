"""Read a contract in the form of the Open Data Contract Standard, version 3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from treadle.contracts.bounds import level_of
from treadle.contracts.builder import Builder, Draft
from treadle.contracts.document import Document, open_document
from treadle.contracts.measures import add_relationships
from treadle.contracts.odcs import exported
from treadle.contracts.quality import add_quality
from treadle.contracts.rules import Contract, number, quoted
from treadle.errors import nearest
from treadle.expr import Type

LOGICAL_TYPES: dict[str, Type] = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "date": "date",
    "timestamp": "timestamp",
}
_LIMITS = {
    "minimum": (">=", "at least"),
    "exclusiveMinimum": (">", "more than"),
    "maximum": ("<=", "at most"),
    "exclusiveMaximum": ("<", "less than"),
}
_OPTIONS = (*_LIMITS, "minLength", "maxLength", "pattern")
_NO_RULE = ("format", "timezone", "defaultTimezone")
"""Options of dates that say how a value is written, which a typed table no longer knows."""
_PROPERTY = (
    "name",
    "logicalType",
    "logicalTypeOptions",
    "required",
    "unique",
    "primaryKey",
    "quality",
    "relationships",
)
_TOP = ("apiVersion", "kind", "schema", "slaProperties", "customProperties")
_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600}
_SECONDS |= {"d": 86400, "day": 86400, "w": 604800, "week": 604800}


def load(path: Path, name: str = "") -> Contract:
    """Read a contract file. name: how its places call it, such as `contracts/orders.yaml`; else by its own name.

    Raises:
        SpecError: not YAML, not a contract of version 3, or a rule that cannot be run here; with file:line:column.
    """
    return read_contract(open_document(path, name), path.stem)


def export(path: Path) -> str:
    """A contract file as a document that the standard's JSON Schema accepts, and that asks for the same rules.

    Raises:
        SpecError: it is no contract that `load` reads.
    """
    document = open_document(path)
    read_contract(document, path.stem)
    return exported(document.tree, path.stem)


def read_contract(document: Document, stem: str) -> Contract:
    """What a document says. `stem`: its name where it says none."""
    tree = document.tree
    if str(tree.get("kind")) != "DataContract":
        raise document.error(tree, "kind", "this is not a data contract", "write kind: DataContract")
    if not str(tree.get("apiVersion", "")).startswith("v3."):
        raise document.error(tree, "apiVersion", "only version 3 of the standard is read", "write apiVersion: v3.0.2")
    document.no_misspelling(tree, _TOP)
    tables = document.items(tree, "schema")
    if len(tables) != 1:
        raise document.error(
            tree, "schema", f"a contract has one table here, found {len(tables)}", "write one file a table"
        )
    table = tables[0]
    document.no_misspelling(table, ("name", "properties", "quality", "relationships"))
    build = Builder(document, _columns(document, table))
    keys = []
    for node in document.items(table, "properties"):
        _property(build, node)
        if document.flag(node, "primaryKey"):
            keys.append(node)
    if len(keys) > 1:
        names = [str(node["name"]) for node in keys]
        text = f"no two rows may have the same {', '.join(names)}"
        build.add(keys[0], Draft("unique", None, text, columns=tuple(names)), name="key")
    for node in document.items(table, "quality"):
        add_quality(build, node, None)
    add_relationships(build, table, None)
    for node in document.items(tree, "slaProperties"):
        _service_level(build, node, tree)
    return Contract(
        name=str(tree.get("name") or tree.get("id") or stem),
        version=str(tree.get("version", "")),
        columns=build.columns,
        rules=tuple(build.rules),
        max_bad_share=_max_bad_share(document, tree),
        digest=document.digest,
    )


def _columns(document: Document, table: Any) -> dict[str, Type | None]:
    """All properties first, since a rule of one may read another."""
    columns: dict[str, Type | None] = {}
    for node in document.items(table, "properties"):
        name = node.get("name")
        if not isinstance(name, str) or not name:
            raise document.error(node, "name", "a property needs a name")
        if str(name) in columns:
            raise document.error(node, "name", f'the property "{name}" stands twice')
        kind = node.get("logicalType")
        if kind is not None and str(kind) not in LOGICAL_TYPES:
            raise document.error(
                node,
                "logicalType",
                f'the logicalType "{kind}" cannot be checked here',
                nearest(str(kind), LOGICAL_TYPES),
            )
        columns[str(name)] = LOGICAL_TYPES[str(kind)] if kind is not None else None
    if not columns:
        raise document.error(table, "properties", "a contract needs at least one property")
    return columns


def _property(build: Builder, node: Any) -> None:
    document, name, begun = build.document, str(node["name"]), len(build.rules)
    document.no_misspelling(node, _PROPERTY)
    if node.get("logicalType") is not None:
        kind = str(node["logicalType"])
        text = f"{name} must be {'an' if kind == 'integer' else 'a'} {kind}"
        build.add(node, Draft("type", name, text), at="logicalType")
    key = document.flag(node, "primaryKey")
    if document.flag(node, "required") or key:
        draft = Draft("required", name, f"{name} must not be missing", f"{quoted(name)} is not null")
        build.add(node, draft, at="required")
    if document.flag(node, "unique") or (key and _only_key(build, node)):
        build.add(node, Draft("unique", name, f"no two rows may have the same {name}"), at="unique")
    options = document.mapping(node.get("logicalTypeOptions"), node, "logicalTypeOptions")
    if options:
        _options(build, options, name, node)
    _levels(build, node, begun)
    for rule in document.items(node, "quality"):
        add_quality(build, rule, name)
    add_relationships(build, node, name)


def _levels(build: Builder, node: Any, begun: int) -> None:
    """The level of the rules that stand at a property itself: one for all of them, or one a kind.

    begun: how many rules there were before them.
    """
    document = build.document
    for own in document.items(node, "customProperties"):
        if str(own.get("property")) != "level":
            continue
        said, mine = own.get("value"), build.rules[begun:]
        home, key_of = (said, str) if isinstance(said, Mapping) else (own, lambda kind: "value")
        kinds = {rule.kind for rule in mine}
        unknown = [kind for kind in said if str(kind) not in kinds] if isinstance(said, Mapping) else []
        if unknown or not mine:
            what = (
                f"{node['name']} has no rule of the kind {unknown[0]}" if unknown else "there is no rule for this level"
            )
            raise document.error(home, unknown[0] if unknown else "value", what, f"it has: {', '.join(sorted(kinds))}")
        for place, rule in enumerate(mine, begun):
            key = key_of(rule.kind)
            if key not in home:
                continue
            level = level_of(document, home, key, rule.kind)
            if level is None:
                raise document.error(home, key, f'"{home[key]}" is no level', "use warn, set_aside or stop")
            build.rules[place] = replace(rule, level=level)


def _only_key(build: Builder, node: Any) -> bool:
    properties = build.document.tree["schema"][0]["properties"]
    return sum(bool(other.get("primaryKey")) for other in properties) == 1


def _options(build: Builder, options: Mapping[str, Any], name: str, node: Any) -> None:
    for key in options:
        if key not in _OPTIONS and not (key in _NO_RULE and build.columns[name] in ("date", "timestamp")):
            raise build.document.error(
                options, key, f'the option "{key}" cannot be checked here', nearest(key, _OPTIONS)
            )
    build.typed(name, node, "logicalTypeOptions")
    limits = {key: options[key] for key in _LIMITS if key in options}
    if limits:
        _range(build, options, name, limits)
    if "pattern" in options:
        pattern = str(options["pattern"])
        draft = Draft("regex", name, f"{name} must match {pattern}", build.matches(name, pattern))
        build.add(options, draft, at="pattern")
    if "minLength" in options or "maxLength" in options:
        _length(build, options, name)


def _range(build: Builder, options: Any, name: str, limits: Mapping[str, Any]) -> None:
    first = next(iter(limits))
    words = " and ".join(f"{_LIMITS[key][1]} {value}" for key, value in limits.items())
    if set(limits) == {"minimum", "maximum"}:
        words = f"between {limits['minimum']} and {limits['maximum']}"
    expression = " and ".join(
        f"{quoted(name)} {_LIMITS[key][0]} {build.literal(value, name, options, key)}" for key, value in limits.items()
    )

    def limit(*keys: str) -> float | None:
        found = [limits[k] for k in keys if isinstance(limits.get(k), int | float)]
        return float(found[0]) if found else None

    low, high = limit("minimum", "exclusiveMinimum"), limit("maximum", "exclusiveMaximum")
    build.add(options, Draft("range", name, f"{name} must be {words}", expression, low=low, high=high), at=first)


def _length(build: Builder, options: Any, name: str) -> None:
    document = build.document
    least = document.whole(options, "minLength") if "minLength" in options else None
    most = document.whole(options, "maxLength") if "maxLength" in options else None
    if build.columns[name] != "str":
        raise document.error(options, "minLength" if least is not None else "maxLength", f"{name} is no string")
    parts = [f"length({quoted(name)}) >= {least}"] if least is not None else []
    parts += [f"length({quoted(name)}) <= {most}"] if most is not None else []
    words = f"at least {least}" if most is None else f"at most {most}" if least is None else f"{least} to {most}"
    draft = Draft("length", name, f"{name} must have {words} characters", " and ".join(parts), low=least, high=most)
    build.add(options, draft, at="minLength" if least is not None else "maxLength")


def _service_level(build: Builder, node: Any, tree: Any) -> None:
    document = build.document
    document.no_misspelling(node, ("property", "value", "unit", "element"))
    if str(node.get("property")) not in ("latency", "freshness"):
        return  # the other service levels speak of the provider, not of the rows
    unit = str(node.get("unit") or "d").lower()
    seconds = _SECONDS.get(unit) or _SECONDS.get(unit.removesuffix("s"))
    if seconds is None:
        raise document.error(node, "unit", f'"{unit}" is no unit of time here', "use s, min, h, d or w")
    element = str(node.get("element") or tree.get("slaDefaultElement") or "")
    column = element.rpartition(".")[2].strip()
    if column not in build.columns or "," in element:
        hint = nearest(column, build.columns) if column else "write element: table.column"
        raise document.error(node, "element", f'freshness needs one column, found "{element}"', hint)
    if build.columns[column] not in ("date", "timestamp"):
        raise document.error(node, "element", f"freshness needs a date or timestamp, and {column} is none")
    if "value" not in node or document.number(node, "value") <= 0:
        raise document.error(node, "value", "freshness needs a `value` above 0")
    value = document.number(node, "value")
    shown = f"{number(value)} {unit}"
    text = f"the newest {column} must lie within {shown} of now"
    level = None
    for own in document.items(tree, "customProperties"):  # the standard has no place for it at the service level itself
        if str(own.get("property")) == "freshnessLevel":
            level = level_of(document, own, "value", "freshness")
    build.add(node, Draft("freshness", column, text, high=value * seconds, level=level))


def _max_bad_share(document: Document, tree: Any) -> float:
    for node in document.items(tree, "customProperties"):
        if str(node.get("property")) == "maxBadShare":
            share = document.number(node, "value") if "value" in node else -1.0
            if not 0 <= share <= 1:
                raise document.error(node, "value", "maxBadShare must lie between 0 and 1")
            return share
    return 0.05
