"""Rows of large files in parts of bounded size, so that a table may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import TreadleError
from treadle.sources.ahead import made_ahead
from treadle.sources.behind import DigestsBehind
from treadle.sources.files import Reading, changed, refuse_unlike, refuse_unreadable
from treadle.sources.footers import last_bytes, row_groups
from treadle.sources.found import Found
from treadle.sources.harmony import harmonised, refuse_unfolding, told_by_type
from treadle.sources.laid import LaidParts, Scratch, laid_parts_of
from treadle.sources.limits import most_bytes, width
from treadle.sources.places import AsItIs, as_it_is, opened
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl

Groups = tuple[tuple[int, int], ...]
"""Rows and bytes of the row groups of a file."""
PARTED_FROM = 1 << 28
"""Bytes that rows take at the least: from here on they are read in parts. Smaller tables fit wherever Treadle runs."""
PART = 1 << 26
"""Bytes of a part, about."""
_AHEAD = 2
"""Parts that are read while one is used: Polars unpacks a row group in one thread."""
_LARGEST_GROUP = 1 << 29  # of one row group, which is unpacked as a whole before its rows are cut


@dataclass(frozen=True, eq=False)
class FileParts:
    """See `treadle.contracts.Parts`. What is read of all columns is held to the digest of the files, at the end."""

    reading: Reading
    schema: pl.Schema
    cuts: tuple[tuple[Path, tuple[int, ...]], ...]
    """Of each file where its parts begin, and its rows."""
    ahead: int
    """So many parts are read ahead."""
    as_it_was: tuple[AsItIs, ...]
    """Of each file, before anything of it was read in parts."""
    where: str

    @property
    def rows(self) -> int:
        return sum(cuts[-1] for _, cuts in self.cuts)

    def read(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """Raises DataError where a file cannot be read, or was written to since it was found."""
        import polars as pl

        if not self.rows:
            empty = pl.DataFrame(schema=self.schema)
            yield empty if columns is None else empty.select(columns)
        if columns is not None:
            yield from made_ahead(self._reads(columns), self.ahead)
            return
        with (
            DigestsBehind(self.reading.files, self.where) as behind,
            closing(made_ahead(self._reads(None), self.ahead)) as parts,
        ):
            for number, end in self._ends():
                yield next(parts)  # which no name here keeps from going
                behind.passed(number, end)
            refuse_unlike(self.reading, behind.digests(), self.where)
            for number in range(len(self.reading.files)):
                self._refuse_moved(number)

    def has_values(self, number: int, column: str) -> bool:
        """Whether a column has a value in the file of this number, of which no more parts are read than tell.

        Raises:
            DataError: as `read`.
        """
        return any(part().get_column(column).count() for part in self._reads([column], number))

    def _refuse_moved(self, number: int) -> None:
        """Refuse a file that is no more what it was, before Polars opens what has its name now, which may be a pipe."""
        file = self.reading.files[number]
        if as_it_is(file, self.where) != self.as_it_was[number]:
            raise changed(self.reading, self.where)

    def _ends(self) -> Iterator[tuple[int, int]]:
        """Of each part the number of its file, and the rows of that up to its end."""
        return ((number, end) for number, (_, cuts) in enumerate(self.cuts) for end in cuts[1:])

    def _reads(self, columns: Sequence[str] | None, only: int | None = None) -> Iterator[Callable[[], pl.DataFrame]]:
        """What reads each part; only: of the file of this number."""
        import polars as pl

        said = {name for values in self.reading.partitions for name, _ in values}
        for number, (file, cuts) in enumerate(self.cuts):
            if only is not None and number != only:
                continue
            lazy = pl.scan_parquet(file, glob=False)
            if columns is not None:
                schema = lazy.collect_schema()
                if {*columns} - said <= set(schema) and not _beside_objects(columns, schema):
                    own = [name for name in columns if name in schema]
                    lazy = lazy.select(own or list(schema)[:1])  # what folders say is read of none of its columns
            for start, end in pairwise(cuts):
                yield partial(self._part, lazy.slice(start, end - start), number, columns)

    def _part(self, lazy: pl.LazyFrame, number: int, columns: Sequence[str] | None) -> pl.DataFrame:
        import polars as pl

        file = self.reading.files[number]
        self._refuse_moved(number)
        try:
            taken = lazy.collect()
            refuse_unfolding(taken, self.reading.layout, file.name, self.where)
            read = harmonised(taken, self.where)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, Unreadable) as bad:
            raise refuse_unreadable(bad, file, "parquet", self.where) from bad
        part = self.reading.placed(read, number, self.where)
        return part.select(list(self.schema) if columns is None else columns)


def parts_of(found: Found, where: str, scratch: Scratch | None = None) -> FileParts | LaidParts | None:
    """What was found, in parts; None where it is small, or of a kind that is read as a whole.

    scratch: where text is laid; without it text is read whole.

    Raises:
        DataError: a large text is refused, as it is when it is read whole; or the disk is full.
    """
    if isinstance(found, Reading) and found.format == "csv" and scratch is not None:
        return laid_parts_of(found, scratch, where)
    if not isinstance(found, Reading) or found.format != "parquet":
        return None
    if found.layout.null_values or found.layout.date_format:  # what a text is follows from all values of its column
        return None
    import polars as pl

    try:
        groups = [_groups(file, where) for file in found.files]
        schemas = [pl.scan_parquet(file, glob=False).collect_schema() for file in found.files]
        if not all(told_by_type(dtype) for schema in schemas for dtype in schema.dtypes()):
            return None  # and so does what these become
        empty = (harmonised(pl.DataFrame(schema=schema), where) for schema in schemas)
        taken = [found.placed(frame, number, where).schema for number, frame in enumerate(empty)]
    except (TreadleError, Unreadable, pl.exceptions.PolarsError, OSError):
        return None  # whoever reads it whole says what is wrong
    wide = sum(width(dtype) for dtype in schemas[0].dtypes())
    every = [each for one in groups for each in one]
    needed = max(sum(rows for rows, _ in every) * wide, sum(size for _, size in every))
    if needed < min(PARTED_FROM, most_bytes(found.layout)):
        return None
    if any(dict(schema) != dict(taken[0]) for schema in taken[1:]):
        return None
    if any(max(rows * wide, size) > _LARGEST_GROUP for rows, size in every):
        return None
    found.held.clear()
    return FileParts(
        found,
        taken[0],
        tuple((file, _cuts(each, wide)) for file, each in zip(found.files, groups, strict=True)),
        # a group is unpacked as a whole: of larger ones no two at once
        _AHEAD if all(max(rows * wide, size) <= PART for rows, size in every) else 0,
        tuple(as_it_is(file, where) for file in found.files),
        where,
    )


def _beside_objects(columns: Sequence[str], schema: pl.Schema) -> bool:
    """Whether a field of an object may have one of these names too, as `b` of an object `a` has that of a column `a.b`:
    which of the two has it then, all columns tell."""
    import polars as pl

    objects = tuple(f"{name}." for name, dtype in schema.items() if isinstance(dtype, pl.Struct))
    return any(name.startswith(objects) for name in columns)


def _groups(file: Path, where: str) -> Groups:
    with opened(file, where) as stream:
        return row_groups(last_bytes(stream))


def _cuts(groups: Groups, wide: float) -> tuple[int, ...]:
    """Where the parts of a file begin, and its rows: at row groups where these are no larger than a part."""
    cuts, at = [0], 0
    for rows, size in groups:
        each = max(1.0, wide, size / rows if rows else 0.0)
        most = max(1, int(PART / each))
        if at > cuts[-1] and at + rows - cuts[-1] > most:
            cuts.append(at)
        if rows > 2 * most:
            pieces = -(-rows // most)
            cuts += [at + rows * piece // pieces for piece in range(1, pieces)]
        at += rows
    return (*cuts, at) if at > cuts[-1] else tuple(cuts)
