"""A project that is guessed from a file, the files of a folder or the tables of a database. Nothing is written."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.access import check_actor, login
from treadle.drafting.changing import changes_said
from treadle.drafting.endless import MOST_HELD
from treadle.drafting.folders import Several, several_of
from treadle.drafting.guessing import NOTHING, Guess, Hints
from treadle.drafting.noticed import noticed
from treadle.drafting.places import Database, Place, database_of, own_name
from treadle.drafting.quoting import shortened
from treadle.drafting.settling import settled
from treadle.drafting.stated import NOTHING_STATED, Stated, check_stated
from treadle.drafting.suggested import suggested
from treadle.drafting.tabling import ALONE, Tabled
from treadle.errors import AccessError, DataError, SpecError, nearest
from treadle.sources import Declared
from treadle.spec import Layout
from treadle.spec.names import identifier_from

if TYPE_CHECKING:
    import polars as pl

    from treadle.sources import Reading, Table

_LOG = "_delta_log"
_UNDECLARED = Declared()
ON_FIT = "FILE"
"""The place of a table on the command line of `fit`, where options take the place of a guess."""


class Wanted(Struct, frozen=True):
    """The project to be drafted: its folder, the table to learn from, the column to predict; none for data alone."""

    folder: str
    source: str
    target: str
    name: str | None = None
    owner: str | None = None
    shared: str | None = None
    """A group of this machine whose members share what is kept."""
    hints: Hints = NOTHING
    stated: Stated = NOTHING_STATED
    place: str = "--from"
    """What names the table on the command line, for errors."""
    trusted: bool = True
    """Whether the project joins the list of those that this account trusts; not one that is soon gone."""
    layout: Layout = Layout()
    """What is said of how the table is written."""
    tables: tuple[str, ...] = ()
    """Of a database, those that are meant; none: all, or the only one."""


@dataclass(frozen=True, eq=False)
class Copy:
    """A file, or the folder of a Delta table, that is taken along: `to` where in the project, and as it was read."""

    data: Path
    to: Path
    reading: Reading


@dataclass(frozen=True, eq=False)
class Part:
    """A table of the project: what was guessed of it, where it lies for the project, and what is copied there.

    declared: what a database says of it.
    """

    guess: Guess | Tabled
    place: Place
    copies: tuple[Copy, ...] = ()
    declared: Declared = _UNDECLARED


@dataclass(frozen=True, eq=False)
class Draft:
    """A project that is guessed and not yet written; of data alone it may have several tables."""

    request: Wanted
    parts: tuple[Part, ...]

    @property
    def folder(self) -> Path:
        return Path(self.request.folder)

    @property
    def guess(self) -> Guess | Tabled:
        """Of the first table."""
        return self.parts[0].guess

    @property
    def predicted(self) -> Guess:
        """What was guessed of a project that predicts."""
        assert isinstance(self.guess, Guess)
        return self.guess

    @property
    def said(self) -> list[str]:
        """A sentence for each guess."""
        return [said for part in self.parts for said in part.guess.said]

    @property
    def project(self) -> str:
        return identifier_from(_called(self.request))


def draft(request: Wanted) -> Draft:
    """Read the table and guess. Nothing is written.

    Raises:
        DataError: a table that cannot be read, or no such column; SpecError: a folder that holds a project already, a
            group that cannot share it, a list of trusted projects that cannot be read.
    """
    from treadle.keeping import group_to_share
    from treadle.spec import FILE
    from treadle.spec.trust import granted

    folder = Path(request.folder)
    if (folder / FILE).exists():
        raise SpecError("there is a project here already", where=str(folder / FILE), mend="choose another folder")
    if request.shared:
        group_to_share(request.shared)
    if request.trusted:
        with contextlib.suppress(OSError, RuntimeError):  # an account without a home can still begin a project
            granted(folder)
    if not request.source.strip():
        mend = "name a file, a folder or a database; is a variable empty?"
        raise DataError("nothing is named", where=request.place, mend=mend)
    url = database_of(request.source)
    if url and request.place == ON_FIT:
        mend = "treadle init FOLDER --from URL --table NAME --target COLUMN, then treadle run FOLDER"
        raise DataError("a database is no file", where=ON_FIT, mend=mend)
    if request.tables and not url:
        raise DataError("files have no tables", where="--table", mend="leave it out, or name a database with --from")
    made = _of_database(request, url) if url else _of_files(request)
    if made.project != _called(request):
        said = f'name: {made.project}, made from "{_called(request)}", since a name is ASCII letters, digits, _ and -'
        made.guess.said.insert(0, said)
    return made


def _called(request: Wanted) -> str:
    return request.name or Path(request.folder).resolve().name


def _of_files(request: Wanted) -> Draft:
    data, place = Path(request.source), request.place
    if not data.is_dir() or (data / _LOG).is_dir():
        return _of_file(request, data)
    if request.target:
        mend = "name a file, or the folder of a Delta table; a project file can read all files of a folder"
        raise DataError(f"{data.name} is a folder", where=place, mend=mend)
    found, left = several_of(data, request.layout, place)
    taken, parts = set[str](), list[Part]()
    for several in found:
        name = own_name(several.called, several.first, taken)
        part = _of_several(request, several, name)
        if name != several.called:
            part.guess.said.insert(0, f"called so for {several.first}: a name is ASCII letters, digits, _ and -")
        parts.append(part)
    copied = "files are copied to data/: what comes later is added there, or read where it lies, with read:"
    return Draft(request, _together(parts, [*left, copied]))


def _of_file(request: Wanted, data: Path) -> Draft:
    from treadle.sources import find_own, whole_ending

    reading, table, meant = settled(find_own(data, request.layout, where=request.place), request.place)
    guess = _of_table(request, table, identifier_from(_called(request)), data.name, meant)
    to = Path("data") / (guess.name + ("" if data.is_dir() else whole_ending(data)))
    return Draft(request, (Part(guess, _place(guess, to, reading.layout), (Copy(data, to, reading),)),))


def _of_several(request: Wanted, several: Several, name: str) -> Part:
    """Of one file of a folder, or of several that are one table."""
    from treadle.sources import whole_ending

    guess = _of_table(request, several.table, name, name, several.meant)
    if len(several.files) == 1:
        ((data, reading),) = several.files
        to = Path("data") / (name + ("" if data.is_dir() else whole_ending(data)))
        return Part(guess, _place(guess, to, several.layout), (Copy(data, to, reading),))
    names = shortened(several.names)
    guess.said.insert(0, f"{len(several.files):,} files with the same columns are one table: {names}")
    to = Path("data") / name
    copies = tuple(Copy(data, to / data.name, reading) for data, reading in several.files)
    return Part(guess, _place(guess, to, several.layout), copies)


def _place(guess: Guess | Tabled, to: Path, layout: Layout) -> Place:
    return Place(to.as_posix(), layout=layout, contract=guess.frame.width <= MOST_HELD)


def _of_database(request: Wanted, url: str) -> Draft:
    database = Database(url, request.layout, request.place)
    chosen, declared = database.chosen(request.tables, request.target), database.declared()
    parts, taken, empty, left = list[Part](), set[str](), list[str](), list[str]()
    for table in chosen:
        try:
            found, layout = database.read(table)
        except DataError as bad:
            if request.tables or request.target:
                raise DataError(f"{table}: {bad.what}", where=bad.where, mend=bad.mend) from bad
            left.append(f"left out: {table}: {bad.what}{f' ({bad.mend})' if bad.mend else ''}")
            continue
        if not found.frame.height:
            empty.append(table)
            continue
        short = table.rpartition(".")[2].strip('"')
        name = identifier_from(_called(request)) if request.target else own_name(short, table.replace('"', ""), taken)
        told = declared.get(table, _UNDECLARED)
        guess = _of_table(request, found, name, table, key=told.key)
        guess.said += changes_said(guess)
        place = Place(database.seen_from(Path(request.folder)), table, layout, guess.frame.width <= MOST_HELD)
        parts.append(Part(guess, place, declared=told))
    if not parts or (empty and request.tables):
        what = f"{empty[0]} has no rows" if request.tables else "no table has rows"
        raise DataError(what, where=request.place, mend="; ".join(left[:3]) or "give a table with rows")
    left += [f"left out, since they have no rows: {shortened(empty)}"] if empty else []
    return Draft(request, _together(parts, left))


def _together(parts: list[Part], left: list[str]) -> tuple[Part, ...]:
    """The parts of one project: what is said of each has its name before it, and of all of them once."""
    if len(parts) > 1:
        for part in parts:
            said = part.guess.said
            said[:] = [f"{part.guess.name}: {each}" for each in said if each != ALONE]
        parts[-1].guess.said.append(ALONE)
    parts[-1].guess.said += left
    return tuple(parts)


def _of_table(
    request: Wanted, table: Table, name: str, said: str, meant: Sequence[str] = (), *, key: tuple[str, ...] = ()
) -> Guess | Tabled:
    """The guess, with what a person should know of the table first, and how its columns were `meant`. `said`: what it
    is called, for errors. `key`: what is declared to name its rows."""
    frame = table.frame
    if request.target and request.target not in frame.columns:
        mend = nearest(request.target, frame.columns)
        if frame.width == 1 and table.dialect is not None:
            mend = f"it has one column, {frame.columns[0][:80]!r}: what stands between fields is said with separator:"
        raise DataError(f'{said} has no column "{request.target}"', where="--target", mend=mend)
    seen = noticed(table, request.target)
    guess = _guessed(request, frame, name, seen.undated, key)
    guess.said[:0] = [*seen.said, *meant]
    return guess


def _guessed(
    request: Wanted, frame: pl.DataFrame, name: str, undated: tuple[str, ...], key: tuple[str, ...]
) -> Guess | Tabled:
    if not request.target:
        return Tabled(frame, name, _owner(request), place=request.place, key=key)
    check_stated(request.stated, request.hints, frame, request.target)
    hints, place = request.stated.hints(request.hints), request.place
    guess = Guess(frame, request.target, name, _owner(request), hints=hints, place=place, undated=undated, key=key)
    guess.said += suggested(guess, request.stated, options=place == ON_FIT)
    return guess


def _owner(request: Wanted) -> str:
    if request.owner:
        return check_actor(request.owner, where="--owner")
    try:
        return check_actor(login())
    except AccessError as bad:  # the machine's own name for its user need not be one of ours
        raise AccessError(bad.what, where="--owner", mend=f"name the owner with --owner: {bad.mend}") from bad
