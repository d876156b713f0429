"""The tables of the catalog: the chain itself, its Merkle tiles, and the views that are projected from it.

Only `entries` is the record. The others follow from it, in the same transaction, and can be made anew from it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text, text

metadata = MetaData()
FAILED = "status = 'failed'"
"""As the index of failed entries has it, which are few: a question with these very words is answered by it."""
_Seq = BigInteger().with_variant(Integer, "sqlite")

entries = Table(
    "entries",
    metadata,
    Column("seq", _Seq, primary_key=True, autoincrement=False),
    Column("id", String(32), nullable=False, unique=True),
    Column("kind", String(64), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("run", String(32), nullable=False),
    Column("time", String(32), nullable=False),
    Column("actor", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("cache_key", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("entries_by_kind", "kind", "seq"),
    Index("entries_by_subject", "subject", "seq"),
    Index("entries_by_run", "run", "seq"),
    Index("entries_by_cache_key", "cache_key", "seq"),
    Index("entries_by_hash", "hash"),
    Index("entries_by_actor", "actor", "kind", "time"),
    # `postgresql_where` stands in its migration alone: said here it imports that dialect into every command
    Index("entries_failed", "seq", sqlite_where=text(FAILED)),
)

projected = Table(
    "projected",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("size", _Seq, nullable=False),
)
"""How many entries the views and the tiles hold."""

tiles = Table(
    "log_tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", _Seq, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)
"""The Merkle tree of the log in tiles of 256 hashes (C2SP tlog-tiles); the last of a level may be partial."""

refs = Table(
    "view_refs",
    metadata,
    Column("seq", _Seq, nullable=False),
    Column("made", Integer, nullable=False),
    Column("content", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Index("view_refs_by_content", "content", "made", "seq"),
    Index("view_refs_by_name", "name", "seq"),
)
"""What each entry used (made=0) and made (made=1): the edges that `why` walks."""

ledger = Table(
    "view_ledger",
    metadata,
    Column("by", String(8), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("steps", _Seq, nullable=False),
    Column("unpriced", _Seq, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
    Column("peak_mb", Float, nullable=False),
    Column("written_bytes", _Seq, nullable=False),
    Column("units", _Seq, nullable=False),
    Column("nanos", _Seq, nullable=False),
    Column("last", _Seq, nullable=False),
    Column("gpu_seconds", Float, nullable=False),
    Column("gpu_unpriced", Float, nullable=False),
    Index("view_ledger_by_last", "by", "last"),
)
"""Sums of use and money by run, step, day and price book, and by month for each person (`who`) and subject (`what`), a
currency each; money in units and billionths."""

versions = Table(
    "view_versions",
    metadata,
    Column("model", String(160), primary_key=True),
    Column("project", String(128), nullable=False),
    Column("bundle", String(64), nullable=False),
    Column("seq", _Seq, nullable=False),
    Index("view_versions_by_project", "project", "seq"),
)
"""One row a packed version: a name is given once."""

trials = Table(
    "view_trials",
    metadata,
    Column("seq", _Seq, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("project", String(255), nullable=False),
    Column("run", String(32), nullable=False),
    Column("family", String(64), nullable=False),
    Column("metric", String(64), nullable=False),
    Column("value", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("seconds", Float, nullable=False),
    Index("view_trials_by_run", "run"),
    Index("view_trials_by_project", "project", "seq"),
)
"""One row a trial of a search; its settings are in the entry."""

texts = Table(
    "view_texts",
    metadata,
    Column("seq", _Seq, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
)
"""What an entry can be found by, as words that are looked for; its full text index: `treadle.store.fulltext`."""

numbers = Table(
    "numbers",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("last", _Seq, nullable=False),
)
"""The last number given out under each name, such as the versions of a project's models. Numbers are never reused."""

VIEWS = (refs, ledger, versions, trials, texts)
