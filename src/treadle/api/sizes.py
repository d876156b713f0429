"""The right size of runs: advised, set, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, operation, option
from treadle.api.prices import day_priced
from treadle.errors import SpecError
from treadle.plans.found import Assumed


class SizeRequest(Request, frozen=True, kw_only=True):
    project: ProjectPath = "."
    days: Annotated[int, option("by the runs of the last so many days")] = 30
    margin: Annotated[float, option("of memory above the peak that was measured")] = Assumed().margin
    at: Annotated[str | None, option("by the prices of this day, such as 2026-11-28; today, if not given")] = None
    apply: Annotated[bool, option("hold runs to it from now on; else only told")] = False
    undo: Annotated[bool, option("hold runs again to what held before the newest size")] = False


class SizeAnswer(Struct, frozen=True):
    """`peak_mb`, `cpus`: the highest of any step of `runs`, 0 where a size was taken back. `size`: what is advised, or
    now set; `holds`: what runs are held to from now on. `here`, `right`: what the `hours` a month cost on a machine
    like this one, and on `machine`, which is enough; None without a price. `entry`: of the record, where it was
    changed."""

    runs: int
    peak_mb: float
    cpus: float
    size: str
    holds: str
    hours: float
    currency: str
    here: Decimal | None
    right: Decimal | None
    machine: str
    entry: int | None
    said: str
    next: str


@contextmanager
def held(work: Work) -> Iterator[None]:
    """What is done within is held to the size that was set; to none where none was."""
    from treadle.plans.sizing import held_to, passed, standing_size

    with work.workspace.chain.reading() as reader:
        standing = standing_size(reader)
    if standing is None:
        yield
        return
    work.say(f"held to {standing.payload.size.said()}, by entry {standing.seq}")
    with held_to(standing.payload.size):
        yield
    with work.workspace.chain.reading() as reader:
        more = passed(reader, work.workspace.chain.run, standing.payload.size)
    if more:
        work.say(f"[yellow]![/] {more}; one by what it used: treadle costs size {work.workspace.project.typed} --apply")


@operation("costs", "size", permission="read")
def costs_size(request: SizeRequest, work: Work) -> SizeAnswer:
    """Advise the CPUs and memory that runs need, by their measured peaks and a margin; with --apply hold runs to it.

    A run that is held to a size leaves the other CPUs alone, and is refused more memory by the kernel (on Linux). It is
    an entry of the record, which --undo takes back.
    """
    from treadle.plans.machines import Prices
    from treadle.plans.sizing import advised, set_size, undo_size
    from treadle.pricing import known

    workspace = work.workspace
    if request.apply and request.undo:
        raise SpecError("a size is set or taken back", where="--undo", mend="give one of --apply and --undo")
    if request.apply or request.undo:
        work.require("costs size", "keep", doing=f"{'set' if request.apply else 'take back'} the size of runs")
    root, currency = workspace.project.root, workspace.book.currency
    if request.undo:
        done = undo_size(workspace.chain)
        size = done.payload.size.said()
        return SizeAnswer(0, 0.0, 0.0, size, size, 0.0, currency, None, None, "", done.seq, done.said(), "")
    day = day_priced(request.at, work)
    with workspace.chain.reading() as reader:
        prices = Prices(known(reader, workspace.blobs, day), workspace.book.rates)
    found = advised(workspace, prices, days=request.days, margin=request.margin)
    entry = set_size(workspace.chain, found) if request.apply else None
    return SizeAnswer(
        runs=found.runs,
        peak_mb=found.peak_mb,
        cpus=found.cpus,
        size=found.size.said(),
        holds=(found.size if request.apply else found.holds).said(),
        hours=found.hours,
        currency=currency,
        here=found.here,
        right=found.right,
        machine=found.machine,
        entry=None if entry is None else entry.seq,
        said="" if entry is None else entry.said(),
        next=f"treadle costs size {root} {'--undo' if request.apply else '--apply'}",
    )
