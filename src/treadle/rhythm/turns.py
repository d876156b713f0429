"""What waits for whom, and why: whose turn it is in everything that a project has open, with the command that ends it.

Nothing is assigned here. Each turn follows from the record and the brief, as what refuses a step without it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import EvidenceError, StoreError
from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.experts_asked import ExpertsAsked
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.figures import counted
from treadle.labelling import Queue, labellers, words
from treadle.models import registry
from treadle.people import request_of, review_of
from treadle.people.assigning import may_review, to_review
from treadle.people.checking import people_of
from treadle.people.comments import comments
from treadle.people.found import Decision
from treadle.people.mediating import parties_of
from treadle.people.team import confirmations, has_charter
from treadle.rhythm.actions import actions
from treadle.rhythm.found import Turn
from treadle.rhythm.growth import waiting as waiting_plans
from treadle.rhythm.obstacles import obstacles
from treadle.rhythm.retros import open_retros
from treadle.rhythm.waiting import waiting

if TYPE_CHECKING:
    from treadle.workspace import Workspace

EXPERT = "domain_expert"
"""Whom rows wait for, where the project does not say whose word on them is taken; where nobody is one, the owner."""
_MOST = 20
MOST_TURNS = 500
"""Of one kind: whoever is in none of them is said to be free, so no list is cut where people have so much to do."""


def turns(workspace: Workspace, now: datetime, project: str = ".") -> list[Turn]:
    """Of each person in the order in which the brief names them, what is due first; of the others after them.

    `project`: as commands name it.
    """
    today = now.date()
    found = list[Turn]()
    for one in workspace.each():
        found += _of_version(one, project)
    with workspace.chain.reading() as reader:
        found += [
            *_charter(workspace, reader, project),
            *_decisions(reader, today, project),
            *_actions(reader, today, project),
        ]
        for one in workspace.each():
            found += [*_rows(one, reader, project), *_comments(one, reader, project)]
        found += [*_retros(reader, project), *_plans(reader, project)]
    place = {name: number for number, name in enumerate(people_of(workspace.project.spec))}
    return sorted(found, key=lambda each: (place.get(each.person, len(place)), each.person, each.due or "9999"))


def _charter(workspace: Workspace, reader: Reader, project: str) -> Iterator[Turn]:
    spec = workspace.project.spec
    if not has_charter(spec.brief):
        return
    confirmed = confirmations(reader, spec.project, spec.brief)
    for name in people_of(spec):
        if name not in confirmed:
            why = "not confirmed, as it and the roles are now"
            do = f"treadle team confirm {project} --as {name}"
            yield Turn(name, "confirm the charter", why, do, f"charter/{spec.project}")


def _of_version(workspace: Workspace, project: str) -> Iterator[Turn]:
    """Of the newest version of a target, while something newer than what is served waits for its release."""
    spec, chain = workspace.project.spec, workspace.chain
    with chain.reading() as reader:
        packed = registry.packing_of(reader, workspace.project.address, None)
        if packed is None:
            return
        model, bundle = packed.payload.model, packed.payload.bundle.digest
        asked = request_of(reader, model, bundle)
        if asked is None or was_released(reader, workspace.endpoint, model):
            return
    stands = review_of(chain, model, bundle)
    where, show = f"model/{model}", f"treadle models review {project} {model}"
    with chain.reading() as reader:
        in_the_way = obstacles(reader, spec, asked, stands, project)
        told, may = to_review(reader, spec, asked), may_review(reader, spec, asked)
    for each in in_the_way:
        for name in each.who:
            do = each.do.replace(f"--as {each.who[0]}", f"--as {name}")
            yield Turn(name, f"{model}: {each.what}", "its release waits for it", do, where, also=each.also)
    if stands.status == "approved":
        return
    for name in told:
        yield Turn(name, f"review {model}", "you were asked to review it", show, where)
    if in_the_way or told:
        return
    if spec.brief.people.approve == "policy":
        why, do = "all holds, and the policy approves", workspace.project.command("run", project)
        yield Turn(_author(workspace, asked), f"release {model}", why, do, where)
        return
    others = f"as {len(may)} reviewers may" if len(may) > 1 else "you alone may"
    for name in may:
        yield Turn(name, f"review {model}", f"it waits for an approval, {others}", show, where)


def was_released(reader: Reader, endpoint: str, model: str) -> bool:
    """Also one that was gone back from: nobody waits for that."""
    said: list[Entry[ReleaseMade | ReleaseRolledBack]] = reader.find(
        ReleaseMade, ReleaseRolledBack, subject=f"endpoint/{endpoint}", status="done", newest_first=True, limit=_MOST
    )
    return any(entry.payload.model == model for entry in said)


def _author(workspace: Workspace, asked: Entry[ReviewRequested]) -> str:
    return asked.actor if ":" not in asked.actor else workspace.project.spec.brief.people.owner


def _decisions(reader: Reader, today: date, project: str) -> Iterator[Turn]:
    for found in waiting(reader, today, MOST_TURNS)[0]:
        where, name = f"decision/{found.name}", found.name
        due = found.review if found.status == "review due" else found.until
        parties = [] if found.proposal is None else parties_of(reader, found)
        for person, why, do in _words(found, project, parties):
            yield Turn(person, found.question, why, f"treadle decide {do} --as {person}", where, due)
        if found.status == "review due":
            do = f"treadle decide review {project} {name} --holds yes --because REASON --as {found.decides}"
            yield Turn(found.decides, found.question, "ask whether it still holds", do, where, due)


def _words(found: Decision, project: str, parties: Sequence[str] = ()) -> Iterator[tuple[str, str, str]]:
    """Of an open decision: who is to speak, agree, accept or decide; why; and how. `parties`: whose word on what a
    mediator proposes is waited for."""
    if found.outcome is not None:
        return
    name, options = found.name, " or ".join(each.name for each in found.options)
    for person in found.unheard:
        yield person, "you are asked, and were not heard", f"say {project} {name} --for OPTION --because REASON"
    terms = found.experiment
    to_agree = terms.waits_for if terms is not None and terms.status == "stated" else []
    for person in to_agree:
        assert terms is not None
        yield person, f"an experiment is proposed in #{terms.entry}", f"agree {project} {name} --terms {terms.entry}"
    proposal = found.proposal
    to_accept = [] if proposal is None else [person for person in parties if person not in proposal.accepted]
    for person in to_accept:
        assert proposal is not None
        accept = f"accept {project} {name} --proposal {proposal.entry}"
        yield person, f"{proposal.by} proposes {proposal.option}", accept
    if found.unheard or to_agree or to_accept:
        return
    if terms is not None and terms.status == "agreed":
        yield found.decides, "all agreed to an experiment", f"settle {project} {name} --by experiment"
    else:
        close = f"close {project} {name} --for OPTION --because REASON"
        yield found.decides, f"all were heard: decide {options}", close


def _actions(reader: Reader, today: date, project: str) -> Iterator[Turn]:
    for each in actions(reader, today):
        if each.state in ("late", "open"):
            late = f"{each.days} day{'s' * (each.days != 1)} late, " if each.days else ""
            why = f"{late}agreed in {each.origin}" if each.origin else f"{late}asked for by {each.opened_by}"
            do = f"treadle actions close {project} {each.number} --because REASON --as {each.owner}"
            yield Turn(each.owner, each.text, why, do, f"action/{each.number}", each.due)


def _rows(workspace: Workspace, reader: Reader, project: str) -> Iterator[Turn]:
    """Rows that experts were asked about last, whichever model is the newest, and said nothing of."""
    address, spec = workspace.project.address, workspace.project.spec
    asked: Entry[ExpertsAsked] | None = reader.last(ExpertsAsked, subject=f"labels/{address}")
    if asked is None:
        return
    try:
        queue = msgspec.json.decode(workspace.blobs.get(asked.payload.queue.digest), type=Queue)
    except (EvidenceError, StoreError):  # what they were asked is gone from the workspace: `verify` says so
        return
    said, where = words(reader, address), f"labels/{address}"
    why, owner = f"asked by {asked.actor} on {asked.time[:10]}", spec.brief.people.owner
    may = labellers(spec)
    if may == () and queue.items:
        what = f"name who may label: {counted(len(queue.items), 'row')} of {queue.target} wait for nobody"
        also = f"name who is {' or '.join(spec.experts.roles)} under brief.people.roles"
        yield Turn(owner, what, why, "", where, also=also)
        return
    page = "" if registry.standing(reader, workspace.endpoint) is None else "open /experts of treadle serve"
    for name in may or spec.brief.people.roles.get(EXPERT) or (owner,):
        left = sum(name not in said.get(item.key, {}) for item in queue.items)
        if left:
            what = f"say what you hold of {counted(left, 'row')} of {queue.target}"
            do = f"{workspace.project.command('experts sheet', project)} --out rows.xlsx --as {name}"
            yield Turn(name, what, why, do, where, also=page)


def _comments(workspace: Workspace, reader: Reader, project: str) -> Iterator[Turn]:
    """What was said of the newest version, or since it was made, and not answered."""
    packed = registry.packing_of(reader, workspace.project.address, None)
    asked = None if packed is None else request_of(reader, packed.payload.model, packed.payload.bundle.digest)
    if packed is None or asked is None:
        return
    said = comments(reader, workspace.project.spec.project)
    answered = {entry.payload.answers.digest for entry in said if entry.payload.answers is not None}
    author = _author(workspace, asked)
    for entry in said:
        about = entry.payload
        is_of_it = about.name.removeprefix("model/") == packed.payload.model
        if not is_of_it or entry.actor == author or entry.hash in answered or about.answers is not None:
            continue
        do = f"treadle models comment {project} --answers {entry.seq} --text TEXT --as {author}"
        yield Turn(author, f"answer {entry.actor}: {about.text}", f"said of {packed.payload.model}", do, str(entry.seq))


def _retros(reader: Reader, project: str) -> Iterator[Turn]:
    for opened in open_retros(reader)[:MOST_TURNS]:
        name, why = opened.payload.retro, "opened, and nothing learned is kept"
        do = f'treadle retro keep {project} {name} --text TEXT --cause "late labels" --as {opened.actor}'
        yield Turn(opened.actor, f"look back at {name}", why, do, f"retro/{name}")


def _plans(reader: Reader, project: str) -> Iterator[Turn]:
    for plan in waiting_plans(reader):
        said = plan.entry.payload
        do = f"treadle skills agree {project} {said.number} --as {plan.mentor}"
        why = f"asked by {plan.learner} on {plan.entry.time[:10]}"
        what, otherwise = f"be {plan.learner}'s mentor in {said.area}", "add --decline to it"
        yield Turn(plan.mentor, what, why, do, plan.entry.subject, also=otherwise)
