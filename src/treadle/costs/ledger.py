"""The cost ledger: sums of use and money by run, step and day, read from the chain's views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from treadle.costs.sums import CostLine, Costs, Part, Rule
from treadle.evidence import Chain, Entry, Payload, Usage
from treadle.money import Money, Rates, in_units, split

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NANO = Decimal("0.000000001")
MOST_RUNS = 100
_NO_PART = "(of no one target)"
_MONTH = len("2026-11 ")


def costs(
    chain: Chain,
    rates: Rates,
    *,
    run: str | None = None,
    only: Part | None = None,
    parts: Sequence[Part] = (),
    shared: Rule = "not",
) -> Costs:
    """All that was used or booked, summed three ways, in the currency of `rates`.

    run, only: of one run, of one target. parts: the targets that get a line each, beside the sums of all; shared: by
    which rule what is of none of them is shared out. Of one target the sums are of its own work, and with a rule its
    line stands beside them, as it is among all.
    """
    if run is None and only is None:
        with chain.engine.connect() as connection:
            whole = _summed(connection, rates)
    else:
        whole = _of_some(chain, rates, run, only)
    if not parts or (only is not None and shared == "not"):
        return whole
    lines = _by_part(chain, rates, run, parts)
    lines = lines if shared == "not" else _shared_out(lines, shared)
    return structs.replace(whole, by_target=[each for each in lines if only is None or each.name == only.name])


def _by_part(chain: Chain, rates: Rates, run: str | None, parts: Sequence[Part]) -> list[CostLine]:
    """A line for each, and one for what is of none of them, if anything is: together they are the whole."""
    spent: dict[str, list[Any]] = {name: [] for name in (*(part.name for part in parts), _NO_PART)}
    for subject, row in _by_subject(chain, run):
        name = next((part.name for part in parts if part.has(subject)), _NO_PART)
        spent[name].append(row)
    lines = _Sums(rates).lines(spent)
    return [line for line in lines if line.steps or line.name != _NO_PART]


def _by_subject(chain: Chain, run: str | None) -> Iterator[tuple[str, Any]]:
    """What each came to a month, by the view; of a run each entry."""
    if run is not None:
        for entry in _entries(chain, run):
            if entry.usage is not None or entry.price is not None:
                yield entry.subject, _spent(entry)
        return
    with chain.engine.connect() as connection:
        for row in _rows(connection, "what"):
            yield str(row.name)[_MONTH:], row


def _shared_out(lines: Sequence[CostLine], rule: Rule) -> list[CostLine]:
    """What is of no one target as a part of each, to the last billionth; without a line of its own."""
    own = [line for line in lines if line.name != _NO_PART]
    common = sum((line.amount for line in lines if line.name == _NO_PART), Decimal(0))
    weights = [max(line.amount, Decimal(0)) if rule == "by-cost" else Decimal(1) for line in own]
    return [
        structs.replace(line, amount=line.amount + part, shared=part)
        for line, part in zip(own, split(common, weights), strict=True)
    ]


def _summed(connection: Connection, rates: Rates) -> Costs:
    sums = _Sums(rates)
    whole = _rows(connection, "all")
    everything = sums.lines(_named(whole))
    by_run = sums.lines(_named(_rows(connection, "run", MOST_RUNS)))
    return Costs(
        currency=rates.currency,
        amount=sum((line.amount for line in everything), Decimal(0)),
        seconds=round(sum(line.seconds for line in everything), 3),
        cpu_seconds=round(sum(line.cpu_seconds for line in everything), 3),
        peak_mb=max((line.peak_mb for line in everything), default=0.0),
        by_run=by_run,
        by_step=sums.lines(_named(_rows(connection, "step"))),
        by_day=sorted(sums.lines(_named(_rows(connection, "day"))), key=lambda line: line.name),
        books=list(dict.fromkeys(row.name for row in _rows(connection, "book"))),
        unpriced=sum(row.unpriced for row in whole),
        unconverted=sums.unconverted(whole),
        rate_date=sums.rate_date,
        more_runs=max(0, _count(connection, "run") - len(by_run)),
        gpu_seconds=round(sum(line.gpu_seconds for line in everything), 3),
        gpu_unpriced=round(sum(row.gpu_unpriced for row in whole), 3),
    )


def runs(chain: Chain, most: int = MOST_RUNS) -> list[str]:
    """Names of the newest runs that used or cost anything, newest first."""
    with chain.engine.connect() as connection:
        return list(dict.fromkeys(row.name for row in reversed(_rows(connection, "run", most))))


def _amount(row: Any) -> Decimal:
    return Decimal(row.units) + Decimal(row.nanos) * _NANO


def _rows(connection: Connection, by: str, newest: int | None = None) -> list[Any]:
    """Of all names, or of so many that something was of last, that one at the end; of each a row for each currency."""
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    query = select(ledger).where(ledger.c.by == by).order_by(ledger.c.last)
    if newest is None:
        return list(connection.execute(query))
    last = func.max(ledger.c.last)
    named = select(ledger.c.name).where(ledger.c.by == by).group_by(ledger.c.name).order_by(last.desc()).limit(newest)
    names = [str(row[0]) for row in connection.execute(named)][::-1]
    rows = _named(list(connection.execute(query.where(ledger.c.name.in_(names)))))
    return [row for name in names for row in rows[name]]


def _count(connection: Connection, by: str) -> int:
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    query = select(func.count(func.distinct(ledger.c.name))).where(ledger.c.by == by)
    return int(connection.execute(query).scalar() or 0)


class _Sums:
    """Rows of the view as lines of one currency."""

    def __init__(self, rates: Rates) -> None:
        self.rates, self.rate_date = rates, ""

    def lines(self, groups: Mapping[str, Sequence[Any]]) -> list[CostLine]:
        """A line for each name. Converted together, so that other groups of the same rows come to the same sum."""
        paid = [_paid(row) for rows in groups.values() for row in rows]
        found = iter(self._converted([each for each in paid if each is not None]))
        amounts = iter([None if each is None else next(found) for each in paid])
        return [self._line(name, rows, [next(amounts) for _ in rows]) for name, rows in groups.items()]

    def _line(self, name: str, rows: Sequence[Any], amounts: Sequence[Money | None]) -> CostLine:
        return CostLine(
            name=name,
            steps=sum(row.steps for row in rows),
            seconds=round(sum(row.seconds for row in rows), 3),
            cpu_seconds=round(sum(row.cpu_seconds for row in rows), 3),
            peak_mb=max((row.peak_mb for row in rows), default=0.0),
            written_mb=round(sum(row.written_bytes for row in rows) / 2**20, 2),
            amount=sum((each.amount for each in amounts if each is not None), Decimal(0)),
            currency=self.rates.currency,
            gpu_seconds=round(sum(row.gpu_seconds for row in rows), 3),
        )

    def _converted(self, paid: Sequence[Money]) -> list[Money | None]:
        found = self.rates.together(paid, self.rates.currency)
        self.rate_date = max((each.rate_date for each in found if each is not None), default="") or self.rate_date
        return found

    def unconverted(self, rows: Sequence[Any]) -> list[Money]:
        paid = [each for each in map(_paid, rows) if each is not None]
        return [each for each in paid if self.rates.convert(each, self.rates.currency) is None]


def _paid(row: Any) -> Money | None:
    return Money(_amount(row), row.currency) if row.currency else None


def _named(rows: Sequence[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(row.name, []).append(row)
    return groups


class _Spent(Struct, frozen=True):
    """One entry as a row of the view."""

    currency: str
    units: int
    nanos: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    written_bytes: int
    gpu_seconds: float
    steps: int = 1


def _spent(entry: Entry[Payload]) -> _Spent:
    usage, price = entry.usage or Usage(), entry.price
    units, nanos = in_units(price.money.amount) if price else (0, 0)
    currency = price.money.currency if price else ""
    used = (usage.seconds, usage.cpu_seconds, usage.peak_mb, usage.written_bytes, usage.gpu_seconds)
    return _Spent(currency, units, nanos, *used)


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
