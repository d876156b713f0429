"""The folder in which a project's things are kept: whose it is, whether it is believed, who may read it.

It knows no engine: what is inside is opened by `workspace`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import uuid
from pathlib import Path

from treadle.errors import SpecError
from treadle.repository import has_file
from treadle.spec.settings import FILE as SETTINGS
from treadle.spec.trust import believe_record, knows_record

PRIVATE, SHARED = 0o077, 0o007
"""What others may not do with what is kept: everything; or everybody but the group of a shared workspace."""
IGNORED = ".gitignore"
_WRITTEN = ("keys", "reports", "journal", "state", "checkpoints", "bundles")
"""Folders in which files are written by names that are known before: a link in one would lead such a write away."""


def home(root: Path) -> Path:
    """`.treadle` beside the project, or the folder that TREADLE_HOME names."""
    given = os.environ.get("TREADLE_HOME")
    return Path(given).expanduser().resolve() if given else root / ".treadle"


def is_named() -> bool:
    """Whether who runs this has named the folder, so that it is nothing that came along with a project."""
    return bool(os.environ.get("TREADLE_HOME"))


def key_file(root: Path) -> Path:
    return root / "keys" / "signing.key"


def record_key(root: Path) -> str | None:
    """The private key of what is kept in `root`; "" where something is kept without a key, None where nothing is."""
    for _ in range(2):  # a record that begins appears at once, key and all: whoever sees a part of it, looks again
        try:
            descriptor = os.open(key_file(root), os.O_RDONLY | os.O_NOFOLLOW)
        except PermissionError:
            raise
        except OSError:
            pass
        else:
            with os.fdopen(descriptor, "rb") as file:
                text = file.read(200).decode("ascii", "replace").strip()
            return text if re.fullmatch("[0-9a-f]{64}", text) else ""
        if not root.is_dir() or not _kept(root):
            return None
    return ""


def _kept(root: Path) -> list[str]:
    """The names of what is kept in it; what keeps it out of Git is nothing that is kept."""
    return [place.name for place in root.iterdir() if place.name != IGNORED]


def believe(root: Path) -> bool:
    """Keep that this account believes the record in `root`, where it is now; False where nothing is kept.

    Raises:
        SpecError: there is a link anywhere in it, or its key is none.
    """
    if record_key(root) is None:
        return False
    refuse_links(root, everywhere=True)
    if key_file(root).exists() and not record_key(root):
        raise SpecError(
            "the key of this record is no key", where=str(key_file(root)), mend="move it away: the record gets one"
        )
    believe_record(signing_key(root), root)  # a record without a key gets one: its want says nothing
    return True


def begins_anew(root: Path, project: Path, *, named: bool = False) -> bool:
    """Whether nothing is kept yet. `named`: who runs this chose the folder, as with TREADLE_HOME.

    A record that came with the project's folder is another's word, whoever it names as reviewer.

    Raises:
        SpecError: nobody of this account began it, or said that it is to be believed.
    """
    if named or is_named():
        return record_key(root) is None
    try:
        key = record_key(root)
    except PermissionError:
        if key_file(root).stat().st_uid != os.getuid():
            return False  # another account's, on this machine: no archive that was unpacked here can claim that
        raise
    if key is not None and not knows_record(key, root):
        if _kept(root) == [SETTINGS]:  # no record from elsewhere; still another's word
            raise SpecError(
                "this file names where data goes, and nobody here has said that it is to be followed",
                where=str(root / SETTINGS),
                mend=f"if you wrote it, or believe it: treadle trust {project}. Else move it away",
            )
        raise SpecError(
            "this record was not begun by you: its approvals, models, keys and settings are another's word",
            where=str(root),
            mend=f"if you believe it: treadle trust {project}. To begin a new one, move the folder away",
        )
    return key is None


def begin(root: Path, *, named: bool = False) -> None:
    """Make the folder with its key in it at once, so that nobody ever sees a record whose key is still missing."""
    part = root.with_name(f"{root.name}.{uuid.uuid4().hex}")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.mkdir(mode=0o700)
    try:
        if root.is_dir():
            there = root.stat()
            with contextlib.suppress(PermissionError):
                os.chown(part, -1, there.st_gid)
            part.chmod(there.st_mode & 0o7777)
        signing_key(part, named=named)
        part.rename(root)
    except OSError:
        signing_key(root, named=named)  # another process began it in the meantime, or the folder cannot be exchanged
    finally:
        shutil.rmtree(part, ignore_errors=True)


def keep_out_of_git(root: Path) -> None:
    """Have Git pass over the workspace, its key and catalog with it, whatever the project's own .gitignore says.

    One that is there already stays as it is, and a folder that TREADLE_HOME names is no part of a project.
    """
    if not is_named():
        with contextlib.suppress(FileExistsError, PermissionError), (root / IGNORED).open("x", encoding="ascii") as out:
            out.write("*\n")


def key_in_git(project: Path) -> str:
    """That Git knows the signing key of a project's workspace, and how to mend it; "" where it does not."""
    file = key_file(home(project))
    if not file.exists() or not has_file(file):
        return ""
    again = "" if is_named() else f"; treadle trust {project}"
    return (
        f"Git has the signing key, {file}: whoever can read the repository can sign models, releases and checkpoints "
        f"as this project. Type: git rm -r --cached {home(project)}, and commit that; its history keeps the key, so "
        f"make a new one: move {file.parent} elsewhere{again}; treadle run {project} --fresh"
    )


def refuse_links(root: Path, *, everywhere: bool = False) -> None:
    """A workspace that is a link, or has one in it, could have anything written anywhere.

    everywhere: also among tables and blobs, of which there are many: what this account itself wrote there is no link.

    Raises:
        SpecError: there is one. Where the workspace should lie elsewhere, TREADLE_HOME says so.
    """
    places = [root, *(Path(each.path) for each in os.scandir(root))] if root.is_dir() else [root]
    for folder in [root] if everywhere else [root / name for name in _WRITTEN]:
        for above, folders, files in os.walk(folder):
            places += [Path(above, name) for name in (*folders, *files)]
    for place in places:
        if place.is_symlink():
            raise SpecError(
                f"{place.name} is a link, and what is kept is never written through one",
                where=str(place),
                mend="remove the link; TREADLE_HOME names another folder for what is kept",
            )


def keep_private(root: Path) -> None:
    """Make the workspace's folder, and see that whatever this process writes from here on is not for others.

    Engines write files of their own making, so the rule is the process's and not each file's: nobody else may read
    (0700, 0600), or nobody outside the group of a workspace that `init --shared` made (2770, 0660).
    """
    shared = is_shared(root)
    os.umask(SHARED if shared else PRIVATE)
    if not root.is_dir():
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not shared and root.stat().st_mode & PRIVATE and root.stat().st_uid == os.getuid():
        root.chmod(0o700)


def is_shared(root: Path) -> bool:
    return root.is_dir() and bool(root.stat().st_mode & 0o2000)


def share(root: Path, group: str) -> None:
    """Make a workspace that a group of this machine shares: 2770, and 0660 for what is written in it.

    Raises:
        SpecError: there is no such group, or this user may not give it anything.
    """
    number = group_to_share(group)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(root, -1, number)
    root.chmod(0o2770)


def group_to_share(group: str) -> int:
    """The number of a group that this user may give something to.

    Raises:
        SpecError: there is no such group, or this user is not in it.
    """
    import grp

    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError as bad:
        raise SpecError(
            f"there is no group {group!r} on this machine", where="--shared", mend="`getent group` lists them"
        ) from bad
    if os.geteuid() and number not in (os.getegid(), *os.getgroups()):
        raise SpecError(
            f"you are no member of {group!r}", where="--shared", mend="`id -Gn` lists the groups that you are in"
        )
    return number


def signing_key(root: Path, *, named: bool = False) -> str:
    """The workspace's private key, hex, made on first use; readable by its owner, or by those who share it.

    named: who runs this chose the folder, so that it need not be kept that its record is theirs.
    """
    file = key_file(root)
    if not file.exists():
        from treadle.models import new_key

        shared = is_shared(root)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_name(f".{uuid.uuid4().hex}.part")
        made = new_key()
        if not (named or is_named()):
            believe_record(made)  # before others can find it: who reads it finds it known
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        if shared:  # whatever the umask is: it is set once the workspace is there
            with contextlib.suppress(PermissionError):  # another member made the folder
                file.parent.chmod(0o2770)
            os.fchmod(descriptor, 0o660)
        with os.fdopen(descriptor, "w") as out:
            out.write(made)
        with contextlib.suppress(FileExistsError):  # another process made it in the meantime: its key counts
            os.link(part, file)
        part.unlink()
    return file.read_text(encoding="ascii")
