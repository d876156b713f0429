"""The real backlog, by area: all that the record has open, whoever it waits for. Nothing is made up to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.alert_raised import AlertRaised
from treadle.evidence.kinds.labels_said import WHOLE
from treadle.evidence.kinds.quarantine_changed import QuarantineChanged
from treadle.evidence.kinds.retro_opened import RetroOpened
from treadle.evidence.kinds.review_commented import ReviewCommented
from treadle.evidence.kinds.savings_reviewed import SavingsReviewed
from treadle.evidence.kinds.source_read import SourceRead
from treadle.knowledge.notes import listed, newest_versions
from treadle.labelling import taken_words, words
from treadle.rhythm.areas import area_of, area_of_file, areas_of_text
from treadle.rhythm.found import Turn
from treadle.rhythm.growth_found import Opening
from treadle.rhythm.milestones import milestone, names
from treadle.rhythm.turns import turns

if TYPE_CHECKING:
    from treadle.workspace import Workspace

LATELY = timedelta(days=30)
_MOST = 50
_BY_BEGIN = (("model/", "releases"), ("decision/", "decisions"), ("labels/", "data"), ("retro/", "operation"))
_OWN = ("charter/", "growth/")
"""Turns that nobody can take from whom they wait for."""


def backlog(workspace: Workspace, now: datetime, waits: Sequence[Turn] | None = None) -> list[Opening]:
    """What is open, an opening for each area that it touches. `waits`: the turns of now, where they are known."""
    told = turns(workspace, now) if waits is None else waits
    with workspace.chain.reading() as reader:
        found = [
            *_of_turns(workspace, reader, told),
            *_of_alerts(reader, now),
            *_of_quarantine(workspace, reader),
            *_of_labels(workspace, reader),
            *_of_notes(workspace, reader),
            *_of_milestones(workspace, reader, now),
            *_of_savings(workspace, reader),
        ]
    joined: dict[tuple[str, str], Opening] = {}
    for each in found:
        same = joined.setdefault((each.area, each.key), each)
        if same is not each:  # the same thing waits for several
            people = tuple(dict.fromkeys((*same.people, *each.people)))
            joined[each.area, each.key] = Opening(
                same.area, same.key, same.subject, same.what, same.why, same.do, people
            )
    return list(joined.values())


def _of_turns(workspace: Workspace, reader: Reader, told: Sequence[Turn]) -> Iterator[Opening]:
    named, rests = names_by_area(workspace), _rests(reader)
    for each in told:
        if each.where.startswith(_OWN):
            continue
        key, subject = each.where, each.where
        if each.where.startswith("action/"):
            areas = list(dict.fromkeys((*areas_of_text(each.what, named), *rests.get(each.where, ()))))
        elif each.where.isdigit():  # a comment that waits for an answer
            key, subject, areas = f"comment/{each.where}", "", [_commented(reader, int(each.where))]
        else:
            areas = [area for begin, area in _BY_BEGIN if each.where.startswith(begin)]
            key = f"{each.where} {each.what}" if each.where.startswith("model/") else each.where
        for area in areas:
            yield Opening(area, key, subject, each.what, each.why, each.do or each.also, (each.person,))


def names_by_area(workspace: Workspace) -> Mapping[str, Sequence[str]]:
    """What the project calls its things, by the area that they are of."""
    sources: dict[str, None] = {}
    features: dict[str, None] = {}
    targets, endpoints = [], []
    for one in workspace.project.each():
        mine = one.spec.features
        sources |= dict.fromkeys(one.spec.sources)
        features |= dict.fromkeys((*mine.request, *mine.row, *mine.lookup, *mine.window))
        targets.append(one.spec.predict.name)
        endpoints += [one.spec.serve.endpoint] if one.spec.serve.endpoint else []
    return {"data": list(sources), "features": list(features), "training": targets, "operation": endpoints}


def _rests(reader: Reader) -> Mapping[str, Sequence[str]]:
    """By action, the area of what it came of."""
    opened: list[Entry[ActionOpened]] = reader.find(ActionOpened, status="done")
    wanted = {entry.payload.rests.digest: entry.subject for entry in opened if entry.payload.rests is not None}
    found = reader.by_hash(*wanted) if wanted else []
    return {wanted[entry.hash]: [area_of(entry.kind)] for entry in found if area_of(entry.kind)}


def _commented(reader: Reader, number: int) -> str:
    (entry,) = reader.by_seq([number])
    said = entry.payload
    place = said.place if isinstance(said, ReviewCommented) else None
    return "releases" if place is None else area_of_file(place.file)


def _of_alerts(reader: Reader, now: datetime) -> Iterator[Opening]:
    """Of late, and not looked back at."""
    looked = {entry.payload.about.digest for entry in reader.find(RetroOpened, status="done")}
    raised: list[Entry[AlertRaised]] = reader.find(AlertRaised, status="done", newest_first=True, limit=_MOST)
    for entry in raised:
        if entry.hash in looked or datetime.fromisoformat(entry.time) < now - LATELY:
            continue
        area = "operation" if entry.payload.model else "data"
        do = f"treadle retro open . NAME --about {entry.seq}"
        why = f"alert of {entry.time[:10]}, nobody looked back at it"
        yield Opening(area, f"alert/{entry.seq}", "", f"find out why: {entry.payload.text}", why, do)


def _of_quarantine(workspace: Workspace, reader: Reader) -> Iterator[Opening]:
    for name in workspace.project.spec.sources:
        subject = f"source/{name}"
        said: list[Entry[SourceRead | QuarantineChanged]] = reader.find(
            SourceRead, QuarantineChanged, subject=subject, status="done", newest_first=True, limit=1
        )
        if not said:
            continue
        newest = said[0].payload
        if isinstance(newest, QuarantineChanged):
            left = newest.left
        else:
            left = newest.quarantined if newest.quarantine is None else newest.quarantine.rows
        if left:
            do = f"treadle data quarantine list {name} ."
            what = f"mend the {left:,} row{'s' * (left != 1)} of {name} that {'are' if left != 1 else 'is'} set aside"
            yield Opening("data", f"quarantine/{name}", subject, what, f"they break its contract (#{said[0].seq})", do)


def _of_labels(workspace: Workspace, reader: Reader) -> Iterator[Opening]:
    """Columns whose values experts hold to be implausible."""
    for one in workspace.each():
        address = one.project.address
        counts: dict[str, int] = {}
        for mine in taken_words(words(reader, address), one.project.spec).values():
            for word in mine.values():
                for name in word.said.implausible:
                    counts[name] = counts.get(name, 0) + 1
        for name, count in counts.items():
            why = f"experts hold it to be implausible in {count:,} row{'s' * (count != 1)}"
            do = one.project.command("experts labels", ".")
            what = f"look into {name}"
            if name == WHOLE:
                what = f"look into row{'s' * (count != 1)} that experts hold to be implausible"
                why = f"they hold {count:,} row{'s' * (count != 1)} as a whole to be implausible"
            yield Opening("features", f"implausible/{address}/{name}", "", what, why, do)


def _of_notes(workspace: Workspace, reader: Reader) -> Iterator[Opening]:
    for entry in newest_versions(reader, _MOST):
        flags = listed(workspace, reader, entry).flags
        if flags:
            name = entry.payload.note
            do = f"treadle notes edit . {name}"
            yield Opening("notes", f"note/{name}", f"note/{name}", f"see whether {name} still holds", flags[0], do)


def _of_milestones(workspace: Workspace, reader: Reader, now: datetime) -> Iterator[Opening]:
    for name in names(reader)[:_MOST]:
        found = milestone(workspace, reader, name, now.date())
        for gate in found.gates:
            if not gate.holds:
                area = "releases" if gate.text == "released" else "training"
                why = f"{name} is {found.status}, due {found.by}: {gate.found or gate.why}"
                key = f"milestone/{name} {gate.text}"
                yield Opening(area, key, f"milestone/{name}", f"reach {gate.text}", why, "treadle milestones list .")


def _of_savings(workspace: Workspace, reader: Reader) -> Iterator[Opening]:
    """What the newest review of savings offered: what lies idle, and what costs more than it need."""
    subject = f"saving/{workspace.project.spec.project}"
    newest: Entry[SavingsReviewed] | None = reader.last(SavingsReviewed, subject=subject)
    for offer in () if newest is None else newest.payload.offers:
        why = f"offered by the review of {newest.time[:10]}" if newest is not None else ""
        yield Opening("money", f"saving/{offer.saving}", subject, offer.text, why, "treadle costs review .")
