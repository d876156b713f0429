"""A contract as a document of the Open Data Contract Standard, version 3.1, that other tools validate; and back.

What the standard has no word for stands where it leaves room: as `custom` quality of the engine `treadle`, or as custom
properties. Of a foreign document, what cannot be run here is kept under the custom property `treadleNotRun`, and said.

Bitol, Open Data Contract Standard v3.1.0 (2025).
"""

from __future__ import annotations

import copy
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from treadle.contracts.bounds import BOUNDS

API_VERSION = "v3.1.0"
NOT_RUN = "treadleNotRun"
TOP = frozenset(
    [
        "apiVersion",
        "authoritativeDefinitions",
        "contractCreatedTs",
        "customProperties",
        "dataProduct",
        "description",
        "domain",
        "id",
        "kind",
        "name",
        "price",
        "roles",
        "schema",
        "servers",
        "slaDefaultElement",
        "slaProperties",
        "status",
        "support",
        "tags",
        "team",
        "tenant",
        "version",
    ]
)
TABLE = frozenset(
    [
        "authoritativeDefinitions",
        "businessName",
        "customProperties",
        "dataGranularityDescription",
        "description",
        "id",
        "logicalType",
        "name",
        "physicalName",
        "physicalType",
        "properties",
        "quality",
        "relationships",
        "tags",
    ]
)
PROPERTY = frozenset(
    [
        "authoritativeDefinitions",
        "businessName",
        "classification",
        "criticalDataElement",
        "customProperties",
        "description",
        "encryptedName",
        "examples",
        "id",
        "items",
        "logicalType",
        "logicalTypeOptions",
        "name",
        "partitionKeyPosition",
        "partitioned",
        "physicalName",
        "physicalType",
        "primaryKey",
        "primaryKeyPosition",
        "properties",
        "quality",
        "relationships",
        "required",
        "tags",
        "transformDescription",
        "transformLogic",
        "transformSourceObjects",
        "unique",
    ]
)
RULE = frozenset(
    [
        "authoritativeDefinitions",
        "businessImpact",
        "customProperties",
        "description",
        "dimension",
        "id",
        "method",
        "name",
        "schedule",
        "scheduler",
        "severity",
        "tags",
        "type",
        "unit",
    ]
)
_BY_TYPE: dict[str, frozenset[str]] = {
    "library": frozenset(("metric", "arguments", *BOUNDS)),
    "sql": frozenset(("query", *BOUNDS)),
    "custom": frozenset(("engine", "implementation")),
    "text": frozenset(),
}
_NEWER = {
    "nullCheck": "nullValues",
    "duplicateCount": "duplicateValues",
    "uniqueCheck": "duplicateValues",
    "validValues": "invalidValues",
}
_REFERENCE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*")
Node = dict[str, Any]


def exported(tree: Mapping[str, Any], stem: str) -> str:
    """The text of a document that the standard's JSON Schema accepts, and that asks for the same rules.

    tree: a contract that `load` reads. stem: the id of one that has none.
    """
    made = plain(tree)
    head = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": str(made.get("id") or stem),
        "name": str(made.get("name") or made.get("id") or stem),
        "version": str(made.get("version") or "0.1.0"),
        "status": str(made.get("status") or "draft"),
    }
    made = _fitting({**head, **{key: value for key, value in made.items() if key not in head}}, TOP)
    for number, table in enumerate(made["schema"]):
        name = str(table.get("name") or stem)
        table = _fitting({"name": name, **table}, TABLE)
        for place, each in enumerate(table["properties"]):
            table["properties"][place] = _element(_fitting(each, PROPERTY), name, own=True)
        made["schema"][number] = _element(table, name, own=False)
    return dumped(_restored(made, ("slaProperties",)))


def dumped(tree: Mapping[str, Any]) -> str:
    """The text of a tree, each text of which is read again as it is."""
    from ruamel.yaml import YAML

    yaml, out = YAML(), io.StringIO()
    yaml.default_flow_style, yaml.width, yaml.allow_unicode = False, 110, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(tree, out)
    return out.getvalue()


def plain(node: Any) -> Any:
    """Plain keys, lists and values; a date as its text, since JSON has none."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [plain(value) for value in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float):
        if isinstance(node, kind):
            return kind(node)
    return str(node)


def _fitting(node: Node, known: frozenset[str]) -> Node:
    """Keys that the standard does not have become custom properties."""
    more = [{"property": key, "value": node[key]} for key in node if key not in known]
    made = {key: value for key, value in node.items() if key in known}
    if more:
        made["customProperties"] = [*(made.get("customProperties") or []), *more]
    return made


def _restored(node: Node, lists: Sequence[str]) -> Node:
    """What could not be run here goes back to where it stood."""
    kept = []
    for each in node.get("customProperties") or []:
        told = each.get("value") if each.get("property") == NOT_RUN else None
        # whoever else writes such a property may mean something else by it
        home, rule = (
            (told["in"], told["rule"]) if isinstance(told, Mapping) and {"in", "rule"} <= told.keys() else ("", "")
        )
        if home in lists:
            node[home] = [*(node.get(home) or []), rule]
        elif home == "logicalType":
            node[home] = rule
        elif home == "logicalTypeOptions" and isinstance(rule, Mapping):
            node[home] = {**(node.get(home) or {}), **rule}
        else:
            kept.append(each)
    node = {key: value for key, value in node.items() if key != "customProperties"}
    return {**node, "customProperties": kept} if kept else node


def _element(node: Node, table: str, *, own: bool) -> Node:
    """A property, or the table: its options, relations and rules as the standard writes them."""
    options = node.get("logicalTypeOptions")
    if isinstance(options, dict) and node.get("logicalType") in ("date", "timestamp"):
        limits = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
        node["logicalTypeOptions"] = {key: str(each) if key in limits else each for key, each in options.items()}
    rules = [_rule(rule) for rule in node.get("quality") or []]
    native, custom = list[Node](), list[Node]()
    for each in node.get("relationships") or []:
        made = _relation(each, table, own=own)
        (native if "to" in made else custom).append(made)
    node = {key: value for key, value in node.items() if key not in ("quality", "relationships")}
    node |= {"quality": [*rules, *custom]} if rules or custom else {}
    node |= {"relationships": native} if native else {}
    return _restored(node, ("quality", "relationships"))


def _relation(node: Node, table: str, *, own: bool) -> Node:
    """A relationship; where the standard cannot name its columns, a rule of ours."""
    there = node["to"] if isinstance(node["to"], list) else [node["to"]]
    here = [] if own else node["from"] if isinstance(node["from"], list) else [node["from"]]
    here = [each if "." in each else f"{table}.{each}" for each in here]
    more, name = list(node.get("customProperties") or []), node.get("name") or node.get("id")
    if all(_REFERENCE.fullmatch(each) for each in (*there, *here)):
        many = len(there) > 1
        made = {"type": "foreignKey", **({"from": here if many else here[0]} if here else {})}
        made["to"] = there if many else there[0]
        more += [{"property": "name", "value": name}] if name else []  # for which a relationship has no place
        return made | ({"customProperties": more} if more else {})
    said = {each.get("property"): each["value"] for each in more if "value" in each}
    name = name or said.get("name")
    asked: Node = {"metric": "foreignKey", "source": there[0].partition(".")[0]}
    asked |= {"columns": [each.rpartition(".")[2] for each in here]} if here else {}
    asked |= {"to": [each.partition(".")[2] for each in there]}
    asked |= {"nulls": said["nulls"]} if "nulls" in said else {}
    rule: Node = {**({"name": name} if name else {}), "type": "custom", "engine": "treadle", "implementation": asked}
    return rule | ({"severity": said["level"]} if "level" in said else {})


def _rule(node: Node) -> Node:
    kind = str(node.get("type") or "library")
    bounds = _bound(node)
    made = {key: value for key, value in node.items() if key not in BOUNDS}
    if kind == "sql" and not str(node.get("query")).lower().startswith(("select ", "with ")):
        query, kind = made.pop("query"), "custom"
        made |= {"type": "custom", "engine": "treadle", "implementation": query}
    if kind == "custom":
        return _fitting(_custom(made, bounds), RULE | _BY_TYPE[kind])
    if kind == "library":
        old = str(made.pop("rule", ""))
        metric = str(made.get("metric") or old)
        made = {**made, "type": "library", "metric": _NEWER.get(metric, metric)}
        moved = {key: made.pop(key) for key in ("validValues", "pattern", "missingValues") if key in made}
        if moved:
            made["arguments"] = {**moved, **(made.get("arguments") or {})}
        bounds = bounds or {"mustBe": 0}
    return _fitting({**made, **bounds}, RULE | _BY_TYPE.get(kind, frozenset()))


def _bound(node: Node) -> Node:
    """One bound, as the standard has one; two limits that are equal are one."""
    found = {key: node[key] for key in BOUNDS if key in node}
    if set(found) == {"mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo"}:
        found = {"mustBeBetween": [found["mustBeGreaterOrEqualTo"], found["mustBeLessOrEqualTo"]]}
    pair = found.get("mustBeBetween")
    return {"mustBe": pair[0]} if isinstance(pair, list) and len(pair) == 2 and pair[0] == pair[1] else found


def _custom(node: Node, bounds: Node) -> Node:
    """A bound beside a rule of an engine has no place in the standard: it goes into what the engine is told."""
    if not bounds or node.get("engine") != "treadle":
        return node
    asked = node.get("implementation")
    told = {"expression": asked} if isinstance(asked, str) else copy.copy(asked) or {}
    unit = {"unit": node["unit"]} if "unit" in node else {}
    rest = {key: value for key, value in node.items() if key != "unit"}
    return {**rest, "implementation": {**told, **bounds, **unit}}
