"""Comments of those who review: on an entry of the record, or on a line of a file as it stood then."""

from __future__ import annotations

import hashlib
from pathlib import Path

from treadle.errors import TeamError, nearest
from treadle.evidence import Alone, Chain, Entry, Payload, Reader
from treadle.evidence.kinds.review_commented import Place, ReviewCommented
from treadle.people.checking import check_text
from treadle.store import EntryRef

MOST_FILE = 8 * 1024 * 1024


def comment(
    chain: Chain, project: str, about: Entry[Payload], name: str, text: str, place: Place | None, answers: int | None
) -> Entry[ReviewCommented]:
    """In the name of the chain's actor. `answers`: the entry of a comment of the project.

    Raises:
        TeamError: no text, or no such comment.
    """
    check_text(text, "--text")
    with chain.alone() as alone:
        ref = None if answers is None else _answered(alone, project, answers)
        made = ReviewCommented(name=name, about=about.ref, text=text.strip(), place=place, answers=ref)
        return alone.append(made, f"comments/{project}")


def _answered(alone: Alone, project: str, number: int) -> EntryRef:
    known = {entry.seq: entry for entry in comments(alone, project)}
    if number not in known:
        listed = ", ".join(map(str, list(known)[-10:])) or "none"
        raise TeamError(f"entry {number} is no comment", where="--answers", mend=f"comments: {listed}")
    return known[number].ref


def comments(reader: Reader, project: str) -> list[Entry[ReviewCommented]]:
    """All of a project, oldest first."""
    return reader.find(ReviewCommented, subject=f"comments/{project}", status="done")


def place_of_line(root: Path, named: str) -> Place:
    """A line of a file of the project, `FILE:LINE`.

    Raises:
        TeamError: no such line, or a file that is none of the project's.
    """
    file, _, number = named.rpartition(":")
    if not file or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise TeamError(f'"{named}" is no line', where="--at", mend="write FILE:LINE, such as treadle.yaml:12")
    whole = (root / file).resolve()
    if not whole.is_relative_to(root.resolve()) or not whole.is_file():
        near = nearest(file, [each.name for each in root.iterdir() if each.is_file()])
        raise TeamError(f"the project has no file {file}", where="--at", mend=near)
    if whole.stat().st_size > MOST_FILE:
        raise TeamError(f"{file} is too large to have lines", where="--at", mend="comment on the version")
    content = whole.read_bytes()
    lines = content.decode("utf-8", "replace").splitlines()
    if not 1 <= int(number) <= len(lines):
        raise TeamError(f"{file} has no line {number}", where="--at", mend=f"it has {len(lines):,}")
    text = lines[int(number) - 1]
    name = whole.relative_to(root.resolve()).as_posix()
    return Place(name, int(number), text[:500], hashlib.sha256(content).hexdigest())


def has_moved(root: Path, place: Place) -> bool:
    """Whether another text stands at that line by now, or none."""
    try:
        return place_of_line(root, f"{place.file}:{place.line}").text != place.text
    except TeamError:
        return True
