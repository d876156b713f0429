"""Notes: what was learned, with figures that are read anew and links to what they rest on; and what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.knowledge.found import Attempt, Conflict, Hit, Knows, Note, NoteLine
from treadle.signs import still

if TYPE_CHECKING:
    from treadle.knowledge.files import Filed
    from treadle.knowledge.writing import Draft

group("notes", "Notes and papers: what was learned, what it rests on, and whether it still holds.")

Name = Annotated[str, argument("its name, such as target-encoding")]
Text = Annotated[str | None, option("the text, as Markdown; {shop:3.recall} is a figure, read from the record")]
File = Annotated[str | None, option("a file of Markdown that has the text", local=True)]
Title = Annotated[str | None, option("its title; the first heading, if not given")]
Tag = Annotated[tuple[str, ...], option("a tag, such as calibration; several times")]
On = Annotated[
    tuple[str, ...],
    option("what it rests on: an endpoint, a version, a table, a decision, an entry's number; several times"),
]
Source = Annotated[str | None, option("of a paper, where it is found: a DOI, an address, a reference")]
Limit = Annotated[int, option("so many")]


class AddNoteRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    text: Text = None
    file: File = None
    title: Title = None
    sort: Annotated[Literal["note", "paper"], option("note, or paper for what others published")] = "note"
    tag: Tag = ()
    source: Source = None
    on: On = ()


class EditNoteRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    text: Text = None
    file: File = None
    title: Title = None
    tag: Annotated[tuple[str, ...], option("the tags that it has from now on; several times")] = ()
    source: Source = None
    on: Annotated[tuple[str, ...], option("what it rests on from now on; several times")] = ()
    instead_of: Annotated[
        int | None, option("the version that you edited; a file that notes show --out wrote says it")
    ] = None


class ShowNoteRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    at: Annotated[int | None, option("an earlier version, by its number")] = None
    out: Annotated[str | None, option("write it to this file, to edit it there", local=True)] = None


class ListNotesRequest(Request, frozen=True):
    project: ProjectPath = "."
    tag: Annotated[str | None, option("only those with this tag")] = None
    flagged: Annotated[bool, option("only those that may no longer hold")] = False
    limit: Limit = 50


class SearchRequest(Request, frozen=True):
    project: ProjectPath
    words: Annotated[str, argument('what to look for; all words, "in quotation marks" as they stand')]
    limit: Limit = 20


class TriedRequest(Request, frozen=True):
    words: Annotated[str, argument('what somebody may have tried, such as "target encoding"')]
    project: ProjectPath = "."
    limit: Limit = 20


class EditAnswer(Struct, frozen=True):
    """`note`: as it stands. `conflict`: somebody else was quicker, and nothing of yours was kept."""

    note: Note
    ok: bool = True
    conflict: Conflict | None = None
    project: str = "."


class NoteAnswer(Struct, frozen=True):
    """`file`: where it was written to; empty, where it was not."""

    note: Note
    file: str = ""


class NotesAnswer(Struct, frozen=True):
    """Those that may no longer hold first. `more`: others that the limit left out."""

    notes: list[NoteLine]
    more: int


class SearchAnswer(Struct, frozen=True):
    words: str
    found: list[Hit]


class TriedAnswer(Struct, frozen=True):
    """`every`: all of the words stand in what was found; else some do. `knows`: whom to ask, who knows most first."""

    words: str
    attempts: list[Attempt]
    knows: list[Knows]
    every: bool


@operation("notes", "add", permission="discuss")
def notes_add(request: AddNoteRequest, work: Work) -> NoteAnswer:
    """Write a note or a paper down, with figures that are read anew whenever it is shown, and what it rests on."""
    from treadle.knowledge.writing import add_note

    filed = _filed(request.text, request.file)
    draft = _draft(filed, request.title, request.tag, request.source, request.on)
    add_note(work.workspace, request.name, request.sort, draft)
    return NoteAnswer(_shown(work, request.name))


@operation("notes", "edit", permission="discuss")
def notes_edit(request: EditNoteRequest, work: Work) -> EditAnswer:
    """Edit a note. Where somebody else did so since the version that you began from, both are shown and none is lost.

    An edit that changes nothing of a note that is flagged says that it holds all the same: its figures are taken anew.
    """
    from treadle.knowledge.writing import edit_note

    filed = _filed(request.text, request.file)
    began = request.instead_of if request.instead_of is not None else filed.number
    draft = _draft(filed, request.title, request.tag, request.source, request.on)
    edited = edit_note(work.workspace, request.name, began, draft)
    note = _shown(work, request.name)
    return EditAnswer(note, edited.conflict is None, edited.conflict, request.project)


@operation("notes", "show", permission="read", remote=True)
def notes_show(request: ShowNoteRequest, work: Work) -> NoteAnswer:
    """Show a note with its figures as they are now, why it may no longer hold, and its earlier versions."""
    from treadle.api.written import new_file
    from treadle.evidence import write_whole
    from treadle.knowledge.files import written
    from treadle.knowledge.notes import versions_of

    note = _shown(work, request.name, request.at)
    if request.out is None:
        return NoteAnswer(note)
    with work.workspace.chain.reading() as reader:
        said = versions_of(reader, request.name)[note.number - 1].payload
    write_whole(new_file(request.out, "--out"), still(written(said)).encode())
    return NoteAnswer(note, request.out)


@operation("notes", "list", permission="read", remote=True)
def notes_list(request: ListNotesRequest, work: Work) -> NotesAnswer:
    """List the notes, those first that may no longer hold: a figure changed, or something newer came after a link."""
    from treadle.knowledge.notes import list_notes

    limit = check_limit(request.limit)
    with work.workspace.chain.reading() as reader:
        found, more = list_notes(work.workspace, reader, request.tag, limit, flagged=request.flagged)
    return NotesAnswer(found, more)


@operation("notes", "search", permission="read", remote=True)
def notes_search(request: SearchRequest, work: Work) -> SearchAnswer:
    """Search notes, papers, decisions, briefs, features and trials by their words."""
    from treadle.knowledge.searching import asked_words, search

    limit, terms = check_limit(request.limit), asked_words(request.words)
    with work.workspace.chain.reading() as reader:
        return SearchAnswer(request.words, search(reader, terms, limit))


@operation("tried", permission="read", remote=True)
def tried(request: TriedRequest, work: Work) -> TriedAnswer:
    """Say whether anybody tried something: trials, features, decisions, notes, what came of it, and who knows."""
    from treadle.knowledge.searching import asked_words
    from treadle.knowledge.tried import tried as find_tried

    limit, terms = check_limit(request.limit), asked_words(request.words)
    chain = work.workspace.chain
    with chain.reading() as reader:
        found = find_tried(reader, terms, chain.clock(), limit)
    return TriedAnswer(request.words, found.attempts, found.knows, found.every)


def _filed(text: str | None, file: str | None) -> Filed:
    from treadle.errors import TeamError
    from treadle.knowledge.files import Filed, read_file
    from treadle.knowledge.writing import Draft

    if file is None:
        return Filed("", None, Draft(text=text))
    if text is not None:
        raise TeamError("a note has one text", where="--file", mend="give --text or --file, not both")
    return read_file(file)


def _draft(filed: Filed, title: str | None, tags: tuple[str, ...], source: str | None, on: tuple[str, ...]) -> Draft:
    """What the command says, and where it says nothing what the file does."""
    from treadle.knowledge.writing import Draft

    said = filed.draft
    return Draft(
        text=said.text,
        title=said.title if title is None else title,
        tags=tags or said.tags,
        source=said.source if source is None else source,
        on=on or said.on,
    )


def _shown(work: Work, name: str, at: int | None = None) -> Note:
    from treadle.knowledge.notes import note

    with work.workspace.chain.reading() as reader:
        return note(work.workspace, reader, name, at)
