"""Rows held to the contract of their source: the good ones, and a table of those that are set aside with the reason."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from treadle import expr
from treadle.contracts import Beside, Contract, Report, check, raise_if_broken
from treadle.errors import SpecError
from treadle.store import Blob

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import Source
    from treadle.stages.work import Bench


@dataclass(frozen=True, eq=False)
class Held:
    """The rows that passed, and what is to be said of the others; of a source without a contract all pass."""

    good: pl.DataFrame
    report: Report | None = None
    bad: int = 0
    rules: int = 0
    newest: dict[str, datetime | None] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def whole(self) -> bytes | None:
        """The rows that were set aside, as Parquet; None where there is none. See `Report.aside`."""
        if self.report is None or self.report.aside is None:
            return None
        return parquet_of(self.report.aside)

    @property
    def unasked(self) -> tuple[str, ...]:
        return tuple(self.report.unasked) if self.report is not None else ()

    @property
    def aside(self) -> pl.DataFrame | None:
        """A line for each row and rule that it breaks; None where there is none."""
        return self.report.quarantine if self.report is not None and self.report.quarantine.height else None

    def raise_if_broken(self, contract: Contract | None, where: str) -> None:
        """Refuse the batch as a whole, where it is broken."""
        if self.report is not None and contract is not None:
            raise_if_broken(self.report, contract, where)


def not_aside(held: Held, kept: Sequence[pl.DataFrame], again: pl.Series) -> Held:
    """What was held, without the rows that were set aside before, of equal ones as many as were.

    kept: rows that were set aside, as they were delivered. again: of each row that was held whether it is of a file
    that was read before: others were not set aside, however equal they are.
    """
    from treadle.sources import unkept

    report = held.report
    if report is None or report.aside is None or not kept:
        return held
    before = again.gather(report.aside.get_column("row"))
    fresh = unkept(given_of(report.aside), kept, before)
    aside = report.aside.filter(fresh)
    lines = report.quarantine.join(aside.select("row"), on="row", how="semi", maintain_order="left")
    left = dataclasses.replace(report, aside=aside if aside.height else None, quarantine=lines)
    return dataclasses.replace(held, report=left, bad=aside.height)


def of_good(held: Held, each: pl.Series) -> pl.Series:
    """What is told of each row that was held, of the good ones alone."""
    import polars as pl

    if held.report is None or held.report.aside is None:
        return each
    bad = held.report.aside.get_column("row").implode()
    return each.filter(~pl.int_range(len(each), eager=True).is_in(bad))


def taken_out(held: Held, table: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of a table that were set aside as it was held to a contract, as they came to it."""
    import polars as pl

    from treadle.sources import as_they_came

    if held.report is None or held.report.aside is None:
        return []
    bad = held.report.aside.get_column("row").implode()
    return as_they_came(table, pl.int_range(table.height, eager=True).is_in(bad))


def given_of(aside: pl.DataFrame) -> pl.DataFrame:
    """The rows as they were delivered, of a table as `Report.aside` has it."""
    return aside.get_column("given").struct.unnest()


def parquet_of(rows: pl.DataFrame) -> bytes:
    """The rows as one file of Parquet; equal rows are equal bytes."""
    out = io.BytesIO()
    rows.write_parquet(out, statistics=False)
    return out.getvalue()


def hold(
    rows: pl.LazyFrame | pl.DataFrame,
    contract: Contract | None,
    now: datetime,
    keys: Sequence[str],
    beside: Beside | None = None,
) -> Held:
    """One pass over the rows. Whether the batch is broken is asked of what comes of it, so that reasons can be kept."""
    if contract is None:
        return Held(rows.lazy().collect())
    report = check(rows, contract, now=now, keys=tuple(keys), beside=beside)
    return Held(report.good, report, report.bad_rows, len(contract.rules), dict(report.newest), tuple(report.warnings))


def kept_aside(bench: Bench, held: Held) -> tuple[Blob, ...]:
    """The rows that were set aside, whole, as a blob."""
    whole = held.whole
    return (Blob(bench.blobs.put(whole), "rows set aside"),) if whole is not None else ()


def newest_of(rows: pl.DataFrame, source: Source) -> datetime | None:
    """The newest time that the rows happened, in UTC; None where the source names none, or there are no rows."""
    import polars as pl

    if source.happened is None or not rows.height:
        return None
    try:
        kind = rows.schema.get(source.happened)
        told = pl.col(source.happened) if kind else expr.to_polars(expr.parse(source.happened, expr.column_types(rows)))
        newest = rows.select(told.max()).item()
    except (SpecError, pl.exceptions.PolarsError):
        return None  # the plan says what is wrong with it, with its place
    if isinstance(newest, datetime):
        return newest if newest.tzinfo else newest.replace(tzinfo=UTC)
    return datetime(newest.year, newest.month, newest.day, tzinfo=UTC) if isinstance(newest, date) else None
