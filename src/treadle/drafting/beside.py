"""What a check holds the rows of a source beside, as a run would: other sources as they are now, and the last snapshot.

Of other sources only the columns are held that a contract asks for, of the rows that their own contracts keep.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from treadle.contracts import Beside, Contract, others_of
from treadle.errors import TreadleError

if TYPE_CHECKING:
    import polars as pl

    from treadle.contracts import Parts
    from treadle.workspace import Workspace


@dataclass
class Others:
    """The sources in the order in which they are looked at, each after those that its contract points to."""

    workspace: Workspace
    _wanted: dict[str, dict[str, None]] = field(default_factory=dict)
    _kept: dict[str, pl.DataFrame] = field(default_factory=dict)
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def order(self) -> list[str]:
        """As the project has them where contracts point in a circle or cannot be read, which is told elsewhere."""
        from treadle.stages import contract_of
        from treadle.stages.beside import reading_order

        sources = self.workspace.project.spec.sources
        try:
            contracts = {name: contract_of(self.workspace, source) for name, source in sources.items()}
            order = reading_order(self.workspace.project, contracts)
        except TreadleError:
            return list(sources)
        for contract in filter(None, contracts.values()):
            for other, columns in others_of(contract).items():
                self._wanted.setdefault(other, {}).update(dict.fromkeys(columns))
        return order

    def keep(self, name: str, rows: Parts | pl.LazyFrame) -> None:
        """The rows of a source that its contract keeps, all of them, for those that point to it."""
        import polars as pl

        if name not in self._wanted:
            return
        schema = rows.collect_schema() if isinstance(rows, pl.LazyFrame) else rows.schema
        columns = [column for column in self._wanted[name] if column in schema]
        keys = [key for key in self.workspace.project.spec.sources[name].keys if key in schema]
        # by their keys rows are told apart that are alike in what is asked
        read = list(dict.fromkeys([*columns, *keys]))
        parts = rows.select(read).collect() if isinstance(rows, pl.LazyFrame) else pl.concat(rows.read(read))
        self._kept[name] = self._with_earlier(name, parts, keys).select(columns)
        self._known[name] = tuple(schema)

    def _with_earlier(self, name: str, rows: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
        """Of a source that is read in increments also what was read before, which may be gone there by now; of what was
        read again the row that counts."""
        import polars as pl

        from treadle.evidence.kinds.source_read import SourceRead

        new = self.workspace.project.spec.sources[name].new
        if new is None or not rows.width:
            return rows
        last = self.workspace.chain.last(SourceRead, subject=f"source/{name}")
        if last is None or not self.workspace.chain.present(last.payload.table):
            return rows
        tables, table = self.workspace.tables, last.payload.table
        if tables.schema(table) | rows.schema != tables.schema(table):
            return rows
        both = pl.concat([tables.read(table, rows.columns), rows])
        first = new != "files" and new.when_seen == "keep"
        return both.unique(keys or None, keep="first" if first else "last", maintain_order=True)

    def beside(self, name: str, contract: Contract | None, files: str = "") -> Beside:
        """files: the digest of what there is of the source now; the last good snapshot is of something else."""
        from treadle.stages import Work
        from treadle.stages.beside import beside_of, last_good

        last = last_good(self.workspace, name, contract, files)
        found = beside_of(Work(self.workspace).bench(), name, contract, {}, last)
        asked = others_of(contract) if contract is not None else {}
        return dataclasses.replace(
            found,
            others={other: self._kept[other] for other in asked if other in self._kept},
            known={other: self._known[other] for other in asked if other in self._known},
        )
