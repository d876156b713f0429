"""The cost ledger: sums of use and money by run, step and day, read from the chain's views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from treadle.costs.sums import CostLine, Costs, Part
from treadle.evidence import Chain, Entry, Payload, Usage
from treadle.money import Money, Rates, in_units

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NANO = Decimal("0.000000001")
MOST_RUNS = 100
_NO_PART = "(of no one target)"


def costs(
    chain: Chain, rates: Rates, *, run: str | None = None, only: Part | None = None, parts: Sequence[Part] = ()
) -> Costs:
    """All that was used or booked, summed three ways, in the currency of `rates`.

    run, only: of one run, of one target. parts: the targets that get a line each, beside the sums of all.
    """
    if run is None and only is None:
        with chain.engine.connect() as connection:
            whole = _summed(connection, rates)
    else:
        whole = _of_some(chain, rates, run, only)
    return structs.replace(whole, by_target=_by_part(chain, rates, run, parts)) if parts else whole


def _by_part(chain: Chain, rates: Rates, run: str | None, parts: Sequence[Part]) -> list[CostLine]:
    """A line for each, and one for what is of none of them, if anything is: together they are the whole."""
    spent: dict[str, list[_Spent]] = {name: [] for name in (*(part.name for part in parts), _NO_PART)}
    for entry in _entries(chain, run):
        if entry.usage is not None or entry.price is not None:
            name = next((part.name for part in parts if part.has(entry.subject)), _NO_PART)
            spent[name].append(_spent(entry))
    sums = _Sums(rates)
    return [sums.line(name, rows) for name, rows in spent.items() if rows or name != _NO_PART]


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
        by_day=sorted(sums.lines(_rows(connection, "day")), key=lambda line: line.name),
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
        return [self.line(name, members) for name, members in groups.items()]

    def line(self, name: str, rows: Sequence[Any]) -> CostLine:
        whole = Decimal(0)
        for row in rows:
            converted = self._converted(row)
            whole += converted.amount if converted is not None else 0
        return CostLine(
            name=name,
            steps=sum(row.steps for row in rows),
            seconds=round(sum(row.seconds for row in rows), 3),
            cpu_seconds=round(sum(row.cpu_seconds for row in rows), 3),
            peak_mb=max((row.peak_mb for row in rows), default=0.0),
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


class _Spent(Struct, frozen=True):
    """One entry as a row of the view."""

    currency: str
    units: int
    nanos: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    written_bytes: int
    steps: int = 1


def _spent(entry: Entry[Payload]) -> _Spent:
    usage, price = entry.usage or Usage(), entry.price
    units, nanos = in_units(price.money.amount) if price else (0, 0)
    currency = price.money.currency if price else ""
    return _Spent(currency, units, nanos, usage.seconds, usage.cpu_seconds, usage.peak_mb, usage.written_bytes)


def _entries(chain: Chain, run: str | None, only: Part | None = None) -> Iterator[Entry[Payload]]:
    """The entries of a run, of a target, or all, oldest first, a thousand at a time."""
    from sqlalchemy import or_, select

    from treadle.store.schema import entries

    query = select(entries.c.seq).order_by(entries.c.seq)
    if run is not None:
        query = query.where(entries.c.run == run)
    if only is not None:
        versions = entries.c.subject.startswith(only.versions, autoescape=True)
        query = query.where(or_(entries.c.subject.in_(only.subjects), versions))
    with chain.reading() as reader:
        numbers = [int(row[0]) for row in reader.connection.execute(query)]
        for start in range(0, len(numbers), 1000):
            # LIKE of a database may not heed case
            yield from (e for e in reader.by_seq(numbers[start : start + 1000]) if only is None or only.has(e.subject))


def _of_some(chain: Chain, rates: Rates, run: str | None, only: Part | None) -> Costs:
    """The entries of a run, or of a target, folded by the same rule as the views."""
    from sqlalchemy import create_engine

    from treadle.evidence.views import add_money
    from treadle.store.schema import ledger

    scratch = create_engine("sqlite://")
    try:
        with scratch.connect() as connection:
            ledger.create(connection)
            for entry in _entries(chain, run, only):
                add_money(connection, entry)
            return _summed(connection, rates)
    finally:
        scratch.dispose()
