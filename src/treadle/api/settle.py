"""Settle a decision by an experiment: terms, who agrees to them, and the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from treadle.api.decide import Name, shown, today_of
from treadle.api.operation import OfTarget, ProjectPath, Request, Work, operation, option
from treadle.errors import DecisionError
from treadle.people.found import Decision

if TYPE_CHECKING:
    from treadle.stages.settling import Asked


class TermsRequest(OfTarget, frozen=True):
    project: ProjectPath
    name: Name
    change: Annotated[
        tuple[str, ...],
        option('what an option changes, as "OPTION: PART=VALUE", such as "drop: features.request.kind=null"; several'),
    ]
    margin: Annotated[float, option("from which gain on, in the metric, one of them counts as better")]
    minutes: Annotated[float, option("of learning, for each side")]
    between: Annotated[tuple[str, ...], option("the two options, where the decision has more; twice")] = ()
    metric: Annotated[str | None, option("what they are compared by; the project's, if not given")] = None
    otherwise: Annotated[str, option("the option that is taken where neither is better; else it stays open")] = ""


class AgreeRequest(Request, frozen=True):
    project: ProjectPath
    name: Name
    terms: Annotated[int, option("the number of the entry that you have read, as decide show tells it")]


class SettleRequest(OfTarget, frozen=True):
    project: ProjectPath
    name: Name
    by: Annotated[Literal["experiment"], option("how: experiment runs what all have agreed to")]
    without: Annotated[tuple[str, ...], option("a person who was asked, and is not waited for; several times")] = ()


@operation("decide", "terms", permission="discuss")
def decide_terms(request: TermsRequest, work: Work) -> Decision:
    """Fix how an experiment is to settle it, before it is run: rows, both sides, metric, margin, minutes.

    Whoever is for one of the sides, and who decides, agrees to it; then nothing of it may change.
    """
    from treadle.people.agreeing import check_terms, opened_now, state_terms
    from treadle.stages.settling import make_terms

    workspace, asked = work.workspace, _asked(request, work)
    options = (asked.sides[0][0], asked.sides[1][0])
    with workspace.chain.alone() as alone:
        found, opened = opened_now(alone, request.name, today_of(work))
        check_terms(found, options, asked.margin, asked.minutes, asked.otherwise)
    state_terms(workspace.chain, make_terms(workspace, request.name, opened, asked), today_of(work))
    return shown(work, request.name)


@operation("decide", "agree", permission="discuss")
def decide_agree(request: AgreeRequest, work: Work) -> Decision:
    """Agree, in your own name, to the terms of an experiment as they stand."""
    from treadle.people.agreeing import agree

    agree(work.workspace.chain, request.name, request.terms, today_of(work))
    return shown(work, request.name)


@operation("decide", "settle", permission="discuss", in_a_run=True)
def decide_settle(request: SettleRequest, work: Work) -> Decision:
    """Run what all have agreed to, and write what came of it into the decision.

    Both sides are fitted on the same rows and folds, and compared on the same sealed rows by the paired interval of the
    gain.
    """
    from treadle.people.agreeing import agreed_terms
    from treadle.people.checking import check_heard
    from treadle.people.deciding import close_by_experiment
    from treadle.stages import Work as Stages
    from treadle.stages.settling import settle

    workspace = work.workspace
    with workspace.chain.alone() as alone:
        found, terms = agreed_terms(alone, request.name, today_of(work))
    check_heard(found, request.without)
    settled = settle(Stages(workspace), terms.stated)
    taken = settled.payload.better or terms.stated.payload.otherwise
    if taken:
        close_by_experiment(workspace.chain, settled, taken, request.without, today_of(work))
    return shown(work, request.name)


def _asked(request: TermsRequest, work: Work) -> Asked:
    """What is asked, each change with its option."""
    from treadle.stages.settling import Asked

    options = list(dict.fromkeys(request.between)) or [each.name for each in shown(work, request.name).options]
    if len(options) != 2:
        raise DecisionError(
            f"{request.name} has {len(options)} options, and an experiment is between two"
            if not request.between
            else f"an experiment is between two options, and not {len(options)}",
            where="--between",
            mend="name the two: --between ONE --between OTHER",
        )
    changes: dict[str, list[str]] = {name: [] for name in options}
    for text in request.change:
        name, sign, change = (part.strip() for part in text.partition(":"))
        if not sign or name not in changes:
            raise DecisionError(
                f'"{text[:80]}" begins with neither {" nor ".join(options)}',
                where="--change",
                mend=f'write "OPTION: PART=VALUE", such as "{options[1]}: features.lookup.weather=null"',
            )
        changes[name].append(change)
    metric = request.metric or work.workspace.project.spec.predict.metric
    if metric is None:
        raise DecisionError(
            "the project names no metric", where="--metric", mend="say what the two are compared by: --metric NAME"
        )
    one, other = ((name, tuple(changes[name])) for name in options)
    return Asked(
        sides=(one, other),
        metric=metric,
        margin=request.margin,
        minutes=request.minutes,
        otherwise=request.otherwise,
    )
