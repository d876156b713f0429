"""The right size of a run, by what runs were measured to use at their peak: advised, set, taken back, and held to.

A size is a fact of the record. `treadle run` reads the newest one when it begins and lets the kernel hold the process
to it (on Linux): CPUs by its affinity, memory by the data that it may take (RLIMIT_DATA), by which what learns then
also plans. Nothing else is held to it, and no server.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Iterator
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import DataError, SpecError, TreadleError
from treadle.evidence import Chain, Entry, Payload, Reader
from treadle.evidence.kinds.size_set import Size, SizeSet
from treadle.figures import counted
from treadle.plans.machines import DAYS_A_MONTH, Need, Prices, cheapest
from treadle.plans.measuring import MOST_DAYS, days_measured, number_at, span, whole_runs

if TYPE_CHECKING:
    from treadle.workspace import Workspace

MOST_RUNS = 50
_LEAST_SECONDS = 0.5
"""Of a step that is shorter, how many CPUs were busy is chance."""
_OWN_MB = 300
"""What a process takes beside what it is seen to hold: stacks of its threads, room that allocators reserve."""

_LEAST_ROOM = 64 * 2**20


class Advised(Struct, frozen=True):
    """`peak_mb` and `cpus`: the highest of any step of `runs`. `size`: with the margin; `holds`: what is held to now.

    here, right: a machine as large as this one, and the cheapest that does; a month of the hours that runs took, None
    where no price is known of one.
    """

    runs: int
    peak_mb: float
    cpus: float
    size: Size
    holds: Size
    hours: float
    here: Decimal | None
    right: Decimal | None
    machine: str

    @property
    def saved(self) -> Decimal | None:
        return None if self.here is None or self.right is None else self.here - self.right


def standing_size(reader: Reader) -> Entry[SizeSet] | None:
    return reader.last(SizeSet)


def advised(workspace: Workspace, prices: Prices, *, days: int, margin: float) -> Advised:
    """By the newest runs of the last `days` that did the whole loop.

    Raises:
        SpecError: no such run was measured in them, or these cannot be looked at.
    """
    if not 1 <= days <= MOST_DAYS:
        raise SpecError(f"{days} is no number of days", where="--days", mend=f"give a number from 1 to {MOST_DAYS:,}")
    if not 0 <= margin <= 10:
        raise SpecError(f"{margin} cannot be", where="--margin", mend="give a number from 0 to 10")
    now = workspace.chain.clock()
    with workspace.chain.reading() as reader:
        since = number_at(reader.connection, (now - timedelta(days=days)).isoformat())
        names, seconds = whole_runs(reader, since)[:MOST_RUNS], _seconds(reader, since)
        steps = list[Entry[Payload]]()
        for name in names:
            steps += reader.find(run=name)
        standing = standing_size(reader)
        begun = span(reader)[0] or now.date()
    peak, cpus = _peaks(steps)
    if not peak:
        raise SpecError(
            f"no run of the whole loop was measured in the last {counted(days, 'day')}: one that failed, was cut, or "
            "took its search from the record does not tell what the whole needs",
            where="costs size",
            mend=f"let one run to its end: treadle run {workspace.project.typed} --fresh",
        )
    size = Size(cpus=max(1, math.ceil(cpus - 0.05)), memory_mb=math.ceil(peak * (1 + margin)))
    measured = len(days_measured(begun, now.astimezone(UTC).date(), days))
    hours = Decimal(str(seconds / 3600 / measured)) * DAYS_A_MONTH
    here = cheapest(prices, "on_demand", _this_machine())
    right = cheapest(prices, "on_demand", Need(float(size.cpus), size.memory_mb * 2**20 / 1e9))
    return Advised(
        runs=len(names),
        peak_mb=peak,
        cpus=round(cpus, 2),
        size=size,
        holds=Size() if standing is None else standing.payload.size,
        hours=float(hours),
        here=None if here is None else prices.hourly(here) * hours,
        right=None if right is None else prices.hourly(right) * hours,
        machine="" if right is None else right.said(),
    )


def _seconds(reader: Reader, since: int) -> float:
    """How long all runs were, those that were cut as well: they need the machine too."""
    from sqlalchemy import func, select

    from treadle.store.schema import ledger

    mine = (ledger.c.by == "run", ledger.c.name != "(no run)", ledger.c.last >= since)
    return float(reader.connection.execute(select(func.sum(ledger.c.seconds)).where(*mine)).scalar() or 0.0)


def _peaks(steps: list[Entry[Payload]]) -> tuple[float, float]:
    """The most memory of a step, in MiB, and the most CPUs that were busy in one."""
    used = [each.usage for each in steps if each.usage is not None]
    busy = [each.cpu_seconds / each.seconds for each in used if each.seconds >= _LEAST_SECONDS]
    return max((each.peak_mb for each in used), default=0.0), max(busy, default=1.0)


def passed(reader: Reader, run: str, size: Size) -> str:
    """Where a run used more than the size that it was held to, in words; "" where it did not.

    Memory is held to with room above the size, and not at all on some systems; so a run may pass it and end well.
    """
    peak, _ = _peaks(reader.find(run=run))
    if not size.memory_mb or peak <= size.memory_mb:
        return ""
    return f"the run used {peak:,.0f} MiB at its peak, more than the {size.memory_mb:,} MiB that it is held to"


def _this_machine() -> Need:
    import psutil

    return Need(float(os.cpu_count() or 1), psutil.virtual_memory().total / 1e9)


def set_size(chain: Chain, found: Advised) -> Entry[SizeSet]:
    with chain.alone() as alone:
        standing = standing_size(alone)
        was = Size() if standing is None else standing.payload.size
        made = SizeSet(size=found.size, was=was, peak_mb=found.peak_mb, cpus=found.cpus, runs=found.runs)
        return alone.append(made, "size/run")


def undo_size(chain: Chain) -> Entry[SizeSet]:
    """What held before the newest size that was not taken back holds again.

    Raises:
        SpecError: no size was ever set, or each was taken back.
    """
    with chain.alone() as alone:
        every: list[Entry[SizeSet]] = alone.find(SizeSet, status="done")
        stand = list[Entry[SizeSet]]()
        for each in every:
            if each.payload.undoes is None or all(one.ref != each.payload.undoes for one in stand):
                stand.append(each)  # an earlier version set a size again by taking back that it was taken back
            else:
                stand = [one for one in stand if one.ref != each.payload.undoes]
        if not stand:
            what = "each size that was set was taken back already" if every else "no size was set"
            raise SpecError(what, where="--undo", mend="there is nothing to take back")
        holds, said = every[-1].payload.size, stand[-1].payload
        return alone.append(SizeSet(size=said.was, was=holds, undoes=stand[-1].ref), "size/run")


@contextlib.contextmanager
def held_to(size: Size) -> Iterator[None]:
    """Let the kernel hold this process to a size, as far as it can: CPUs and memory on Linux, nothing elsewhere.

    Raises:
        DataError: what was done within needs more memory than that, where a library says so.
    """
    with contextlib.ExitStack() as stack:
        if size.cpus:
            _bind(stack, size.cpus)
        if size.memory_mb:
            _bound(stack, (size.memory_mb + _OWN_MB) * 2**20)
        try:
            yield
        except (MemoryError, TreadleError) as bad:
            if not size.memory_mb or not (isinstance(bad, MemoryError) or "bad_alloc" in str(bad)):
                raise
            said = f": {bad}" if str(bad) else ""
            raise DataError(
                f"the run needs more memory than the {size.memory_mb:,} MiB that it is held to{said}",
                where="size/run",
                mend="take the size back, treadle costs size PROJECT --undo; then run, and set one by what it used",
            ) from bad


def _bind(stack: contextlib.ExitStack, cpus: int) -> None:
    if not hasattr(os, "sched_setaffinity"):
        return
    before = os.sched_getaffinity(0)
    if cpus < len(before):
        os.sched_setaffinity(0, sorted(before)[:cpus])
        stack.callback(os.sched_setaffinity, 0, before)


def _bound(stack: contextlib.ExitStack, most: int) -> None:
    """The hard limit stays, so that the soft one can be taken back. Elsewhere than on Linux it counts other things."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    status = Path("/proc/self/status").read_text().splitlines()
    held = next(int(line.split()[1]) for line in status if line.startswith("VmData")) * 1024
    if held + _LEAST_ROOM > most:  # every library would be refused at once, and some then wait for ever
        raise DataError(
            f"this process holds {held / 2**20:,.0f} MiB already, and is held to {most / 2**20:,.0f}",
            where="size/run",
            mend="take the size back: treadle costs size PROJECT --undo",
        )
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if before[0] != resource.RLIM_INFINITY and before[0] <= most:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    stack.callback(resource.setrlimit, resource.RLIMIT_DATA, before)
