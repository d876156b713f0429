"""What the project's home tells, gathered: what waits for whom, how it stands, what is open, what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.people.checking import people_of
from treadle.people.decisions import decision, names
from treadle.rhythm.agenda import agenda
from treadle.rhythm.showing import Home
from treadle.rhythm.status import plain_day, status
from treadle.rhythm.turns import turns
from treadle.rhythm.waiting import waiting

if TYPE_CHECKING:
    from treadle.workspace import Workspace

_MOST = 10


def home_of(workspace: Workspace) -> Home:
    """As it is now; nothing is kept."""
    chain, spec = workspace.chain, workspace.project.spec
    now = chain.clock()
    found = turns(workspace, now)
    waits = {each.person for each in found}
    with chain.reading() as reader:
        happened = agenda(workspace, reader, now)
        said = status(workspace, reader, now)
        due, more = waiting(reader, now.date(), _MOST)
        known = {each.name for each in due}
        rest = [name for name in names(reader) if name not in known][: 0 if more else _MOST - len(due)]
        decisions = [*due, *(each for name in rest if (each := decision(reader, name, now.date())) is not None)]
    return Home(
        project=spec.project,
        day=plain_day(now.date().isoformat()),
        decision=spec.brief.decision,
        turns=found,
        free=[name for name in people_of(spec) if name not in waits],
        status=said,
        decisions=decisions,
        since=f"What happened {happened.since}",
        happened=happened.points,
    )
