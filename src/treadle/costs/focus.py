"""The ledger as rows of FOCUS 1.4, Cost and Usage: every entry that cost something, one row.

Of its columns those that are mandatory, and those that say which entry, run and person a charge is of. What was metered
is priced by a dated book and billed by nobody; so its issuer is the book. https://focus.finops.org
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from treadle.evidence import Entry, Payload
from treadle.evidence.kinds.cost_booked import CostBooked

HEADER = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd",
    "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost", "HostProviderName",
    "InvoiceId", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ResourceId", "ResourceName",
    "ResourceType", "ServiceCategory", "ServiceName", "ServiceProviderName", "ServiceSubcategory", "Tags",
)  # fmt: skip
_METERED = ("AI and Machine Learning", "Machine Learning")
_SERVICES = {
    "infrastructure": ("Compute", "Other (Compute)"),
    "data": ("Analytics", "Other (Analytics)"),
    "labels": ("AI and Machine Learning", "Other (AI and Machine Learning)"),
    "software": ("Developer Tools", "Other (Developer Tools)"),
}
_OTHER = ("Other", "Other (Other)")


def focus(project: str, entries: Iterable[Entry[Payload]]) -> tuple[str, int]:
    """The CSV text, and how many rows it has beside its header."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    count = 0
    for row in _rows(project, entries):
        writer.writerow(["" if row.get(name) is None else row[name] for name in HEADER])
        count += 1
    return out.getvalue(), count


def _rows(project: str, entries: Iterable[Entry[Payload]]) -> Iterator[dict[str, str | None]]:
    for entry in entries:
        if entry.price is not None:
            yield _row(project, entry)


def _row(project: str, entry: Entry[Payload]) -> dict[str, str | None]:
    assert entry.price is not None
    told = entry.payload if isinstance(entry.payload, CostBooked) else None
    cost = _plain(entry.price.money.amount)
    start, end = _period(entry, told)
    month, after = _month(start)
    service = _METERED if told is None else _SERVICES.get(told.category, _OTHER)
    issuer = (told.vendor or told.person or project) if told else (entry.price.book or project)
    quantity, unit = _consumed(entry, told)
    return {
        **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost),
        "BillingAccountId": project,
        "BillingAccountName": project,
        "BillingCurrency": entry.price.money.currency,
        "BillingPeriodStart": _time(month),
        "BillingPeriodEnd": _time(after),
        "ChargeCategory": "Usage" if told is None else "Credit" if entry.price.money.amount < 0 else "Purchase",
        "ChargeDescription": entry.said(),
        "ChargeFrequency": "Usage-Based" if told is None else "One-Time",
        "ChargePeriodStart": _time(start),
        "ChargePeriodEnd": _time(end),
        "ConsumedQuantity": quantity if told is None else None,
        "ConsumedUnit": unit if told is None else None,
        "PricingQuantity": quantity,
        "PricingUnit": unit,
        "HostProviderName": None,
        "InvoiceId": told.invoice or None if told else None,
        "InvoiceIssuerName": issuer,
        "ServiceProviderName": issuer,
        "ServiceCategory": service[0],
        "ServiceSubcategory": service[1],
        "ServiceName": f"treadle {entry.kind}" if told is None else told.category,
        "ResourceId": entry.id,
        "ResourceName": entry.subject,
        "ResourceType": entry.kind,
        "Tags": msgspec.json.encode(_tags(entry, told)).decode(),
    }


def _tags(entry: Entry[Payload], told: CostBooked | None) -> dict[str, str]:
    gpus = entry.usage.gpu_seconds if entry.usage else 0.0
    found = {
        "run": entry.run,
        "person": told.person if told and told.person else entry.actor,
        "status": entry.status,
        "gpu_seconds": _plain(Decimal(str(gpus))) if gpus else "",
    }
    return {name: value for name, value in found.items() if value}


def _consumed(entry: Entry[Payload], told: CostBooked | None) -> tuple[str | None, str | None]:
    if told is not None:
        return (None, None) if told.quantity is None else (_plain(told.quantity), told.unit)
    if entry.usage is None:
        return None, None
    return _plain(Decimal(str(entry.usage.cpu_seconds))), "Seconds"


def _period(entry: Entry[Payload], told: CostBooked | None) -> tuple[datetime, datetime]:
    if told is not None:
        start = datetime.fromisoformat(told.due).replace(tzinfo=UTC)
        return start, start + timedelta(days=1)
    end = datetime.fromisoformat(entry.time).astimezone(UTC)
    return end - timedelta(seconds=entry.usage.seconds if entry.usage else 0.0), end


def _month(at: datetime) -> tuple[datetime, datetime]:
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
