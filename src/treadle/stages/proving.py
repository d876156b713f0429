"""Play real history through the batch and the online path, and keep what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from treadle.evidence import Payload, StepInput
from treadle.evidence.kinds.features_proved import FeaturesProved
from treadle.features import FeaturePlan
from treadle.stages.parted import room_on_disk
from treadle.stages.planning import KeptTables, make_plan, plan_tables
from treadle.stages.reading import read_sources
from treadle.stages.reconciling import with_entities
from treadle.stages.work import Bench, Work
from treadle.store import Snapshot

if TYPE_CHECKING:
    from treadle.features import Proof
    from treadle.workspace import Workspace


class ProveFeatures(StepInput[FeaturesProved], frozen=True, kw_only=True):
    """`rows`: how many are compared; None for all."""

    MAKES: ClassVar[type[Payload]] = FeaturesProved

    plan: FeaturePlan
    tables: dict[str, Snapshot]
    rows: int | None


def prove_features(workspace: Workspace, rows: int | None = None) -> Proof:
    """Play real history through the batch and the online path; kept in the chain."""
    work = Work(workspace)
    found: list[Proof] = []
    sources = with_entities(work, read_sources(work))
    plan = make_plan(work, sources)

    def make_proof(asked: ProveFeatures, bench: Bench) -> FeaturesProved:
        from treadle import features

        tables = KeptTables(bench.tables, asked.plan, asked.tables)
        if tables.large:
            most = {} if asked.rows is None else {"rows": asked.rows}
            with room_on_disk(bench.scratch) as folder:
                proof = features.prove_sample(asked.plan, tables, folder, progress=bench.progress, **most)
        else:
            proof = features.prove(asked.plan, tables.whole(), rows=asked.rows, progress=bench.progress)
        found.append(proof)
        return FeaturesProved(rows=proof.rows, cells=proof.cells, differing=proof.differing, of=proof.of)

    asked = ProveFeatures(plan=plan, tables=plan_tables(plan, sources), rows=rows)
    work.do(asked, make_proof, cache=False)
    return found[0]
