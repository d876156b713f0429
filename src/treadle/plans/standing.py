"""Choices that stand and may not pay any more: the size that runs are held to, the option that those who pay chose."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from treadle.errors import SpecError
from treadle.plans.found import Assumed
from treadle.plans.machines import Prices
from treadle.plans.sizing import advised, standing_size
from treadle.pricing import known

if TYPE_CHECKING:
    from treadle.plans.measures import Window
    from treadle.workspace import Workspace

_NEAR = 0.95
"""Of the memory that is allowed, from which on a peak is near it."""


def warnings_of(workspace: Workspace, window: Window) -> list[str]:
    return [*_of_size(workspace, window), *_of_option(workspace)]


def _of_size(workspace: Workspace, window: Window) -> list[str]:
    with workspace.chain.reading() as reader:
        standing = standing_size(reader)
        prices = Prices(known(reader, workspace.blobs, window.day), workspace.book.rates)
    if standing is None or not standing.payload.size.memory_mb:
        return []
    try:
        found = advised(workspace, prices, days=window.days, margin=Assumed().margin)
    except SpecError:  # no run in these days
        return []
    limit = standing.payload.size.memory_mb
    if found.peak_mb < _NEAR * limit:
        return []
    held = f"runs are held to {limit:,} MiB since {standing.time[:10]}"
    return [f"{held}, and one came to {found.peak_mb:,.0f}: the next may be refused memory (treadle costs size)"]


def _of_option(workspace: Workspace) -> list[str]:
    """What machines come to this month, at the pace of now, beside what the option that was chosen said they would at
    the most: a price of machines has no data, labels or hours in it, and neither has what it is held against."""
    from treadle.costs.trend import of_machines
    from treadle.people.chosen import standing_choice

    said = []
    today = workspace.chain.clock().astimezone(UTC).date()
    with workspace.chain.reading() as reader:
        choices = [standing_choice(reader, each.address) for each in workspace.project.each()]
    for choice in choices:
        told = None if choice is None else choice.option.a_month
        if choice is None or told is None:
            continue
        limit = workspace.book.rates.convert(told, workspace.book.currency)
        ahead = of_machines(workspace.chain, workspace.book.rates, today, choice.time[:10])
        if limit is not None and ahead is not None and ahead.low is not None and ahead.low > limit.amount:
            chosen = f"{choice.option.name}, chosen by {choice.by} in decision/{choice.decision}"
            comes = f"these will come to {ahead.amount:.2f} ({ahead.low:.2f} to {ahead.high:.2f}) this month"
            said.append(f"{chosen}, was to cost {limit.amount:.2f} at the most on machines, and {comes}")
    return said
