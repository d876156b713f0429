"""Write the project that was guessed: its file, a contract for each table, copies of files. All of it or nothing."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from treadle.drafting.drafts import Copy, Draft, Wanted, draft
from treadle.drafting.filling import data_file, project_file
from treadle.drafting.found import Drafted
from treadle.drafting.guessing import Guess
from treadle.drafting.relating import Links, related
from treadle.drafting.tabling import Tabled
from treadle.errors import DataError, SpecError

_LOG = "_delta_log"


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
        guesses=[*made.said, *said],
        next=f"treadle run {folder} --serve" if made.request.target else f"treadle data ingest {folder}",
    )


def _write(draft: Draft, made: list[Path]) -> tuple[str, list[str]]:
    """Write the project, and add each place to `made` before it is; the contract's, and what is to be said of it."""
    from treadle.keeping import home, share
    from treadle.spec import FILE, load_untrusted
    from treadle.spec.trust import outside, trust

    request, folder = draft.request, draft.folder
    held = [part.guess for part in draft.parts if part.place.contract]
    copies = [copy for part in draft.parts for copy in part.copies]
    for guess in held:  # all that would refuse, before anything is written
        _refuse_to_overwrite(_contract_of(folder, guess), folder)
    for copy in copies:
        _refuse_to_overwrite(folder / copy.to, folder, copy.data)
    for copy in copies:
        _take_along(copy, folder, made)
    points = related(held, _links(draft))
    contracts = [
        _hold(folder, guess, {name: each.to for name, each in points.get(guess.name, {}).items()}, made)
        for guess in held
    ]
    if isinstance(draft.guess, Guess):
        text, said = project_file(draft.guess, draft.parts[0].place, request.stated)
    else:
        tables = [(part.guess, part.place) for part in draft.parts if isinstance(part.guess, Tabled)]
        text, said = data_file(draft.project, tables)
    said += [
        f"{name}: {column} points to {to}, {why}; what stands nowhere there is told of"
        for name, columns in points.items()
        for column, (to, why) in columns.items()
    ]
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


def _links(draft: Draft) -> Links:
    """What the database declares of its tables, by the names of sources."""
    names = {part.place.table: part.guess.name for part in draft.parts}
    points = {
        part.guess.name: {column: (names[to], key) for column, (to, key) in part.declared.points.items() if to in names}
        for part in draft.parts
    }
    keyed = frozenset(part.guess.name for part in draft.parts if part.declared.key)
    return Links(keyed, {name: columns for name, columns in points.items() if columns})


def _take_along(copy: Copy, folder: Path, made: list[Path]) -> None:
    """Copy a table's file, and hold the copy to what was guessed from.

    Raises:
        DataError: it was written to in between.
    """
    from treadle.sources import find_own

    copied = folder / copy.to
    made += _missing(copied)
    copied.parent.mkdir(parents=True, exist_ok=True)
    if copied.resolve() == copy.data.resolve():
        return
    if copy.data.is_dir():
        shutil.copytree(copy.data, copied)
    else:
        shutil.copyfile(copy.data, copied)
    if find_own(copied).digest != copy.reading.digest:
        raise DataError(
            f"{copy.data.name} changed while it was being read",
            where=copy.data.name,
            mend="run again when nobody writes to it",
        )


def _contract_of(folder: Path, guess: Guess | Tabled) -> Path:
    return folder / "contracts" / f"{guess.name}.yaml"


def _hold(folder: Path, guess: Guess | Tabled, points: Mapping[str, str], made: list[Path]) -> Path:
    """Write the contract that a table seems to keep to. points: its columns that point to other tables."""
    from treadle.contracts import propose

    contract = _contract_of(folder, guess)
    made += _missing(contract)
    contract.parent.mkdir(parents=True, exist_ok=True)
    text = propose(guess.frame.drop(list(guess.endless)), guess.name, guess.key, guess.target, points)
    contract.write_text(text, encoding="utf-8")
    return contract


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


def _holds(made: Path, data: Path) -> bool:
    """Whether what stands there is `data` itself, or a file of the same bytes."""
    if made.resolve() == data.resolve():
        return True
    return made.is_file() and data.is_file() and filecmp.cmp(made, data, shallow=False)


def _refuse_to_overwrite(made: Path, folder: Path, data: Path | None = None) -> None:
    """Nothing that stands there is lost but what `data` holds too, as a copy of a process that was killed does, and
    nothing is written through a link out of the folder."""
    if made.exists() and not (data is not None and _holds(made, data)):
        raise SpecError("there is a file here already", where=str(made), mend="choose another folder, or remove it")
    if folder.resolve() not in made.resolve().parents:
        raise SpecError("this leads out of the new folder by a link", where=str(made), mend="choose another folder")
