"""What a month of one thing costs now, by name, and what could be done about it: each a measure that can be repeated.

A measure reads the record and the ledger of predictions, in the price book's currency. Add one by a function and its
name in `MEASURES`; what it cannot tell it raises as the room does that it asks.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from treadle.errors import SpecError
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.figures import counted
from treadle.money import Money, to_billionth
from treadle.plans.booked import booked_a_month
from treadle.plans.bottlenecks import after_the_best
from treadle.plans.found import Assumed
from treadle.plans.idle import idle
from treadle.plans.machines import DAYS_A_MONTH, Need, Prices, cheapest
from treadle.plans.measuring import MOST_DAYS, measure
from treadle.plans.planning import parts_of
from treadle.plans.savings_found import Proposal
from treadle.plans.sizing import advised
from treadle.plans.tiers import placing_of
from treadle.pricing import known

if TYPE_CHECKING:
    from treadle.evidence import Entry
    from treadle.plans.choosing import Judged
    from treadle.workspace import Workspace

_LEAST_DAYS = 14
"""Of days with outcomes, from which on it is told where what they save is going."""


class Window(Struct, frozen=True):
    """The last `days`, by the prices of `day`."""

    days: int
    day: str


def window_of(days: int, day: str) -> Window:
    """Raises SpecError: so many days cannot be looked at."""
    if not 1 <= days <= MOST_DAYS:
        raise SpecError(f"{days} is no number of days", where="--days", mend=f"give a number from 1 to {MOST_DAYS:,}")
    return Window(days, day)


class Measured(Struct, frozen=True):
    """`now`: a month; None: it is not measured, though something can be proposed."""

    now: Decimal | None
    proposal: Proposal | None = None


def unread_snapshots(workspace: Workspace, window: Window) -> Measured:
    """What snapshots cost that nobody read and nothing needs."""
    found = idle(workspace, float(window.days))
    mine = [each for each in found.things if each.what == "snapshot"]
    now = to_billionth(sum((each.a_day for each in mine), Decimal(0)) * DAYS_A_MONTH)
    why = f"{counted(len(mine), 'snapshot')} that nobody read in {counted(window.days, 'day')}, and nothing needs"
    how = f"treadle costs idle {workspace.project.typed} --days {window.days} --apply"
    return Measured(now, Proposal("unread-snapshots", "Remove what nobody reads", now, now, why, how))


def storage_tiers(workspace: Workspace, window: Window) -> Measured:
    """What all that is kept costs where it lies; proposed is to move what is kept cheaper elsewhere."""
    found = placing_of(workspace, window.days)
    now, then = to_billionth(found.now()), to_billionth(found.then())
    goes = [each for each in found.files if each.to != each.lies]
    size = sum(each.part.size for each in goes)
    why = f"{counted(len(goes), 'file')} in {size / 1e6:,.2f} MB would be kept for less elsewhere, as often as read"
    how = f"treadle data move {workspace.project.typed} --days {window.days} --apply"
    return Measured(now, Proposal("storage-tiers", "Move what is seldom read", now, now - then, why, how))


def late_search(workspace: Workspace, window: Window) -> Measured:
    """What searches cost, and what of it came after the best trial of each."""
    since = (workspace.chain.clock() - timedelta(days=window.days)).isoformat()
    with workspace.chain.reading() as reader:
        every: list[Entry[ModelsSearched]] = reader.find(ModelsSearched, status="done", newest_first=True, limit=200)
    days = measure(workspace, window.days, Assumed()).days
    spent = late = Decimal(0)
    searches = [each for each in every if each.time >= since]
    for each in searches:
        paid = None if each.price is None else _in_book(each.price.money, workspace)
        spent += paid or Decimal(0)
        late += (paid or Decimal(0)) * Decimal(str(after_the_best(each.payload)))
    now, less = (to_billionth(each / days * DAYS_A_MONTH) for each in (spent, late))
    share = f"{float(late / spent):.0%}" if spent else "none"
    many = counted(len(searches), "search", "searches")
    why = f"{share} of what {many} cost came after the best trial (a later one may be better)"
    text = "Search less: a smaller `train: {trials: …}`, or `good_enough` in the brief"
    return Measured(now, Proposal("late-search", text, now, less, why, "train.trials in treadle.yaml"))


def machine_of_runs(workspace: Workspace, window: Window) -> Measured:
    """What runs cost on the machine that they are held to; on one like this where they are held to nothing."""
    with workspace.chain.reading() as reader:
        prices = Prices(known(reader, workspace.blobs, window.day), workspace.book.rates)
    found = advised(workspace, prices, days=window.days, margin=Assumed().margin)
    if found.here is None or found.right is None:
        raise SpecError("no price is known of a machine that does", where="prices", mend="treadle prices import")
    now = found.here
    if found.holds.cpus and found.holds.memory_mb:
        need = Need(float(found.holds.cpus), found.holds.memory_mb * 2**20 / 1e9)
        held = cheapest(prices, "on_demand", need)
        now = now if held is None else prices.hourly(held) * Decimal(str(found.hours))
    why = f"at the peak {counted(found.cpus, 'CPU')} and {found.peak_mb:,.0f} MiB in {counted(found.runs, 'run')}, "
    why += f"held to {found.holds.said()}; {found.machine} does"
    text = f"Hold runs to {found.size.said()}"
    how = f"treadle costs size {workspace.project.typed} --apply"
    now, less = to_billionth(now), to_billionth(now - found.right)
    return Measured(now, Proposal("machine-of-runs", text, now, less, why, how))


def serving(workspace: Workspace, window: Window) -> Measured:
    """What is booked for infrastructure; proposed is the cheapest way to serve, against that, where it costs less.

    Where nothing is booked, against a server that is always on.
    """
    workload = measure(workspace, window.days, Assumed())
    if workload.load is None:
        raise SpecError("nobody asked the endpoint", where="costs review", mend="serve it")
    with workspace.chain.reading() as reader:
        prices = Prices(known(reader, workspace.blobs, window.day), workspace.book.rates)
        now = booked_a_month(reader, workspace, "infrastructure", window.days)
    alone = parts_of(structs.replace(workload, job=None, kept=()), prices, workspace, Assumed())
    options = alone[0].options
    always = next((each for each in options if each.name == "always on"), None)
    if always is None or options[0].name == always.name or (now is not None and now <= options[0].monthly):
        return Measured(now)
    best, how = options[0], f"treadle costs plan {workspace.project.typed}"
    why, text = f"{best.how} = {best.monthly:.4f}, against", f"Serve it {best.name}"
    if now is not None:
        why += f" {now:.4f} a month that is booked for infrastructure"
        return Measured(now, Proposal("serving", text, now, now - best.monthly, why, how))
    why += f" always on: {always.how} = {always.monthly:.4f}"
    why += "; what is paid now is not booked, so it cannot be seen later what this saved"
    text += ", if it is always on now"
    return Measured(now, Proposal("serving", text, now, always.monthly - best.monthly, why, how))


def newer_version(workspace: Workspace, window: Window) -> Measured:
    """What mistakes of the served version cost by the sealed rows; proposed is a newer one that is better beyond noise.

    By the decisions a month that were measured.
    """
    from treadle.models.registry import find
    from treadle.plans.choosing import judged_of

    released = workspace.released
    decisions, asked = _decisions(workspace, window)
    newest = find(workspace.chain, workspace.project.address)
    served = find(workspace.chain, workspace.project.address, released.model)
    with workspace.chain.reading() as reader:
        ours, theirs = (judged_of(reader, workspace, each) for each in (newest, served))
    now = _mistakes(theirs, decisions, workspace)
    over = None if ours is None else ours.evaluation.over_served
    if newest.payload.model == released.model or ours is None or over is None or over.verdict != "better":
        return Measured(now)
    then = _mistakes(ours, decisions, workspace)
    less = None if now is None or then is None else now - then
    text = f"Release {newest.payload.model}"
    how = f"treadle models release {workspace.project.typed} {newest.payload.model}"
    return Measured(now, Proposal("newer-version", text, now, less, over.said + asked, how))


def _mistakes(found: Judged | None, decisions: float, workspace: Workspace) -> Decimal | None:
    """None where nothing is decided, or it was judged by other costs of mistakes."""
    from treadle.plans.choosing import saving_of

    if found is None or found.evaluation.money is None:
        return None
    if saving_of(found, workspace.project.spec.brief.mistakes) is None:
        return None
    told = found.evaluation.money
    return _in_book(Money(to_billionth(told.model.value * decisions), told.currency), workspace)


def worn_model(workspace: Workspace, window: Window) -> Measured:
    """What a month of decisions does not save any more, of what it saved at first; by what came of them."""
    from treadle.costs.trend import sen
    from treadle.plans.worth import worth_of

    found = worth_of(workspace)
    days = [(each.day, float(each.saved) / each.decisions) for each in found.days if each.decisions]
    if len(days) < _LEAST_DAYS:
        raise SpecError(f"{len(days)} days with outcomes are too few to see a trend", where="costs worth", mend="wait")
    each = [value for _, value in days]
    third = max(1, len(each) // 3)
    lost = median(each[:third]) - median(each[-third:])
    decisions, asked = _decisions(workspace, window)
    paid = _in_book(Money(to_billionth(max(lost, 0.0) * decisions), found.currency), workspace)
    slope, low, high = sen(each)
    if high >= 0 or paid is None:
        return Measured(paid)
    why = f"a decision saves {-slope:.4f} ({-high:.4f} to {-low:.4f}) {found.currency} less from one day to the next"
    why += asked
    how = workspace.project.command("run")
    return Measured(paid, Proposal("worn-model", "Train anew on newer rows", paid, paid, why, how))


def _decisions(workspace: Workspace, window: Window) -> tuple[float, str]:
    """A month; and, in words, how much of them was replayed."""
    load = measure(workspace, window.days, Assumed()).load
    if load is None or not sum(load.requests):
        raise SpecError("nobody asked the endpoint", where="costs review", mend="serve it")
    a_month = sum(load.requests) / len(load.requests) * float(DAYS_A_MONTH)
    return a_month, f"; {load.of_history}" if load.of_history else ""


def _in_book(paid: Money, workspace: Workspace) -> Decimal | None:
    found = workspace.book.rates.convert(paid, workspace.book.currency)
    return None if found is None else found.amount


MEASURES: dict[str, Callable[[Workspace, Window], Measured]] = {
    "unread-snapshots": unread_snapshots,
    "storage-tiers": storage_tiers,
    "late-search": late_search,
    "machine-of-runs": machine_of_runs,
    "serving": serving,
    "newer-version": newer_version,
    "worn-model": worn_model,
}
