"""Online state of all that is known, in a folder named by what it is built from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput, digest
from treadle.evidence.kinds.state_built import StateBuilt
from treadle.features import FeaturePlan
from treadle.stages.parted import room_on_disk
from treadle.stages.planning import KeptTables, plan_tables
from treadle.stages.work import Bench, Work
from treadle.store import Snapshot, StateRef

if TYPE_CHECKING:
    from treadle.features import OnlineState
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
    plan = asked.plan
    name = digest([plan, {each: asked.tables[each].fingerprint for each in sorted(plan.sources())}])[:16]
    state = bench.open_state(name)
    try:
        fill(state, plan, KeptTables(bench.tables, plan, asked.tables), bench.scratch)
    finally:
        state.close()
    return StateBuilt(state=StateRef(asked.endpoint, name))


def fill(
    state: OnlineState,
    plan: FeaturePlan,
    tables: KeptTables,
    scratch: Callable[[], Path],
    as_of: datetime | None = None,
) -> None:
    """Replace all that the state holds by what the tables told before `as_of`; tables that are large come in parts."""
    from treadle.features import seed, seed_parts

    if not tables.large:
        seed(plan, tables.whole(), state, as_of)
        return
    with room_on_disk(scratch) as folder:
        seed_parts(plan, tables, folder, state, as_of)
