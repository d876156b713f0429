"""Which file of a table lies in which tier, where it would be kept cheapest, and what a month of either comes to.

A file is of every snapshot that names it: it is read whenever one of them is, and stays at hand
where one of them has to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import SpecError
from treadle.figures import counted
from treadle.plans.found import Kept
from treadle.plans.machines import Prices
from treadle.plans.measuring import MOST_DAYS, Held, days_measured, files_of, held_of, span
from treadle.plans.storing import GB, Tier, place, tiers_of
from treadle.pricing import Figure, known
from treadle.store import HOT, Part, Snapshot

if TYPE_CHECKING:
    from treadle.evidence import Reader
    from treadle.workspace import Workspace

UNUSED_DAYS = 7.0
"""What nobody made or used for so long may be moved, unless another number is said."""


class Placed(Struct, frozen=True):
    """A file: how often a month it is read, where it lies, where it would be kept cheapest, and why it must stay at
    hand; "" where it need not. `of`: the newest snapshot that has it; `every`: the names of all that do."""

    part: Part
    of: Snapshot
    reads: float
    lies: str
    to: str
    why: str
    every: tuple[str, ...]

    @property
    def gb(self) -> Decimal:
        return Decimal(self.part.size) / GB


class Placing(Struct, frozen=True):
    """All files of kept snapshots. `tiers`: those with a price, what is at hand first; `unknown`: what has none."""

    files: tuple[Placed, ...]
    tiers: tuple[Tier, ...]
    unknown: tuple[str, ...]

    def tier(self, name: str) -> Tier | None:
        return next((each for each in self.tiers if each.figure.tier == name), None)

    def now(self) -> Decimal:
        """A month as it lies."""
        return sum((self.of(each, each.lies) for each in self.files), Decimal(0))

    def then(self) -> Decimal:
        """A month as it would be kept cheapest."""
        return sum((self.of(each, each.to) for each in self.files), Decimal(0))

    def of(self, each: Placed, tier: str) -> Decimal:
        """A month of one file in a tier, read back as often as it was read; nothing where the tier has no price."""
        found = self.tier(tier)
        if found is None:
            return Decimal(0)
        return each.gb * (found.month + Decimal(str(each.reads)) * (found.retrieval or Decimal(0)))

    def back(self, each: Placed, tier: str) -> Decimal:
        """What it costs to read it once out of a tier."""
        found = self.tier(tier)
        return Decimal(0) if found is None else each.gb * (found.retrieval or Decimal(0))


def placing_of(workspace: Workspace, days: int, unused: float = UNUSED_DAYS, reader: Reader | None = None) -> Placing:
    """By the reads of the last `days`, or as many as the record has. `reader`: of a record that is read already.

    Raises:
        SpecError: the settings name no colder place; nothing is kept yet.
    """
    if workspace.tiers is None:
        raise SpecError(
            "the workspace's settings name no colder place",
            where="settings.yaml: tiers",
            mend="say tiers: {vendor: NAME, region: NAME, cool: file:///path/of/a/folder}",
        )
    if not 1 <= days <= MOST_DAYS:
        raise SpecError(f"{days} is no number of days", where="--days", mend=f"give a number from 1 to {MOST_DAYS:,}")
    now = workspace.chain.clock()
    answering = _answering(workspace, (now - timedelta(days=unused)).date().isoformat())
    with workspace.chain.reading() if reader is None else nullcontext(reader) as reader:
        begun, _ = span(reader)
        if begun is None:
            raise SpecError(
                "nothing is kept yet",
                where="data move",
                mend=f"{workspace.project.command_that_reads()} makes what is kept",
            )
        window = days_measured(begun, now.date(), days)
        releases = workspace.keep.releases if workspace.keep is not None else 2
        held = held_of(reader, window[0], len(window), releases, answering)
        tiers, unknown = priced_tiers(workspace, reader)
    lies = {table: workspace.tiers.lies(table) for table in {each.snapshot.table for each in held}}
    rested = (now - timedelta(days=unused)).isoformat()
    return Placing(placed(held, lies, tiers, rested, unused), tuple(tiers), tuple(unknown))


def _answering(workspace: Workspace, since: str) -> dict[str, str]:
    """The versions that answered since a day, at any endpoint, each with the last day on which it did."""
    from treadle.monitoring import answers_of

    found: dict[str, str] = {}
    for one in workspace.each():
        for each in answers_of(one.tables, one.names, one.journal):
            if each.day >= since:
                found[each.model] = max(each.day, found.get(each.model, ""))
    return found


def priced_tiers(workspace: Workspace, reader: Reader) -> tuple[list[Tier], list[str]]:
    """What is at hand, and each tier that the settings name a place of, by the prices that hold today."""
    colder = workspace.colder
    assert colder is not None
    day = workspace.chain.clock().date().isoformat()
    prices = Prices(known(reader, workspace.blobs, day), workspace.book.rates, colder.vendor, colder.region)
    found = {each.figure.tier: each for several in tiers_of(prices).values() for each in several}
    tiers, unknown = [found.get(HOT) or _by_the_book(workspace)], list[str]()
    for tier in colder.places:
        if tier in found:
            tiers.append(found[tier])
            continue
        unknown.append(f"no price known of {tier} storage at {colder.vendor} {colder.region}: nothing is moved there")
    back = [each.figure.tier for each in tiers if each.retrieval is None]
    unknown += [f"no price known of reading back from {tier}: it takes what nobody read" for tier in back]
    return tiers, unknown


def _by_the_book(workspace: Workspace) -> Tier:
    """What is at hand where no price of it was imported: as the ledger prices it."""
    book = workspace.book
    a_month = Decimal(str(book.prices["storage_gb_month"])) * GB / 2**30
    figure = Figure(
        kind="storage", vendor=book.name, region="price book", amount=a_month, date=book.date, tier=HOT,
        currency=book.currency, source=f"the price book {book.name} {book.date}",
    )  # fmt: skip
    return Tier(figure, a_month, Decimal(0))


def placed(
    held: Sequence[Held], lies: Mapping[str, Mapping[str, str]], tiers: Sequence[Tier], rested: str, unused: float
) -> tuple[Placed, ...]:
    """held: the newest first. rested: a time since which nobody may have made or used what is moved."""
    reasons, seen = list[str](), set[str]()
    for each in held:
        reasons.append(_stays(each, each.snapshot.table not in seen, rested, unused))
        seen.add(each.snapshot.table)
    found, priced = [], {each.figure.tier for each in tiers}
    for file in files_of(held, reasons):
        path = file.part.path
        cheapest = place(Kept(path, file.part.size, file.reads, file.pinned), tiers)
        there = lies.get(file.of.table, {}).get(path, HOT)
        to = there if cheapest is None or there not in priced else cheapest.figure.tier
        found.append(Placed(file.part, file.of, file.reads, there, to, file.pinned, file.every))
    return tuple(found)


def _stays(held: Held, newest: bool, rested: str, unused: float) -> str:
    reasons = list(held.pinned)
    reasons += ["the newest"] if newest else []
    since = max(held.made, held.used)
    word = "used" if held.used > held.made else "made"
    reasons += [f"{word} within {counted(unused, 'day')}"] if since >= rested and not newest else []
    return "; ".join(reasons)
