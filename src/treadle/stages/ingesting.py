"""Take the data of a project: every source read, held to its contract and kept, and the entities made of them.

These are the first steps of a run. A project of data alone has no others; in one that predicts, the run that comes
after takes them from the record.
"""

from __future__ import annotations

from treadle.stages.alerting import read_watched
from treadle.stages.reading import Sources
from treadle.stages.reconciling import with_entities
from treadle.stages.stating import state_code
from treadle.stages.work import Work


def ingest(work: Work) -> Sources:
    """Every source as it is now, and the tables that are made of entities; a source that breaks its contract ends it,
    with what was read before it kept.
    """
    state_code(work.workspace)
    return take(work)


def take(work: Work) -> Sources:
    """As `ingest`, in a run that has said what it is of."""
    return with_entities(work, read_watched(work))
