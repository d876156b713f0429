"""Every record that is a file, as it stands: its place, its lines and its text. The same record makes the same bytes.

Only kinds that are named here are written. What depends on the day it is asked (late, due, a figure of now) is not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from msgspec.structs import replace

from treadle.evidence import Entry, Payload, Reader
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.evidence.kinds.milestone_set import MilestoneSet
from treadle.evidence.kinds.retro_kept import RetroKept
from treadle.evidence.kinds.retro_opened import RetroOpened
from treadle.filing.front import ENTRY, composed
from treadle.knowledge.notes import newest_versions
from treadle.people.decisions import SUBJECT as DECISION
from treadle.people.decisions import decision
from treadle.people.decisions import names as decisions
from treadle.people.found import Decision, Outcome
from treadle.people.team import confirmations
from treadle.rhythm.actions import actions
from treadle.rhythm.meeting import meetings
from treadle.rhythm.milestones import SUBJECT as MILESTONE
from treadle.rhythm.milestones import names as milestones
from treadle.rhythm.retros import SUBJECT as RETRO
from treadle.rhythm.retros import left_out, retro, retro_names
from treadle.signs import still

if TYPE_CHECKING:
    from treadle.workspace import Workspace

Kind = Literal["note", "minutes", "action", "decision", "retro", "milestone", "charter", "readme"]
FOLDERS = ("actions", "decisions", "milestones", "minutes", "notes", "retros")
README = "README.md"
_NO_DAY = date.min
"""By no day anything is late or due."""
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
"""Names that are files' too: all that the commands take. A record that was written otherwise leads out of no folder."""


class Page(Struct, frozen=True):
    """`entry`: what it stands by; None for what is of the project file. `first`: of minutes, the entry that kept them.
    `do`: what changes it, where editing the file does not."""

    file: str
    kind: Kind
    name: str
    head: Mapping[str, str]
    text: str
    entry: Entry[Payload] | None
    do: str = ""
    first: str = ""

    @property
    def content(self) -> bytes:
        return composed(self.head, self.text)


def pages(workspace: Workspace, reader: Reader) -> dict[str, Page]:
    """By file, in the order of their names."""
    found = [
        _readme(workspace),
        _charter(workspace, reader),
        *_notes(reader),
        *_minutes(workspace, reader),
        *_actions(reader),
        *_decisions(reader),
        *_retros(workspace, reader),
        *_milestones(reader),
    ]
    return {page.file: _still(page) for page in sorted(found, key=lambda page: page.file)}


def _still(page: Page) -> Page:
    """As it is written and held against what is read back; what was taken before such signs were seen has them yet."""
    return replace(page, head={name: still(value) for name, value in page.head.items()}, text=still(page.text))


def _file(folder: str, name: str) -> str:
    """
    >>> _file("notes", "target-encoding"), _file("notes", "../../x")
    ('notes/target-encoding.md', 'notes/9cdf6a50100a862e.md')
    """
    safe = name if _PLAIN.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{folder}/{safe}.md"


def _notes(reader: Reader) -> Iterator[Page]:
    for entry in newest_versions(reader):
        said = entry.payload
        head = {
            "note": said.note,
            "version": str(said.number),
            "sort": said.sort,
            "title": said.title,
            "tags": ", ".join(said.tags),
            "source": said.source,
            "on": ", ".join(link.name for link in said.links),
            "by": entry.actor,
            ENTRY: entry.hash,
        }
        yield Page(_file("notes", said.note), "note", said.note, head, said.text, entry)


def _minutes(workspace: Workspace, reader: Reader) -> Iterator[Page]:
    for kept in meetings(reader, workspace.project.spec.project):
        said, name = kept.now.payload, f"{kept.first.payload.day}-{kept.first.seq}"
        head = {
            "minutes": said.day,
            "present": ", ".join(said.present),
            "by": kept.now.actor,
            ENTRY: kept.now.hash,
        }
        yield Page(_file("minutes", name), "minutes", name, head, said.text, kept.now, first=kept.first.hash)


def _actions(reader: Reader) -> Iterator[Page]:
    said: list[Entry[ActionOpened | ActionChanged]] = reader.find(ActionOpened, ActionChanged, status="done")
    newest = {entry.payload.number: entry for entry in said}
    for each in actions(reader, _NO_DAY):
        entry = newest[each.number]
        head = {
            "action": str(each.number),
            "state": each.state,
            "owner": each.owner,
            "due": each.due,
            "because": getattr(entry.payload, "because", ""),
            "origin": each.origin,
            "by": entry.actor,
            ENTRY: entry.hash,
        }
        yield Page(_file("actions", str(each.number)), "action", str(each.number), head, each.text, entry)


def _decisions(reader: Reader) -> Iterator[Page]:
    for name in decisions(reader):
        found = decision(reader, name, _NO_DAY)
        if found is None:
            continue
        newest: list[Entry[Payload]] = reader.find(
            prefix="decision.", subject=f"{DECISION}{name}", status="done", newest_first=True, limit=1
        )
        head = {"decision": name, "state": found.status, "decides": found.decides, "until": found.until}
        head |= {"review": found.review, "asked": ", ".join(found.asked), "by": found.opened_by, ENTRY: newest[0].hash}
        do = f"treadle decide say, close or review . {name}"
        yield Page(_file("decisions", name), "decision", name, head, _argued(found), newest[0], do)


def _argued(found: Decision) -> str:
    lines = [f"# {found.question}", "", "## Options", ""]
    lines += [f"- **{each.name}**{f': {each.text}' if each.text else ''}" for each in found.options]
    if found.positions or found.unheard:
        lines += ["", "## Positions", ""]
        for position in found.positions:
            rests = ", ".join(f"#{each.entry}" for each in position.evidence)
            lines.append(f"- {position.person} is for **{position.option}**: {position.because}")
            lines += [f"  (rests on {rests})"] if rests else []
        lines += [f"- {person} was asked, and has said nothing yet" for person in found.unheard]
    for outcome, title in [*((each, "Was decided before") for each in found.was), (found.outcome, "Outcome")]:
        lines += [] if outcome is None else ["", f"## {title}", "", *_outcome(outcome)]
    return "\n".join(lines)


def _outcome(outcome: Outcome) -> Iterator[str]:
    yield f"**{outcome.option}**, by {outcome.by} on {outcome.time[:10]}: {outcome.because}"
    for who, what in ((outcome.against, "against"), (outcome.unheard, "not heard"), (outcome.agreed, "agreed")):
        if who:
            yield f"\n{what}: {', '.join(who)}"
    for each in outcome.reviews:
        yield f"\n{each}"


def _retros(workspace: Workspace, reader: Reader) -> Iterator[Page]:
    people = left_out(reader, workspace.project.spec)
    for name in retro_names(reader):
        found = retro(reader, name, _NO_DAY, people)
        said: list[Entry[RetroOpened | RetroKept]] = reader.find(
            RetroOpened, RetroKept, subject=f"{RETRO}{name}", status="done", newest_first=True, limit=1
        )
        head = {"retro": name, "state": found.status, "causes": ", ".join(found.causes)}
        head |= {"actions": ", ".join(str(each.number) for each in found.actions), ENTRY: said[0].hash}
        lines = [f"# {found.what}", "", "## What happened", ""]
        lines += [f"- {each.time[:16].replace('T', ' ')} #{each.entry} {each.text}" for each in found.timeline]
        lines += [f"- and {found.left:,} more"] if found.left else []
        lines += ["", "## What was learned", "", found.text] if found.text else []
        do = f"treadle retro keep . {name}"
        yield Page(_file("retros", name), "retro", name, head, "\n".join(lines), said[0], do)


def _milestones(reader: Reader) -> Iterator[Page]:
    for name in milestones(reader):
        last: Entry[MilestoneSet] | None = reader.last(MilestoneSet, subject=f"{MILESTONE}{name}")
        assert last is not None
        said = last.payload
        head = {"milestone": name, "due": said.by, "because": said.because, "by": last.actor, ENTRY: last.hash}
        text = "\n".join([said.text, "", *(f"- `{gate}`" for gate in said.gates)])
        do = f"treadle milestones set . {name}"
        yield Page(_file("milestones", name), "milestone", name, head, text, last, do)


def _charter(workspace: Workspace, reader: Reader) -> Page:
    spec = workspace.project.spec
    brief, charter = spec.brief, spec.brief.charter
    stated: Entry[BriefStated] | None = reader.last(BriefStated)
    confirmed = confirmations(reader, spec.project, brief)
    lines = [f"# {brief.decision or 'No decision is stated'}"]
    lines += ["", charter.vision] if charter.vision else []
    lines += ["", "## Objectives", "", *(f"- {each}" for each in charter.objectives)] if charter.objectives else []
    lines += ["", "## People", "", f"- owner: {brief.people.owner}"]
    lines += [f"- {role}: {', '.join(names)}" for role, names in brief.people.roles.items()]
    if charter.duties:
        lines += ["", "## Who answers for what", ""]
        lines += [f"- {thing}: {duty.accountable}" for thing, duty in charter.duties.items()]
    lines += ["", "## Confirmed", ""] if confirmed else []
    lines += [f"- {person} on {time[:10]}" for person, time in confirmed.items()]
    head = {"charter": spec.project, ENTRY: "" if stated is None else stated.hash}
    do = "edit the brief in the project file; then everybody: treadle team confirm ."
    return Page("charter.md", "charter", spec.project, head, "\n".join(lines), stated, do)


def _readme(workspace: Workspace) -> Page:
    project = workspace.project.spec.project
    text = f"""# What {project} wrote down

Written by `treadle team export`; `treadle team import` reads back what was edited here, in the name of who reads it in.

| folder | edited here |
|---|---|
| notes | all but name, version, sort and author; a new file `notes/NAME.md` with `title:` is a new note |
| minutes | the text; a new task in it, `- [ ] Ask for gates @lin 2027-01-15`, becomes an action |
| actions | `state:` (open, done, dropped), `owner:`, `due:`, with `because:`; a new file with both is a new action |
| decisions, retros, milestones, charter | nothing: a command changes these, and import names it |

Leave the lines `entry:` and `digest:` as they are: they say what a file was written from. To take a file away deletes
nothing. Two who edit the same get both to see. Concerns, check-ins, feedback, mediators' notes and plans to grow are
in no file."""
    return Page(README, "readme", project, {"records": project}, text, None, "treadle team export writes it")
