"""Ways to go on, for those who decide and need not know the trade: three of what was judged and can be priced.

A way is a version that was judged on sealed rows, served in a way that is priced. Of those that no other beats in
everything, three are shown: the one of least cost, the one of the best result, and one between. Nothing is made up for
it: what is not in the record, or has no known price, is said not to be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, structs

from treadle.errors import ModelError
from treadle.evidence import Entry
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.figures import counted
from treadle.people import Gate, review_of
from treadle.plans.comparing import answered_by
from treadle.plans.found import Assumed, Load, Part
from treadle.plans.machines import DAYS_A_MONTH, Prices
from treadle.plans.measuring import measure
from treadle.plans.planning import check, parts_of, refuse_unknown
from treadle.pricing import known
from treadle.scoring import sign
from treadle.spec import Mistakes
from treadle.training import Evaluation

if TYPE_CHECKING:
    from treadle.evidence import Reader
    from treadle.workspace import Workspace

MOST_VERSIONS = 50
ASLEEP = ("scaled to zero", "serverless")
"""Ways in which some requests wait until a server is awake."""
LEAST, BETWEEN, BEST = "least-cost", "between", "best-result"


class Saving(Struct, frozen=True):
    """What a decision by the model saves against the cheapest rule that looks at nothing, on the sealed rows."""

    each: float
    low: float | None
    high: float | None
    currency: str
    rule: str


class Way(Struct, frozen=True):
    """A version, and how it is served; `serving` "" where no price of that is known, and it is in no sum.

    monthly: of all that is priced; `low` and `high` None where the days measured are too few. waits: the share of
    requests that wait `cold_s`. open: gates for which it may not be released yet. saving: None where it is not known.
    """

    model: str
    family: str
    metric: str
    score: float
    low: float | None
    high: float | None
    rows: int
    serving: str
    monthly: Decimal
    cheap: Decimal | None
    dear: Decimal | None
    waits: float
    open: tuple[Gate, ...]
    saving: Saving | None
    entry: Entry[ModelPacked]

    @property
    def worth(self) -> float:
        """The score, so that more is better."""
        return self.score * sign(self.metric)


class _Asked(Struct, frozen=True):
    """What of the input of an evaluation is of interest here."""

    mistakes: Mistakes = Mistakes()


class Judged(Struct, frozen=True):
    """What a version was judged to be, and by which costs of mistakes."""

    evaluation: Evaluation
    mistakes: Mistakes


class Named(Struct, frozen=True):
    name: str
    way: Way


class Choices(Struct, frozen=True):
    """What can be chosen from, the cheapest first. `ways`: so many there are; `unknown`: what has no price, or was left
    out, in words. decisions: a month, of the load that was measured; None where nothing was asked;
    `of_history`: how much of that load was replayed, in words."""

    project: str
    target: str
    goal: str
    currency: str
    at: str
    first: str
    last: str
    cold_s: float
    served: str
    options: tuple[Named, ...]
    ways: int
    decisions: float | None
    unknown: tuple[str, ...]
    of_history: str = ""


def choices_of(
    workspace: Workspace, assumed: Assumed, *, days: int, day: str, vendor: str | None = None, region: str | None = None
) -> Choices:
    """Every version that was judged by the metric of the newest, in every way in which serving it is priced.

    Raises:
        SpecError: nothing was measured; ModelError: no version was judged yet.
    """
    workload = measure(workspace, days, check(assumed))
    with workspace.chain.reading() as reader:
        prices = Prices(known(reader, workspace.blobs, day), workspace.book.rates, vendor, region)
        packed, left_out = _packed(reader, workspace.project.address)
        judged = {each.seq: judged_of(reader, workspace, each) for each in packed}
    refuse_unknown(prices)
    rest = parts_of(structs.replace(workload, load=None), prices, workspace, assumed)
    ways, unknown = list[Way](), [*left_out, *(text for part in rest for text in part.unknown)]
    for entry in packed:
        load = answered_by(workload.load, entry)
        alone = structs.replace(workload, job=None, kept=(), load=load)
        serving = parts_of(alone, prices, workspace, structs.replace(assumed, egress_gb=0.0))  # shared by all versions
        unknown += [text for part in serving for text in part.unknown]
        way = _way(workspace, entry, judged[entry.seq], rest)
        priced = [option for part in serving for option in part.options]
        ways += [_served(way, serving[0], place, load) for place in range(len(priced))] or [way]
    if any(way.serving for way in ways):
        unpriced = sorted(way.model for way in ways if not way.serving)
        unknown += [f"what serving {', '.join(unpriced)} costs, which is not shown for want of it"] if unpriced else []
        ways = [way for way in ways if way.serving]
    if workload.load is None:
        unknown.append("what serving costs: nobody has asked the endpoint yet, so that there is no load to price")
    released = workspace.releases.current()
    return Choices(
        project=workspace.project.spec.project,
        target=workspace.project.address,
        goal=workspace.project.spec.brief.decision,
        currency=workspace.book.currency,
        at=day,
        first=workload.first,
        last=workload.last,
        cold_s=assumed.cold_s,
        served="" if released is None else released.model,
        options=tuple(three(ways)),
        ways=len(ways),
        decisions=_a_month(workload.load),
        unknown=tuple(dict.fromkeys(unknown)),
        of_history="" if workload.load is None else workload.load.of_history,
    )


def _packed(reader: Reader, address: str) -> tuple[list[Entry[ModelPacked]], list[str]]:
    """The newest packing of each version that can be compared with the newest one, and what was left out."""
    several: list[Entry[ModelPacked]] = reader.find(ModelPacked, subject=address, status="done", newest_first=True)
    found = {each.payload.model: each for each in reversed(several)}
    newest = sorted(found.values(), key=lambda each: -each.seq)
    if not newest:
        raise ModelError(f"{address} has no model yet", where=address, mend="make one with: treadle run PROJECT")
    metric = newest[0].payload.metric
    alike = [each for each in newest if each.payload.metric == metric]
    said = []
    if len(alike) < len(newest):
        said.append(f"{counted(len(newest) - len(alike), 'version')} judged by another measure than {metric}")
    if len(alike) > MOST_VERSIONS:
        said.append(counted(len(alike) - MOST_VERSIONS, "older version"))
    return alike[:MOST_VERSIONS], said


def judged_of(reader: Reader, workspace: Workspace, packing: Entry[ModelPacked]) -> Judged | None:
    """What the version was judged by; None where the record has lost it."""
    used = {ref.content for ref in packing.uses}
    judged: list[Entry[ModelEvaluated]] = reader.find(ModelEvaluated, status="done", newest_first=True)
    found = next((each for each in judged if each.payload.evaluation.content in used), None)
    if found is None:
        return None
    told = msgspec.json.decode(workspace.blobs.get(found.payload.evaluation.digest), type=Evaluation)
    return Judged(told, msgspec.json.decode(found.input, type=_Asked).mistakes)


def _way(workspace: Workspace, entry: Entry[ModelPacked], found: Judged | None, rest: Sequence[Part]) -> Way:
    """As far as it is the same however it is served."""
    said = entry.payload
    review = review_of(workspace.chain, said.model, said.bundle.digest)
    options = [part.options[0] for part in rest if part.options]
    cheap, dear = _sums([(each.low, each.high) for each in options])
    return Way(
        model=said.model,
        family=said.family,
        metric=said.metric,
        score=said.value,
        low=said.low,
        high=said.high,
        rows=0 if found is None else found.evaluation.rows,
        serving="",
        monthly=sum((each.monthly for each in options), Decimal(0)),
        cheap=cheap,
        dear=dear,
        waits=0.0,
        open=tuple(review.open),
        saving=None if found is None else saving_of(found, workspace.project.spec.brief.mistakes),
        entry=entry,
    )


def _served(way: Way, part: Part, place: int, load: Load | None) -> Way:
    option = part.options[place]
    cheap, dear = _sums([(way.cheap, way.dear), (option.low, option.high)])
    asked = 0 if load is None else sum(load.requests)
    asleep = option.name in ASLEEP and load is not None and asked
    return structs.replace(
        way,
        serving=option.name,
        monthly=way.monthly + option.monthly,
        cheap=cheap,
        dear=dear,
        waits=sum(load.wakes) / asked if asleep and load is not None else 0.0,
    )


def _sums(bounds: Iterable[tuple[Decimal | None, Decimal | None]]) -> tuple[Decimal | None, Decimal | None]:
    """Of all together at the least and at the most; None where one of them has no bounds."""
    several = list(bounds)
    lows, highs = ([each[place] for each in several] for place in (0, 1))
    if None in lows or None in highs:
        return None, None
    return sum((each for each in lows if each is not None), Decimal(0)), sum(
        (each for each in highs if each is not None), Decimal(0)
    )


def saving_of(found: Judged, mistakes: Mistakes) -> Saving | None:
    """None where nothing is decided, the brief says nothing of what a mistake costs, or said other costs then."""
    money = found.evaluation.money
    if money is None or mistakes == Mistakes() or mistakes != found.mistakes or money.currency != mistakes.currency:
        return None
    return Saving(money.saved.value, money.saved.low, money.saved.high, money.currency, money.cheapest.name)


def _a_month(load: Load | None) -> float | None:
    if load is None or not sum(load.requests):
        return None
    return sum(load.requests) / len(load.requests) * float(DAYS_A_MONTH)


def three(ways: Sequence[Way]) -> list[Named]:
    """The cheapest, the best, and one between, of those that no other beats; fewer where there are no more.

    Money is held against money in whole units; of the cheapest one that may be released already goes before.
    Between is, of the others, one whose score could be that of the best, by its interval; if there is any, one that may
    be released already; and of these the cheapest.
    """
    kept = [way for way in ways if not any(_beats(other, way) for other in ways)]
    if not kept:
        return []
    least = min(kept, key=lambda each: (round(each.monthly), bool(each.open), -each.worth, each.waits))
    best = max(kept, key=lambda each: (each.worth, -each.waits, -each.monthly))
    others = [each for each in kept if each not in (least, best)]
    found = [Named(LEAST, least)]
    if others and best is not least:
        key = lambda each: (not _could_be(each, best), bool(each.open), each.monthly, -each.worth)  # noqa: E731
        found.append(Named(BETWEEN, min(others, key=key)))
    return [*found, Named(BEST, best)] if best is not least else found


def _beats(one: Way, other: Way) -> bool:
    """At least as good in everything, and better in something; of two that are alike the newer or cheaper one, and of
    servers that cost the same those that nothing has to start and stop."""
    ours, theirs = _figures(one), _figures(other)
    if ours == theirs:
        first, second = (
            (each.entry.seq, -each.monthly, each.serving == "always on", each.serving) for each in (one, other)
        )
        return first > second
    return all(mine >= its for mine, its in zip(ours, theirs, strict=True))


def _figures(way: Way) -> tuple[float, float, float, bool]:
    """Of each, more is better; of money whole units, since nobody decides by less."""
    return way.worth, -round(way.monthly), -way.waits, not way.open


def _could_be(way: Way, best: Way) -> bool:
    edge = way.high if sign(way.metric) > 0 else way.low
    return edge is not None and edge * sign(way.metric) >= best.worth
