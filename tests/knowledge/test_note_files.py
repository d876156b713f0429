"""A note as a file: what is written is read back as it was, and what is no note is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import TeamError
from treadle.evidence.kinds.note_written import Link, NoteWritten
from treadle.knowledge.files import parsed, read_file, written
from treadle.store import EntryRef

LINE = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1).map(str.strip).filter(bool)
WORD = st.from_regex(r"[a-z0-9][a-z0-9:/-]{0,20}", fullmatch=True)


@given(LINE, st.lists(LINE, min_size=1), st.lists(WORD, unique=True), st.lists(WORD, unique=True), LINE)
def test_what_is_written_is_read_back(
    title: str, lines: list[str], tags: list[str], on: list[str], source: str
) -> None:
    said = NoteWritten(
        note="n", number=3, title=title, text="\n".join(lines), tags=tuple(tags), source=source,
        links=tuple(Link(name, EntryRef("a" * 64)) for name in on),
    )  # fmt: skip
    found = parsed(written(said), "n.md")
    assert (found.name, found.number) == ("n", 3)
    draft = found.draft
    assert (draft.title, draft.tags, draft.source, draft.on) == (title, tuple(tags), source, tuple(on))
    assert draft.text is not None and draft.text.strip() == said.text.strip()


def test_a_file_without_lines_above_is_text_alone() -> None:
    for text in ("# Trees\n\nThey grow.", "---\nno end", "", "a\n---\nb"):
        found = parsed(text, "n.md")
        assert (found.number, found.draft.text, found.draft.tags) == (None, text, None)


def test_what_is_not_said_above_stays_as_it_was() -> None:
    draft = parsed("---\r\nversion: 2\r\ntags:\r\n---\r\nHi\r\n", "n.md").draft
    assert (draft.tags, draft.on, draft.title, draft.source) == ((), None, None, None)


def test_a_file_that_is_no_note_is_refused(tmp_path: Path) -> None:
    for name, content, said in (
        ("a.md", b"---\nversion: two\n---\nx", '"two" is no version'),
        ("b.md", b"---\nversion: 1\ncolour: red\n---\nx", '"colour: red" says nothing of a note'),
        ("c.md", b"\xff\xfe\x00", "is no UTF-8"),
        ("d.md", b"x" * 600_000, "is too large for a note"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(TeamError, match=said) as told:
            read_file(str(tmp_path / name))
        assert told.value.mend
    with pytest.raises(TeamError) as told:
        read_file(str(tmp_path / "b.md"))
    assert told.value.where.endswith("b.md:3")
    with pytest.raises(FileNotFoundError):
        read_file(str(tmp_path / "none.md"))
