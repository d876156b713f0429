"""Help with what is hard to say: feedback about work, a statement about oneself, a way to meet a conflict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, Work, group, operation, option

if TYPE_CHECKING:
    from treadle.talk import Remark

group("talk", "What is hard to say: feedback about work, a statement about yourself, a way to meet a conflict.")

Many = Annotated[tuple[str, ...], option("a name that may be meant, beside you and others; several times")]


class FeedbackRequest(Request, frozen=True):
    project: ProjectPath
    to: Annotated[str, option("whom it is for")]
    saw: Annotated[str, option("what was done, and where it can be seen")]
    effect: Annotated[str, option("what came of it, for you, for others or for the work")]
    request: Annotated[str, option("what you ask for")]
    about: Annotated[tuple[str, ...], option("a version, an endpoint, a table, an entry's number; several times")] = ()
    keep: Annotated[bool, option("write it into the record, where all of the project may read it")] = False
    anyway: Annotated[bool, option("keep it even where it reads as an attack on a person")] = False


class RemarkShown(Struct, frozen=True):
    """What to look at before it is said. `attack`: it reads as one on a person."""

    part: str
    words: str
    why: str
    instead: str
    attack: bool


class Said(Struct, frozen=True):
    """The text to send on, and what to look at in it. `entry`: where it stands in the record; None: it is not kept."""

    text: str
    remarks: list[RemarkShown]
    entry: int | None = None


class StatementRequest(Request, frozen=True):
    feeling: Annotated[str, option("what you feel, in a word or two")]
    situation: Annotated[str, option("when: what happens, as a camera would see it")]
    effect: Annotated[str, option("because: what that does to you, or to the work")]
    wish: Annotated[str, option("what you would like instead")]
    name: Many = ()


class AdviceRequest(Request, frozen=True):
    mine: Annotated[Literal["high", "low"], option("what hangs on it for you")]
    theirs: Annotated[Literal["high", "low"], option("what hangs on it for them")]
    time: Annotated[Literal["short", "enough"], option("until something must be done")]
    power: Annotated[Literal["more", "equal", "less"], option("what you may decide, beside them")]
    relation: Annotated[Literal["lasting", "passing"], option("whether you go on working together")]


class WayShown(Struct, frozen=True):
    way: str
    means: str
    score: int
    speaks_for: list[str]
    speaks_against: list[str]


class AdviceAnswer(Struct, frozen=True):
    """Five ways, the best first, each with its reasons. `note`: what to do with it, or what would change it."""

    ways: list[WayShown]
    note: str


@operation("talk", "feedback", permission="discuss")
def talk_feedback(request: FeedbackRequest, work: Work) -> Said:
    """Put feedback about work into words, and see whether a part of it reads as an attack on a person.

    It is printed for you to send, and kept nowhere, unless you say --keep.
    """
    from treadle.api.decide import cited_by
    from treadle.errors import DecisionError
    from treadle.evidence.kinds.feedback_given import FeedbackGiven
    from treadle.people.checking import people_of, refuse_stranger
    from treadle.talk import Feedback, checked

    spec = work.workspace.project.spec
    known = people_of(spec)
    refuse_stranger(spec, request.to, known, "--to")
    about = cited_by(work, request.about, "--about")
    said = Feedback(*(" ".join(text.split()) for text in (request.saw, request.effect, request.request)))
    remarks = checked(said, known)
    if not request.keep:
        return Said(said.text, _shown(remarks))
    empty = [remark.part for remark in remarks if not remark.words]
    if empty or (not request.anyway and any(remark.attack for remark in remarks)):
        found = next(remark for remark in remarks if remark.attack or not remark.words)
        raise DecisionError(
            f'"{found.words}": {found.why}' if found.words else found.why,
            where=f"--{found.part}",
            mend=found.instead if not found.words else f"{found.instead}; if it is none, say --anyway",
        )
    given = FeedbackGiven(to=request.to, saw=said.saw, effect=said.effect, request=said.request, about=about)
    entry = work.workspace.chain.append(given, f"feedback/{request.to}")
    return Said(said.text, _shown(remarks), entry.seq)


@operation("talk", "statement", permission="open", opens=False)
def talk_statement(request: StatementRequest, context: Context) -> Said:
    """Turn a complaint into a statement about yourself: feeling, situation, effect and wish. Nothing is kept."""
    from treadle.talk import Statement, composed

    found = composed(Statement(request.feeling, request.situation, request.effect, request.wish), request.name)
    return Said(f"{found.text}\n", _shown(found.remarks))


@operation("talk", "advice", permission="open", opens=False)
def talk_advice(request: AdviceRequest, context: Context) -> AdviceAnswer:
    """Advise one of five ways to meet a conflict, from what hangs on it, time, power and relation. Nothing is kept."""
    from treadle.talk import Situation, advise

    found = advise(Situation(request.mine, request.theirs, request.time, request.power, request.relation))
    return AdviceAnswer(
        [WayShown(each.way, each.means, each.score, each.speaks_for, each.speaks_against) for each in found.ranked],
        found.note,
    )


def _shown(remarks: list[Remark]) -> list[RemarkShown]:
    return [RemarkShown(each.part, each.words, each.why, each.instead, each.attack) for each in remarks]
