"""A source `e(k, t, v)` under a contract that sets negative `v` aside; what is delivered, and done about its rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from stage_shop import edit, opened, write_shop

from treadle.exploring.quarantined import drop_aside, mend_aside, replay_aside, show_aside, undo_aside
from treadle.stages.quarantine import standing
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

RULES = """\
apiVersion: v3.1.0
kind: DataContract
id: e
version: 1.0.0
customProperties: [{property: maxBadShare, value: 1}]
schema:
- name: e
  properties:
  - {name: k, logicalType: integer, primaryKey: true}
  - {name: t, logicalType: integer}
  - {name: v, logicalType: integer, logicalTypeOptions: {minimum: 0}}
"""
BY = "{read: 'sqlite:s.db', table: e, key: k, new: {by: t}, contract: e.yaml}"
KEEP = BY.replace("{by: t}", "{by: t, when_seen: keep}")
REFUSE = BY.replace("{by: t}", "{by: t, when_seen: refuse}")
FILES = "{read: in, key: k, new: files, contract: e.yaml}"
WHOLE = "{read: e.csv, key: k, contract: e.yaml}"
Row = tuple[int, int, int]


class Place:
    """A source `e(k, t, v)`, read from a database or from files, and how it stands."""

    def __init__(self, folder: Path, said: str = BY) -> None:
        self.folder, self.said = folder, said
        write_shop(folder)
        edit(folder, "sources:\n", f"sources:\n  e: {said}\n")
        (folder / "e.yaml").write_text(RULES, encoding="utf-8")
        (folder / "in").mkdir()
        self.sql("create table e (k integer, t integer, v integer)")

    def sql(self, *texts: str) -> None:
        with closing(sqlite3.connect(self.folder / "s.db")) as db:
            for text in texts:
                db.execute(text)
            db.commit()

    def deliver(self, *rows: Row) -> None:
        """Rows that are new, or that take the place of those with their key at the source."""
        if "sqlite" not in self.said:
            lines = ["k,t,v", *(",".join(map(str, row)) for row in rows)]
            name = f"in/{len([*(self.folder / 'in').iterdir()]):03}.csv" if "new: files" in self.said else "e.csv"
            (self.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            return
        for row in rows:
            self.sql(f"delete from e where k = {row[0]}", f"insert into e values {row}")

    def do(self, act: Any, *given: Any) -> Any:
        workspace = opened(self.folder)
        try:
            return act(workspace, *given)
        finally:
            workspace.chain.engine.dispose()

    def read(self, *rows: Row, **options: Any) -> Any:
        if rows:
            self.deliver(*rows)
        return self.do(lambda it: read_sources(Work(it, **options))["e"])

    def mend(self, to: str, where: str = "") -> Any:
        return self.do(mend_aside, "e", (to,), where, "")

    def drop(self, where: str) -> Any:
        return self.do(drop_aside, "e", where, "unwanted")

    def replay(self) -> Any:
        return self.do(replay_aside, "e", "")

    def undo(self, version: int) -> Any:
        return self.do(undo_aside, "e", str(version), "too hasty")

    @property
    def kept(self) -> list[Row]:
        frame = self.do(lambda it: it.tables.read(standing(it, "e").read.payload.table))
        return sorted(frame.select("k", "t", "v").iter_rows())

    @property
    def aside(self) -> list[Row]:
        return _rows(self.do(show_aside, "e", None, 1000).rows)

    @property
    def mended(self) -> list[Row]:
        return _rows(each for each in self.do(show_aside, "e", None, 1000).rows if each.mended)


def _rows(shown: Iterable[Any]) -> list[Row]:
    return sorted(tuple(int(str(row.values[name])) for name in "ktv") for row in shown)  # type: ignore[misc]
