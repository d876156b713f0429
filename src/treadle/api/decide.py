"""Decisions: a question, its options, who is asked; positions with their evidence; the outcome, and its review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.people.found import Decision

if TYPE_CHECKING:
    from treadle.evidence import Reader
    from treadle.evidence.kinds.decision_opened import Option
    from treadle.store import EntryRef

group("decide", "Decisions: what is asked, who is for what and why, what came of it.")

Name = Annotated[str, argument("its name, such as drop-weather")]
Because = Annotated[str, option("why, in a sentence or two; it stays in the record")]
Evidence = Annotated[
    tuple[str, ...],
    option("what it rests on: an endpoint, a version, a table, an entry's number; may be given several times"),
]


class OpenRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    question: Annotated[str, option("what is to be decided")]
    option: Annotated[tuple[str, ...], option('an answer, as "name" or "name: what it means"; twice or more')]
    asks: Annotated[tuple[str, ...], option("a person who is to be heard before it closes; several times")] = ()
    decides: Annotated[str | None, option("who decides; you, if not given")] = None
    until: Annotated[str, option("the day by which it is to be decided, such as 2027-01-31")] = ""
    mediator: Annotated[str, option("who decides after that day, being no party")] = ""
    review: Annotated[str, option("the day on which to ask whether it still holds")] = ""
    evidence: Evidence = ()


class SayRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    chosen: Annotated[str, option("the option that you are for", flag="--for")]
    because: Because
    evidence: Evidence = ()


class CloseRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    chosen: Annotated[str, option("the option that is taken", flag="--for")]
    because: Because
    without: Annotated[tuple[str, ...], option("a person who was asked, and is not waited for; several times")] = ()


class ReviewRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    holds: Annotated[Literal["yes", "no"], option("whether it still holds: yes or no; no opens it again")]
    because: Because
    review: Annotated[str, option("the day on which to ask again")] = ""


class ShowDecisionRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    page: Annotated[str | None, option("also write it to this file, as a page", local=True)] = None


class ListDecisionsRequest(Request, frozen=True):
    project: ProjectPath = "."
    person: Annotated[str | None, option("only those that wait for this person")] = None
    limit: Annotated[int, option("so many at most, what waits first")] = 50


class DecisionLine(Struct, frozen=True):
    """One line of the list. `waits_for`: whose word comes next. `notes`: why it is worth a look."""

    name: str
    question: str
    status: str
    outcome: str
    waits_for: list[str]
    notes: list[str]


class DecisionsAnswer(Struct, frozen=True):
    """`person`: those that wait for this person alone were asked for; `others`: so many do not. `more`: beyond the
    limit."""

    decisions: list[DecisionLine]
    person: str = ""
    others: int = 0
    more: int = 0


@operation("decide", "open", permission="discuss")
def decide_open(request: OpenRequest, work: Work) -> Decision:
    """Open a decision: its question, its options, who is to be heard, who decides and by when."""
    from treadle.evidence.kinds.decision_opened import DecisionOpened
    from treadle.people.deciding import open_decision

    workspace = work.workspace
    asked = DecisionOpened(
        decision=request.name,
        question=" ".join(request.question.split()),
        options=tuple(map(_option, request.option)),
        decides=request.decides or work.principal.name,
        asked=tuple(dict.fromkeys(request.asks)),
        until=request.until,
        mediator=request.mediator,
        review=request.review,
        evidence=cited_by(work, request.evidence),
    )
    open_decision(workspace.chain, workspace.project.spec, asked, today_of(work))
    return shown(work, request.name)


@operation("decide", "say", permission="discuss")
def decide_say(request: SayRequest, work: Work) -> Decision:
    """State what you are for, why, and what that rests on. A later word takes the place of yours before."""
    from treadle.people.deciding import state_position

    evidence = cited_by(work, request.evidence)
    state_position(work.workspace.chain, request.name, request.chosen, request.because, evidence, today_of(work))
    return shown(work, request.name)


@operation("decide", "close", permission="discuss")
def decide_close(request: CloseRequest, work: Work) -> Decision:
    """Decide. Whoever was asked is heard first, or is named as one who was not waited for."""
    from treadle.people.deciding import close_decision

    chain = work.workspace.chain
    close_decision(chain, request.name, request.chosen, request.because, request.without, today_of(work))
    return shown(work, request.name)


@operation("decide", "review", permission="discuss")
def decide_review(request: ReviewRequest, work: Work) -> Decision:
    """Say whether what was decided still holds; where it does not, the question is open again."""
    from treadle.people.deciding import review_decision

    review_decision(
        work.workspace.chain,
        request.name,
        holds=request.holds == "yes",
        because=request.because,
        review=request.review,
        today=today_of(work),
    )
    return shown(work, request.name)


@operation("decide", "show", permission="read", remote=True)
def decide_show(request: ShowDecisionRequest, work: Work) -> Decision:
    """Show a decision: positions with their evidence, dissent, who was not heard, the outcome."""
    found = shown(work, request.name)
    if request.page is not None:
        from treadle.api.written import new_file
        from treadle.evidence import write_whole
        from treadle.rhythm.showing import decision_page

        html = decision_page(work.workspace.project.spec.project, found, served=False)
        write_whole(new_file(request.page, "--page"), html.encode())
    return found


@operation("decide", "list", permission="read", remote=True)
def decide_list(request: ListDecisionsRequest, work: Work) -> DecisionsAnswer:
    """List the decisions, what waits first: whose word comes next, which reviews are due, what evidence is older."""
    from treadle.people.checking import people_of, refuse_stranger
    from treadle.people.decisions import standings

    limit, today, order = check_limit(request.limit), today_of(work), ("overdue", "review due", "open", "decided")
    with work.workspace.chain.reading() as reader:
        found = sorted(standings(reader, today), key=lambda each: order.index(each.status))
        wanted = [each.name for each in found]
        if request.person is not None:  # what is decided waits for nobody
            lines = _lines(reader, [each.name for each in found if each.status != "decided"], today)
            # whoever a decision waits for may be nobody of the project any more
            spec = work.workspace.project.spec
            known = dict.fromkeys((*people_of(spec), *(name for line in lines for name in line.waits_for)))
            refuse_stranger(spec, request.person, list(known), "--person")
            wanted = [line.name for line in lines if request.person in line.waits_for]
        listed = _lines(reader, wanted[:limit], today)
    return DecisionsAnswer(listed, request.person or "", len(found) - len(wanted), len(wanted) - len(listed))


def _lines(reader: Reader, names: Sequence[str], today: date) -> list[DecisionLine]:
    from treadle.people.decisions import decision

    return [_line(found) for name in names if (found := decision(reader, name, today)) is not None]


def _line(found: Decision) -> DecisionLine:
    waits = _waits_for(found)
    return DecisionLine(
        found.name, found.question, found.status, found.outcome.option if found.outcome else "", waits, found.notes
    )


def _waits_for(found: Decision) -> list[str]:
    """Whoever was not heard, then who must agree to the terms of an experiment, then who decides."""
    if found.outcome is not None:
        return [found.decides] if found.status == "review due" else []
    to_agree = found.experiment.waits_for if found.experiment is not None else []
    return found.unheard or to_agree or [found.decides]


def every(work: Work) -> list[Decision]:
    """Every decision as it stands, the newest first."""
    from treadle.people.decisions import decision, names

    with work.workspace.chain.reading() as reader:
        found = [decision(reader, name, today_of(work)) for name in names(reader)]
    return [each for each in found if each is not None]


def shown(work: Work, name: str) -> Decision:
    from treadle.people.checking import unknown
    from treadle.people.decisions import decision, names

    with work.workspace.chain.reading() as reader:
        found = decision(reader, name, today_of(work))
        if found is None:
            raise unknown(name, names(reader))
    return found


def _option(text: str) -> Option:
    from treadle.evidence.kinds.decision_opened import Option

    name, _, meaning = text.partition(":")
    return Option(" ".join(name.split()), " ".join(meaning.split()))


def cited_by(work: Work, subjects: Sequence[str], where: str = "--evidence") -> tuple[EntryRef, ...]:
    from treadle.history.lineage import called

    workspace = work.workspace
    with workspace.chain.reading() as reader:
        return tuple(called(workspace, reader, subject, where).ref for subject in dict.fromkeys(subjects))


def today_of(work: Work) -> date:
    return work.workspace.chain.clock().date()
