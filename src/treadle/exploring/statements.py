"""Of a text of SQL: which snapshots it names, and that it reads them and nothing else.

It is told from DuckDB's own tree of the statement, so that what is judged is what is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.errors import DataError, nearest
from treadle.exploring.named import WHEN

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Json = object
"""What JSON holds; what it is, is asked where it is used."""
LONGEST = 100_000
"""Characters of a statement."""
_TABLE_FUNCTIONS = frozenset(("unnest", "range", "generate_series"))
_TELLTALE = frozenset(("current_setting", "getenv", "getvariable", "query", "query_table"))
"""Functions that tell of this machine, or run a text that was not looked at."""
_REMARK = r"--[^\n]*+|/\*.*?(?:\*/|\Z)"
_TEXT = (
    r"(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*+(?:'|\Z)|'(?:[^']|'')*+(?:'|\Z)"
    r"|\$(?P<tag>(?:[^\W\d]\w*+)?)\$.*?(?:\$(?P=tag)\$|\Z)"
)
_QUOTED = r'"(?:[^"]|"")*+(?:"|\Z)'
"""What is open ends with the text, and nothing is tried twice: a text without end would be read once a character."""
_NAME = rf"(?P<name>{_QUOTED}|(?<![\w$])[^\W\d][\w$]*+)(?:@(?P<when>{WHEN})(?![\w@]))?+"
_SIGNS = re.compile(rf"{_REMARK}|{_TEXT}|{_NAME}", re.DOTALL)
_ENDS = re.compile(rf"(?P<blank>\s++|{_REMARK})|(?P<end>;)|{_TEXT}|{_QUOTED}|[\w$]++|.", re.DOTALL)
_ONE = "give one SELECT over the project's sources"


class Table(Struct, frozen=True):
    """A table that a statement reads: a source, and what stood after its @."""

    source: str
    when: str = ""

    @property
    def schema(self) -> str:
        """Where its view stands: `flights@12` is `flights` in the schema `@12`, so that its columns are `flights.x`."""
        return f"@{self.when}" if self.when else "main"

    @property
    def text(self) -> str:
        return f"{self.source}@{self.when}" if self.when else self.source


def statement(sql: str) -> str:
    """The text as it is asked: without the semicolon that ends it and what follows it, and `qualified`.

    >>> statement("select '@1; --' from flights@12 f;  -- done")
    'select \\'@1; --\\' from "@12".flights f'

    Raises:
        DataError: it is too long.
    """
    _refuse_long(sql)
    end: int | None = None
    for found in _ENDS.finditer(sql):
        if found["end"]:
            end = found.start() if end is None else end
        elif not found["blank"]:
            end = None
    return qualified(sql[:end].strip())


def _refuse_long(sql: str) -> None:
    if len(sql) > LONGEST:
        raise DataError(f"the statement is longer than {LONGEST:,} characters", where="SQL", mend="give a shorter one")


def qualified(sql: str) -> str:
    """The text with each `NAME@WHEN` as the name of a table in a schema; what stands in quotes or remarks is left.

    >>> qualified("select '@1' from flights@12 f")
    'select \\'@1\\' from "@12".flights f'
    """

    def replaced(found: re.Match[str]) -> str:
        return f'"@{found["when"]}".{found["name"]}' if found["when"] else found[0]

    return _SIGNS.sub(replaced, sql)


def tables_of(connection: DuckDBPyConnection, sql: str, sources: Sequence[str]) -> list[Table]:
    """The tables that a statement reads, each once. `sql` as `qualified` wrote it.

    Raises:
        DataError: it cannot be parsed, is not one statement, is no SELECT, or reads something else.
    """
    _refuse_long(sql)
    if "\0" in sql:
        raise DataError("the statement holds a character that no SQL has", where="SQL", mend="leave U+0000 out")
    tree = _tree(connection, sql, sources)
    known, found = {name.lower(): name for name in sources}, dict[Table, None]()
    for node, hidden in _nodes(tree):
        kind = node.get("type")
        if kind == "TABLE_FUNCTION":
            _refuse_function(node.get("function"))
        if node.get("class") == "FUNCTION" and str(node.get("function_name")).lower() in _TELLTALE:
            raise DataError(f"{node['function_name']}() is not to be had here", where="SQL", mend=_ONE)
        if kind == "BASE_TABLE":
            schema, name = str(node.get("schema_name") or ""), str(node.get("table_name"))
            if not schema and name.lower() in hidden:
                continue
            if name.lower() not in known or (schema and not schema.startswith("@")) or node.get("catalog_name"):
                raise DataError(
                    f'there is no source "{".".join(each for each in (schema, name) if each)}"',
                    where="SQL",
                    mend=nearest(name, sources),
                )
            found[Table(known[name.lower()], schema.removeprefix("@"))] = None
    return list(found)


def _to_quote(sql: str, sources: Sequence[str]) -> str:
    """What SQL takes for no name, where a statement that cannot be parsed has such a source outside of quotes."""
    plain = re.sub(rf"{_REMARK}|{_TEXT}|{_QUOTED}", " ", sql, flags=re.DOTALL)
    odd = [name for name in sources if not re.fullmatch(r"[^\W\d]\w*", name) and name.lower() in plain.lower()]
    return f'put its name in double quotes: "{max(odd, key=len)}"' if odd else ""


def _tree(connection: DuckDBPyConnection, sql: str, sources: Sequence[str]) -> Json:
    row = connection.execute("select json_serialize_sql(?::varchar)", [sql]).fetchone()
    try:
        tree = msgspec.json.decode(str(row[0] if row else "{}"), type=dict[str, Json])
    except RecursionError:
        raise DataError("the statement is nested too deep", where="SQL", mend="give a simpler one") from None
    if tree.get("error"):
        said = str(tree.get("error_message", "it cannot be parsed"))
        if "Only SELECT" in said:
            raise DataError("only SELECT may be asked: a query changes nothing", where="SQL", mend=_ONE)
        place = str(tree.get("position", ""))
        where = f"SQL, character {int(place) + 1}" if place.isdigit() else "SQL"
        raise DataError(said, where=where, mend=_to_quote(sql, sources) or _ONE)
    statements = tree.get("statements")
    if not isinstance(statements, list) or len(statements) != 1:
        raise DataError("one statement is asked at a time", where="SQL", mend=_ONE)
    return statements[0]


def _nodes(tree: Json) -> Iterator[tuple[dict[str, Json], frozenset[str]]]:
    """Every object of the tree, with the names that WITH gives to tables there: they hide sources of the same name, but
    not in what they are made of. Without recursion, since a statement may be nested as deep as it likes."""
    waiting: list[tuple[Json, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        node, hidden = waiting.pop()
        if isinstance(node, dict):
            yield node, hidden
            for name, made in _shared(node):
                waiting.append((made, hidden | {name} if _recursive(made) else hidden))
                hidden = hidden | {name}
            waiting.extend((value, hidden) for key, value in node.items() if key != "cte_map")
        elif isinstance(node, list):
            waiting.extend((each, hidden) for each in node)


def _shared(node: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """The tables that a part of the statement names by WITH, in order."""
    shared = node.get("cte_map")
    entries = shared.get("map") if isinstance(shared, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield str(entry.get("key")).lower(), entry.get("value")


def _recursive(made: Json) -> bool:
    """Whether such a table is made of itself."""
    query = made.get("query_node") if isinstance(made, dict) else None
    return isinstance(query, dict) and "RECURSIVE" in str(query.get("type"))


def _refuse_function(function: Json) -> None:
    name = str(function.get("function_name")).lower() if isinstance(function, dict) else ""
    if name not in _TABLE_FUNCTIONS:
        raise DataError(
            f"{name}() is not to be had here: a query reads the project's sources and no other place",
            where="SQL",
            mend=_ONE,
        )
