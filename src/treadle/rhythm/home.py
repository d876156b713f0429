"""What the project's home tells, gathered: what waits for whom, how it stands, what is open, what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.people.checking import people_of
from treadle.people.decisions import decision, names
from treadle.rhythm.agenda import agenda
from treadle.rhythm.showing import Home
from treadle.rhythm.status import plain_day, status
from treadle.rhythm.turns import turns

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
        open_ones = [decision(reader, name, now.date()) for name in names(reader)[:_MOST]]
    return Home(
        project=spec.project,
        day=plain_day(now.date().isoformat()),
        decision=spec.brief.decision,
        turns=found,
        free=[name for name in people_of(spec) if name not in waits],
        status=said,
        decisions=[each for each in open_ones if each is not None],
        since=f"What happened {happened.since}",
        happened=happened.points,
    )
