"""What is paid for and not used: runs on which nothing rests, versions nobody asks, snapshots nobody reads."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import ModelError
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
from treadle.money import Money, money
from treadle.plans.machines import DAYS_A_MONTH
from treadle.plans.measuring import kept_of, number_at

if TYPE_CHECKING:
    from sqlalchemy import CompoundSelect

    from treadle.evidence import Reader
    from treadle.models import Released
    from treadle.workspace import Workspace

_NANO = Decimal("0.000000001")
MOST_RUNS = 100


class IdleThing(Struct, frozen=True):
    """`a_day`: what it goes on to cost; `spent`: what it cost when it was made. stop: the command that ends it; ""
    where nothing goes on."""

    what: str
    name: str
    why: str
    a_day: Decimal
    spent: Decimal
    stop: str = ""


class Idle(Struct, frozen=True):
    """Since how long a thing must have been left alone, and what was; the dearest a day first. `runs`: how many there
    are, of which `things` has the dearest; `spent`: what all of them cost."""

    days: float
    currency: str
    things: list[IdleThing]
    a_day: Decimal
    runs: int
    spent: Decimal


def idle(workspace: Workspace, days: float) -> Idle:
    """What nobody used for so long. It changes nothing."""
    since = (workspace.chain.clock() - timedelta(days=days)).isoformat()
    with workspace.chain.reading() as reader:
        runs, count, spent = _runs(reader, workspace, since)
        goes_on = _snapshots(reader, workspace, since, days)
    goes_on += _versions(workspace, since)
    things = sorted([*runs, *goes_on], key=lambda each: (-each.a_day, -each.spent, each.name))
    return Idle(
        days=days,
        currency=workspace.book.currency,
        things=things,
        a_day=sum((each.a_day for each in goes_on), Decimal(0)),
        runs=count,
        spent=spent,
    )


def _runs(reader: Reader, workspace: Workspace, since: str) -> tuple[list[IdleThing], int, Decimal]:
    """Runs that ended before, and of which no entry of another run used anything: no release, no review, no step. The
    dearest, and how many there are and what all of them cost, in few statements whatever their number."""
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    before = number_at(reader.connection, since)
    idle_runs = (
        ledger.c.by == "run",
        ledger.c.currency != "",
        ledger.c.seconds > 0,
        ledger.c.name != "(no run)",
        ledger.c.last < before,
        ledger.c.name.not_in(_used()),
    )
    sums = select(ledger.c.currency, func.count(), func.sum(ledger.c.units), func.sum(ledger.c.nanos))
    count, spent = 0, Decimal(0)
    for currency, runs, units, nanos in reader.connection.execute(sums.where(*idle_runs).group_by(ledger.c.currency)):
        count, spent = count + runs, spent + _in_book(workspace, currency, units, nanos)
    dearest = select(ledger.c.name, ledger.c.currency, ledger.c.units, ledger.c.nanos).where(*idle_runs)
    dearest = dearest.order_by(ledger.c.units.desc(), ledger.c.nanos.desc()).limit(MOST_RUNS)
    why = "nothing that it made was released, or used by another run"
    things = [
        IdleThing("run", row.name, why, Decimal(0), _in_book(workspace, row.currency, row.units, row.nanos))
        for row in reader.connection.execute(dearest)
    ]
    return things, count, spent


def _in_book(workspace: Workspace, currency: str, units: int, nanos: int) -> Decimal:
    """What has no rate is in no sum, as in the ledger."""
    book = workspace.book
    found = book.rates.convert(Money(Decimal(units) + nanos * _NANO, currency), book.currency)
    return Decimal(0) if found is None else found.amount


def _used() -> CompoundSelect[tuple[str]]:
    """Runs that made something which an entry of another run used, and runs that released."""
    from sqlalchemy import and_, select, union

    from treadle.store.schema import entries, refs

    made, taken = refs.alias("made"), refs.alias("taken")
    maker, user = entries.alias("maker"), entries.alias("user")
    used = (
        select(maker.c.run)
        .select_from(made)
        .join(taken, and_(taken.c.content == made.c.content, taken.c.made == 0))
        .join(maker, maker.c.seq == made.c.seq)
        .join(user, and_(user.c.seq == taken.c.seq, user.c.run != maker.c.run))
        .where(made.c.made == 1)
    )
    kinds = (ReleaseMade.KIND, ReleaseRolledBack.KIND)
    return union(used, select(entries.c.run).where(entries.c.kind.in_(kinds)))


def _snapshots(reader: Reader, workspace: Workspace, since: str, days: float) -> list[IdleThing]:
    """Those that no entry used, that are not the newest of their table, and that nothing needs."""
    newest: set[str] = set()
    found = []
    for kept in kept_of(reader, since, max(days, 1.0)):
        table = kept.name.rpartition("@")[0]
        if table not in newest:
            newest.add(table)
            continue
        if kept.reads or kept.pinned or not kept.bytes or kept.made >= since:
            continue
        a_day = money(workspace.book.month_of(kept.bytes).amount / DAYS_A_MONTH, workspace.book.currency).amount
        found.append(
            IdleThing(
                "snapshot", kept.name, f"{kept.bytes / 1e6:,.2f} MB that nobody read and nothing needs", a_day,
                Decimal(0), f"treadle data retain {workspace.project.typed} --days {days:g} --apply",
            )
        )  # fmt: skip
    return found


def _versions(workspace: Workspace, since: str) -> list[IdleThing]:
    """The released version of each endpoint, where nobody asked it since."""
    from treadle.models.registry import find
    from treadle.monitoring import answered

    found, moment = [], datetime.fromisoformat(since).timestamp()
    for each in workspace.each():
        released = _current(each)
        if released is None or released.time >= since:
            continue
        if any(when >= moment for when in answered(each.tables, each.names, each.journal)):
            continue
        packed = find(each.chain, each.project.address, released.model)
        size = round(packed.payload.mb * 1e6)
        a_day = money(each.book.month_of(size).amount / DAYS_A_MONTH, each.book.currency).amount
        why = "it is released, and nobody asked it; a server that runs for it is not in this sum"
        found.append(IdleThing("model", released.model, why, a_day, Decimal(0), ""))
    return found


def _current(workspace: Workspace) -> Released | None:
    """None also where the record does not prove it, which `verify` tells and every server refuses."""
    try:
        return workspace.releases.current()
    except ModelError:
        return None
