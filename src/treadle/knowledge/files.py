"""A note as a file of Markdown, with what belongs to it in lines above: written, edited by hand, and read back."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from treadle.errors import TeamError
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.knowledge.writing import MOST_TEXT, Draft

_LINE = "---"
_MOST_BYTES = 4 * MOST_TEXT + 100_000
_LISTS = ("tags", "on")
_TEXTS = ("note", "version", "title", "source")


class Filed(Struct, frozen=True):
    """What a file says. `number`: the version that it was written from; None where it does not say.
    `first`: the line in which its text begins."""

    name: str
    number: int | None
    draft: Draft
    first: int = 1


def written(said: NoteWritten) -> str:
    """
    >>> print(written(NoteWritten(note="trees", number=2, title="Trees", text="They grow.", tags=("a", "b"))))
    ---
    note: trees
    version: 2
    title: Trees
    tags: a, b
    source:
    on:
    ---
    They grow.
    <BLANKLINE>
    """
    head = {
        "note": said.note,
        "version": str(said.number),
        "title": said.title,
        "tags": ", ".join(said.tags),
        "source": said.source,
        "on": ", ".join(link.name for link in said.links),
    }
    lines = [f"{name}: {value}".rstrip() for name, value in head.items()]
    return "\n".join([_LINE, *lines, _LINE, said.text, ""])


def read_file(place: str) -> Filed:
    """
    Raises:
        TeamError: it is no text, too large, or its lines above say what is not known.
    """
    file = Path(place)
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        raise TeamError(f"{place} is no UTF-8", where="--file", mend="save it as UTF-8") from bad
    if len(content) > _MOST_BYTES:
        raise TeamError(f"{place} is too large for a note", where="--file", mend="keep the text to one page")
    return parsed(text, place)


def parsed(text: str, place: str) -> Filed:
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[0].strip() != _LINE or _LINE not in (line.strip() for line in lines[1:]):
        return Filed("", None, Draft(text=text))
    end = next(at for at, line in enumerate(lines[1:], 1) if line.strip() == _LINE)
    head: dict[str, str] = {}
    for at, line in enumerate(lines[1:end], 2):
        name, colon, value = line.partition(":")
        if not colon or name.strip() not in (*_LISTS, *_TEXTS):
            raise TeamError(
                f'"{line.strip()[:60]}" says nothing of a note',
                where=f"{place}:{at}",
                mend=f"the lines above the text are: {', '.join((*_TEXTS, *_LISTS))}",
            )
        head[name.strip()] = value.strip()
    draft = _draft(head, "\n".join(lines[end + 1 :]))
    return Filed(head.get("note", ""), _number(head.get("version", ""), place), draft, end + 2)


def _draft(head: dict[str, str], text: str) -> Draft:
    lists = {
        name: tuple(part for each in head[name].split(",") if (part := each.strip())) for name in _LISTS if name in head
    }
    return Draft(
        text=text,
        title=head.get("title") or None,
        source=head.get("source"),
        tags=lists.get("tags"),
        on=lists.get("on"),
    )


def _number(text: str, place: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise TeamError(f'"{text}" is no version', where=place, mend="leave the line as it was written")
    return int(text)
