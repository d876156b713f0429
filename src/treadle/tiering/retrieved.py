"""What was read out of colder tiers, told to the record with its price.

The tables note each reading down before it is done, whoever reads and however that ends. Here the notes become entries,
once each, and are then taken away: killed between the two, the next time finds them in the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from treadle.evidence import Entry, Price
from treadle.evidence.kinds.files_retrieved import FilesRetrieved
from treadle.money import money
from treadle.plans.storing import GB, Tier
from treadle.plans.tiers import priced_tiers
from treadle.store import Retrieved

if TYPE_CHECKING:
    from treadle.workspace import Workspace


def settle(workspace: Workspace) -> list[str]:
    """A sentence for each table and tier that was read out of since the last time."""
    tiers = workspace.tiers
    notes = [] if tiers is None or workspace.reading else tiers.retrieved()
    if tiers is None or not notes:
        return []
    said = []
    with workspace.chain.alone() as alone:
        before: list[Entry[FilesRetrieved]] = alone.find(FilesRetrieved, status="done")
        known = {name for entry in before for name in entry.payload.reads}
        fresh = [each for each in notes if each.name not in known]
        prices, _ = priced_tiers(workspace, alone) if fresh else ([], [])
        for table, tier in dict.fromkeys((each.table, each.tier) for each in fresh):
            mine = [each for each in fresh if (each.table, each.tier) == (table, tier)]
            payload = FilesRetrieved(
                tier=tier,
                table=table,
                files=sum(each.files for each in mine),
                bytes=sum(each.bytes for each in mine),
                reads=tuple(each.name for each in mine),
            )
            price = _price(mine, next((each for each in prices if each.figure.tier == tier), None), workspace)
            entry = alone.append(payload, f"tables/{workspace.project.spec.project}", price=price)
            paid = f"{price.money}, entry {entry.seq}" if price is not None else "no price of that is known"
            said.append(f"{payload.said()}: {paid}")
    tiers.told([each.name for each in notes])
    return said


def _price(mine: Sequence[Retrieved], tier: Tier | None, workspace: Workspace) -> Price | None:
    if tier is None or tier.retrieval is None:
        return None
    size = Decimal(sum(each.bytes for each in mine)) / GB
    book = f"{tier.figure.vendor} {tier.figure.region} {tier.figure.date}"
    return Price(money(size * tier.retrieval, workspace.book.currency), book)
