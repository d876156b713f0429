"""The figures that hold on a day: of all that were imported, of each the newest by then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from treadle.days import kept_day
from treadle.errors import StoreError
from treadle.evidence.kinds.prices_imported import PricesImported
from treadle.pricing.figure import Figure
from treadle.pricing.found import Change

if TYPE_CHECKING:
    from treadle.evidence import Entry, Reader
    from treadle.store import Blobs, EntryRef

_Figures = list[Figure]


class PriceList(Struct, frozen=True):
    """`figures` as they hold on the day `at`; `sources`: the imports that they come from, oldest first."""

    at: str
    figures: tuple[Figure, ...] = ()
    sources: tuple[EntryRef, ...] = ()

    def of(self, *kinds: str, vendor: str | None = None, region: str | None = None) -> list[Figure]:
        """Those of some kinds, of a vendor, of a region, whatever their capitals; in the order of the list."""
        return [
            each
            for each in self.figures
            if each.kind in kinds and _alike(vendor, each.vendor) and _alike(region, each.region)
        ]


def _alike(given: str | None, said: str) -> bool:
    return given is None or given.casefold() == said.casefold()


def at(figures: Iterable[Figure], day: str, sources: Sequence[EntryRef] = ()) -> PriceList:
    """Of each group of figures those of its newest date that is not after `day`; of two alike the later in order.

    figures: in the order of their import, so that a correction of a date comes after what it corrects.
    """
    newest: dict[tuple[str, ...], str] = {}
    several = [each for each in figures if each.date <= day]
    for each in several:
        newest[each.group] = max(newest.get(each.group, ""), each.date)
    held = {(each.group, each.from_gb): each for each in several if each.date == newest[each.group]}
    return PriceList(day, tuple(held[key] for key in sorted(held)), tuple(sources))


def changes(before: PriceList, after: PriceList) -> list[Change]:
    """What differs between two days: figures that are new, other, or no longer of their group."""
    old = {(each.group, each.from_gb): each for each in before.figures}
    new = {(each.group, each.from_gb): each for each in after.figures}
    return [
        Change(old.get(key), new.get(key))
        for key in sorted({*old, *new})
        if key not in old or key not in new or _paid(old[key]) != _paid(new[key])
    ]


def _paid(figure: Figure) -> tuple[object, ...]:
    return figure.amount, figure.currency, figure.upfront, figure.life_years, figure.watts


def known(reader: Reader, blobs: Blobs, day: str) -> PriceList:
    """What the record knows of prices on a day.

    Raises:
        StoreError: figures that were imported are no longer kept, or not as they were.
    """
    imports: list[Entry[PricesImported]] = reader.find(PricesImported, status="done")
    figures = [figure for entry in imports for figure in read_figures(blobs, entry.payload.figures.digest)]
    return at(figures, day, tuple(entry.ref for entry in imports))


def read_figures(blobs: Blobs, digest: str) -> list[Figure]:
    try:
        found = msgspec.json.decode(blobs.get(digest), type=_Figures)
    except msgspec.MsgspecError as bad:
        raise StoreError(
            f"figures that were imported cannot be read: {bad}", where=digest[:12], mend="import their file again"
        ) from bad
    return [each if each.date == (day := kept_day(each.date)) else replace(each, date=day) for each in found]
