"""The full text index of the catalog: FTS5 in SQLite, a GIN index over a `tsvector` in PostgreSQL.

Both index the one table `view_texts`, whose words were made alike before (`treadle.evidence.words`), so that no
database's own rules of language decide what is found. The index follows its table by itself: by triggers in SQLite.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

INDEX = "view_texts_found"
"""What the index is called; in SQLite it is a table, and has others beside it, whose names begin so."""
_SQLITE = (
    """CREATE VIRTUAL TABLE view_texts_found USING fts5(
        words, content='view_texts', content_rowid='seq', tokenize='unicode61 remove_diacritics 0')""",
    """CREATE TRIGGER view_texts_added AFTER INSERT ON view_texts BEGIN
        INSERT INTO view_texts_found(rowid, words) VALUES (new.seq, new.words); END""",
    """CREATE TRIGGER view_texts_taken AFTER DELETE ON view_texts BEGIN
        INSERT INTO view_texts_found(view_texts_found, rowid, words) VALUES ('delete', old.seq, old.words); END""",
)
_POSTGRES = ("CREATE INDEX view_texts_found ON view_texts USING gin (to_tsvector('simple', words))",)
_DROP_SQLITE = (
    "DROP TRIGGER view_texts_added",
    "DROP TRIGGER view_texts_taken",
    "DROP TABLE view_texts_found",
)
_FIND_SQLITE = text(
    "SELECT rowid AS seq FROM view_texts_found WHERE view_texts_found MATCH :asked "
    "ORDER BY rank, rowid DESC LIMIT :most"
)
_FIND_POSTGRES = text(
    "SELECT seq FROM view_texts WHERE to_tsvector('simple', words) @@ to_tsquery('simple', :asked) "
    "ORDER BY ts_rank(to_tsvector('simple', words), to_tsquery('simple', :asked), 1) DESC, seq DESC LIMIT :most"
)


def make_index(connection: Connection) -> None:
    for statement in _POSTGRES if connection.dialect.name == "postgresql" else _SQLITE:
        connection.exec_driver_sql(statement)


def drop_index(connection: Connection) -> None:
    for statement in () if connection.dialect.name == "postgresql" else _DROP_SQLITE:
        connection.exec_driver_sql(statement)  # PostgreSQL's goes with its table


def find(connection: Connection, terms: Sequence[tuple[str, ...]], most: int, *, every: bool = True) -> list[int]:
    """Entries by their number, best first. terms: words that follow each other, each as `words.normal` makes it;
    every: all of them are in the text, or else any of them."""
    if not terms:
        return []
    if connection.dialect.name == "postgresql":
        parts, joint, query = [" <-> ".join(term) for term in terms], " & " if every else " | ", _FIND_POSTGRES
        asked = joint.join(f"({part})" for part in parts)
    else:
        asked, query = (" AND " if every else " OR ").join(f'"{" ".join(term)}"' for term in terms), _FIND_SQLITE
    return [int(row.seq) for row in connection.execute(query, {"asked": asked, "most": most})]
