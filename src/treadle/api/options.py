"""Ways to go on, put before those who decide, and the one that they choose."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import OfTarget, ProjectPath, Request, Work, argument, operation, option
from treadle.api.prices import day_of
from treadle.errors import DecisionError, GateError
from treadle.plans.found import Assumed
from treadle.plans.options_found import MonthSpent, Told

if TYPE_CHECKING:
    from pathlib import Path

    from treadle.evidence.kinds.options_offered import Offered
    from treadle.plans.choosing import Choices


class OptionsRequest(OfTarget, frozen=True, kw_only=True):
    """`open`: the decision that they are put to; without it they are shown, and nothing is written."""

    open: Annotated[str | None, option("put them to a decision of this name, such as how-to-go-on")] = None
    asks: Annotated[tuple[str, ...], option("a person who is to be heard before it closes; several times")] = ()
    decides: Annotated[str | None, option("who decides; you, if not given")] = None
    until: Annotated[str, option("the day by which it is to be decided, such as 2027-01-31")] = ""
    review: Annotated[str, option("the day on which to ask whether it still holds")] = ""
    days: Annotated[int, option("the workload of the last so many days")] = 30
    at: Annotated[str | None, option("by the prices of this day, such as 2026-11-28; today, if not given")] = None
    vendor: Annotated[str | None, option("only by this vendor's prices")] = None
    region: Annotated[str | None, option("only by the prices of this region")] = None
    out: Annotated[str | None, option("also write the page to this file", local=True)] = None


class OptionsAnswer(Struct, frozen=True):
    """`ways`: so many were judged and priced, of which `options` stand out. `decision`: "" where none was opened;
    `page`: the file, "" where none was written. `spent`: what machines came to this month so far, beside which options
    are held, in words; `over`: the options whose month is spent already, and `why_over` in words."""

    currency: str
    at: str
    first: str
    last: str
    options: list[Told]
    ways: int
    unknown: list[str]
    decision: str
    page: str
    next: str
    spent: str = ""
    over: list[str] = []
    why_over: dict[str, str] = {}


class ChooseRequest(Request, frozen=True):
    project: ProjectPath
    name: Annotated[str, argument("the decision that the options were put to")]
    chosen: Annotated[str, option("the option that is taken, such as between; or as-it-is", flag="--for")]
    because: Annotated[str, option("why, in a sentence or two; it stays in the record")]
    without: Annotated[tuple[str, ...], option("a person who was asked, and is not waited for; several times")] = ()


class ChooseAnswer(Struct, frozen=True):
    """`entry`: of the record, in the name of `by`; `sets`: what it sets from now on, in words. `spent`: how much of the
    month that it allows is spent already, in words; "" where it sets no budget."""

    decision: str
    option: str
    by: str
    entry: int
    sets: list[str]
    next: str
    spent: str = ""


@operation("costs", "options", permission="read")
def costs_options(request: OptionsRequest, work: Work) -> OptionsAnswer:
    """Show three ways to go on, in plain words: least cost, best result, and between; and put them to a decision.

    Each is a version that was judged, served in a way that has a price: its result, cost a month, what may go wrong and
    what it does for the goal. What is not known is said to be so. With --open the page is kept in the record.
    """
    from treadle.api.written import new_file
    from treadle.evidence import write_whole
    from treadle.plans.choosing import choices_of
    from treadle.plans.offering import options_page

    file = new_file(request.out, "--out") if request.out is not None else None
    if request.open is not None:
        work.require("costs options", "discuss")
    workspace = work.workspace
    day = day_of(request.at, "--at") or workspace.chain.clock().date().isoformat()
    found = choices_of(workspace, Assumed(), days=request.days, day=day, vendor=request.vendor, region=request.region)
    purse = _purse(found, work)
    html = options_page(found, request.open or "", purse)
    if request.open is not None:
        _put(request, work, found, html)
        file = file or _kept(work, request.open)
    if file is not None:
        write_whole(file, html.encode())
    return _answer(found, request.open or "", "" if file is None else str(file), purse, work)


def _put(request: OptionsRequest, work: Work, found: Choices, html: str) -> None:
    from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
    from treadle.people.deciding import open_with_offer
    from treadle.plans.offering import offer

    assert request.open is not None
    workspace = work.workspace
    made = offer(workspace.blobs, found, request.open, html)
    asked = DecisionOpened(
        decision=request.open,
        question=f"How shall {found.target} go on?",
        options=tuple(Option(each.name, each.text) for each in made.options),
        decides=request.decides or work.principal.name,
        asked=tuple(dict.fromkeys(request.asks)),
        until=request.until,
        review=request.review,
        evidence=made.rests,
    )
    open_with_offer(workspace.chain, workspace.project.spec, asked, made, workspace.chain.clock().date())


def _kept(work: Work, decision: str) -> Path:
    file = work.workspace.reports / "money" / f"options-{decision}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def _purse(found: Choices, work: Work) -> MonthSpent:
    """Against a choice would count what is metered, and what is billed for machines from tomorrow on."""
    from datetime import UTC

    from treadle.api.purse import against_month
    from treadle.costs.trend import machines_by_day
    from treadle.money import to_read
    from treadle.plans.offering import offered

    workspace = work.workspace
    today = workspace.chain.clock().astimezone(UTC).date()
    days = machines_by_day(workspace.chain, workspace.book.rates, today.replace(day=1), today)
    went = f"{to_read(sum(days.values(), Decimal(0)))} {workspace.book.currency} went to machines in {today:%Y-%m}"
    allowed = [(each.name, offered(each, found).a_month) for each in found.options]
    stand = [(name, against_month(work, paid)) for name, paid in allowed if paid is not None and paid.amount > 0]
    over = {
        name: f"its month is spent already: {each.said()}, of what is metered and of bills from tomorrow on; it cannot "
        "be chosen now"
        for name, each in stand
        if each.is_spent
    }
    return MonthSpent(f"{went} up to today, metered or billed as infrastructure", over)


def _answer(found: Choices, decision: str, page: str, purse: MonthSpent, work: Work) -> OptionsAnswer:
    from treadle.plans.offering import told

    root = work.workspace.project.root
    how = f"treadle costs choose {root} {decision} --for OPTION --because REASON"
    return OptionsAnswer(
        currency=found.currency,
        at=found.at,
        first=found.first,
        last=found.last,
        options=told(found),
        ways=found.ways,
        unknown=list(found.unknown),
        decision=decision,
        page=page,
        next=how if decision else f"treadle costs options {root} --open NAME",
        spent=purse.said,
        over=list(purse.over),
        why_over=purse.over,
    )


@operation("costs", "choose", permission="discuss")
def costs_choose(request: ChooseRequest, work: Work) -> ChooseAnswer:
    """Sign which option is taken: the decision closes in your name, and what it sets holds from then on.

    Later versions must reach its result, and a month may cost no more than it said, beside what the project file says.
    """
    from treadle.people.chosen import offer_of
    from treadle.people.deciding import close_decision
    from treadle.plans.offering import sets_of

    workspace = work.workspace
    with workspace.chain.reading() as reader:
        offer = offer_of(reader, request.name)
    if offer is None:
        raise DecisionError(
            f"no options were offered to a decision {request.name}",
            where="NAME",
            mend=f"put some to one: treadle costs options {request.project} --open {request.name}",
        )
    option = next((each for each in offer.payload.options if each.name == request.chosen), None)
    if option is not None and option.a_month is not None and not workspace.book.holds(option.a_month.currency):
        raise GateError(
            f"the cost of {option.name} is in {option.a_month.currency}, to which the price book has no rate",
            where="prices",
            mend="give the price book a rate to it, or put the options to a new decision",
        )
    spent = _refuse_spent(option, work)
    done = close_decision(
        workspace.chain, request.name, request.chosen, request.because, request.without,
        workspace.chain.clock().date(),
    )  # fmt: skip
    sets = [] if option is None else sets_of(option)
    return ChooseAnswer(
        request.name, request.chosen, done.actor, done.seq, sets, "" if option is None else _next(option, work), spent
    )


def _refuse_spent(option: Offered | None, work: Work) -> str:
    """How much is spent already of the month that an option allows; chosen then, it would stop the next run."""
    from treadle.api.purse import against_month

    if option is None or option.a_month is None or option.a_month.amount <= 0:
        return ""
    found = against_month(work, option.a_month)
    if found.is_spent:
        raise GateError(
            f"what {option.name} allows a month is spent already, and the next run would stop: {found.said()}",
            where="--for",
            mend="choose another option, or as-it-is, which sets no budget; or choose it early in a month",
        )
    return found.said()


def _next(option: Offered, work: Work) -> str:
    """Its release, where it is not the one that is served already."""
    workspace = work.workspace
    released = workspace.releases.current()
    if not option.model or (released is not None and released.model == option.model):
        return f"treadle costs budget {workspace.project.typed}" if option.a_month is not None else ""
    return f"treadle models release {workspace.project.typed} {option.model}"
