"""Milestones: what is to be reached by a day, and whether its gates hold now. Nobody says that one is reached: it is
measured.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from treadle.errors import TeamError, TreadleError, nearest
from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.milestone_set import MilestoneSet
from treadle.knowledge.citing import read_figure
from treadle.rhythm.acting import check_day
from treadle.rhythm.found import GateShown, Milestone
from treadle.rhythm.gates import Condition, condition, new_condition

if TYPE_CHECKING:
    from treadle.workspace import Workspace

SUBJECT = "milestone/"
MOST_GATES = 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


def names(reader: Reader) -> list[str]:
    """Those that are not dropped, the next one first."""
    newest: dict[str, MilestoneSet] = {}
    for entry in reader.find(MilestoneSet, status="done"):
        newest[entry.payload.milestone] = entry.payload
    wanted = [said for said in newest.values() if not said.dropped]
    return [said.milestone for said in sorted(wanted, key=lambda said: (said.by, said.milestone))]


def set_milestone(
    workspace: Workspace, name: str, text: str, by: str, gates: Sequence[str], because: str = ""
) -> Entry[MilestoneSet]:
    """A milestone, or another day or other gates for one that is there, with the reason.

    Raises:
        TeamError: it is none: no name, no gate, a day that is over; or it is changed without a reason.
    """
    chain = workspace.chain
    if not _NAME.fullmatch(name):
        raise TeamError(
            f'"{name}" is no name for a milestone', where="NAME", mend="lower-case letters, digits, - and _"
        )
    if not 0 < len(gates) <= MOST_GATES:
        raise TeamError(
            f"a milestone has 1 to {MOST_GATES} gates",
            where="--gate",
            mend='--gate "flights.average_precision >= 0.55"',
        )
    check_day(by, "--by", chain.clock().date())
    with chain.reading() as reader:
        conditions = [new_condition(workspace, reader, gate) for gate in gates]
    with chain.alone() as alone:
        there = name in names(alone)
        if there and not because.strip():
            raise TeamError(
                f"there is a milestone {name} already",
                where="--because",
                mend="say why it is changed: --because REASON",
            )
        said = MilestoneSet(
            milestone=name,
            text=" ".join(text.split())[:500],
            by=by,
            gates=tuple(each.text for each in conditions),
            because=" ".join(because.split()),
        )
        return alone.append(said, f"{SUBJECT}{name}")


def drop_milestone(workspace: Workspace, name: str, because: str) -> Entry[MilestoneSet]:
    """
    Raises:
        TeamError: there is none of this name, or no reason is given.
    """
    if not because.strip():
        raise TeamError("a reason is needed", where="--because", mend="say it in a sentence; it stays in the record")
    with workspace.chain.alone() as alone:
        if name not in names(alone):
            raise unknown(name, names(alone))
        last: Entry[MilestoneSet] | None = alone.last(MilestoneSet, subject=f"{SUBJECT}{name}")
        assert last is not None
        said = last.payload
        dropped = MilestoneSet(
            milestone=name,
            text=said.text,
            by=said.by,
            gates=said.gates,
            because=" ".join(because.split()),
            dropped=True,
        )
        return alone.append(dropped, f"{SUBJECT}{name}")


def milestone(workspace: Workspace, reader: Reader, name: str, today: date) -> Milestone:
    """As it stands: every gate measured now.

    Raises:
        TeamError: there is none of this name.
    """
    said: list[Entry[MilestoneSet]] = reader.find(MilestoneSet, subject=f"{SUBJECT}{name}", status="done")
    if not said or said[-1].payload.dropped:
        raise unknown(name, names(reader))
    last = said[-1]
    gates = [_measured(workspace, reader, gate) for gate in last.payload.gates]
    reached = all(gate.holds for gate in gates)
    late = not reached and last.payload.by < today.isoformat()
    return Milestone(
        name=name,
        text=last.payload.text,
        by=last.payload.by,
        status="reached" if reached else "late" if late else "open",
        gates=gates,
        entry=last.seq,
        before=[f"{e.actor} on {e.time[:10]}: {e.payload.said()}" for e in said[:-1]],
    )


def unknown(name: str, known: Sequence[str]) -> TeamError:
    mend = nearest(name, known) or "set one: treadle milestones set PROJECT NAME --by DAY --gate GATE"
    return TeamError(f"there is no milestone {name}", where="NAME", mend=mend)


def _measured(workspace: Workspace, reader: Reader, gate: str) -> GateShown:
    try:
        asked = condition(gate)
    except TeamError as bad:  # it was taken before such numbers were refused
        return GateShown(gate, "not measured", False, 0, f"{bad.what}: {bad.mend}")
    if not asked.subject:
        return _released(workspace, reader, asked)
    try:
        found = read_figure(workspace, reader, asked.subject, asked.figure)
    except TreadleError as bad:
        return GateShown(asked.text, "not measured", False, 0, bad.what)
    return GateShown(asked.text, found.shown, _SIGNS[asked.sign](found.value, asked.limit), found.entry.seq)


def _released(workspace: Workspace, reader: Reader, asked: Condition) -> GateShown:
    from treadle.evidence.kinds.of_version import Release

    served: list[Entry[Release]] = []
    for one in workspace.each():
        served += reader.find(
            prefix="release.", subject=f"endpoint/{one.endpoint}", status="done", newest_first=True, limit=1
        )
    if not served:
        return GateShown(asked.text, "nothing is released", False, 0)
    return GateShown(asked.text, ", ".join(each.payload.model for each in served), True, served[0].seq)
