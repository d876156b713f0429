"""A source whose columns are mapped: its rows as they come from elsewhere, made into those of the target schema.

Rates are read as a source is (a file of any format), and their digest is part of the name of what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import SpecError
from treadle.evidence import digest
from treadle.mapping import Rates, apply, as_read, column_at_source, instants_in, rates_in, rates_of, unmarked
from treadle.sources.cursors import in_zone
from treadle.sources.databases import Rows
from treadle.sources.files import find_files
from treadle.sources.found import Found
from treadle.sources.zoned import clocked, is_placed, with_clocks
from treadle.spec import Source
from treadle.spec.urls import is_url

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class RatesRead:
    """Rates that a source is converted by. `written`: their place, as the project file has it."""

    written: str
    digest: str
    rates: Rates


@dataclass(frozen=True, eq=False)
class MappedRows:
    """What a source names, its columns mapped. `notes`: a sentence for each thing to be told of them, once they were
    made."""

    found: Found
    source: Source
    rates: tuple[RatesRead, ...]
    notes: list[str] = field(default_factory=list)
    instants: set[str] = field(default_factory=set)
    """Columns of the source with times that came with a zone, once the rows were made; of those that a clock's zone is
    said of."""

    @property
    def name(self) -> str:
        return self.found.name

    @property
    def digest(self) -> str:
        return digest([self.found.digest, *(each.digest for each in self.rates)]) if self.rates else self.found.digest

    @property
    def bytes(self) -> int:
        return self.found.bytes

    def rows(self, where: str = "") -> pl.LazyFrame:
        taken = self.found.rows(where).collect()
        self.instants.update(instants_in(taken))
        made = mapped(taken, self.source, self.rates, where)
        self.notes[:] = made[1]
        return made[0].lazy()


def notes_of(found: Found) -> tuple[str, ...]:
    """What is to be told of what was found, once its rows were made."""
    if isinstance(found, MappedRows):
        return (*notes_of(found.found), *found.notes)
    return found.notes if isinstance(found, Rows) else ()


def find_mapped(source: Source, root: Path, where: str, find: Callable[[Source], Found]) -> MappedRows:
    """What a source names, by `find`, which is asked for it as the source itself has it.

    Raises:
        DataError: its rates are not there, or do not hold together.
    """
    rates = read_rates(source, root, where)  # first, since a source may take long
    return MappedRows(find(with_clocks(as_read(source), source)), source, rates)


def mapped(
    rows: pl.DataFrame, source: Source, rates: tuple[RatesRead, ...], where: str, *, partly: bool = False
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows as the project knows them, and what is to be told; as they are where nothing is mapped."""
    if not source.map:
        return unmarked(rows), ()
    known: Mapping[str, Rates] = {each.written: each.rates for each in rates}
    keep = source.unmapped == "keep"
    made = apply(rows, source.mapped, keep=keep, rates=known, where=where, partly=partly)
    return made.rows, made.notes


def mapped_own(
    given: pl.DataFrame, source: Source, rates: tuple[RatesRead, ...], where: str
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows of a file of the user's own, as `mapped` has those of its source, and as they are placed where that is
    read by times of a clock. A file that has the columns of the table already stays as it is."""
    asked, new = clocked(source), source.only_new
    made, notes = mapped(given, asked, rates, where, partly=True)
    if new is None or new.by not in made.columns or column_at_source(source, new.by) not in given.columns:
        return made, notes
    if is_placed(asked, instants_in(given)):
        return made, notes
    return made.with_columns(in_zone(made.get_column(new.by), new, where)), notes


def read_rates(source: Source, root: Path, where: str = "") -> tuple[RatesRead, ...]:
    """The rates that a mapping converts by; they lie in the project's folder, or where it is trusted to read.

    Raises:
        DataError: there are none, or they do not hold together.
    """
    found = []
    for written in rates_in(source):
        if is_url(written):
            mend = "read it as a file of the project: one that is fetched before a run"
            raise SpecError(f"rates are a file, and {written[:60]} is a URL", where=where, mend=mend)
        reading = find_files(Source(read=written), root, where=where)
        frame = reading.rows(where).collect()
        found.append(RatesRead(written, reading.digest, rates_of(frame, written, where)))
    return tuple(found)


def digests_of_rates(source: Source, root: Path) -> dict[str, str]:
    """Of each file of rates the digest of what it holds."""
    return {
        f"rates {written}": find_files(Source(read=written), root).digest[:16]
        for written in rates_in(source)
        if not is_url(written)
    }
