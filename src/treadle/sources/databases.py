"""Rows from databases: which reader a URL has, how much memory the rows take, and the digest that names them.

A database says nothing of what it holds but its rows, so they are read where a file would be found: what was read is
named by a digest of the rows, and equal rows are not taken into the record again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct

from treadle.address import Address
from treadle.errors import DataError, MissingExtra, SpecError, StoreError, nearest
from treadle.sources.cursors import Above
from treadle.sources.decimals import alike, are_open
from treadle.sources.echoes import MEND, echoed
from treadle.sources.exactness import as_texts, in_one
from treadle.sources.figures import signs_of
from treadle.sources.harmony import harmonised
from treadle.sources.limits import refuse_larger
from treadle.sources.mysql import READER as MYSQL
from treadle.sources.postgres import READER as POSTGRES
from treadle.sources.reader import Reader, Wanted
from treadle.sources.room import ALONE, Share
from treadle.sources.servers import refuse_untrusted
from treadle.sources.sqlite import READER as SQLITE
from treadle.sources.typing import Note, typed
from treadle.sources.unreadable import Unreadable
from treadle.sources.zoned import marked
from treadle.spec import Layout, Source
from treadle.spec.secrets import filled, names_in
from treadle.store import fingerprint

if TYPE_CHECKING:
    import polars as pl

GROUP = "treadle.sources"
_MEND = f"a package adds a reader by the entry point group {GROUP}"


@dataclass(frozen=True, eq=False)
class Rows:
    """What was read of a database or an API: a name for people, the digest of the rows, and the rows themselves.
    `notes`: a sentence for each thing to be told of them."""

    name: str
    digest: str
    bytes: int
    frame: pl.DataFrame
    notes: tuple[str, ...] = ()

    def rows(self, where: str = "") -> pl.LazyFrame:
        return self.frame.lazy()


@cache
def installed() -> tuple[tuple[Reader, ...], tuple[str, ...]]:
    """The readers that come along and those that entry points name; and a sentence for each that cannot be loaded."""
    found: dict[str, Reader] = {f"{type(own).__module__}:READER": own for own in (SQLITE, POSTGRES, MYSQL)}
    broken = list[str]()
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            made = point.load()
        except Exception as bad:
            broken.append(f"the reader {point.name} cannot be loaded ({type(bad).__name__})")
            continue
        if isinstance(made, Reader):
            found.setdefault(point.value, made)
        else:
            broken.append(f"the reader {point.name} is none ({point.value})")
    return tuple(found.values()), tuple(broken)


def find_rows(source: Source, root: Path, where: str, above: Above | None = None, *, share: Share = ALONE) -> Rows:
    """Read what a source asks of a database, in a transaction of its own. `above`: older rows may be left out.

    Raises:
        DataError: it cannot be read, or would take more memory than it may; nothing of it is kept.
        SpecError: no reader knows such a URL, a secret is not there.
        MissingExtra: its driver is not installed.
    """
    wanted = _wanted(source, root, where, above)
    return gathered(_reader(wanted).read(wanted), wanted, share)


def own_rows(source: Source, root: Path, where: str, share: Share = ALONE) -> tuple[pl.DataFrame, list[Note]]:
    """Rows as `find_rows` reads them, of a database that the user named themselves, so that nobody has to trust it; and
    what a person should know of their columns."""
    wanted = _asked(source, root, where, None)
    frame = gathered(_reader(wanted).read(wanted), wanted, share).frame
    return typed(frame, Layout(), signs_of(False, wanted.layout.thousands), guess=False)


class Declared(Struct, frozen=True):
    """What a database declares of a table: the columns of its primary `key`, and to which table and column its columns
    point; of keys of one column each."""

    key: tuple[str, ...] = ()
    points: dict[str, tuple[str, str]] = {}


def own_declared(read: str, root: Path, where: str) -> dict[str, Declared]:
    """What is declared in a database that the user named themselves, by table as `own_tables` has it; nothing, where
    its reader does not ask for it.

    Raises:
        As `find_rows` does.
    """
    reader = _reader(_asked(Source(read=read), root, where, None))
    asked = {name: getattr(reader, name, "") for name in ("keys", "links")}
    found = {name: own_rows(Source(read=read, query=query), root, where)[0] for name, query in asked.items() if query}
    keys, points = dict[str, tuple[str, ...]](), dict[str, dict[str, tuple[str, str]]]()
    for place, name, part in found["keys"].select("place", "name", "part").rows() if "keys" in found else ():
        table = _table(place, name)
        keys[table] = (*keys.get(table, ()), part)
    links = ("place", "name", "part", "to_place", "to_name", "to_part")
    for place, name, part, *to in found["links"].select(links).rows() if "links" in found else ():
        if all(each is not None for each in to):  # SQLite lets a key point to a table that is not there
            points.setdefault(_table(place, name), {}).setdefault(part, (_table(to[0], to[1]), to[2]))
    return {table: Declared(keys.get(table, ()), points.get(table, {})) for table in (*keys, *points)}


def own_tables(read: str, root: Path, where: str) -> tuple[str, ...]:
    """What there is to read in a database that the user named themselves, each as `table:` has it.

    Raises:
        DataError: it is away, or its reader cannot say; and what `find_rows` raises.
    """
    listing = getattr(_reader(_asked(Source(read=read), root, where, None)), "tables", "")
    if not listing:
        raise DataError("its tables cannot be listed", where=where, mend="name one: --table NAME")
    found = own_rows(Source(read=read, query=listing), root, where)[0]
    return tuple(_table(place, name) for place, name in found.select("place", "name").rows())


def _table(place: str, name: str) -> str:
    """As `table:` has it."""
    return ".".join(_part(part) for part in (place, name) if part)


def _part(name: str) -> str:
    """A part of a table's name, between double quotes where it holds what would end it."""
    return f'"{name.replace(chr(34), chr(34) * 2)}"' if set(name) & set('."`') else name


def first_rows(source: Source, root: Path, where: str) -> tuple[Rows, bool]:
    """The first part of what a source asks of a database, and whether that is all; raises as `find_rows` does."""
    wanted = _wanted(source, root, where, None)
    with closing(_closable(_reader(wanted).read(wanted))) as parts:
        first = list(islice(parts, 1))
        return gathered(iter(first), wanted), next(parts, None) is None


def _closable(parts: Iterator[pl.DataFrame]) -> Generator[pl.DataFrame]:
    yield from parts


def _wanted(source: Source, root: Path, where: str, above: Above | None) -> Wanted:
    refuse_untrusted(source, root, where)
    return _asked(source, root, where, above)


def _asked(source: Source, root: Path, where: str, above: Above | None) -> Wanted:
    return Wanted(
        address=Address(filled(source.read, where), where),
        said=source.read,
        root=root,
        layout=source,
        table=source.table or "",
        query=source.query or "",
        columns=source.columns,
        condition=source.where or "",
        above=above,
    )


def _reader(wanted: Wanted) -> Reader:
    readers, broken = installed()
    scheme = wanted.address.scheme
    known = {each for reader in readers for each in reader.schemes}
    fitting = [reader for reader in readers if scheme in reader.schemes]
    if not fitting:
        close = nearest(scheme, known)
        said = [*broken, *([close] if close.startswith("did") else []), f"known here: {', '.join(sorted(known))}"]
        raise SpecError(f'no source is read at "{scheme[:40]}:"', where=wanted.where, mend="; ".join([*said, _MEND]))
    if len(fitting) > 1:
        names = " and ".join(sorted(reader.name for reader in fitting))
        raise SpecError(f"{names} both read {scheme}:", where=wanted.where, mend="uninstall one of the two")
    (reader,) = fitting
    if reader.package and find_spec(reader.package) is None:
        what = f"sources at {scheme}: need the package {reader.package}"
        raise MissingExtra("sql", reader.package, what=what, where=wanted.where)
    return reader


def gathered(parts: Iterator[pl.DataFrame], wanted: Wanted, share: Share = ALONE) -> Rows:
    """One table of the parts, its types and its digest.

    Raises:
        DataError: the parts become larger than they may; no further one is read.
    """
    import polars as pl

    taken, size = list[pl.DataFrame](), 0
    for part in parts:
        size += int(part.estimated_size())
        refuse_larger(size, wanted.layout, wanted.table or "the query", what="takes more than", where=wanted.where)
        share.grow(size)
        taken.append(part)
    try:
        one = _one(taken, wanted)
        frame = harmonised(one, wanted.where)
        if wanted.address.scheme not in SQLITE.schemes:  # which has texts alone, and their zones are lost by here
            frame = marked(frame, one, wanted.layout)
        frame, _ = typed(frame, wanted.layout, signs_of(False, wanted.layout.thousands), guess=False)
    except (Unreadable, pl.exceptions.PolarsError) as bad:
        raise DataError(
            f"{wanted.said} cannot be read: {(str(bad).splitlines() or ['?'])[0]}",
            where=wanted.where,
            mend=getattr(bad, "mend", "") or "read it by a query that gives the column another type",
        ) from bad
    repeats = echoed(frame, _secrets(wanted))
    if repeats:
        raise DataError(f"{wanted.said} cannot be read: {repeats}", where=wanted.where, mend=MEND)
    return Rows(wanted.said, fingerprint(frame), size, frame)


def _secrets(wanted: Wanted) -> list[str]:
    """What the project file does not hold of the URL, and the password in it."""
    named = [filled(name, wanted.where, quoted=False) for name in names_in(wanted.said)]
    with suppress(StoreError):  # a reader of its own may take what is no URL
        named.append(unquote(wanted.address.parts.password or ""))
    return named


def _one(parts: list[pl.DataFrame], wanted: Wanted) -> pl.DataFrame:
    """The parts under one another. Whole numbers and fractions are fractions, where that loses no digit; else texts, as
    numbers and texts are."""
    import polars as pl

    if len({tuple(part.dtypes) for part in parts}) <= 1 and not any(map(are_open, parts[0].dtypes)):
        return pl.concat(parts)
    columns = list[list[pl.Series]]()
    for name in parts[0].columns:
        found = {part.schema[name] for part in parts} - {pl.Null()}
        if len(found) > 1 and pl.Binary() in found:
            raise DataError(
                f"{name} holds bytes in some rows and other values in others",
                where=wanted.where,
                mend="leave it out with columns: [...], or give it one type in a query",
            )
        columns.append(_alike([part.get_column(name) for part in parts], found))
    return pl.concat([pl.DataFrame(each) for each in zip(*columns, strict=True)])


def _alike(parts: list[pl.Series], kinds: set[pl.DataType]) -> list[pl.Series]:
    """Parts of a column in one type, of the types that those with a value have."""
    import polars as pl

    if len(kinds) <= 1 and not any(map(are_open, kinds)):
        return [part.cast(next(iter(kinds), pl.Null())) for part in parts]
    if pl.String() in kinds:
        return [part.cast(pl.String) if part.dtype == pl.Null else as_texts(part) for part in parts]
    known = [part for part in parts if part.dtype != pl.Null]
    numbers = [part if part.dtype.is_numeric() or are_open(part.dtype) else part.cast(pl.Float64) for part in known]
    decimals = any(part.dtype == pl.Decimal or are_open(part.dtype) for part in numbers)
    told = iter(alike(numbers) if decimals else in_one(numbers))
    made = [None if part.dtype == pl.Null else next(told) for part in parts]
    kind = next(each.dtype for each in made if each is not None)
    return [part.cast(kind) if each is None else each for part, each in zip(parts, made, strict=True)]
