"""A version before its release as a reviewer sees it: who could review it, what to look at, what was said, how long.

Reviewers are proposed by what CODEOWNERS says of the files that changed, by what they did of late and by how much waits
for them. Who asked for the release, or wrote what changed, is not proposed; that who asked may not approve is held by
`people`, where it is approved.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from treadle.errors import TeamError
from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.finding_accepted import FindingAccepted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_commented import ReviewCommented
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.history.lineage import called, walk
from treadle.keeping import key_in_git
from treadle.models import registry
from treadle.people import Review, request_of, requesters, review_of
from treadle.people.assigning import assign, to_review
from treadle.people.checking import people_of
from treadle.people.comments import comment, comments, has_moved, place_of_line
from treadle.repository import touched
from treadle.rhythm.actions import actions
from treadle.rhythm.checklist import checklist, code_before
from treadle.rhythm.obstacles import obstacles
from treadle.rhythm.owners import owners_of, person_of, read_owners
from treadle.rhythm.review_found import Assigned, Commented, CommentShown, Obstacle, Proposed, ReviewShown, ReviewTimes
from treadle.rhythm.since import entries_since, first_at, newest_before
from treadle.rhythm.skills import skills
from treadle.rhythm.waiting import waiting

if TYPE_CHECKING:
    from treadle.workspace import Workspace

AREAS = ("data", "features", "training", "releases")
LATELY = timedelta(days=14)
COUNTED = timedelta(days=90)
"""Of reviews that were asked for within it, it is told how long they took."""
_MOST = 10_000
_LOAD = 4.0
"""So many things that wait halve how much what somebody knows counts."""


def review(workspace: Workspace, model: str | None, project: str = ".") -> ReviewShown:
    """`project`: as commands name it. Raises ModelError: there is no such version."""
    packing = registry.find(workspace.chain, workspace.project.address, workspace.project.version(model))
    packed, chain = packing.payload, workspace.chain
    stands, now = review_of(chain, packed.model, packed.bundle.digest), chain.clock()
    before = _version_before(workspace, packing)
    changed = _changed(workspace, packing, before)
    start: list[Entry[Payload]] = [packing]
    with chain.reading() as reader:
        led = [entry for entry, _ in walk(reader, start)]
        asked = requesters(reader, stands.requested_by) if stands.requested_by else frozenset[str]()
        authors = _authors(workspace, packing)
        owners = _owners(workspace, changed)
        proposed = _proposed(workspace, reader, {*asked, *authors}, owners, now)
        said = _comments(workspace, reader, packed.model)
        request = request_of(reader, packed.model, packed.bundle.digest)
        times = _times(reader, None if stands.status == "approved" else request, now)
        spec = workspace.project.spec
        in_the_way = [] if request is None else obstacles(reader, spec, request, stands, project)
        asked_for_it = [] if request is None else to_review(reader, spec, request)
    reviewers = spec.brief.people.reviewers
    excluded = [f"{name} asked for the release" for name in reviewers if name in asked]
    excluded += [f"{name} wrote what changed" for name in reviewers if name in authors and name not in asked]
    return ReviewShown(
        model=packed.model,
        bundle=packed.bundle.digest,
        status=stands.status,
        requested_by=stands.requested_by,
        approved_by=stands.approved_by,
        changed=changed,
        proposed=proposed,
        excluded=excluded,
        owners=[f"{file}: {', '.join(names) or 'nobody'}" for file, names in owners.items()],
        checklist=checklist(workspace, packing, led, stands.gates),
        comments=said,
        times=times,
        next=_next(workspace, stands, in_the_way, [*asked_for_it, *(each.person for each in proposed)], project),
        assigned=asked_for_it if stands.status != "approved" else [],
        obstacles=in_the_way,
        warnings=[leaked] if (leaked := key_in_git(workspace.project.root)) else [],
        signed=list(stands.signed),
        answered=list(stands.accepted),
        before="" if before is None else before.payload.model,
    )


def ask_to_review(
    workspace: Workspace, model: str | None, to: Sequence[str], because: str, project: str = "."
) -> Assigned:
    """`project`: as commands name it.

    Raises:
        ModelError: there is no such version.
        TeamError: nobody asked for its release, or one of them may not review it.
    """
    packed = registry.find(workspace.chain, workspace.project.address, workspace.project.version(model)).payload
    with workspace.chain.reading() as reader:
        request = request_of(reader, packed.model, packed.bundle.digest)
    if request is None:
        raise TeamError(
            f"nobody has asked for a release of {packed.model}", where="MODEL", mend="run the project first"
        )
    made = assign(workspace.chain, workspace.project.spec, request, to, because)
    show = f"treadle models review {project} {packed.model}"
    return Assigned(packed.model, list(made.payload.reviewers), made.actor, made.seq, show)


def _next(
    workspace: Workspace, stands: Review, in_the_way: Sequence[Obstacle], who: Sequence[str], project: str
) -> str:
    """The command to type now: of the first thing that is in the way and has one, or else to approve. Where a policy
    approves, a run releases it."""
    if stands.status == "approved":
        return ""
    if in_the_way:
        return next((each.do for each in in_the_way if each.do), "")
    if stands.status == "not requested" or workspace.project.spec.brief.people.approve == "policy":
        return workspace.project.command("run", project)
    return f"treadle models release {project} {stands.model} --as {who[0] if who else 'REVIEWER'}"


def say(workspace: Workspace, about: str | None, text: str, at: str, answers: int | None) -> Commented:
    """Say something on an entry of the record, or on a line of the project.

    Raises:
        EvidenceError: nothing is called so. TeamError: no text, no such line, or no such comment.
    """
    project = workspace.project
    place = place_of_line(project.root, at) if at else None
    name = project.version(about) if about is None or about.isdigit() else about
    entry: Entry[Payload]
    if name is None:
        packing = registry.find(workspace.chain, project.address, None)
        entry, name = packing, packing.payload.model
    else:
        with workspace.chain.reading() as reader:
            entry = called(workspace, reader, name, "--about")
    made = comment(workspace.chain, project.spec.project, entry, name, text, place, answers)
    where = f"{place.file}:{place.line}" if place is not None else ""
    return Commented(made.seq, made.actor, name, where, made.payload.text)


def _version_before(workspace: Workspace, packing: Entry[ModelPacked]) -> Entry[ModelPacked] | None:
    """The version that is served; where it is served itself, the one before it."""
    with workspace.chain.reading() as reader:
        release = registry.standing(reader, workspace.endpoint)
        served = registry.packing_of(reader, workspace.project.address, release.payload.model) if release else None
        if served is None or served.seq >= packing.seq:
            served = newest_before(reader, packing.seq, ModelPacked, packing.subject)
    return served


def _changed(workspace: Workspace, packing: Entry[ModelPacked], before: Entry[ModelPacked] | None) -> list[str]:
    """The project's own files that differ from those of a version before; all of them, where there is none."""
    now = code_before(workspace, packing)
    then = None if before is None else code_before(workspace, before)
    if now is None:
        return []
    was = {} if then is None else {blob.name: blob.digest for blob in then.payload.files}
    files = {blob.name: blob.digest for blob in now.payload.files}
    return sorted(name for name in {*was, *files} if was.get(name) != files.get(name))


def _authors(workspace: Workspace, packing: Entry[ModelPacked]) -> set[str]:
    """Who committed since the version before was packed; of the first version, in the month before it."""
    with workspace.chain.reading() as reader:
        before = newest_before(reader, packing.seq, ModelPacked, packing.subject)
    since = before.time if before else (datetime.fromisoformat(packing.time) - timedelta(days=30)).isoformat()
    people = people_of(workspace.project.spec)
    commits = touched(workspace.project.root, since)
    return {name for each in commits for email in each.authors if (name := person_of(email, people))}


def _owners(workspace: Workspace, changed: Sequence[str]) -> dict[str, list[str]]:
    """By changed file, who of the project owns it; nothing without a CODEOWNERS."""
    root = workspace.project.root.resolve()
    found = read_owners(root)
    if found is None:
        return {}
    top, owned = found
    people = people_of(workspace.project.spec)
    below = root.relative_to(top).as_posix()
    paths = {file: file if below == "." else f"{below}/{file}" for file in changed}
    named = {file: owners_of(path, owned) for file, path in paths.items()}
    return {file: [person_of(each, people) or each for each in owners] for file, owners in named.items() if owners}


def _proposed(
    workspace: Workspace, reader: Reader, left_out: set[str], owners: dict[str, list[str]], now: datetime
) -> list[Proposed]:
    known = {area.name: area for area in skills(workspace, reader, now).areas if area.name in AREAS}
    waits = [(each.owner, "an action") for each in actions(reader, now.date()) if each.state in ("open", "late")]
    waits += [(who, "a decision") for each in waiting(reader, now.date())[0] for who in each.unheard]
    late = _reviews(reader, now)
    found = []
    for person in workspace.project.spec.brief.people.reviewers:
        if person in left_out:
            continue
        owns = [file for file, names in owners.items() if person in names]
        did = {name: mine.recent for name, area in known.items() for mine in area.people if mine.person == person}
        mine, lately = sum(who == person for who, _ in waits), late.count(person)
        best = sorted((name for name, recent in did.items() if recent >= 0.1), key=lambda name: -did[name])[:3]
        why = [f"owns {', '.join(owns[:3])} by CODEOWNERS"] if owns else []
        why += [f"did of late: {', '.join(f'{name} {did[name]:,.1f}' for name in best)}"] if best else []
        why.append(
            f"{mine} thing{' waits' if mine == 1 else 's wait'} for them, {lately} reviewed in {LATELY.days} days"
        )
        weight = (1 + math.log1p(sum(did.values()))) / (1 + (mine + lately) / _LOAD)
        found.append((not owns, -weight, person, Proposed(person, why, mine + lately)))
    return [each for *_, each in sorted(found, key=lambda one: one[:3])]


def _reviews(reader: Reader, now: datetime) -> list[str]:
    """Whoever approved, answered for a finding or commented of late; a version counts once a person."""
    first = first_at(reader, (now - LATELY).isoformat(timespec="microseconds"))
    said, _ = entries_since(reader, first, (ReviewApproved, FindingAccepted, ReviewCommented), _MOST)
    acts = dict.fromkeys(
        (entry.actor, entry.subject if not isinstance(entry.payload, ReviewCommented) else entry.payload.name)
        for entry in said
    )
    return [who for who, _ in acts]


def _comments(workspace: Workspace, reader: Reader, model: str) -> list[CommentShown]:
    """Those on the version, those on lines of the project that still are what they were, and what answers them."""
    found = comments(reader, workspace.project.spec.project)
    number = {entry.hash: entry.seq for entry in found}
    out, shown = [], set[str]()
    for entry in found:
        said, place = entry.payload, entry.payload.place
        moved = place is not None and has_moved(workspace.project.root, place)
        answers_one = said.answers is not None and said.answers.digest in shown
        if said.name.removeprefix("model/") != model and (place is None or moved) and not answers_one:
            continue
        shown.add(entry.hash)
        out.append(
            CommentShown(
                entry=entry.seq,
                by=entry.actor,
                time=entry.time,
                about=said.name,
                text=said.text,
                place="" if place is None else f"{place.file}:{place.line}",
                line="" if place is None else place.text,
                moved=moved,
                answers=0 if said.answers is None else number.get(said.answers.digest, 0),
            )
        )
    return out


def _times(reader: Reader, waiting_one: Entry[ReviewRequested] | None, now: datetime) -> ReviewTimes:
    """`waiting_one`: the request of this version, while it is not approved."""
    first = first_at(reader, (now - COUNTED).isoformat(timespec="microseconds"))
    given, _ = entries_since(reader, first, (ReviewApproved,), _MOST)
    by_person = {
        e.payload.request.digest: e for e in given if isinstance(e.payload, ReviewApproved) and ":" not in e.actor
    }
    asked, _ = entries_since(reader, first, (ReviewRequested,), _MOST)
    hours = [_hours(entry.time, by_person[entry.hash].time) for entry in asked if entry.hash in by_person]
    waits = None if waiting_one is None else _hours(waiting_one.time, now.isoformat())
    return ReviewTimes(len(hours), median(hours) if hours else None, max(hours, default=None), waits)


def _hours(start: str, end: str) -> float:
    return max(0.0, (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() / 3600)
