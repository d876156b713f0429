"""A shop whose orders come little by little, in a database or in files; and readings of it alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from stage_shop import edit, opened, write_shop

from treadle.evidence import Entry
from treadle.evidence.kinds.source_read import SourceRead
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
WHOLE = "orders: {read: orders.csv, key: order, contract: orders.yaml}"
BY_TIME = "{read: 'sqlite:shop.db', table: orders, key: n, new: {by: told}}"
BY_NUMBER = "{read: 'sqlite:shop.db', table: orders, new: {by: n}}"
BY_FILES = "{read: in, key: n, new: files}"
AGAIN = BY_FILES.replace("new: files", "new: {when_changed: read}")


def begin(folder: Path, said: str) -> Path:
    """The shop, with its orders read as `said`; a database without rows, and a folder without files."""
    write_shop(folder)
    edit(folder, WHOLE, f"orders: {said}")
    with closing(sqlite3.connect(folder / "shop.db")) as db:
        db.execute("create table orders (n integer, told timestamp, amount real, came_back text, kind text)")
    (folder / "in").mkdir()
    return folder


def held(folder: Path) -> None:
    """The orders of files that are read again, held to a contract by which none has a negative amount."""
    begin(folder, AGAIN.replace("new:", "contract: orders.yaml, new:"))
    edit(folder, "name: order,", "name: n,", "orders.yaml")
    edit(folder, "value: 3, unit: d", "value: 9999, unit: d", "orders.yaml")


def row(n: int, amount: float | None = None, minutes: float | None = None) -> tuple[Any, ...]:
    told = FIRST + timedelta(minutes=n if minutes is None else minutes)
    return n, f"{told:%Y-%m-%d %H:%M:%S}", n * 1.5 if amount is None else amount, "yes", "a"


def insert(folder: Path, rows: Iterable[tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(folder / "shop.db")) as db:
        db.executemany("insert into orders values (?, ?, ?, ?, ?)", rows)
        db.commit()


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "shop.db")) as db:
        db.execute(sql)
        db.commit()


def deliver(folder: Path, name: str, rows: Iterable[tuple[Any, ...]]) -> Path:
    lines = ["n,told,amount,came_back,kind", *(",".join(map(str, each)) for each in rows)]
    file = folder / "in" / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


class Reading:
    """One reading of all sources: its entry, whether it came from the record, and the rows that are kept."""

    def __init__(self, folder: Path, *, full: bool = False, **options: Any) -> None:
        workspace = opened(folder, **options)
        work = Work(workspace, full=full)
        try:
            self.entry: Entry[SourceRead] = read_sources(work)["orders"]
            self.rows: pl.DataFrame = workspace.tables.read(self.entry.payload.table)
        finally:
            workspace.chain.engine.dispose()
        (line,) = work.lines
        self.cached, self.why, self.said = line.cached, line.why, line.said

    @property
    def payload(self) -> SourceRead:
        return self.entry.payload

    @property
    def numbers(self) -> list[int]:
        return sorted(self.rows["n"].to_list())

    @property
    def added(self) -> int:
        return 0 if self.cached or self.payload.increment is None else self.payload.increment.added
