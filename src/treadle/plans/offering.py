"""The ways to go on as a page for those who decide, in plain words; and as options of a decision."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import structs

from treadle.evidence.kinds.options_offered import Offered, OptionsOffered
from treadle.figures import counted, figure
from treadle.money import money, to_read
from treadle.pages import Section, escape, page, table
from treadle.people import NO_SAVING, PROMOTED, Gate
from treadle.people.chosen import CHOSEN
from treadle.plans.choosing import BEST, BETWEEN, LEAST, Choices, Named, Saving, Way
from treadle.plans.options_found import MonthSpent, Told
from treadle.rhythm.status import plain_measure
from treadle.scoring import sign
from treadle.store import Blob

if TYPE_CHECKING:
    from treadle.store import Blobs

NOTHING_SPENT = MonthSpent()
AS_IT_IS = Offered(name="as-it-is", text="None of these: things stay as they are, and nothing is set.")
_TITLES = {LEAST: "Least cost", BETWEEN: "Between the two", BEST: "Best result"}
_SERVING = {
    "always on": "a computer that is always on",
    "scaled by the hour": "computers that are switched on and off by the hour",
    "scaled to zero": "a computer that sleeps while nobody asks",
    "serverless": "computing that is paid for by the answer",
}


_CONTRACT = re.compile(r"reserved (?P<years>\d+) y ?(?P<paid>.*)")
_PAID = {"no upfront": "nothing of it at once", "partial upfront": "a part at once", "all upfront": "all at once"}
_FLAG = re.compile(r" \(--[a-z-]+\)")
WORDS = {
    "spot machine": "a computer that is rented for less, since its owner may take it away at any moment",
    "reserved": "promised for one or several years, for less an hour, whether it is used or not",
    "upfront": "what is paid at once when a contract begins",
    "serverless": "computing that is paid for by the answer, on no computer of one's own",
    "machine on demand": "a computer that is rented by the hour, and given back at any time",
    "hot": "storage that is at hand at once, and dearest to keep things in",
    "cool": "storage that costs less to keep things in, and something each time that they are read",
    "cold": "storage as cool, for what is read more seldom still",
    "archive": "storage that costs least to keep things in, and most to read; it may take hours to be at hand",
    "kilowatt-hour": "what power is sold by",
    "endpoint": "where others ask for predictions",
    "load": "how often, and when, predictions were asked for",
}
"""Words of the trade that may stand among what is not known, and what each means."""


def told(found: Choices) -> list[Told]:
    several = [_told(each, found) for each in found.options]
    return (
        [several[0], *(structs.replace(each, buys=_buys(each, several[0], found)) for each in several[1:])]
        if (several)
        else []
    )


def _buys(each: Told, first: Told, found: Choices) -> str:
    """What is given for the money that one costs more than the first."""
    more = each.monthly - first.monthly
    ways = {named.name: named.way for named in found.options}
    way, cheap = ways[each.name], ways[first.name]
    result = figure(way.score, way.low, way.high).value
    same = result == figure(cheap.score, cheap.low, cheap.high).value
    gives = [] if same else [f"another result, {result}"]
    if cheap.waits > way.waits:
        gives.append(
            "that nobody waits" if not way.waits else f"that {way.waits:.1%} wait in place of {cheap.waits:.1%}"
        )
    if cheap.open and not way.open:
        gives.append("that it may be used already")
    price = f"{to_read(more)} {found.currency} a month more than {first.title.lower()}"
    alike = "The result is the same; for " if same and gives else "For "
    if not gives:
        return f"For {price} it buys nothing more: the result is the same, and nobody waits less."
    return f"{alike}{price} it buys {' and '.join(gives)}."


def _serving(name: str) -> str:
    """How a version is served, in words."""
    contract = _CONTRACT.fullmatch(name)
    if contract is not None:
        years, paid = counted(int(contract["years"]), "year"), _PAID.get(contract["paid"], "")
        return f"computers that are promised for {years}, for less an hour{f', {paid} paid' if paid else ''}"
    return _SERVING.get(name, f"a computer that is {name}" if name else "")


def _told(named: Named, found: Choices) -> Told:
    way, currency = named.way, found.currency
    serving = _serving(way.serving)
    span = "" if way.cheap is None or way.cheap == way.dear else f" ({way.cheap:,.2f} to {way.dear:,.2f})"
    unpriced = "" if way.serving else ", without answering: no price of that is known"
    how = f"on {serving}" if way.serving else "answered as it is now"
    return Told(
        name=named.name,
        title=_TITLES[named.name],
        model=way.model,
        metric=way.metric,
        score=way.score,
        interval=[way.low, way.high],
        monthly=way.monthly,
        low=way.cheap,
        high=way.dear,
        waits=way.waits,
        what=f"Version {way.model}{' (as now)' if way.model == found.served else ''}, {how}.",
        result=_result(way),
        cost=f"{_sum(way, currency)} a month{span}{unpriced}",
        effect=_effect(way.saving, found.decisions, found.of_history),
        risks=_risks(way, found),
        sets=sets_of(offered(named, found)),
    )


def _sum(way: Way, currency: str) -> str:
    """What is less than a cent is not nothing."""
    return f"{to_read(way.monthly)} {currency}"


def _result(way: Way) -> str:
    shown, words = figure(way.score, way.low, way.high), plain_measure(way.metric)
    name = way.metric.replace("_", " ")
    said = f"{shown.value}: {words}" if words else f"{name} {shown.value}"
    return f"{said}, on {way.rows:,} cases that it had never seen" if way.rows else said


def _effect(saving: Saving | None, decisions: float | None, of_history: str = "") -> str:
    """What it changes of what mistakes cost."""
    if saving is None:
        return "Not known: the project does not say what a mistake costs, or said otherwise when this was judged."
    many = 1000.0 if decisions is None else decisions
    per = "for 1,000 decisions" if decisions is None else f"a month, at {decisions:,.0f} decisions"
    per += f" ({of_history})" if of_history and decisions is not None else ""
    bounds = [None if each is None else each * many for each in (saving.low, saving.high)]
    whole = figure(saving.each * many, bounds[0], bounds[1])
    sure = "" if saving.low is None or saving.low > 0 else " It is not sure that it saves anything."
    span = f" ({whole.low} to {whole.high})" if whole.low else ""
    return f"Mistakes cost {whole.value}{span} {saving.currency} less {per}, than to {saving.rule}.{sure}"


def _risks(way: Way, found: Choices) -> list[str]:
    said = []
    shown, more = figure(way.score, way.low, way.high), sign(way.metric) > 0
    if shown.low:
        said.append(
            f"On other cases the result may be as {f'low as {shown.low}' if more else f'high as {shown.high}'}."
        )
    else:
        said.append("How far the result may be off on other cases is not known: there were too few.")
    if way.waits:
        said.append(f"{way.waits:.1%} of those who ask wait {found.cold_s:g} seconds, until a computer is awake.")
    if way.cheap is None:
        said.append("How far the cost may be off is not known: too few days were measured.")
    said += [f"It may not be used yet: {_plain(gate)}." for gate in way.open]
    return said


def _plain(gate: Gate) -> str:
    """Why a version is held back; what has no words of its own is told as the record does."""
    if gate.name == PROMOTED:
        return "it is not surely better than what is used now"
    if gate.name == CHOSEN:
        return "it falls short of what was chosen before"
    if gate.name == NO_SAVING:
        return "its decisions do not surely cost less than a simple rule"
    return gate.text.replace("_", " ")


def offered(named: Named, found: Choices) -> Offered:
    """What is held to once it is chosen: the result at its worst, by its interval, and the cost at its highest."""
    way = named.way
    edge = way.low if sign(way.metric) > 0 else way.high
    most = way.dear if way.dear is not None else way.monthly
    return Offered(
        name=named.name,
        text=f"{way.model}, {way.serving or 'served as now'}, {_sum(way, found.currency)} a month",
        model=way.model,
        metric=way.metric,
        reaches=edge,
        a_month=money(most, found.currency) if most > 0 else None,
    )


def sets_of(option: Offered) -> list[str]:
    """In words."""
    said = []
    if option.reaches is not None:
        least = "at least" if sign(option.metric) > 0 else "at most"
        words = plain_measure(option.metric) or option.metric.replace("_", " ")
        said.append(f"A later version is used only if its result, {words}, is {least} {figure(option.reaches).value}.")
    if option.a_month is not None and option.a_month.amount > 0:
        said.append(
            f"Once {to_read(option.a_month.amount)} {option.a_month.currency} are spent on machines in a month "
            "(metered, or billed as infrastructure after the choice; not hours, data and the like), work stops until "
            "an owner or reviewer says to go on."
        )
    return said or ["Nothing."]


def offer(blobs: Blobs, found: Choices, decision: str, html: str) -> OptionsOffered:
    return OptionsOffered(
        decision=decision,
        target=found.target,
        page=Blob(blobs.put(html.encode()), "page"),
        options=(*(offered(each, found) for each in found.options), AS_IT_IS),
        rests=tuple(dict.fromkeys(each.way.entry.ref for each in found.options)),
    )


def options_page(found: Choices, decision: str, spent: MonthSpent = NOTHING_SPENT) -> str:
    """One self-contained HTML page, ready to be printed. `decision`: "" where none was opened."""
    several = told(found)
    cards = "".join(_card(each, spent.over.get(each.name, "")) for each in several)
    sections = [Section("", f'<div class="tiles">{cards}</div>', f"{spent.said}." if spent.said else "")]
    if len(several) > 1:
        sections.append(Section("Side by side", _table(found, several)))
    sections.append(
        Section("What a choice sets", _sets(several), "It holds until the choice is asked anew and undone.")
    )
    if found.unknown:
        unknown = [_FLAG.sub("", each) for each in found.unknown]
        body = "".join(f"<li>{escape(each)}</li>" for each in unknown)
        sections.append(Section("What is not known", f"<ul>{body}</ul>", "It is in no sum on this page."))
        meant = [
            (word, text) for word, text in WORDS.items() if any(re.search(rf"\b{word}\b", each) for each in unknown)
        ]
        if meant:
            sections.append(Section("Words that stand there", table(("word", "what it means"), meant)))
    sections.append(_signing(decision, several))
    fewer = "" if len(several) == 3 else f" No more stand out of the {found.ways} that were judged and priced."
    return page(
        f"How shall {found.project} go on?",
        sections,
        eyebrow="Treadle choices",
        lead=f"{found.goal} {_count(several)}.{fewer}".strip(),
        footer=f"Measured from {found.first} to {found.last}; prices of {found.at}. Each version was judged on cases "
        "that were set aside and that it had never seen. Ranges in brackets hold 95 of 100 times.",
    )


def _count(several: Sequence[Told]) -> str:
    return {1: "One way to go on", 2: "Two ways to go on"}.get(len(several), "Three ways to go on")


def _card(each: Told, over: str) -> str:
    risks = "".join(f"<li>{escape(text)}</li>" for text in each.risks)
    risks += f'<li class="bad">{escape(over[0].upper() + over[1:])}.</li>' if over else ""
    buys = f"<p>{escape(each.buys)}</p>" if each.buys else ""
    return (
        f'<div class="card"><div class="eyebrow">{escape(each.name)}</div><h3>{escape(each.title)}</h3>'
        f"<p>{escape(each.what)}</p><p><b>{escape(each.cost)}</b></p><p>{escape(each.result)}</p>"
        f"<p>{escape(each.effect)}</p>{buys}<p>What may go wrong:</p><ul>{risks}</ul></div>"
    )


def _table(found: Choices, several: Sequence[Told]) -> str:
    ways = [each.way for each in found.options]
    rows = [
        ("cost a month", *(_sum(way, found.currency) for way in ways)),
        ("result", *(figure(way.score, way.low, way.high).whole for way in ways)),
        ("who must wait", *(f"{way.waits:.1%}" if way.waits else "nobody" for way in ways)),
        ("may be used", *("not yet" if way.open else "yes" for way in ways)),
        ("against the first, a month", *_beside(ways, found.currency)),
    ]
    return table(("", *(each.title for each in several)), rows)


def _beside(ways: Sequence[Way], currency: str) -> list[str]:
    first = ways[0].monthly
    return ["–", *(f"{each.monthly - first:+,.2f} {currency}" for each in ways[1:])] if first >= Decimal(0) else []


def _sets(several: Sequence[Told]) -> str:
    rows = [(each.title, " ".join(each.sets)) for each in several]
    return table(("if you choose", "then"), [*rows, ("None of these", "Nothing changes.")])


def _signing(decision: str, several: Sequence[Told]) -> Section:
    """How it is chosen, in one's own name; and lines for those who sign on paper first."""
    names = ", ".join(each.name for each in several)
    if not decision:
        text = "These were not put to a decision yet: treadle costs options PROJECT --open NAME does that."
        return Section("Choosing", "", text)
    how = (
        f"<p>Say what you are for: <code>treadle decide say PROJECT {escape(decision)} --for OPTION --because "
        f"REASON</code>. Whoever decides signs the choice in their own name: <code>treadle costs choose PROJECT "
        f"{escape(decision)} --for OPTION --because REASON</code>. OPTION is one of {escape(names)}, "
        f"{AS_IT_IS.name}.</p>"
    )
    head = "".join(f"<th>{each}</th>" for each in ("name", "for which", "why", "day"))
    row = '<tr style="height:3em">' + "<td></td>" * 4 + "</tr>"
    lines = f"<table><thead><tr>{head}</tr></thead><tbody>{row * 3}</tbody></table>"
    return Section("Choosing", how + lines, f"The question is decision/{decision} of the record.")
