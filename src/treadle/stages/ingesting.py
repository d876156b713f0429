"""Take the data of a project: every source read, held to its contract and kept, and the entities made of them.

These are the first steps of a run. A project of data alone has no others; in one that predicts, the run that comes
after takes them from the record.
"""

from __future__ import annotations

from collections.abc import Collection

from treadle.errors import SpecError, nearest
from treadle.stages.alerting import read_watched
from treadle.stages.reading import Sources
from treadle.stages.reconciling import with_entities
from treadle.stages.stating import state_code
from treadle.stages.work import Work


def ingest(work: Work, only: Collection[str] = ()) -> Sources:
    """Every source as it is now, and the tables that are made of entities; a source that is refused, as by its
    contract, ends it once the others were read, but for those whose contracts point to it; what was read is kept.

    only: these sources alone, where any is named. What is made of entities then stays as it is, and the rows are held
    against other sources as those were read last.

    Raises:
        SpecError: one of `only` is no source of the project.
    """
    sources = work.workspace.project.spec.sources
    for name in only:
        if name not in sources:
            made = f"; {name} is made of others" if name in work.workspace.project.spec.entities else ""
            raise SpecError(f'the project has no source "{name}"{made}', where="--source", mend=nearest(name, sources))
    state_code(work.workspace)
    found = read_watched(work, only, on=True)
    return found if only else with_entities(work, found)


def take(work: Work) -> Sources:
    """As `ingest`, in a run that has said what it is of, and that ends at the first source that is refused."""
    return with_entities(work, read_watched(work))
