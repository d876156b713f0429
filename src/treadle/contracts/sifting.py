"""A document of the standard that others wrote, sifted: what can be run here stays, what cannot is kept and said."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from treadle.contracts.document import Document, open_document
from treadle.contracts.odcs import API_VERSION, NOT_RUN, PROPERTY, TABLE, TOP, Node, dumped, plain
from treadle.contracts.reading import LOGICAL_TYPES, read_contract
from treadle.contracts.rules import Contract
from treadle.errors import SpecError, TreadleError, nearest

_ACTED = ("apiVersion", "kind", "id", "name", "version", "status", "schema", "slaProperties", "customProperties")


class Sifted(Struct, frozen=True):
    """The text of the contract, what it asks for here, and a sentence for each part that is kept and not acted on."""

    text: str
    contract: Contract
    notes: tuple[str, ...]


def imported(path: Path, table: str = "") -> Sifted:
    """Read a foreign document. table: which of its tables, where it has several.

    Raises:
        SpecError: it is no document of version 3, or has no such table, or its columns cannot be told.
    """
    document = open_document(path)
    tree = plain(document.tree)
    if str(tree.get("kind")) != "DataContract" or not str(tree.get("apiVersion", "")).startswith("v3."):
        raise document.error(
            document.tree, "kind", "this is no data contract of version 3", "kind: DataContract, apiVersion: v3.1.0"
        )
    tables = [dict(each) for each in document.items(tree, "schema")]
    chosen = _chosen(document, tables, table)
    sift = _Sift(document, {**tree, "apiVersion": API_VERSION, "schema": [chosen]}, path.stem)
    sift.run()
    others = [str(each.get("name")) for each in tables if each is not chosen]
    notes = [f"the tables {', '.join(others)} are not in it: import each by itself"] if others else []
    notes += sift.notes
    return Sifted(dumped(sift.tree), read_contract(Document(path.name, sift.tree, ""), path.stem), tuple(notes))


def _chosen(document: Document, tables: list[Node], named: str) -> Node:
    names = [str(each.get("name")) for each in tables]
    if named and named not in names:
        raise SpecError(f'there is no table "{named}"', where=document.name, mend=nearest(named, names))
    if not named and len(tables) != 1:
        raise SpecError(
            f"the document has {len(tables)} tables", where=document.name, mend=f"--table: {', '.join(names) or 'none'}"
        )
    return tables[names.index(named)] if named else tables[0]


class _Sift:
    """Tries each part alone over the columns of the table, and takes out what cannot be run."""

    def __init__(self, document: Document, tree: Node, stem: str) -> None:
        self.document, self.tree, self.stem = document, tree, stem
        self.table: Node = tree["schema"][0]
        self.notes: list[str] = []

    def run(self) -> None:
        tidy = [_named(self.document, each) for each in self.document.items(self.table, "properties")]
        self.table["properties"] = tidy
        for node in tidy:
            self._types(node)
        for node in tidy:
            name = str(node["name"])
            self._options(node, name)
            self._lists(node, name, ("quality", "relationships"))
            self._unknown(node, PROPERTY, name)
            if "properties" in node or "items" in node:
                self.notes.append(f"{name}: what is inside it is not checked")
        self._lists(self.table, str(self.table.get("name") or self.stem), ("quality", "relationships"))
        self._unknown(self.table, TABLE, "the table")
        self._lists(self.tree, "the document", ("slaProperties",))
        self._unknown(self.tree, TOP, "the document")
        kept = [key for key in self.tree if key in TOP and key not in _ACTED]
        if kept:
            self.notes.append(f"kept as they are, and not acted on: {', '.join(kept)}")

    def _types(self, node: Node) -> None:
        kind = node.get("logicalType")
        if kind is not None and str(kind) not in LOGICAL_TYPES:
            _keep(node, "logicalType", node.pop("logicalType"))
            self.notes.append(f"{node['name']}: the logicalType {kind} is not checked")

    def _options(self, node: Node, name: str) -> None:
        options: Node = dict(self.document.mapping(node.get("logicalTypeOptions"), node, "logicalTypeOptions"))
        for key in list(options):
            why = self._tried(node, {"logicalTypeOptions": {key: options[key]}})
            if why:
                _keep(node, "logicalTypeOptions", {key: options[key]})
                options = {other: options[other] for other in options if other != key}
                self.notes.append(f"{name}: {why}")
        node.pop("logicalTypeOptions", None)
        node |= {"logicalTypeOptions": options} if options else {}

    def _lists(self, node: Node, name: str, homes: tuple[str, ...]) -> None:
        for home in homes:
            stays = []
            for rule in self.document.items(node, home):
                why = self._tried(node, {home: [rule]})
                if not why:
                    stays.append(rule)
                    continue
                _keep(node, home, dict(rule))
                called = rule.get("name") or rule.get("metric") or rule.get("property") or rule.get("type") or home
                self.notes.append(f"{name}: {called}: {why}")
            if home in node:
                node[home] = stays
                if not stays:
                    del node[home]

    def _unknown(self, node: Node, known: frozenset[str], name: str) -> None:
        for key in [key for key in node if key not in known]:
            node["customProperties"] = [
                *(node.get("customProperties") or []),
                {"property": key, "value": node.pop(key)},
            ]
            self.notes.append(f'{name}: the standard has no "{key}"; it is kept as a custom property')

    def _tried(self, node: Node, part: Node) -> str:
        """Why a part of a node cannot be run; empty if it can."""
        bare = [
            {key: each[key] for key in ("name", "logicalType") if key in each} | (part if each is node else {})
            for each in self.table["properties"]
        ]
        alone = {"name": str(self.table.get("name") or self.stem), "properties": bare}
        whole: Node = {"kind": "DataContract", "apiVersion": API_VERSION, "version": "0", "schema": [alone]}
        if node is self.table:
            alone |= part
        elif node is self.tree:
            whole |= part
            whole |= {key: self.tree[key] for key in ("slaDefaultElement",) if key in self.tree}
        try:
            read_contract(Document(self.document.name, whole, ""), self.stem)
        except TreadleError as bad:
            return bad.what
        return ""


def _named(document: Document, node: Mapping[str, Any]) -> Node:
    if not isinstance(node.get("name"), str) or not node["name"]:
        raise document.error(node, "name", "a property needs a name")
    return dict(node)


def _keep(node: Node, home: str, rule: Any) -> None:
    kept = {"property": NOT_RUN, "value": {"in": home, "rule": rule}}
    node["customProperties"] = [*(node.get("customProperties") or []), kept]
