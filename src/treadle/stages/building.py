"""The training table: every row of the examples with its features, each seen as of its own `at`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.features import FeaturePlan
from treadle.stages.parted import room_on_disk
from treadle.stages.planning import KeptTables, plan_tables
from treadle.stages.work import Bench, Work
from treadle.store import Snapshot

if TYPE_CHECKING:
    import polars as pl

    from treadle.stages.reading import Sources


class BuildFeatures(StepInput[FeaturesBuilt], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = FeaturesBuilt

    plan: FeaturePlan
    tables: dict[str, Snapshot]


def build_features(work: Work, plan: FeaturePlan, sources: Sources) -> Entry[FeaturesBuilt]:
    return work.do(BuildFeatures(plan=plan, tables=plan_tables(plan, sources)), make_features)


def make_features(asked: BuildFeatures, bench: Bench) -> FeaturesBuilt:
    from treadle import features

    tables = KeptTables(bench.tables, asked.plan, asked.tables)
    if tables.large:
        return _make_large(asked, bench, tables)
    frame = features.build(asked.plan, tables.whole())
    return FeaturesBuilt(
        table=bench.tables.replace(bench.names.training, frame),
        features=len(asked.plan.features),
        without_label=_without_label(frame),
    )


def _make_large(asked: BuildFeatures, bench: Bench, tables: KeptTables) -> FeaturesBuilt:
    """As `make_features`, of more than memory holds."""
    from treadle.features import build_parts

    missing = done = 0

    def counted(parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        nonlocal missing, done
        for part in parts:
            missing, done = missing + _without_label(part), done + part.height
            bench.progress(done, tables.rows(asked.plan.each), f"{done:,} rows")
            yield part
            del part

    with room_on_disk(bench.scratch) as folder:
        made = counted(build_parts(asked.plan, tables, folder))
        table = bench.tables.replace_parts(bench.names.training, made)
    return FeaturesBuilt(table=table, features=len(asked.plan.features), without_label=missing)


def _without_label(frame: pl.DataFrame) -> int:
    from treadle.features import AT, LABEL

    known = frame.get_column(LABEL).is_not_null()
    if AT in frame.columns:
        known = known & frame.get_column(AT).is_not_null()
    return frame.height - int(known.sum())
