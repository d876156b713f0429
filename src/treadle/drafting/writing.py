"""Write the project that was guessed from a table: its file, a contract, a copy of the table."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.access import check_actor, login
from treadle.drafting.endless import MOST_HELD
from treadle.drafting.filling import data_file, project_file
from treadle.drafting.found import Drafted
from treadle.drafting.guessing import NOTHING, Guess, Hints
from treadle.drafting.noticed import noticed
from treadle.drafting.places import Database, Place, database_of
from treadle.drafting.quoting import shortened
from treadle.drafting.settling import settled
from treadle.drafting.stated import NOTHING_STATED, Stated, check_stated
from treadle.drafting.suggested import suggested
from treadle.drafting.tabling import ALONE, Tabled
from treadle.errors import AccessError, DataError, SpecError, nearest
from treadle.spec import Layout
from treadle.spec.names import identifier_from

if TYPE_CHECKING:
    import polars as pl

    from treadle.sources import Reading, Table

_LOG = "_delta_log"
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
class Draft:
    """A project that is guessed and not yet written. `guess`: of the table that it is named after."""

    request: Wanted
    guess: Guess | Tabled
    reading: Reading | None = None
    """Of a table that is a file: what it was guessed from."""
    tables: tuple[tuple[Guess | Tabled, Place], ...] = ()
    """Of a database: its tables, and where they lie."""

    @property
    def folder(self) -> Path:
        return Path(self.request.folder)

    @property
    def predicted(self) -> Guess:
        """What was guessed of a project that predicts."""
        assert isinstance(self.guess, Guess)
        return self.guess

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
    url = database_of(request.source)
    if url and request.place == ON_FIT:
        mend = "treadle init FOLDER --from URL --table NAME --target COLUMN, then treadle run FOLDER"
        raise DataError("a database is no file", where=ON_FIT, mend=mend)
    if request.tables and not url:
        raise DataError("a file has no tables", where="--table", mend="leave it out, or name a database with --from")
    made = _of_database(request, url) if url else _of_file(request)
    if made.project != _called(request):
        said = f'name: {made.project}, made from "{_called(request)}", since a name is ASCII letters, digits, _ and -'
        made.guess.said.insert(0, said)
    return made


def _called(request: Wanted) -> str:
    return request.name or Path(request.folder).resolve().name


def _of_file(request: Wanted) -> Draft:
    from treadle.sources import find_own

    data, place = Path(request.source), request.place
    if data.is_dir() and not (data / _LOG).is_dir():
        mend = "name a file, or the folder of a Delta table; a project file can read all files of a folder"
        raise DataError(f"{data.name} is a folder", where=place, mend=mend)
    reading, table, meant = settled(find_own(data, request.layout, where=place), place)
    guess = _of_table(request, table, identifier_from(_called(request)), data.name)
    guess.said[:0] = meant
    return Draft(request, guess, reading)


def _of_database(request: Wanted, url: str) -> Draft:
    database = Database(url, request.layout, request.place)
    chosen = database.chosen(request.tables, request.target)
    made: list[tuple[Guess | Tabled, Place]] = []
    taken, empty = set[str](), list[str]()
    for table in chosen:
        found, layout = database.read(table)
        if not found.frame.height:
            empty.append(table)
            continue
        name = identifier_from(_called(request)) if request.target else _one_of_its_own(table, taken)
        guess = _of_table(request, found, name, table)
        if len(chosen) > 1:
            guess.said[:] = [f"{name}: {said}" for said in guess.said if said != ALONE]
        contract = guess.frame.width <= MOST_HELD
        made.append((guess, Place(database.seen_from(Path(request.folder)), table, layout, contract)))
    if empty and (request.tables or not made):
        what = f"{empty[0]} has no rows" if request.tables else "no table has rows"
        raise DataError(what, where=request.place, mend="give a table with rows")
    said = made[-1][0].said
    said += [ALONE] if len(chosen) > 1 else []
    said += [f"left out, since they have no rows: {shortened(empty)}"] if empty else []
    return Draft(request, made[0][0], tables=tuple(made))


def _one_of_its_own(table: str, taken: set[str]) -> str:
    """A name for the source: the table's, with its schema where two are called alike."""
    short = identifier_from(table.rpartition(".")[2].strip('"'), "rows")
    name = short if short not in taken else identifier_from(table.replace(".", "_").replace('"', ""), "rows")
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _of_table(request: Wanted, table: Table, name: str, said: str) -> Guess | Tabled:
    """The guess, with what a person should know of the table first. `said`: what it is called, for errors."""
    frame = table.frame
    if request.target and request.target not in frame.columns:
        mend = nearest(request.target, frame.columns)
        if frame.width == 1 and table.dialect is not None:
            mend = f"it has one column, {frame.columns[0][:80]!r}: what stands between fields is said with separator:"
        raise DataError(f'{said} has no column "{request.target}"', where="--target", mend=mend)
    seen = noticed(table, request.target)
    guess = _guessed(request, frame, name, seen.undated)
    guess.said[:0] = seen.said
    return guess


def _guessed(request: Wanted, frame: pl.DataFrame, name: str, undated: tuple[str, ...]) -> Guess | Tabled:
    if not request.target:
        return Tabled(frame, name, _owner(request), place=request.place)
    check_stated(request.stated, request.hints, frame, request.target)
    hints, place = request.stated.hints(request.hints), request.place
    guess = Guess(frame, request.target, name, _owner(request), hints=hints, place=place, undated=undated)
    guess.said += suggested(guess, request.stated, options=place == ON_FIT)
    return guess


def write_project(request: Wanted) -> Drafted:
    """Write treadle.yaml, a proposed contract and a copy of the table. An existing project is never overwritten.

    What would refuse is asked first; should a step fail all the same, what was written is taken back.

    Raises:
        As `draft` does.
    """
    return write(draft(request))


def write(made: Draft) -> Drafted:
    """Write what was drafted; all of it or nothing."""
    from treadle.spec import FILE

    folder = shlex.quote(made.request.folder)
    with _taken_back_if_it_fails() as places:
        contract, said = _write(made, places)
    return Drafted(
        project=made.project,
        file=str(made.folder / FILE),
        contract=contract,
        guesses=[*(said for guess, _ in made.tables or ((made.guess, None),) for said in guess.said), *said],
        next=f"treadle run {folder} --serve" if made.request.target else f"treadle data ingest {folder}",
    )


def _write(draft: Draft, made: list[Path]) -> tuple[str, list[str]]:
    """Write the project, and add each place to `made` before it is; the contract's, and what is to be said of it."""
    from treadle.keeping import home, share
    from treadle.spec import FILE, load_untrusted
    from treadle.spec.trust import outside, trust

    request, folder = draft.request, draft.folder
    tables = draft.tables or ((draft.guess, _taken_along(draft, made)),)
    contracts = [_hold(folder, guess, made) for guess, place in tables if place.contract]
    first, place = tables[0]
    if isinstance(first, Guess):
        text, said = project_file(first, place, request.stated)
    else:
        text, said = data_file(draft.project, [(guess, at) for guess, at in tables if isinstance(guess, Tabled)])
    made += _missing(folder / FILE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    written = load_untrusted(folder / FILE)  # what is written must be what can be read
    if request.shared:
        kept = home(folder.resolve())
        made += _missing(kept)
        share(kept, request.shared)
        said.append(
            f"shared: what is kept may be read and written by the group {request.shared}, and nobody else; whoever is "
            "in it can sign releases"
        )
    if request.trusted:
        with contextlib.suppress(OSError, RuntimeError):  # an account without a home can still begin a project
            trust(folder, tuple(each.target for each in outside(written.spec, written.root)))
    return str(contracts[0] if len(contracts) == 1 else folder / "contracts") if contracts else "", said


def _taken_along(draft: Draft, made: list[Path]) -> Place:
    """The table's file, copied into the project."""
    from treadle.sources import whole_ending

    assert draft.reading is not None
    folder, data = draft.folder, Path(draft.request.source)
    copied = folder / "data" / (draft.guess.name + ("" if data.is_dir() else whole_ending(data)))
    contract = draft.guess.frame.width <= MOST_HELD
    if contract:  # all that would refuse, before anything is written
        _refuse_to_overwrite(_contract_of(folder, draft.guess), folder, data)
    _refuse_to_overwrite(copied, folder, data)
    made += _missing(copied)
    copied.parent.mkdir(parents=True, exist_ok=True)
    if copied.resolve() != data.resolve():
        _copy(draft.reading, data, copied)
    return Place(str(copied.relative_to(folder)), layout=draft.reading.layout, contract=contract)


def _contract_of(folder: Path, guess: Guess | Tabled) -> Path:
    return folder / "contracts" / f"{guess.name}.yaml"


def _hold(folder: Path, guess: Guess | Tabled, made: list[Path]) -> Path:
    """Write the contract that a table seems to keep to."""
    from treadle.contracts import propose

    contract = _contract_of(folder, guess)
    _refuse_to_overwrite(contract, folder, contract)
    made += _missing(contract)
    contract.parent.mkdir(parents=True, exist_ok=True)
    key = (guess.key,) if guess.key else ()
    contract.write_text(propose(guess.frame.drop(list(guess.endless)), guess.name, key, guess.target), encoding="utf-8")
    return contract


def _copy(reading: Reading, data: Path, copied: Path) -> None:
    """Copy the table, and hold the copy to what was guessed from.

    Raises:
        DataError: it was written to in between.
    """
    from treadle.sources import find_own

    if data.is_dir():
        shutil.copytree(data, copied)
    else:
        shutil.copyfile(data, copied)
    if find_own(copied).digest != reading.digest:
        raise DataError(
            f"{data.name} changed while it was being read",
            where=data.name,
            mend="run again when nobody writes to it",
        )


@contextlib.contextmanager
def _taken_back_if_it_fails() -> Iterator[list[Path]]:
    """Where what is made is listed, each folder before what is in it. After a failure none of it is there."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for place in reversed(made):
            with contextlib.suppress(OSError):  # not made yet; or a folder into which another wrote meanwhile
                if (place / _LOG).is_dir():
                    shutil.rmtree(place)
                else:
                    place.rmdir() if place.is_dir() else place.unlink()
        raise


def _missing(place: Path) -> list[Path]:
    """The place and the folders above it, so far as they are not there, the outermost first."""
    return [each for each in (*reversed(place.parents), place) if not os.path.lexists(each)]


def _owner(request: Wanted) -> str:
    if request.owner:
        return check_actor(request.owner, where="--owner")
    try:
        return check_actor(login())
    except AccessError as bad:  # the machine's own name for its user need not be one of ours
        raise AccessError(bad.what, where="--owner", mend=f"name the owner with --owner: {bad.mend}") from bad


def _refuse_to_overwrite(made: Path, folder: Path, data: Path) -> None:
    """Nothing that stands there is lost, and nothing is written through a link out of the new folder."""
    if made.exists() and made.resolve() != data.resolve():
        raise SpecError("there is a file here already", where=str(made), mend="choose another folder, or remove it")
    if folder.resolve() not in made.resolve().parents:
        raise SpecError("this leads out of the new folder by a link", where=str(made), mend="choose another folder")
