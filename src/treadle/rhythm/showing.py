"""Pages of what a team has open: the project's home, a decision, a review. Each is a value of what it is given.

They are read without a script and by keyboard alone. `served`: whether other pages can be followed to; a page that is
kept as a file names them as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from msgspec import Struct

from treadle.figures import figure
from treadle.pages import LINKS, Section, escape, page, scrolling, table
from treadle.people.found import Cited, Decision, ExperimentShown, Outcome
from treadle.rhythm.found import Point, Sentence, Turn
from treadle.rhythm.review_found import ReviewShown

_MARKS = {
    "holds": ("good", "✓", "holds"),
    "look": ("bad", "!", "to look at"),
    "unknown": ("quiet", "?", "not measured"),
}
_LATELY = ("releases", "quality", "runs", "data", "notes")
"""Topics of the agenda that tell what happened; the others wait for somebody, and stand with whom."""
_MOST = 10
"""Of what waits for a person that are shown."""
_FOOTER = (
    "Computed from the record when it was opened. treadle why NUMBER goes on from any # here: to data, code and people."
)


class Home(Struct, frozen=True, kw_only=True):
    """What the project's home tells."""

    project: str
    day: str
    decision: str
    turns: list[Turn]
    free: list[str]
    status: list[Sentence]
    decisions: list[Decision]
    since: str
    happened: list[Point]


def home_page(home: Home, *, served: bool) -> str:
    """What waits for whom and why, how it stands, what is open, what happened."""
    sections = [
        Section("What waits for whom", _turns(home), "Whose turn it is, why, and the command that ends it."),
        Section("How it stands", _status(home.status), "In plain words, each sentence with what it rests on."),
    ]
    if home.decisions:
        sections.append(Section("Decisions", _decisions(home.decisions, served=served)))
    if any(each.topic in _LATELY for each in home.happened):
        sections.append(Section("What happened", _happened(home.happened), f"{home.since}."))
    return page(
        home.project,
        sections,
        eyebrow=f"Treadle, {home.day}",
        lead=home.decision,
        footer=_FOOTER,
        links=LINKS if served else (),
    )


def _turns(home: Home) -> str:
    found = ""
    for person in dict.fromkeys(each.person for each in home.turns):
        mine = [each for each in home.turns if each.person == person]
        lines = "".join(_turn(each) for each in mine[:_MOST])
        if len(mine) > _MOST:
            more = f"treadle team waits . --person {person}"
            lines += f"<li>and {len(mine) - _MOST:,} more: <code>{escape(more)}</code></li>"
        found += f'<h3 class="person">{escape(person)}</h3><ul class="todo">{lines}</ul>'
    if home.free:
        found += f'<p class="quiet">Nothing waits for {escape(", ".join(home.free))}.</p>'
    return found or "<p>Nothing waits for anybody.</p>"


def _turn(each: Turn) -> str:
    due = f", until {escape(each.due)}" if each.due else ""
    rests = f' <span class="quiet">({escape(each.why)}{due}; {escape(_subject(each.where))})</span>'
    return f"<li>{escape(each.what)}{rests}<br>{_how(each.do, each.also)}</li>"


def _how(do: str, also: str) -> str:
    """A command as code, and what is to be done otherwise in words."""
    told = f"<code>{escape(do)}</code>" if do else ""
    return f"{told} {'or ' if do else ''}{escape(also)}".strip() if also else told


def _happened(points: Sequence[Point]) -> str:
    found = ""
    for topic in (topic for topic in _LATELY if any(each.topic == topic for each in points)):
        mine = [(each.text, f"{each.why}; {_subject(each.where)}") for each in points if each.topic == topic]
        lines = "".join(f'<li>{escape(text)} <span class="quiet">({escape(why)})</span></li>' for text, why in mine)
        found += f'<h3 class="person">{escape(topic[0].upper() + topic[1:])}</h3><ul class="todo">{lines}</ul>'
    return found


def _subject(where: str) -> str:
    return f"#{where}" if where.isdigit() else where


def _status(said: Sequence[Sentence]) -> str:
    found = ""
    for topic in dict.fromkeys(each.topic for each in said):
        lines = "".join(f"<p>{escape(each.text)}{_numbers(each.entries)}</p>" for each in said if each.topic == topic)
        found += f"<h3>{escape(topic[0].upper() + topic[1:])}</h3>{lines}"
    return found


def _numbers(entries: Sequence[int]) -> str:
    named = ", ".join(f"#{number}" for number in entries)
    return f' <span class="quiet">({named})</span>' if named else ""


def decisions_page(project: str, found: Sequence[Decision]) -> str:
    """Every decision, what waits for somebody first; of a server alone, where each is followed to."""
    order = ("overdue", "review due", "open", "decided")
    first = sorted(found, key=lambda each: order.index(each.status))
    body = _decisions(first, served=True) if found else "<p>No decision was opened yet: treadle decide open . NAME.</p>"
    return page("Decisions", [Section("", body)], eyebrow=f"Treadle, {project}", footer=_FOOTER, links=LINKS)


def _decisions(found: Sequence[Decision], *, served: bool) -> str:
    rows = "".join(_decision_row(each, served=served) for each in found)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("question", "state", "waits for"))
    return scrolling(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _decision_row(found: Decision, *, served: bool) -> str:
    name = escape(found.question)
    if served:
        name = f'<a href="/decision?name={escape(quote(found.name))}">{name}</a>'
    state = found.status + (
        f": {found.outcome.option}" if found.outcome else f", until {found.until}" * bool(found.until)
    )
    waits = ", ".join(found.unheard or [found.decides]) if found.status != "decided" else ""
    return f"<tr><td>{name}</td><td>{escape(state)}</td><td>{escape(waits)}</td></tr>"


def decision_page(project: str, found: Decision, *, served: bool) -> str:
    """Options, who is for each and why, what that rests on, who was against and not heard, the outcome."""
    until = f", until {found.until}" if found.until and found.outcome is None else ""
    lead = (
        f"{found.status[0].upper()}{found.status[1:]}: {found.outcome.option}."
        if found.outcome
        else (f"{found.status[0].upper()}{found.status[1:]}; {found.decides} decides{until}.")
    )
    options = "".join(_option(found, each.name, each.text) for each in found.options)
    sections = [Section("", _opened(found)), Section("Options", f'<div class="columns">{options}</div>')]
    if found.experiment is not None:
        sections.append(_experiment(found.experiment))
    if found.proposal is not None:
        said = found.proposal
        by = f"accepted by {', '.join(said.accepted)}" if said.accepted else "accepted by nobody yet"
        text = f"<p>{escape(said.by)} proposes <strong>{escape(said.option)}</strong>: {escape(said.because)}</p>"
        sections.append(Section("Mediation", f'{text}<p class="quiet">#{said.entry}, {escape(by)}</p>'))
    outcomes = [*found.was, *([found.outcome] if found.outcome is not None else [])]
    if outcomes:
        sections.append(Section("Outcome", "".join(_outcome(each, each is found.outcome) for each in outcomes)))
    if found.notes:
        sections.append(
            Section("To look at", f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in found.notes)}</ul>")
        )
    return page(
        found.question,
        sections,
        eyebrow=f"Treadle {project}, decision {found.name}",
        lead=lead,
        footer=f"treadle why decision/{found.name} leads back to the models, rows, money and people that it rests on.",
        links=LINKS if served else (),
    )


def _opened(found: Decision) -> str:
    mediator = f"; {found.mediator} mediates" if found.mediator and found.outcome is None else ""
    said = (
        f"<p>Opened by {escape(found.opened_by)} on {found.opened[:10]}{escape(mediator)}.</p>{_cited(found.evidence)}"
    )
    if found.outcome is None and found.unheard:
        said += f"<p><strong>Not heard yet: {escape(', '.join(found.unheard))}</strong></p>"
    elif found.outcome is None:
        said += "<p>Everybody who was asked has spoken.</p>"
    return said


def _option(found: Decision, name: str, text: str) -> str:
    taken = found.outcome is not None and found.outcome.option == name
    mark = ' <span class="good mark">taken</span>' if taken else ""
    held = [each for each in found.positions if each.option == name]
    said = "".join(
        f"<p><strong>{escape(each.person)}</strong>: {escape(each.because)}"
        f"{f' <span class=quiet>(before: {escape(chr(44).join(each.before))})</span>' if each.before else ''}</p>"
        f"{_cited(each.evidence)}"
        for each in held
    )
    meaning = f'<p class="quiet">{escape(text)}</p>' if text else ""
    return f'<div class="card"><h3>{escape(name)}{mark}</h3>{meaning}{said or "<p>Nobody is for it.</p>"}</div>'


def _cited(evidence: Sequence[Cited]) -> str:
    lines = "".join(
        f"<li>#{each.entry} {escape(each.subject)}: {escape(each.said)}"
        f"{f' <strong>Since then {escape(each.newer)}</strong>' if each.newer else ''}</li>"
        for each in evidence
    )
    return f'<ul class="quiet">{lines}</ul>' if lines else ""


def _experiment(found: ExperimentShown) -> Section:
    rows = []
    for each in found.sides:
        value = figure(each.value, *each.interval).whole if each.value is not None else "not run yet"
        rows.append((each.option, ", ".join(each.people), ", ".join(each.changes) or "the project as it is", value))
    agreed = f"Agreed to by {', '.join(found.agreed) or 'nobody'}"
    agreed += f"; not yet by {', '.join(found.waits_for)}" if found.waits_for else ""
    otherwise = f"; where neither is better, {found.otherwise}" if found.otherwise else ""
    terms = (
        f"#{found.entry}: by {found.metric}, margin {found.margin:g}, {found.minutes:g} min each{otherwise}. {agreed}."
    )
    said = f"<p><strong>{escape(found.said[0].upper() + found.said[1:])}.</strong></p>" if found.said else ""
    columns = ("side", "for it", "what it changes", found.metric)
    return Section("Experiment", f"{table(columns, rows)}<p>On {escape('; '.join(found.rows))}.</p>{said}", terms)


def _outcome(found: Outcome, stands: bool) -> str:
    told = [f"{name}: {', '.join(who)}" for name, who in _dissent(found) if who]
    was = "" if stands else '<span class="quiet">Was: </span>'
    lines = "".join(f"<li>{escape(each)}</li>" for each in [*told, *found.reviews])
    return (
        f"<p>{was}<strong>{escape(found.option)}</strong>, by {escape(found.by)} on {found.time[:10]}: "
        f"{escape(found.because)}</p>" + (f"<ul>{lines}</ul>" if lines else "")
    )


def _dissent(found: Outcome) -> Iterator[tuple[str, list[str]]]:
    yield "against it", found.against
    yield "not heard", found.unheard
    yield "accepted by", found.agreed


def review_page(project: str, found: ReviewShown, *, served: bool) -> str:
    """The checklist with its evidence, what stands in the way, who is asked, what was said."""
    by = f", asked for by {found.requested_by}" if found.requested_by else ""
    by += f", approved by {found.approved_by}" if found.approved_by else ""
    warned = "".join(f"<p><strong>{escape(each)}.</strong></p>" for each in found.warnings)
    way = "".join(
        f"<li>{escape(each.what)} <span class=quiet>({escape(' or '.join(each.who))})</span><br>"
        f"{_how(each.do, each.also)}</li>"
        for each in found.obstacles
    )
    way = f'<ul class="todo">{way}</ul>' if way else "<p>Nothing but an approval.</p>" * (found.status != "approved")
    way += f'<p class="do">Next: <code>{escape(found.next)}</code></p>' if found.next else ""
    sections = [
        Section("What stands in the way", f"{warned}{way or '<p>Nothing: it was approved.</p>'}"),
        Section(
            "Checklist", _checklist(found), "Filled in from the record. It decides nothing: gates and reviewers do."
        ),
        Section("Whose word it has", _vouched(found)),
        Section("Who reviews it", _reviewers(found)),
        Section("What was said", _comments(found)),
    ]
    return page(
        f"Review of {found.model}",
        sections,
        eyebrow=f"Treadle {project}",
        lead=f"{found.status[0].upper()}{found.status[1:]}{by}.",
        footer=f"Bundle {found.bundle}. {_FOOTER}",
        links=LINKS if served else (),
    )


def _checklist(found: ReviewShown) -> str:
    rows = ""
    for line in found.checklist:
        colour, mark, word = _MARKS[line.state]
        state = f'<span class="{colour} mark">{mark}</span> {word}'
        entry = f"#{line.entry}" if line.entry else ""
        rows += f'<tr><th scope="row">{escape(line.name)}</th><td class="w">{state}</td>'
        rows += f"<td>{escape(line.text)}</td><td>{entry}</td></tr>"
    head = "".join(f'<th scope="col">{name}</th>' for name in ("of", "state", "what the record has", "entry"))
    return scrolling(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")


def _reviewers(found: ReviewShown) -> str:
    lines = [f"<strong>{escape(name)}</strong> is asked to review it" for name in found.assigned]
    waits = found.proposed if found.status != "approved" else []
    proposed = (each for each in waits if each.person not in found.assigned)
    lines += [f"<strong>{escape(each.person)}</strong> may: {escape('; '.join(each.why))}" for each in proposed]
    lines += [f"not asked: {escape(each)}" for each in found.excluded]
    lines += [f"CODEOWNERS: {escape(each)}" for each in found.owners]
    since = f"Changed since {found.before}" if found.before else "The first version, made of"
    changed = escape(f"{since}: {', '.join(found.changed) or 'nothing'}")
    return f"<ul>{''.join(f'<li>{each}</li>' for each in lines)}</ul><p>{changed}.</p>"


def _vouched(found: ReviewShown) -> str:
    """Whose word it rests on by now."""
    lines = [f"approved by {found.approved_by}"] if found.approved_by else []
    lines += [f"signed by {each}" for each in found.signed]
    lines += [f"answered for: {each}" for each in found.answered]
    listed = "".join(f"<li>{escape(each)}</li>" for each in lines)
    return f"<ul>{listed}</ul>" if listed else "<p>Nobody's yet.</p>"


def _comments(found: ReviewShown) -> str:
    said = ""
    for each in found.comments:
        at = f" at {each.place}{' (another line by now)' if each.moved else ''}" if each.place else ""
        answers = f", to #{each.answers}" if each.answers else ""
        line = f"<br><code>{escape(each.line.strip())}</code>" if each.line else ""
        said += (
            f"<li><strong>{escape(each.by)}</strong>{escape(at)}: {escape(each.text)} "
            f'<span class="quiet">(#{each.entry}{answers}, {each.time[:10]})</span>{line}</li>'
        )
    return f'<ul class="todo">{said}</ul>' if said else "<p>Nothing yet.</p>"
