"""Figures from the price files that vendors publish: AWS' offer file of EC2 (CSV), Azure's retail prices (JSON).

AWS: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
Azure: https://learn.microsoft.com/en-us/rest/api/cost-management/retail-prices/azure-retail-prices
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec import Struct

from treadle.costs.booking import number
from treadle.errors import DataError, MoneyError
from treadle.pricing.figure import Figure, Kind, problem
from treadle.pricing.found import LeftOut, Read

_LEAD = 5
"""Lines of facts about the file before the header of an offer file."""
_OPTIONS = {"No Upfront": "no upfront", "Partial Upfront": "partial upfront", "All Upfront": "all upfront"}


_WANTED = {
    "Product Family": ("Compute Instance", "Compute Instance (bare metal)"),
    "Operating System": ("Linux",),
    "Tenancy": ("Shared",),
    "Pre Installed S/W": ("NA",),
    "CapacityStatus": ("Used",),
}


class _Counted:
    """Figures that are taken, and how many are not, by reason."""

    def __init__(self) -> None:
        self.figures: list[Figure] = []
        self.left: dict[str, int] = {}

    def leave(self, why: str) -> None:
        self.left[why] = self.left.get(why, 0) + 1

    def take(self, figure: Figure) -> None:
        wrong = problem(figure)
        if wrong:
            self.leave(wrong if len(self.left) < 20 else "other reasons")
        else:
            self.figures.append(figure)

    def read(self, file: str) -> Read:
        if not self.figures:
            why = next(iter(self.left), "it has no lines")
            raise DataError(f"{file} has no figure that is known here: {why}", where=file, mend="see docs/pricing.md")
        return Read(self.figures, [LeftOut("lines", count, why) for why, count in self.left.items()])


def is_offer_file(file: Path) -> bool:
    """Whether it begins as AWS' offer files do."""
    with file.open("rb") as content:
        return content.read(200).lstrip(b"\xef\xbb\xbf").startswith(b'"FormatVersion"')


def read_offer_file(file: Path) -> Read:
    """Shared Linux machines without software of others, on demand and reserved (standard offers).

    Raises:
        DataError: it is no such file, or has none of these.
    """
    counted, reserved = _Counted(), dict[tuple[str, ...], Figure]()
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            facts = dict(next(csv.reader([text.readline()]))[:2] for _ in range(_LEAD))
            published = facts.get("Publication Date", "")[:10]
            source = f"AWS offer file {facts.get('OfferCode', '')} {facts.get('Version', '')}, published {published}"
            for row in csv.DictReader(text, strict=True):
                _offer(row, source, counted, reserved)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, StopIteration, KeyError) as bad:
        raise DataError(f"{file.name} is no offer file: {bad}", where=file.name, mend="give it as AWS has it") from bad
    for figure in reserved.values():
        counted.take(figure)
    return counted.read(file.name)


def _offer(row: Mapping[str, str], source: str, counted: _Counted, reserved: dict[tuple[str, ...], Figure]) -> None:
    other = next((name for name, values in _WANTED.items() if row.get(name, values[0]) not in values), "")
    if other:
        return counted.leave(f"another {other.lower()} than is priced here")
    if row["TermType"] == "Reserved" and row.get("OfferingClass") != "standard":
        return counted.leave("not a standard offer")
    figure = Figure(
        kind="reserved" if row["TermType"] == "Reserved" else "on_demand",
        vendor="aws",
        region=row["Region Code"],
        sku=row["Instance Type"],
        amount=number(row["PricePerUnit"], "PricePerUnit"),
        currency=row["Currency"],
        date=row["EffectiveDate"][:10],
        source=source,
        cpus=_first_number(row.get("vCPU", "")),
        memory_gb=_memory(row.get("Memory", "")),
        gpus=int(_first_number(row.get("GPU", "")) or 0),
    )
    if figure.kind == "on_demand":
        return counted.take(figure) if row["Unit"] == "Hrs" else counted.leave(f"charged by {row['Unit']}")
    years = {"1yr": 1, "3yr": 3}.get(row.get("LeaseContractLength", ""), 0)
    option = _OPTIONS.get(row.get("PurchaseOption", ""), "")
    key = (figure.region, figure.sku, figure.currency, str(years), option, figure.date)
    known = reserved.get(key) or msgspec.structs.replace(figure, term_years=years, option=option, amount=Decimal(0))
    paid = {"upfront": figure.amount} if row["Unit"] == "Quantity" else {"amount": figure.amount}
    reserved[key] = msgspec.structs.replace(known, **paid)  # its two lines are one offer
    return None


def _first_number(text: str) -> float | None:
    found = re.match(r"[\d,]+(\.\d+)?", text)
    return float(found.group().replace(",", "")) if found else None


def _memory(text: str) -> float | None:
    """From GiB to 10^9 bytes."""
    found = _first_number(text)
    return round(found * 2**30 / 1e9, 3) if found is not None and text.endswith("GiB") else None


class _Item(Struct, rename="camel"):
    currency_code: str
    retail_price: Decimal
    arm_region_name: str
    effective_start_date: str
    product_name: str
    sku_name: str
    meter_name: str
    unit_of_measure: str
    type: str
    service_name: str = ""
    arm_sku_name: str = ""
    reservation_term: str = ""
    tier_minimum_units: float = 0.0


class _Retail(Struct):
    items: list[_Item] = msgspec.field(name="Items")


def read_retail_prices(file: Path) -> Read:
    """Linux machines on demand, spot and reserved, hot, cool and archive storage and what it costs to read it back.

    Raises:
        DataError: it is no such file, or has none of these.
    """
    try:
        items = msgspec.json.decode(file.read_bytes(), type=_Retail).items
    except (OSError, msgspec.MsgspecError) as bad:
        raise DataError(
            f"{file.name} is no answer of Azure's retail prices: {bad}", where=file.name, mend="keep it as it came"
        ) from bad
    counted = _Counted()
    for item in items:
        try:
            _item(item, counted)
        except (MoneyError, ArithmeticError, ValueError) as bad:
            counted.leave(str(bad).splitlines()[0])
    return counted.read(file.name)


def _item(item: _Item, counted: _Counted) -> None:
    read = _reader_of(item)
    if read is None:
        return counted.leave(f"{item.service_name or 'a service'} by {item.unit_of_measure} is not priced here")
    figure = read(item)
    return (
        counted.take(figure)
        if figure is not None
        else counted.leave("Windows, or low priority, which is not priced here")
    )


def _reader_of(item: _Item) -> Callable[[_Item], Figure | None] | None:
    if item.service_name == "Virtual Machines" and item.unit_of_measure == "1 Hour":
        return _machine
    if item.service_name == "Storage" and item.unit_of_measure in ("1 GB/Month", "1 GB"):
        return _blob if _tier(item) and _is_storage(item) else None
    return None


def _machine(item: _Item) -> Figure | None:
    """A reservation is charged for its whole term: paid at once, it costs nothing an hour."""
    if "Windows" in item.product_name or "Low Priority" in item.sku_name:
        return None
    term = {"1 Year": 1, "3 Years": 3}.get(item.reservation_term, 0)
    if item.type == "Reservation":
        return _figure(item, "reserved", Decimal(0), term=term, upfront=item.retail_price, option="all upfront")
    return _figure(item, "spot" if item.sku_name.endswith("Spot") else "on_demand", item.retail_price)


def _blob(item: _Item) -> Figure | None:
    kept = item.unit_of_measure == "1 GB/Month"
    return _figure(item, "storage" if kept else "retrieval", item.retail_price, tier=_tier(item))


def _tier(item: _Item) -> str:
    return next((tier for tier in ("hot", "cool", "archive") if item.sku_name.lower().startswith(tier)), "")


def _is_storage(item: _Item) -> bool:
    wanted = "Data Stored" if item.unit_of_measure == "1 GB/Month" else "Data Retrieval"
    return "Block Blob" in item.product_name and wanted in item.meter_name and not item.tier_minimum_units


def _figure(
    item: _Item, kind: Kind, amount: Decimal, *, tier: str = "", term: int = 0, upfront: Decimal = Decimal(0),
    option: str = "",
) -> Figure:  # fmt: skip
    return Figure(
        kind=kind,
        vendor="azure",
        region=item.arm_region_name,
        sku=item.arm_sku_name or item.sku_name,
        amount=amount,
        currency=item.currency_code,
        date=item.effective_start_date[:10],
        source=f"Azure retail prices, meter {item.meter_name} of {item.product_name}",
        tier=tier,
        term_years=term,
        upfront=upfront,
        option=option,
    )
