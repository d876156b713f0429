"""Large files of text laid on the disk column by column, as what `typing` says they are, and read from there in parts.

Each file is read once, in blocks. What a column was thought to be in the first of them is tried on each; one of which
that did not hold is read once more, as text. A column that is open then is told by all its values at once, itself alone
in memory, by the function that tells a whole table. So the rows, types, notes and errors are those of the whole.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from treadle.errors import DataError
from treadle.mapping import as_instants, instants_in
from treadle.sources.ahead import each_ahead
from treadle.sources.blocks import Misquoted, NotInBlocks, Text
from treadle.sources.dates import says_zone
from treadle.sources.delimited import columns_of
from treadle.sources.dialects import Dialect, agreed
from treadle.sources.expected import of_clocks, types_expected
from treadle.sources.figures import Signs, signs_of
from treadle.sources.files import Reading, refuse_unlike, refuse_unreadable, renamed
from treadle.sources.harmony import harmonised, joined, refuse_other, without_values
from treadle.sources.limits import most_bytes, refuse_larger
from treadle.sources.packed import PACKED
from treadle.sources.places import as_it_is
from treadle.sources.trials import OPEN, Trial, thought_of, tried
from treadle.sources.typing import Note, far_notes, refuse_unknown, typed, without
from treadle.sources.unreadable import Unreadable

if TYPE_CHECKING:
    import polars as pl

LAID_FROM = 1 << 27
"""Bytes of files from which on they are laid: held whole, they and their rows take five times as many."""
BLOCK, TOGETHER = 1 << 24, 3
"""Bytes of text that are read at once; and blocks that make a part."""
_THREADS = 2
"""Which try columns and write them, beside the one that reads."""
_PACKED = 4
"""So many times the bytes of a packed file are those of its text, at the least as a rule."""


@dataclass(frozen=True)
class Scratch:
    """`folder` gives an empty folder on a disk, for as long as parts are read; `said` is told of each row that was laid
    there how many they are by now."""

    folder: Callable[[], Path]
    said: Callable[[int], None] = lambda rows: None


@dataclass(frozen=True, eq=False)
class LaidParts:
    """See `treadle.contracts.Parts`. The files were held to their digests when they were laid.

    notes, dialect: as of `treadle.sources.Table`.
    """

    schema: pl.Schema
    notes: tuple[Note, ...]
    dialect: Dialect
    laid: tuple[_Laid, ...]

    @property
    def rows(self) -> int:
        return sum(sum(each.heights) for each in self.laid)

    def read(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        import polars as pl

        names = list(self.schema) if columns is None else columns
        for each in self.laid:
            for start in range(0, len(each.heights), TOGETHER):
                blocks = range(start, min(start + TOGETHER, len(each.heights)))
                yield pl.DataFrame(
                    [_as(pl.concat([each.read(name, block) for block in blocks]), self.schema[name]) for name in names]
                )


@dataclass(eq=False)
class _Laid:
    """One file, as far as it is laid: of each column a file for each block."""

    text: Text
    folder: Path
    told: Dialect
    signs: Signs
    trials: dict[str, Trial | None] = field(default_factory=dict)
    """Of each column, in their order; None as long as it has no value."""
    spoilt: set[str] = field(default_factory=set)
    """Columns that are not what they were thought to be."""
    types: dict[str, pl.DataType] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    """Columns that have values."""
    zoned: dict[str, bool] = field(default_factory=dict)
    """Of each column of times or days whether its texts say their zone here, whatever it is in other files."""
    heights: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def place(self, name: str, block: int) -> Path:
        return self.folder / f"{list(self.trials).index(name)}-{block}.arrow"

    def read(self, name: str, block: int) -> pl.Series:
        import polars as pl

        values = pl.read_ipc(self.place(name, block)).to_series()
        return _as(values, self.types[name]) if name in self.types else values

    def write(self, values: pl.Series, block: int) -> None:
        """Raises DataError where the disk is full."""
        import polars as pl

        try:
            values.to_frame().write_ipc(self.place(values.name, block))
        except (OSError, pl.exceptions.PolarsError) as bad:
            reason = (str(bad).strip().splitlines() or ["it cannot be written"])[0]
            what = f"{self.text.file.name} cannot be laid on the disk of the workspace while it is read: {reason}"
            mend = "make room there for its text once more; the last good snapshot is kept"
            raise DataError(what, where=self.text.where, mend=mend) from bad

    def all_of(self, name: str) -> pl.Series:
        """Raises DataError where the values of this column alone would take too much memory."""
        import polars as pl

        places = [self.place(name, block) for block in range(len(self.heights))]
        what = f"has a column {name} of {sum(self.heights):,} rows, which unpack to"
        needed, text = sum(place.stat().st_size for place in places), self.text
        refuse_larger(needed, text.layout, text.file.name, what=what, where=text.where)
        return pl.concat([self.read(name, block) for block in range(len(places))])

    def put(self, values: pl.Series) -> None:
        """Lay all values of a column, as what they are."""
        for block, (start, end) in enumerate(pairwise(accumulate(self.heights, initial=0))):
            self.write(values[start:end], block)
        self.types[values.name] = values.dtype
        self.filled |= {values.name} if values.null_count() < len(values) else set()


def laid_parts_of(
    reading: Reading, scratch: Scratch, where: str, *, least: int | None = None, block: int | None = None
) -> LaidParts | None:
    """Files of text in parts; None where they are small, or have to be read whole.

    least: bytes from which on a text is large, else `LAID_FROM`. block: bytes of text that are read at once, else
    `BLOCK`.

    Raises:
        DataError: as the whole is refused; a file was written to since it was found; or the disk is full.
    """
    sizes = [(file, as_it_is(file, where).size) for file in reading.files]
    text = sum(size * (_PACKED if file.suffix in PACKED else 1) for file, size in sizes)
    if reading.partitions or text < (LAID_FROM if least is None else least):
        return None
    if reading.layout.max_gb is not None and max(size for _, size in sizes) > most_bytes(reading.layout):
        return None  # whoever reads it whole says so
    folder = scratch.folder() / "laid"
    try:
        return _Laying(reading, folder, scratch.said, where, block or BLOCK).parts()
    except NotInBlocks:
        shutil.rmtree(folder, ignore_errors=True)
        return None


@dataclass(frozen=True)
class _Laying:
    reading: Reading
    folder: Path
    said: Callable[[int], None]
    where: str
    block: int

    def parts(self) -> LaidParts:
        reading, digests, odd, laid = self.reading, list[str](), list[Note](), self._begun()
        for number, each in enumerate(laid):
            try:
                digests.append(self._lay(each, odd))
                if each.spoilt and self._lay(each, []) != digests[-1]:
                    digests[-1] = ""
            except Unreadable as bad:
                raise refuse_unreadable(bad, reading.files[number], reading.format, self.where) from bad
        refuse_unlike(reading, digests, self.where)
        for number, each in enumerate(laid):
            try:
                self._tell(each)
            except ValueError as bad:
                raise refuse_unreadable(bad, reading.files[number], reading.format, self.where) from bad
        notes = [note for each in laid for note in each.notes]
        sure = {note.column for note in notes if note.kind == "date"}
        if any(note.kind == "unsure" and note.column in sure for note in notes):
            raise NotInBlocks  # one of the files tells what the others leave open
        told = {(note.column, note.kind): note for note in reversed(notes)}
        schema = self._joined(laid, told)
        last = sorted(told.values(), key=lambda note: list(schema).index(note.column))
        return LaidParts(schema, (*dict.fromkeys(odd), *last), laid[0].told, tuple(laid))

    def _begun(self) -> list[_Laid]:
        reading, laid = self.reading, list[_Laid]()
        texts = [Text(file, reading.layout, self.where) for file in reading.files]
        try:
            dialects = agreed([text.dialect() for text in texts])
        except Unreadable as bad:
            raise NotInBlocks from bad  # what is wrong in a file before it is told first
        for number, (text, told) in enumerate(zip(texts, dialects, strict=True)):
            assert told is not None
            folder = self.folder / f"{number}"
            folder.mkdir(parents=True)
            laid.append(_Laid(text, folder, told, signs_of(told.decimal_comma, reading.layout.thousands)))
        return laid

    def _lay(self, each: _Laid, odd: list[Note]) -> str:
        """Each block of a file, or of the columns of it that are spoilt; the digest of what was read.

        odd: takes what is to be said of its names.
        """
        seen, told, again = hashlib.sha256(), replace(each.told, skipped=0), [*each.spoilt]
        each.trials |= dict.fromkeys(again, OPEN)
        each.spoilt.clear()
        each.heights.clear()
        try:
            blocks = each_ahead(each.text.blocks(each.told, self.block, seen))
            with ThreadPoolExecutor(_THREADS) as beside, closing(blocks):
                for block, text in enumerate(blocks):
                    rows = columns_of(text, told)
                    odd += renamed(rows.columns) if not block else []
                    rows = harmonised(rows, self.where)
                    if not each.trials:
                        dated = self.reading.layout.date_format
                        each.trials |= {name: OPEN if name in dated else None for name in rows.columns}
                    columns = [rows.get_column(name) for name in again] if again else rows.get_columns()
                    list(beside.map(partial(self._keep, each, block), columns))
                    each.heights.append(rows.height)
                    self.said(sum(each.heights))
        except Misquoted:
            each.text.refuse(each.told, odd=True)
        except Unreadable:
            each.text.refuse(each.told)
        return seen.hexdigest()

    def _keep(self, each: _Laid, block: int, column: pl.Series) -> None:
        """One block of a column, as what it is thought to be."""
        layout, name = self.reading.layout, column.name
        text, trial = without(column, layout), each.trials[name]
        if name in each.spoilt:
            return
        if trial is None:
            trial = each.trials[name] = thought_of(text, each.signs, types_expected(layout).get(name, ""))
        made = column if trial == OPEN else tried(text, trial) if trial is not None else text
        if made is None:
            each.spoilt.add(name)
            return
        if trial is not None and says_zone(trial.form) and name in of_clocks(layout):
            made = as_instants(made.to_frame(), [name]).to_series()
        each.write(made, block)
        if trial != OPEN and trial is not None:
            each.types[name] = made.dtype
            each.filled.add(name)

    def _tell(self, each: _Laid) -> None:
        """What the columns are that all of their values tell."""
        import polars as pl

        layout = self.reading.layout
        refuse_unknown(list(each.trials), layout)
        for name, trial in each.trials.items():
            if trial == OPEN:
                each.types.pop(name, None)
                found, notes = typed(pl.DataFrame([each.all_of(name)]), layout, each.signs, partly=True)
                each.put(found.to_series())
                each.notes += notes
            elif trial is None:
                each.types[name] = pl.String()

    def _joined(self, laid: list[_Laid], told: dict[tuple[str, str], Note]) -> pl.Schema:
        """The columns of all files, laid anew where they are not alike. told: takes what is to be said of these."""
        import polars as pl

        first, files, schema = laid[0], [each.text.file.name for each in laid], pl.Schema()
        for each, file in zip(laid[1:], files[1:], strict=True):
            refuse_other(list(each.trials), list(first.trials), file, files[0], self.where)
        for each in laid:
            marks = instants_in(pl.DataFrame(schema=each.types))
            each.zoned = {name: name in marks for name in each.filled if each.types[name].is_temporal()}
        for name in first.trials:
            kinds = list(dict.fromkeys(each.types[name] for each in laid if name in each.filled))
            if len(kinds) > 1:
                frames = [pl.DataFrame([each.all_of(name)]) for each in laid]
                whole = joined(frames, files, self.where, types_expected(self.reading.layout)).to_series()
                if any(kind.is_numeric() for kind in kinds) and not whole.dtype.is_numeric():
                    told |= {(note.column, note.kind): note for note in far_notes(whole)}
                ends = accumulate((sum(each.heights) for each in laid), initial=0)
                for each, (start, end) in zip(laid, pairwise(ends), strict=True):
                    each.put(whole[start:end])
                kinds = [whole.dtype]
            schema[name] = kinds[0] if kinds else without_values(each.types[name] for each in laid)
        return schema


def _as(values: pl.Series, kind: pl.DataType) -> pl.Series:
    """Values of this type, or of none at all, which become so many of this type."""
    import polars as pl

    return values if values.dtype == kind else pl.Series(values.name, [None], kind).new_from_index(0, len(values))
