"""What Git says of a folder: its commit, its branch, and what was changed since and is not committed.

Git is asked, and nothing of the repository's own settings is run: no hook, monitor, filter of diffs or pager.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

_SECONDS = 5.0
MOST_DIFF = 1 << 20
"""Bytes of uncommitted changes that are kept; more of them are no edit, and only named."""
MOST_CHANGED = 200
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")


class State(Struct, frozen=True):
    """`branch`: empty where HEAD is on none. `changed`: files below the folder that differ from the commit, new ones
    too. `diff`: the changes of those that Git knows, as `git apply` takes them; empty where they are too many."""

    commit: str
    branch: str
    changed: tuple[str, ...]
    diff: bytes


def commit_of(folder: Path) -> str:
    """The commit that the folder stands at; empty where it is in no repository, or Git is not there."""
    found = _git(folder, "rev-parse", "--verify", "HEAD^{commit}")
    return "" if found is None else found.decode(errors="replace").strip()


def state_of(folder: Path) -> State | None:
    """None where the folder is in no repository with a commit."""
    commit = commit_of(folder)
    if not commit:
        return None
    branch = (_git(folder, "symbolic-ref", "--quiet", "--short", "HEAD") or b"").decode(errors="replace").strip()
    told = _git(folder, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=normal", "--", ".") or b""
    changed = tuple(line[3:].decode(errors="replace") for line in told.split(b"\0") if len(line) > 3)
    return State(commit, branch, changed[:MOST_CHANGED], _diff(folder) if changed else b"")


def has_file(file: Path) -> bool:
    """Whether Git knows the file: it is committed, or will be with the next commit."""
    return bool(_git(file.parent, "ls-files", "--", file.name))


class Touched(Struct, frozen=True):
    """What one commit changed below the folder. `authors`: e-mail addresses of its author and of those named as
    `Co-authored-by`, as the repository's `.mailmap` has them; `files`: from the folder on."""

    authors: tuple[str, ...]
    time: str
    files: tuple[str, ...]


def touched(folder: Path, since: str, most: int = 2000) -> list[Touched]:
    """The newest commits that changed something below the folder, as far as they were written since a day or a time in
    UTC; none where it is in no repository."""
    wanted = "--format=%x01%aE%x02%aI%x02%(trailers:key=Co-authored-by,valueonly,separator=%x03)%x02"
    plain = ("--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-merges", "--name-only")
    # not by --since: of a day that is that day at this hour, and it ends at the first older commit, whatever is below
    words = ("log", f"--max-count={most}", *plain, "--relative", "-z", wanted)
    told = _git(folder, *words, "--", ".")
    if told is None:  # too long a history to walk as a whole: as far as the first that is older
        told = _git(folder, *words, f"--since={since}", "--", ".") or b""
    every = [found for part in told.decode(errors="replace").split("\x01") if (found := _commit(part)) is not None]
    return [each for each in every if _in_utc(each.time) >= _in_utc(since)]


def _in_utc(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _commit(part: str) -> Touched | None:
    fields = part.split("\x02")
    if len(fields) != 4:
        return None
    author, time, others, files = fields
    named = [each.rpartition("<")[2].rstrip("> ") for each in others.split("\x03") if "<" in each]
    paths = tuple(path for each in files.split("\0") if (path := each.strip()))
    return Touched(tuple(dict.fromkeys((author.strip(), *named))), time, paths)


def _diff(folder: Path) -> bytes:
    """No more of it is read than is kept: a table under version control may have changed as a whole."""
    words = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "HEAD", "--", ".")
    with subprocess.Popen(_command(folder, words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as going:
        assert going.stdout is not None
        found = going.stdout.read(MOST_DIFF + 1)
        if len(found) > MOST_DIFF:
            going.kill()
            return b""
    return found if going.returncode == 0 else b""


def _command(folder: Path, words: Sequence[str]) -> list[str]:
    return ["git", *_SAFE, "-C", str(folder), *words]


def _git(folder: Path, *words: str) -> bytes | None:
    try:
        done = subprocess.run(_command(folder, words), capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout
