"""Mediation of a decision: call a mediator, their private notes, what they propose, who accepts it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from treadle.api.decide import Because, Name, shown, today_of
from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.people.found import Decision


class MediateRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    mediator: Annotated[str, option("who helps to agree, being no party")]
    until: Annotated[str, option("the day by which it is to be agreed; after it the mediator decides")]
    because: Because


class NoteRequest(Request, frozen=True):
    project: ProjectPath
    name: Name


class NoteShown(Struct, frozen=True):
    """A note, by the day on which it was written; `text` is empty where only its being there is told."""

    entry: int
    day: str
    text: str


class NotesAnswer(Struct, frozen=True):
    decision: str
    notes: list[NoteShown]


class ProposeRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    chosen: Annotated[str, option("the option that is proposed", flag="--for")]
    because: Annotated[str, option("what is proposed, in the words that all agree to")]
    review: Annotated[str, option("the day on which to ask whether it holds")]


class AcceptRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    proposal: Annotated[int, option("the number of the proposal that you have read, as decide show tells it")]


@operation("decide", "mediate", permission="discuss")
def decide_mediate(request: MediateRequest, work: Work) -> Decision:
    """Bring an open decision before a mediator, who is no party: they help to agree, and after a day they decide."""
    from treadle.people.mediating import call_mediator

    workspace = work.workspace
    asked = (request.name, request.mediator, request.until, request.because)
    call_mediator(workspace.chain, workspace.project.spec, *asked, today_of(work))
    return shown(work, request.name)


@operation("decide", "note", permission="discuss")
def decide_note(request: NoteRequest, work: Work) -> NotesAnswer:
    """Keep a private note, as the mediator, encrypted for your account alone.

    It is read from the keyboard or a pipe; the record shows that there is one.
    """
    from treadle.people.mediating import check_mediates, write_note
    from treadle.people.private import lock
    from treadle.store import Blob

    workspace, name = work.workspace, request.name
    check_mediates(shown(work, name), work.principal.actor)
    text = work.asked.hear("Write the note; end it with Ctrl-D on a line of its own.")
    locked = workspace.blobs.put(lock(text, _about(work, name)))
    entry = write_note(workspace.chain, name, Blob(locked, "private note"), today_of(work))
    return NotesAnswer(name, [NoteShown(entry.seq, entry.time[:10], "")])


@operation("decide", "notes", permission="discuss")
def decide_notes(request: NoteRequest, work: Work) -> NotesAnswer:
    """Read your private notes as the mediator, in the account in which you wrote them."""
    from treadle.evidence.kinds.mediation_noted import MediationNoted
    from treadle.people.decisions import SUBJECT
    from treadle.people.private import unlock

    workspace, about = work.workspace, _about(work, request.name)
    shown(work, request.name)  # that there is one of this name
    mine = [
        entry
        for entry in workspace.chain.find(MediationNoted, subject=f"{SUBJECT}{request.name}", status="done")
        if entry.actor == work.principal.actor
    ]
    return NotesAnswer(
        request.name,
        [
            NoteShown(each.seq, each.time[:10], unlock(workspace.blobs.get(each.payload.note.digest), about))
            for each in mine
        ],
    )


@operation("decide", "propose", permission="discuss")
def decide_propose(request: ProposeRequest, work: Work) -> Decision:
    """Propose an outcome, as the mediator, in the words that all parties accept, and when to look at it again."""
    from treadle.people.mediating import propose

    said = (request.name, request.chosen, request.because, request.review)
    propose(work.workspace.chain, *said, today_of(work))
    return shown(work, request.name)


@operation("decide", "accept", permission="discuss")
def decide_accept(request: AcceptRequest, work: Work) -> Decision:
    """Accept what the mediator proposes, in your own name; with the last party's word it is decided."""
    from treadle.people.mediating import accept_outcome

    accept_outcome(work.workspace.chain, request.name, request.proposal, today_of(work))
    return shown(work, request.name)


def _about(work: Work, name: str) -> str:
    return f"{work.workspace.project.spec.project}/{name}/{work.principal.actor}"
