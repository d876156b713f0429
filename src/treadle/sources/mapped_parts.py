"""A large table whose columns are mapped, in parts: each is mapped by itself, as no value looks at another row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.mapping import Applied, NotThere, added_up, apply, as_instants, read_by, root_of
from treadle.sources.expected import of_clocks
from treadle.sources.files import Reading, refuse_unreadable
from treadle.sources.found import Found
from treadle.sources.laid import LaidParts, Scratch
from treadle.sources.mapped import MappedRows
from treadle.sources.parts import FileParts, parts_of
from treadle.sources.zoned import columns_with_zones, mixed
from treadle.spec import Mapped

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class MappedParts:
    """See `treadle.contracts.Parts`. What is to be told of the table is in `found.notes` once all of it was read."""

    found: MappedRows
    parts: FileParts | LaidParts
    schema: pl.Schema
    where: str
    instants: frozenset[str] = frozenset()
    """Columns of the source with times that come with a zone, of those that a clock's zone is said of."""

    @property
    def rows(self) -> int:
        return self.parts.rows

    def read(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Raises what `MappedRows.rows` raises, of the first part in which something is wrong: it tells how many more
        there are in that part alone."""
        if columns is not None:
            yield from self._some(columns)
            return
        before, told = 0, list[Applied]()
        for rows in self.parts.read():
            made = _applied(self.found, as_instants(rows, self.instants), self.where, before)
            before += rows.height
            told.append(replace(made, rows=made.rows.head(0)))
            yield made.rows
        self.found.notes[:] = added_up(told)

    def _some(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Of the source only those are read that these are made of."""
        mapped, schema = self.found.source.mapped, self.parts.schema
        made = {name: mapped[name] for name in columns if name in mapped}
        kept = [name for name in columns if name not in mapped]
        wanted = [root_of(place, schema) for places in read_by(made).values() for place in places]
        known = [name for name in dict.fromkeys([*kept, *wanted]) if name]
        before = 0
        # of constants alone nothing is read, and there are rows all the same
        for rows in self.parts.read(known or list(schema)[:1]):
            told = as_instants(rows, self.instants)
            part = _applied(self.found, told, self.where, before, made).rows if made else rows
            before += rows.height
            yield part.with_columns(rows.get_column(name) for name in kept).select(columns)


def mapped_parts_of(found: MappedRows, where: str, scratch: Scratch | None = None) -> MappedParts | None:
    """As `parts_of`, of a table whose columns are mapped.

    Raises:
        NotMade, SpecError, DataError: as the mapping of the whole does, where its columns tell.
    """
    import polars as pl

    parts = parts_of(found.found, where, scratch)
    if parts is None:
        return None
    instants = _instants(parts, found.found, where)
    try:
        empty = _applied(found, pl.DataFrame(schema=parts.schema), where, 0).rows
    except NotThere:  # rows tell which column it is that is called otherwise
        empty = _applied(found, next(parts.read()), where, 0).rows.head(0)
    return MappedParts(found, parts, empty.schema, where, instants)


def _instants(parts: FileParts | LaidParts, found: Found, where: str) -> frozenset[str]:
    """What is told of the types, or of the texts, of each file.

    Raises:
        DataError: a column says its zone in one file, and not in another.
    """
    clocks = of_clocks(found.layout) if isinstance(found, Reading) else frozenset[str]()
    if not clocks:
        return clocks
    # files in folders of their own may have one name
    if isinstance(parts, FileParts):
        told = [(file.name, _zoned_by_type(file, clocks & {*parts.schema}, where)) for file in parts.reading.files]
    else:
        told = [(each.text.file.name, each.zoned) for each in parts.laid]
    instants = set[str]()
    for name in sorted(clocks):
        says = {number: zoned[name] for number, (_, zoned) in enumerate(told) if name in zoned}
        if len({*says.values()}) > 1 and isinstance(parts, FileParts):  # where it has no value a type says nothing
            says = {number: zoned for number, zoned in says.items() if parts.has_values(number, name)}
        first = {zoned: told[number][0] for number, zoned in reversed(says.items())}
        if len(first) > 1:
            raise mixed(name, first[True], first[False], where)
        instants |= {name} if True in first else set()
    return frozenset(instants)


def _zoned_by_type(file: Path, columns: frozenset[str], where: str) -> dict[str, bool]:
    """Of these columns of a file of Parquet whether their type says a zone."""
    import polars as pl

    try:
        zoned = columns_with_zones(pl.scan_parquet(file, glob=False).collect_schema())
    except (pl.exceptions.PolarsError, OSError) as bad:
        raise refuse_unreadable(bad, file, "parquet", where) from bad
    return {name: name in zoned for name in columns}


def _applied(
    found: MappedRows, rows: pl.DataFrame, where: str, before: int, some: Mapping[str, Mapped] | None = None
) -> Applied:
    source, rates = found.source, {each.written: each.rates for each in found.rates}
    columns, keep = (source.mapped, source.unmapped == "keep") if some is None else (some, False)
    return apply(rows, columns, keep=keep, rates=rates, where=where, before=before)
