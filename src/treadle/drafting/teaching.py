"""Whether the rows of a project can teach: its training table built as a run would, and asked what training asks.

Of tables that are large it is built in parts, and of a feature nothing is kept but whether it has a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from treadle.drafting.suggested import MOST_CLASSES, alike_said
from treadle.errors import TreadleError

if TYPE_CHECKING:
    import polars as pl

    from treadle.contracts import Parts
    from treadle.drafting.gathering import Gathered
    from treadle.features import FeaturePlan


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of each table that a plan reads, of these columns alone. See `treadle.features.PartedTables`."""

    tables: Mapping[str, pl.LazyFrame]
    large: Mapping[str, Parts]
    columns: Mapping[str, list[str]]

    @property
    def whole(self) -> bool:
        """Whether all of them are held at once."""
        return not self.large.keys() & self.columns.keys()

    def read(self, source: str) -> pl.DataFrame:
        return self.tables[source].select(self.columns[source]).collect()

    def rows(self, source: str) -> int:
        import polars as pl

        if source in self.large:
            return self.large[source].rows
        height: int = self.tables[source].select(pl.len()).collect().item()
        return height

    def parts(self, source: str) -> Iterator[pl.DataFrame]:
        if source in self.large:
            yield from self.large[source].read(self.columns[source])
        else:
            yield self.read(source)


def refuse_unlearnable(
    plan: FeaturePlan,
    tables: Mapping[str, pl.LazyFrame],
    found: Gathered,
    room: AbstractContextManager[Path],
) -> None:
    """Tell of what training would refuse. room: an empty folder, for what does not fit into memory."""
    from treadle import training
    from treadle.scoring import task_of
    from treadle.stages.examples import teaching, training_table

    spec = found.project.spec
    rows = Rows(tables, found.large, {name: sorted(columns) for name, columns in plan.sources().items()})
    try:
        frame, texts = _built(plan, rows, found, room)
        _left_out(frame, found)
        kept = frame.filter(teaching(plan, frame))
        table = training_table(plan if rows.whole else replace(plan, key=()), kept)
        task = task_of(spec.predict.kind, table.classes, levels=spec.predict.quantiles)
        training.check(table, task)
        for said in (*task.remarks(table.label), *_alike(texts)):
            found.warning("predict.label", said)
        training.costs_of(spec.brief.mistakes, table.classes)
        training.cut(table, spec.predict, seed=spec.train.seed)
    except TreadleError as bad:
        first = bad.what.split("; ")[0]
        path = "features" if first.startswith("the feature") else "predict.label"
        found.refused(bad, "predict.label_known" if first.startswith("`known`") else path)


def _built(
    plan: FeaturePlan, rows: Rows, found: Gathered, room: AbstractContextManager[Path]
) -> tuple[pl.DataFrame, list[pl.Series]]:
    """The training table; and the texts that the label is made of, each once."""
    import polars as pl

    from treadle import expr, features

    read = expr.parse(found.project.spec.predict.label, plan.each_types).columns
    if rows.whole:
        wanted = {name: rows.read(name) for name in rows.columns}
        return features.build(plan, wanted), _texts(wanted[plan.each], read)
    needed = {plan.group, plan.weight, plan.exposure, features.AT, features.LABEL, features.KNOWN}
    held, seen = list[pl.DataFrame](), dict[str, pl.Series]()
    with room as folder:
        for part in features.build_parts(plan, rows, folder):
            told = [name for name in part.columns if name not in needed]
            # of 64 bits and more a cell two are left: all that is asked of a feature is whether it has a value
            held.append(part.with_columns(pl.when(pl.col(name).is_not_null()).then(True).alias(name) for name in told))
    for part in rows.parts(plan.each):
        for values in _texts(part, read):
            both = values if values.name not in seen else seen[values.name].append(values).unique()
            seen[values.name] = both.head(MOST_CLASSES + 1)
    return pl.concat(held), list(seen.values())


def _texts(rows: pl.DataFrame, columns: Iterable[str]) -> list[pl.Series]:
    import polars as pl

    texts = [name for name in sorted(columns) if rows.schema.get(name) == pl.String]
    return [rows.get_column(name).unique().drop_nulls() for name in texts]


def _alike(texts: list[pl.Series]) -> list[str]:
    """Values of the columns that the label reads, where they are text and differ by capitals or blanks alone."""
    return [said for values in texts if len(values) <= MOST_CLASSES for said in alike_said(values.name, values)]


def _left_out(frame: pl.DataFrame, found: Gathered) -> None:
    """Say how many rows a run leaves out, since they have no label or no time."""
    import polars as pl

    from treadle.features import AT, LABEL

    labelled = frame.filter(pl.col(LABEL).is_not_null())
    if frame.height - labelled.height:
        text = f"{frame.height - labelled.height:,} of {frame.height:,} rows have no label, and are left out"
        found.warning("predict.label", text)
    timeless = labelled.get_column(AT).null_count() if AT in frame.columns else 0
    if timeless:
        found.warning("predict.at", f"{timeless:,} rows have no time `at`, and are left out")
