"""A newcomer's first days, from the record: what to read, what was decided and learned, whom to ask, where to help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from treadle.evidence import Reader
from treadle.evidence.kinds.of_version import Release
from treadle.knowledge.notes import listed, newest_versions
from treadle.people.checking import people_of
from treadle.people.decisions import decision
from treadle.people.decisions import names as decisions
from treadle.people.team import confirmations, has_charter
from treadle.rhythm.actions import actions
from treadle.rhythm.found import Onward
from treadle.rhythm.retros import retro_names
from treadle.rhythm.skills import Map

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_MOST = 5


def first_days(workspace: Workspace, reader: Reader, person: str, known: Map, now: datetime) -> list[Onward]:
    """In the order in which to do them; what the record has nothing of is left out."""
    return [
        *_charter(workspace, reader, person),
        *_served(workspace, reader),
        *_decided(reader, now),
        *_written(workspace, reader),
        *_learned(reader),
        *_people(known, person, people_of(workspace.project.spec)),
        *_help(reader, person, known, now),
    ]


def _charter(workspace: Workspace, reader: Reader, person: str) -> Iterator[Onward]:
    spec = workspace.project.spec
    yield Onward(
        f"What it is for: {spec.brief.decision or 'no decision is stated'}", "the brief", "treadle team show ."
    )
    if has_charter(spec.brief) and person not in confirmations(reader, spec.project, spec.brief):
        yield Onward("Confirm the charter", f"{person} has not", f"treadle team confirm . --as {person}")


def _served(workspace: Workspace, reader: Reader) -> Iterator[Onward]:
    for one in workspace.each():
        found = reader.find(
            prefix="release.", subject=f"endpoint/{one.endpoint}", status="done", newest_first=True, limit=1
        )  # type: ignore[var-annotated]
        if found and isinstance(found[0].payload, Release):
            yield Onward(
                f"What is served: {found[0].payload.model}, since {found[0].time[:10]}",
                "from it one walks back to rows, code, money and people",
                f"treadle why endpoint/{one.endpoint} .",
            )


def _decided(reader: Reader, now: datetime) -> Iterator[Onward]:
    for name in decisions(reader)[:_MOST]:
        found = decision(reader, name, now.date())
        if found is not None:
            outcome = f"decided: {found.outcome.option}" if found.outcome else f"{found.status}: it may still be argued"
            yield Onward(found.question, outcome, f"treadle decide show . {name}")


def _written(workspace: Workspace, reader: Reader) -> Iterator[Onward]:
    for entry in newest_versions(reader, _MOST):
        line = listed(workspace, reader, entry)
        state = "a note that may no longer hold: ask its author" if line.flags else f"a {line.sort} that holds"
        yield Onward(line.title, state, f"treadle notes show . {line.name}")


def _learned(reader: Reader) -> Iterator[Onward]:
    for name in retro_names(reader)[:_MOST]:
        yield Onward(f"What went wrong: {name}", "it was looked back at", f"treadle retro show . {name}")


def _people(known: Map, person: str, people: Sequence[str]) -> Iterator[Onward]:
    """Of the project as it is: neither who left it nor a login that is nobody of it can be asked."""
    for area in known.areas:
        ask = [each for each in area.people if each.person in people and each.person != person and each.recent > 0]
        if ask:
            names = ", ".join(each.person for each in ask)
            yield Onward(f"Ask about {area.name}: {names}", f"they did {ask[0].grounds[0]}, and more", "talk")


def _help(reader: Reader, person: str, known: Map, now: datetime) -> Iterator[Onward]:
    for each in actions(reader, now.date()):
        if each.owner == person and each.state in ("late", "open"):
            yield Onward(f"Action {each.number}: {each.text}", f"yours, until {each.due}", "treadle actions list .")
    for pair in known.pairs:
        if pair.learns == person:
            yield Onward(f"Work on {pair.area} with {pair.knows}", pair.why, "talk")
    do = f"treadle skills mentors . --person {person}"
    yield Onward("Find a mentor, and a plan of real work", "who knows what you do not, and has time", do)
