"""The cost ledger: sums of use and money by run, step and day, read from the chain's views."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from treadle.costs.sums import CostLine, Costs
from treadle.evidence import Chain, Entry, Payload
from treadle.money import Money, Rates

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NANO = Decimal("0.000000001")
MOST_RUNS = 100


def costs(chain: Chain, rates: Rates, *, run: str | None = None) -> Costs:
    """All that was used or booked (in one run, if given), summed three ways, in the currency of `rates`."""
    if run is not None:
        return _of_run(chain, rates, run)
    with chain.engine.connect() as connection:
        return _summed(connection, rates)


def _summed(connection: Connection, rates: Rates) -> Costs:
    sums = _Sums(rates)
    whole = _rows(connection, "all")
    everything = sums.lines(whole)
    by_run = sums.lines(_rows(connection, "run", MOST_RUNS))
    return Costs(
        currency=rates.currency,
        amount=sum((line.amount for line in everything), Decimal(0)),
        seconds=round(sum(line.seconds for line in everything), 3),
        cpu_seconds=round(sum(line.cpu_seconds for line in everything), 3),
        peak_mb=max((line.peak_mb for line in everything), default=0.0),
        by_run=by_run,
        by_step=sums.lines(_rows(connection, "step")),
        by_day=sums.lines(_rows(connection, "day")),
        books=list(dict.fromkeys(row.name for row in _rows(connection, "book"))),
        unpriced=sum(row.unpriced for row in whole),
        unconverted=sums.unconverted(whole),
        rate_date=sums.rate_date,
        more_runs=max(0, _count(connection, "run") - len(by_run)),
    )


def runs(chain: Chain, most: int = MOST_RUNS) -> list[str]:
    """Names of the newest runs that used or cost anything, newest first."""
    with chain.engine.connect() as connection:
        return list(dict.fromkeys(row.name for row in reversed(_rows(connection, "run", most))))


def _amount(row: Any) -> Decimal:
    return Decimal(row.units) + Decimal(row.nanos) * _NANO


def _rows(connection: Connection, by: str, newest: int | None = None) -> list[Any]:
    from sqlalchemy import select

    from treadle.store.schema import ledger

    query = select(ledger).where(ledger.c.by == by)
    if newest is None:
        return list(connection.execute(query.order_by(ledger.c.last)))
    return list(connection.execute(query.order_by(ledger.c.last.desc()).limit(newest)))[::-1]


def _count(connection: Connection, by: str) -> int:
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    query = select(func.count(func.distinct(ledger.c.name))).where(ledger.c.by == by)
    return int(connection.execute(query).scalar() or 0)


class _Sums:
    """Rows of the view as lines of one currency."""

    def __init__(self, rates: Rates) -> None:
        self.rates, self.rate_date = rates, ""

    def lines(self, rows: list[Any]) -> list[CostLine]:
        groups: dict[str, list[Any]] = {}
        for row in rows:
            groups.setdefault(row.name, []).append(row)
        return [self._line(name, members) for name, members in groups.items()]

    def _line(self, name: str, rows: list[Any]) -> CostLine:
        whole = Decimal(0)
        for row in rows:
            converted = self._converted(row)
            whole += converted.amount if converted is not None else 0
        return CostLine(
            name=name,
            steps=sum(row.steps for row in rows),
            seconds=round(sum(row.seconds for row in rows), 3),
            cpu_seconds=round(sum(row.cpu_seconds for row in rows), 3),
            peak_mb=max(row.peak_mb for row in rows),
            written_mb=round(sum(row.written_bytes for row in rows) / 2**20, 2),
            amount=whole,
            currency=self.rates.currency,
        )

    def _converted(self, row: Any) -> Money | None:
        if not row.currency:
            return None
        paid = Money(_amount(row), row.currency)
        found = self.rates.convert(paid, self.rates.currency)
        if found is not None and found.rate_date:
            self.rate_date = found.rate_date
        return found

    def unconverted(self, rows: list[Any]) -> list[Money]:
        return [Money(_amount(row), row.currency) for row in rows if row.currency and self._converted(row) is None]


def _of_run(chain: Chain, rates: Rates, run: str) -> Costs:
    """One run's entries, folded by the same rule as the views."""
    from sqlalchemy import create_engine

    from treadle.evidence.views import add_money
    from treadle.store.schema import ledger

    scratch = create_engine("sqlite://")
    try:
        with scratch.connect() as connection:
            ledger.create(connection)
            found: list[Entry[Payload]] = chain.find(run=run)
            for entry in found:
                add_money(connection, entry)
            return _summed(connection, rates)
    finally:
        scratch.dispose()
