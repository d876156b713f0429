"""The training table: every row of the examples with its features, each seen as of its own `at`."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.features import FeaturePlan
from treadle.stages.planning import plan_tables, read_tables
from treadle.stages.work import Bench, Work
from treadle.store import Snapshot

if TYPE_CHECKING:
    from treadle.stages.reading import Sources


class BuildFeatures(StepInput[FeaturesBuilt], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = FeaturesBuilt

    plan: FeaturePlan
    tables: dict[str, Snapshot]


def build_features(work: Work, plan: FeaturePlan, sources: Sources) -> Entry[FeaturesBuilt]:
    return work.do(BuildFeatures(plan=plan, tables=plan_tables(plan, sources)), make_features)


def make_features(asked: BuildFeatures, bench: Bench) -> FeaturesBuilt:
    from treadle import features
    from treadle.features import AT, LABEL

    frame = features.build(asked.plan, read_tables(bench, asked.plan, asked.tables))
    known = frame.get_column(LABEL).is_not_null()
    if AT in frame.columns:
        known = known & frame.get_column(AT).is_not_null()
    return FeaturesBuilt(
        table=bench.tables.replace(bench.names.training, frame),
        features=len(asked.plan.features),
        without_label=frame.height - int(known.sum()),
    )
