"""Rows from local files. What was read is named by the SHA-256 of the files' bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from treadle.errors import DataError, SpecError, nearest
from treadle.sources.dialects import Dialect, agreed
from treadle.sources.expected import Expected, of_clocks, types_expected
from treadle.sources.figures import Signs, signs_of
from treadle.sources.formats import ENDINGS, GUESSED, ending_of, refuse_parquet, table
from treadle.sources.harmony import harmonised, joined, plain_name, refuse_unfolding
from treadle.sources.limits import refuse_larger
from treadle.sources.packed import PACKED
from treadle.sources.partitions import Values, placed, types_of, values_of
from treadle.sources.places import LOG, named, opened, refuse_outside
from treadle.sources.typing import Note, far_notes, typed
from treadle.sources.unreadable import Unreadable
from treadle.sources.zoned import marked, refuse_mixed, with_clocks
from treadle.spec import Layout, Source
from treadle.spec.trust import is_inside
from treadle.spec.urls import is_url

if TYPE_CHECKING:
    import polars as pl

Content = bytes
"""Of a file: `Reading.bytes` is how many."""
_AS_TOLD = Layout()
_LOOKED_AT, _ROWS_LOOKED_AT = 1 << 25, 50_000
"""Bytes of files, and rows of a table that is larger, which a look takes."""
HELD = 1 << 27
"""Bytes of files that are kept from when they are hashed until their rows are made, so that they are read and hashed
once. Larger ones are hashed as they stream by, and once more as they are read: what was hashed is what is read."""
_MEND = "check the file, or name its format with `format:`"


@dataclass(frozen=True)
class Reading:
    """What a source names: its files, their format, a digest of their content, and what is said of them."""

    files: tuple[Path, ...]
    format: str
    digest: str
    bytes: int
    layout: Layout = field(default=_AS_TOLD)
    partitions: tuple[Values, ...] = ()
    """What the folders of each file say, where they are called `year=2024`; else empty."""
    held: dict[Path, Content] = field(default_factory=dict, compare=False, repr=False)
    """The bytes that were hashed, of files that are small; given out once, to whoever makes their rows."""
    heights: list[int] = field(default_factory=list, compare=False, repr=False)
    """Of each file its rows, once they were made."""

    @property
    def name(self) -> str:
        return self.files[0].name

    def rows(self, where: str = "") -> pl.LazyFrame:
        return scan(self, where)

    def placed(self, frame: pl.DataFrame, number: int, where: str) -> pl.DataFrame:
        """The rows of the file of this number, with the columns that its folders say."""
        if not self.partitions:
            return frame
        return placed(frame, self.partitions[number], types_of(self.partitions), self.files[number], where)

    def said(self, layout: Layout) -> Reading:
        """The same files, said to be written as `layout` says."""
        return replace(self, layout=layout)


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of a source. `notes`: what of their columns was told from the text, and what could not be told.

    `dialect`: how the first file of text is written; None of other formats.
    """

    frame: pl.DataFrame
    notes: tuple[Note, ...] = ()
    dialect: Dialect | None = None


def read_own(
    file: str | Path, layout: Layout = _AS_TOLD, *, where: str = "", texts: frozenset[str] = frozenset()
) -> pl.DataFrame:
    """The rows of a file that the user named themselves, wherever it lies. A name is a name here, and no pattern.

    layout: what is said of the columns of such tables; the file may be of another format, and lack some of them. texts:
    columns that are text there, and so here, whatever these rows of them look like.
    """
    layout = with_clocks(layout, layout) if isinstance(layout, Source) else layout
    return tabled(find_own(file, like(layout, texts), where=where), where, partly=True).frame


def like(layout: Layout, texts: frozenset[str] = frozenset()) -> Layout:
    """What is said of columns alone: it holds of another file with the same columns, however that one is written."""
    null_values, date_format, max_gb, clocks = layout.null_values, layout.date_format, layout.max_gb, of_clocks(layout)
    if clocks or texts:
        return Expected(
            read="", null_values=null_values, date_format=date_format, max_gb=max_gb, clocks=clocks, texts=texts
        )
    return Layout(null_values=null_values, date_format=date_format, max_gb=max_gb)


def find_own(file: str | Path, layout: Layout = _AS_TOLD, *, where: str = "", more: Sequence[Path] = ()) -> Reading:
    """A file, or the folder of a Delta table, that the user named themselves, with the digest of its bytes.

    more: further files of the same table.
    """
    given = Path(file)
    if not os.path.lexists(given) and is_url(str(file).replace(":/", "://", 1)):  # a path has one of two slashes
        mend = "write it as a source in a project file (docs/sources.md), or give a file"
        raise DataError("a URL is no file of this machine", where=where, mend=mend)
    if not os.path.lexists(given):
        there = sorted(each.name for each in given.parent.glob("*")) if given.parent.is_dir() else []
        near = f"; {nearest(given.name, there)}" if there else ""
        raise DataError(f"there is no file {given.name}", where=where, mend=f"looked for {given.absolute()}{near}")
    files = [found for each in (given, *more) for found in named(str(each.absolute()), Path("/"), where)]
    return _reading(files, layout, where)


def scan(reading: Reading, where: str = "") -> pl.LazyFrame:
    """The rows of what was found. They are read here, and held to the digest: what was hashed is what is returned.

    Raises:
        DataError: a file cannot be parsed, or was written to since it was found.
    """
    return tabled(reading, where).frame.lazy()


def tabled(reading: Reading, where: str = "", *, partly: bool = False) -> Table:
    """The rows of what was found, as `scan` reads them, with what is to be said of them.

    partly: columns that the source speaks of may be missing.
    """
    if reading.format == "delta":
        return _typed([_delta(reading, where)], [None], reading, where, partly)
    frames, dialects, digests, odd = [], [], [], list[Note]()
    held = reading.held.keys() >= set(reading.files)
    for file in reading.files:
        content = reading.held.pop(file) if held else _content(file, reading.layout, where)
        if held:
            refuse_larger(len(content), reading.layout, file.name, what="has", where=where)
        else:
            digests.append(hashlib.sha256(content).hexdigest())
        frame, told, renamed = _parsed(content, file, reading, where)
        odd += renamed
        frames.append(frame)
        dialects.append(told)
    if not held:
        refuse_unlike(reading, digests, where)
    made = _typed(frames, agreed(dialects), reading, where, partly)
    return replace(made, notes=(*dict.fromkeys(odd), *made.notes))


def _content(file: Path, layout: Layout, where: str) -> bytes:
    with opened(file, where) as stream:
        refuse_larger(os.fstat(stream.fileno()).st_size, layout, file.name, what="has", where=where)
        return stream.read()


def _parsed(
    content: bytes, file: Path, reading: Reading, where: str
) -> tuple[pl.DataFrame, Dialect | None, list[Note]]:
    import polars as pl

    try:
        frame, told = table(content, reading.format, file, reading.layout, where)
        return marked(harmonised(frame, where), frame, reading.layout), told, renamed(frame.columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as bad:
        raise refuse_unreadable(bad, file, reading.format, where) from bad


def renamed(names: Iterable[str]) -> list[Note]:
    """What is to be said of columns whose names hold control characters."""
    found = [(name, plain_name(name)) for name in names]
    return [
        Note(
            plain,
            "named",
            f"the name of {plain} holds control characters ({name!r}): it is called so here; write it so",
        )
        for name, plain in found
        if name != plain
    ]


def _typed(
    frames: list[pl.DataFrame], dialects: list[Dialect | None], reading: Reading, where: str, partly: bool
) -> Table:
    """One table of all files, its texts as what they are."""
    signs = [signs_of(told is not None and told.decimal_comma, reading.layout.thousands) for told in dialects]
    made, notes = [], list[Note]()
    for number, frame in enumerate(frames):
        found, told = _types_of(frame, reading, number, signs[number], where, partly)
        made.append(reading.placed(found, number, where))
        notes += told
    sure = {note.column: note.format for note in notes if note.kind == "date"}
    unsure = {note.column for note in notes if note.kind == "unsure" and note.column in sure}
    if unsure:  # one of the files tells what the others leave open
        dates = {**reading.layout.date_format, **{name: sure[name] for name in unsure}}
        layout = msgspec.structs.replace(reading.layout, date_format=dates)
        return _typed(frames, dialects, reading.said(layout), where, partly)
    first = {(note.column, note.kind): note for note in reversed(notes)}
    types = types_expected(reading.layout) if reading.format in GUESSED else {}
    reading.heights[:] = [frame.height for frame in made]
    names = [file.name for file in reading.files]
    refuse_mixed(made, names[: len(made)], reading.layout, where)
    whole = joined(made, names, where, types)
    for column in whole.iter_columns():
        if any(frame.schema[column.name].is_numeric() for frame in made) and not column.dtype.is_numeric():
            first |= {(note.column, note.kind): note for note in far_notes(column)}
    return Table(whole, tuple(sorted(first.values(), key=lambda n: whole.columns.index(n.column))), dialects[0])


def _types_of(
    frame: pl.DataFrame, reading: Reading, number: int, signs: Signs, where: str, partly: bool
) -> tuple[pl.DataFrame, list[Note]]:
    try:
        return typed(frame, reading.layout, signs, guess=reading.format in GUESSED, partly=partly)
    except ValueError as bad:
        raise refuse_unreadable(bad, reading.files[number], reading.format, where) from bad


def refuse_unreadable(bad: BaseException, file: Path, kind: str, where: str) -> DataError:
    """The error of a file that cannot be read."""
    line, mend = (bad.line, bad.mend or _MEND) if isinstance(bad, Unreadable) else (0, _MEND)
    reason = (str(bad).strip().splitlines() or ["unreadable"])[0]
    if type(bad).__name__ == "PanicException":  # what Polars itself did not expect tells a user nothing
        reason = "it is damaged, or it was written to while it was read"
    place = f"{file.name}, line {line:,}," if line else file.name
    return DataError(f"{place} cannot be read as {kind}: {reason}", where=where, mend=mend)


def find_files(source: Source, root: Path, *, where: str = "") -> Reading:
    """The files that a source names inside `root` (or where it is trusted), with the digest of their bytes."""
    files = named(source.read, root, where, partitioned=True)
    refuse_outside(files, root, where)
    return _reading(files, source, where, root / source.read)


def first_files(source: Source, root: Path, where: str) -> tuple[pl.DataFrame, bool]:
    """The rows of the first files that a source names, up to some size, and whether these are all.

    Of a table in Parquet or Delta that is larger the first rows alone.
    """
    import polars as pl

    files, folder = named(source.read, root, where, partitioned=True), root / source.read
    refuse_outside(files, root, where)
    delta = source.format == "delta" or any(file.parent.name == LOG for file in files)
    sizes = [file.stat().st_size for file in files]
    if sum(sizes) <= _LOOKED_AT:
        return scan(_reading(files, source, where, folder), where).collect(), True
    try:
        if delta:
            taken = pl.scan_delta(str(root / source.read)).head(_ROWS_LOOKED_AT).collect()
            return marked(harmonised(taken, where), taken, source), False
        if (source.format or _format_of(files, where)) == "parquet":
            taken = pl.scan_parquet(files[0], glob=False).head(_ROWS_LOOKED_AT).collect()
            refuse_unfolding(taken, source, files[0].name, where)
            rows = marked(harmonised(taken, where), taken, source)
            partitions = values_of(files, folder)
            return placed(rows, partitions[0], types_of(partitions), files[0], where) if partitions else rows, False
    except (pl.exceptions.PolarsError, OSError, ValueError) as bad:
        raise refuse_unreadable(bad, files[0], "delta" if delta else "parquet", where) from bad
    count = max(1, sum(total <= _LOOKED_AT for total in accumulate(sizes)))
    return scan(_reading(files[:count], source, where, folder), where).collect(), count == len(files)


def _reading(files: list[Path], layout: Layout, where: str, folder: Path | None = None) -> Reading:
    """folder: in which the files lie, or deeper, in folders that say values."""
    partitions = values_of(files, folder) if folder is not None else ()
    large = sum(file.stat().st_size for file in files if file.is_file()) > HELD
    if large or any(file.parent.name == LOG for file in files):
        return of_files(files, layout, digests_of(files, where), where, partitions)
    held, digests, size = dict[Path, bytes](), list[str](), 0
    for file in files:
        with opened(file, where) as stream:
            content = stream.read(HELD + 1)
            size += len(content)
            if size > HELD:  # it grew
                return of_files(files, layout, digests_of(files, where), where, partitions)
        held[file] = content
        digests.append(hashlib.sha256(content).hexdigest())
    return replace(of_files(files, layout, digests, where, partitions), held=held)


def digests_of(files: Iterable[Path], where: str) -> list[str]:
    """SHA-256 of the bytes of each."""
    digests = []
    for file in files:
        with opened(file, where) as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return digests


def of_files(
    files: list[Path], layout: Layout, digests: list[str], where: str, partitions: tuple[Values, ...] = ()
) -> Reading:
    """Files whose digests are known: they are held to these when they are read."""
    kind = layout.format or ("delta" if any(f.parent.name == LOG for f in files) else _format_of(files, where))
    size = sum(file.stat().st_size for file in files)
    return Reading(tuple(files), kind, _joined(digests, partitions), size, layout, partitions)


def _joined(digests: Iterable[str], partitions: tuple[Values, ...]) -> str:
    """Where a file lies is part of its rows, if its folders say values."""
    said = msgspec.json.encode(partitions).decode() if partitions else ""
    return hashlib.sha256(("".join(digests) + said).encode()).hexdigest()


def _format_of(files: list[Path], where: str) -> str:
    """The format of all files by their endings."""
    first = ENDINGS.get(ending_of(files[0]))
    for file in files:
        found = ENDINGS.get(ending_of(file))
        if found is None:
            raise SpecError(
                f'the format of "{file.name}" cannot be told from its name',
                where=where,
                mend=f"add `format:` with {', '.join(dict.fromkeys(ENDINGS.values()))} or delta",
            )
        if found != first:
            raise DataError(
                f"{file.name} is {found}, and {files[0].name} is {first}",
                where=where,
                mend="give one source files of one format, such as by a pattern: data/*.csv",
            )
    return str(first)


def whole_ending(file: Path) -> str:
    """What the name of a copy has to end with, so that the copy is read alike: `.csv.gz`."""
    packed = next((end for end in PACKED if file.name.lower().endswith(end)), "")
    return ending_of(file) + packed


def _delta(reading: Reading, where: str) -> pl.DataFrame:
    """The rows of a Delta table, none of whose files lies outside its folder."""
    import polars as pl
    from deltalake import DeltaTable

    folder = next((f.parent.parent for f in reading.files if f.parent.name == LOG), None)
    if folder is None:
        raise DataError(
            f"{reading.files[0].name} is no Delta table", where=where, mend="name the folder that holds _delta_log"
        )
    try:
        for uri in DeltaTable(str(folder)).file_uris():
            place = uri.removeprefix("file://")
            # a URI writes a space in the folder's name as %20, and a folder may be called so too
            if not any(is_inside(os.path.realpath(each), folder) for each in (place, unquote(place))):
                raise DataError(
                    f"the Delta table names a file outside its folder: {uri}", where=where, mend="copy it in"
                )
            part = next((Path(each) for each in (place, unquote(place)) if os.path.lexists(each)), None)
            if part is not None:
                with opened(part, where) as stream:
                    refuse_parquet(stream.read(), part.name, reading.layout, where)
        frame = pl.read_delta(str(folder))
        digests = digests_of(named(str(folder), folder, where), where)
        refuse_unfolding(frame, reading.layout, folder.name, where)
        made = marked(harmonised(frame, where), frame, reading.layout)
    except (pl.exceptions.PolarsError, OSError, ValueError) as bad:
        raise refuse_unreadable(bad, reading.files[0], "delta", where) from bad
    refuse_unlike(reading, digests, where)
    return made


def refuse_unlike(reading: Reading, digests: Iterable[str], where: str) -> None:
    """Refuse files whose digests now are not those with which they were found."""
    if _joined(digests, reading.partitions) != reading.digest:
        raise changed(reading, where)


def changed(reading: Reading, where: str) -> DataError:
    """The error of files that were written to while they were read."""
    names = ", ".join(file.name for file in reading.files[:3])
    return DataError(f"{names} changed while it was being read", where=where, mend="run again when nobody writes to it")
