"""Online state of all that is known, in a folder named by what it is built from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput, digest
from treadle.evidence.kinds.state_built import StateBuilt
from treadle.features import FeaturePlan
from treadle.stages.planning import plan_tables, read_tables
from treadle.stages.work import Bench, Work
from treadle.store import Snapshot, StateRef

if TYPE_CHECKING:
    from treadle.stages.reading import Sources


class BuildState(StepInput[StateBuilt], frozen=True, kw_only=True):
    """`plan`: the part of it that state is made of; another row feature leaves the state as it is."""

    MAKES: ClassVar[type[Payload]] = StateBuilt

    endpoint: str
    plan: FeaturePlan
    tables: dict[str, Snapshot]


def build_state(work: Work, plan: FeaturePlan, sources: Sources) -> Entry[StateBuilt] | None:
    """None if no feature needs state."""
    if not plan.lookups and not plan.windows:
        return None
    endpoint, streams = work.workspace.endpoint, streams_only(plan)
    asked = BuildState(endpoint=endpoint, plan=streams, tables=plan_tables(streams, sources))
    return work.do(asked, make_state, f"endpoint/{endpoint}")


def streams_only(plan: FeaturePlan) -> FeaturePlan:
    return msgspec.structs.replace(
        plan, each_types={}, key=(), label="", label_known=None, group=None, inputs=(), rows=(), features=()
    )


def make_state(asked: BuildState, bench: Bench) -> StateBuilt:
    from treadle.features import seed

    plan = asked.plan
    name = digest([plan, {each: asked.tables[each].fingerprint for each in sorted(plan.sources())}])[:16]
    state = bench.open_state(name)
    try:
        seed(plan, read_tables(bench, plan, asked.tables), state, None)
    finally:
        state.close()
    return StateBuilt(state=StateRef(asked.endpoint, name))
