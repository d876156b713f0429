"""What of a project from elsewhere is believed: a list kept per user, outside every project.

A project file from elsewhere is parsed, and names files inside its own folder alone. Absolute paths, `..` and symbolic
links that leave the folder are read only after a person has seen them and said `treadle trust DIR`. What is trusted is
the folder and exactly those places: a later edit that names another place needs a new word.

A record (`.treadle/`) that came with a project brings its own keys, approvals and releases, and all of it may have been
made up: it is opened only where its key was made by this account, or after the same word.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from treadle.errors import SpecError
from treadle.spec.databases import file_of
from treadle.spec.project import ProjectSpec
from treadle.spec.servers import server_of

if TYPE_CHECKING:
    from treadle.spec.load import Project

FUNCTIONS = "functions.py"
"""A project's own code. Nothing reads it yet; what will read it asks `trusted` first."""


class Place(Struct, frozen=True, order=True):
    """A file, a folder with all that is in it, or a pattern of file names in one folder; its real path.

    Or a server, by its URL as it is written: without secrets, but with the names of those that are sent to it.
    """

    path: str
    kind: Literal["file", "folder", "pattern", "server"] = "file"

    def __str__(self) -> str:
        return f"{self.path}/" if self.kind == "folder" else self.path


class Outside(Struct, frozen=True):
    """A part of the project file (`path`) that names a place outside the project's folder."""

    path: str
    written: str
    target: Place

    @property
    def said(self) -> str:
        if self.path.startswith("notify."):
            return f"{self.written} is a server outside the project, which would be told what happens"
        if self.target.kind == "server":
            told = ", which would be told what its ${...} name" if "${" in self.written else ""
            return f"{self.written} is a server outside the project{told}"
        return f"{self.written} lies outside the project folder ({self.target})"


class Grant(Struct, frozen=True):
    """What one project was trusted with: places outside, and the digest of its functions.py ("" if it had none)."""

    places: tuple[Place, ...] = ()
    functions: str = ""

    def covers(self, place: Place) -> bool:
        return place in self.places

    def allows(self, file: Path) -> bool:
        """Whether the file with this real path lies in one of the places."""
        for place in self.places:
            here = Path(place.path)
            if place.kind == "file" and file == here:
                return True
            if place.kind == "folder" and (file == here or here in file.parents):
                return True
            if place.kind == "pattern" and file.parent == here.parent and fnmatch.fnmatchcase(file.name, here.name):
                return True
        return False


class _Kept(Struct):
    """The file: grants by the real path of each project's folder."""

    projects: dict[str, Grant] = {}


def trusted(project: Project) -> bool:
    """Whether a person of this account trusts the project, with the functions.py that it has now."""
    found = _kept().projects.get(os.path.realpath(project.root))
    return found is not None and found.functions == functions_digest(project.root)


def granted(root: Path) -> Grant:
    """What the project in `root` may read outside its folder; nothing, if nobody has said."""
    return _kept().projects.get(os.path.realpath(root), Grant())


def trust(root: Path, places: tuple[Place, ...] = ()) -> None:
    """Keep that the project in `root` is trusted with these places and its functions.py as it is now."""
    kept = _kept()
    kept.projects[os.path.realpath(root)] = Grant(tuple(sorted(set(places))), functions_digest(root))
    _keep(kept)


def revoke(root: Path) -> bool:
    """Forget that the project in `root` is trusted; False if it was not."""
    kept = _kept()
    found = kept.projects.pop(os.path.realpath(root), None)
    if found is not None:
        _keep(kept)
    return found is not None


def knows_record(key: str, root: Path) -> bool:
    """Whether the record in `root`, which signs with this private key, was begun by this account or is believed."""
    return bool(key) and (_record(key).exists() or _record(key, root).exists())


def believe_record(key: str, root: Path | None = None) -> None:
    """Keep that the record that signs with this private key is this account's own; or, in `root`, that it is believed.

    What was begun here is known wherever it is moved, since nobody else has its key; what came from elsewhere only
    where it lay when it was believed, since whoever made it can make another with the same key. Of the key only its
    SHA-256 is kept.

    Raises:
        SpecError: this account has no place to keep it in.
    """
    file = _record(key, root)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as bad:
        raise SpecError(
            f"it cannot be kept that this record is yours: {bad.strerror}",
            where=str(file.parent),
            mend="TREADLE_TRUST names a folder for it; with TREADLE_HOME no such list is needed",
        ) from bad


def disown_record(key: str, root: Path) -> bool:
    """Forget that a record is believed; False if it was not."""
    known = knows_record(key, root)
    for file in (_record(key), _record(key, root)):
        file.unlink(missing_ok=True)
    return known


def _record(key: str, root: Path | None = None) -> Path:
    """One file a record, so that two processes that begin two records never write the same one."""
    said = key if root is None else f"{key}\n{os.path.realpath(root)}"
    return _file().parent / "records" / hashlib.sha256(said.encode()).hexdigest()


def functions_digest(root: Path) -> str:
    file = root / FUNCTIONS
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def outside(spec: ProjectSpec, root: Path) -> list[Outside]:
    """Every place outside `root` that the project names, links followed."""
    servers = {f"sources.{name}.read": server_of(source) for name, source in spec.sources.items()}
    told = {f"notify.{name}": channel.trusted_as for name, channel in spec.notify.items()}
    found = [Outside(path, server, Place(server, "server")) for path, server in {**servers, **told}.items() if server]
    read = {f"sources.{name}.read": file_of(source.read) or source.read for name, source in spec.sources.items()}
    named = [(path, written) for path, written in read.items() if not servers[path]]
    named += [(f"sources.{name}.contract", s.contract) for name, s in spec.sources.items() if s.contract]
    named += [("prices", spec.prices)] if spec.prices else []
    named += [
        (f"sources.{name}.map.{column}.currency.rates", mapped.currency.rates)
        for name, source in spec.sources.items()
        for column, mapped in source.mapped.items()
        if mapped.currency is not None
    ]
    for path, written in named:
        for target in dict.fromkeys(_targets(root / written)):
            found += [] if is_inside(target.path, root) else [Outside(path, written, target)]
    return found


def is_inside(real: str | Path, root: Path) -> bool:
    """Whether a real path lies in the folder `root`."""
    home = Path(os.path.realpath(root))
    return Path(real) == home or home in Path(real).parents


def _targets(place: Path) -> Iterator[Place]:
    """Where a path leads: itself, or for a pattern its folder's matches and the pattern itself."""
    real = os.path.realpath(place)
    if os.path.isdir(place):  # noqa: PTH112 - unlike Path.is_dir, also for a name too long for any disk
        yield Place(real, "folder")
    elif os.path.lexists(place) or not is_pattern(place.name):
        yield Place(real)
    else:
        yield Place(str(Path(os.path.realpath(place.parent)) / place.name), "pattern")
        yield from (
            Place(os.path.realpath(match)) for match in matching(place) if match.is_symlink()
        )  # what is no link lies where the pattern does


def is_pattern(name: str) -> bool:
    return any(character in name for character in "*?[")


def matching(place: Path) -> list[Path]:
    """The entries of the folder that match the pattern in the path's last part, sorted; hidden ones are left out."""
    try:
        with os.scandir(place.parent) as entries:
            names = sorted(e.name for e in entries if not e.name.startswith("."))
    except OSError:
        return []
    return [place.parent / name for name in names if fnmatch.fnmatchcase(name, place.name)]


def account_folder() -> Path:
    """Where what is this account's own is kept, outside every project."""
    return _file().parent


def _file() -> Path:
    given = os.environ.get("TREADLE_TRUST")
    if given:
        return Path(given).expanduser() / "trusted.json"
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "treadle" / "trusted.json"


def _kept() -> _Kept:
    file = _file()
    if not file.is_file():
        return _Kept()
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError) as bad:
        raise SpecError(
            f"the list of trusted projects cannot be read: {bad}", where=str(file), mend="mend it, or remove the file"
        ) from bad


def _keep(kept: _Kept) -> None:
    """Write the list whole or not at all, readable by its owner only."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
    fresh.replace(file)
