"""Book what no step used: bought data, labels, hours, invoices; one by one, or a file of lines at once.

A file is one of our own columns, or one of FOCUS (its columns `BilledCost`, `BillingCurrency`, `ChargePeriodStart`).
All of its lines are booked or none; a line that was booked from a file before is left alone, so that the same file, or
a longer one, may come again.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from treadle.costs.lines import MOST_SHOWN, by_name, folded, refuse, told
from treadle.costs.written import csv_lines
from treadle.days import day_in
from treadle.errors import DataError, Fault, MoneyError
from treadle.evidence import Chain, Entry, Price
from treadle.evidence.kinds.cost_booked import CATEGORIES, CostBooked
from treadle.money import Money, money

COLUMNS = ("date", "category", "text", "amount", "currency", "vendor", "invoice", "person", "quantity", "unit")
_NEEDED = COLUMNS[:5]
_FOCUS = {
    "date": "ChargePeriodStart", "text": "ChargeDescription", "amount": "BilledCost", "currency": "BillingCurrency",
    "invoice": "InvoiceId", "quantity": "ConsumedQuantity", "unit": "ConsumedUnit",
}  # fmt: skip
_VENDORS = ("ServiceProviderName", "ProviderName", "InvoiceIssuerName", "PublisherName")
"""Of FOCUS, where a line says who was paid: the first that is not empty. `ServiceProviderName` is there from 1.3 on,
`ProviderName` and `PublisherName` before."""
_FOCUS_NEEDED = ("ChargePeriodStart", "BilledCost", "BillingCurrency")
_KIND = "kind of entry"
"""The column of FOCUS in which our own export says which kind of entry a charge is of."""
_OWN = re.compile(r"[a-z]+(\.[a-z_]+)+")
_RUN = ("=", "+", "-", "@")
FIRST_YEAR, LAST_YEAR = 1970, 2200
_Meaning = tuple[str, ...]


class Booked(Struct, frozen=True):
    """A cost and what it came to. `vendorless`: an earlier version booked such a line of FOCUS without its vendor."""

    cost: CostBooked
    money: Money
    vendorless: bool = False


class Imported(Struct, frozen=True):
    """`before`: lines that were booked from a file earlier, and are left alone."""

    booked: int
    before: int
    sums: list[Money]


def book(chain: Chain, project: str, booked: Booked) -> Entry[CostBooked]:
    """Book one cost as the chain's actor.

    Raises:
        MoneyError: the same invoice of the same vendor was booked before, or it says too little.
    """
    cost = booked.cost
    if problem := _problem(cost):
        raise MoneyError(problem, where="costs book", mend="correct it; nothing was booked")
    with chain.alone() as alone:
        said: list[Entry[CostBooked]] = alone.find(CostBooked, status="done") if cost.invoice else []
        same = [e for e in said if e.payload.invoice and _invoice(e.payload) == _invoice(cost)]
        if same:
            raise MoneyError(
                f"invoice {cost.invoice} of {cost.vendor or 'nobody'} was booked before, as #{same[0].seq}",
                where="--invoice",
                mend="book a correction without an invoice, below zero where money came back",
            )
        return alone.append(cost, f"cost/{project}", price=Price(booked.money))


def import_lines(chain: Chain, project: str, file: Path, *, more: bool = False) -> Imported:
    """Book the lines of a CSV file. `more`: also other lines of invoices that a file had before.

    Raises:
        DataError: lines that cannot be booked, each with its number; none of the file is booked then.
    """
    lines = read_lines(file)
    with chain.alone() as alone:
        said: list[Entry[CostBooked]] = alone.find(CostBooked, status="done")
        known = Counter(_meaning(e.payload, e.price.money) for e in said if e.payload.line and e.price is not None)
        fresh = list[Booked]()
        for line in lines:  # by what it means, not by its digest: earlier versions made that of the text as typed
            meant = _meaning(line.cost, line.money)
            if not known[meant] and line.vendorless:
                meant = _meaning(replace(line.cost, vendor=""), line.money)
            if known[meant] > 0:
                known[meant] -= 1
            else:
                fresh.append(line)
        _refuse_twice(fresh, said, file, more=more)
        alone.append_all([(line.cost, Price(line.money)) for line in fresh], f"cost/{project}")
    sums: dict[str, Money] = {}
    for line in fresh:
        currency = line.money.currency
        sums[currency] = sums[currency] + line.money if currency in sums else line.money
    return Imported(len(fresh), len(lines) - len(fresh), [sums[name] for name in sorted(sums)])


def _refuse_twice(fresh: Sequence[Booked], said: Sequence[Entry[CostBooked]], file: Path, *, more: bool) -> None:
    """An invoice that was booked is not booked again by a file; a file may have several lines of one invoice. `more`:
    those that a file had before are gone on with."""
    before = {_invoice(e.payload): e.seq for e in said if e.payload.invoice and not (more and e.payload.line)}
    twice = [(line.cost, before.get(_invoice(line.cost))) for line in fresh if line.cost.invoice]
    faults = [
        Fault(f"invoice {cost.invoice} of {cost.vendor or 'nobody'} was booked before, as #{seq}", file.name)
        for cost, seq in twice
        if seq is not None
    ]
    if faults:
        raise DataError(
            "1 line is of an invoice that was booked before"
            if len(faults) == 1
            else f"{len(faults):,} lines are of invoices that were booked before",
            where=file.name,
            faults=faults[:MOST_SHOWN],
            mend="take them out; or say --more, if a file had other lines of these invoices; nothing of it was booked",
        )


def read_lines(file: Path) -> list[Booked]:
    """The lines of a file, checked."""
    lines = csv_lines(file, partial(_names, file=file.name), COLUMNS, ("amount", "quantity"))
    rows = [(line.number, _row(line.cells)) for line in lines]
    seen: Counter[_Meaning] = Counter()
    out, faults = list[Booked](), list[Fault]()
    for number, row in rows:
        try:
            line = _booked(row)
            meant = _meaning(line.cost, line.money)
            seen[meant] += 1  # two lines may be alike, and are two
            content = hashlib.sha256(repr(meant).encode()).hexdigest()
            out.append(replace(line, cost=replace(line.cost, line=f"{content[:40]}-{seen[meant]}")))
        except (MoneyError, ValueError) as bad:
            faults.append(told(bad, f"{file.name}:{number}"))
    refuse(file.name, "cannot be booked", faults, len(rows), "nothing of the file was booked")
    return out


def _names(given: Sequence[str], file: str) -> dict[str, str]:
    """Our name of a column to the file's."""
    if set(_FOCUS_NEEDED) <= set(given):
        every = {ours: theirs for ours, theirs in _FOCUS.items() if theirs in given}
        every |= {name: name for name in _VENDORS if name in given}
        return {**every, _KIND: "ResourceType"} if {"ResourceType", "Tags"} <= set(given) else every
    return by_name(given, COLUMNS, _NEEDED, file, ", or those of FOCUS")


def _row(cells: Mapping[str, str]) -> dict[str, str]:
    row = dict(cells)
    if _OWN.fullmatch(row.pop(_KIND, "")):
        raise DataError(
            "this is a ledger of Treadle's own, whose costs are in a record already",
            where="costs import",
            mend="import what vendors charge; a project's own costs are seen with treadle costs",
        )
    if "category" not in row:  # FOCUS: what a provider charges for
        row["category"] = "infrastructure"
        row["text"] = row.get("text") or "a charge without a description"
        row["date"] = row["date"][:10]
        row["vendor"] = next((paid for name in _VENDORS if (paid := row.get(name, ""))), "")
    return row


def _booked(row: Mapping[str, str]) -> Booked:
    quantity = row.get("quantity", "")
    cost = CostBooked(
        category=row["category"],  # type: ignore[arg-type]
        text=row["text"],
        day=row["date"],
        vendor=row.get("vendor", ""),
        invoice=row.get("invoice", ""),
        person=row.get("person", ""),
        quantity=number(quantity, "quantity") if quantity else None,
        unit=row.get("unit", ""),
    )
    if problem := _problem(cost):
        raise MoneyError(problem)
    vendorless = not row.get(_VENDORS[0]) and any(row.get(name) for name in _VENDORS)
    return Booked(cost, paid(number(row["amount"], "amount"), row["currency"]), vendorless)


def paid(amount: Decimal, currency: str) -> Money:
    """What is booked.

    Raises:
        MoneyError: so little that it would be booked as nothing.
    """
    found = money(amount, currency)
    if amount and not found.amount:
        raise MoneyError(
            f"the amount {amount:f} is less than is kept of {currency}",
            where="amount",
            mend="a billionth is the least: book what it came to together",
        )
    return found


def number(text: str, what: str) -> Decimal:
    """Raises MoneyError: it is no finite number."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > Decimal("1e15"):
        raise MoneyError(f'the {what} "{text[:40]}" is no number', where=what, mend="write 1234.56")
    return found


def _invoice(cost: CostBooked) -> tuple[str, str]:
    """What names it, however it was typed."""
    return folded(cost.vendor), folded(cost.invoice)


def _meaning(cost: CostBooked, paid: Money) -> _Meaning:
    """What a line says, however it was typed: 120.5 is 120.50, and Acme is ACME."""
    texts = (cost.text, cost.vendor, cost.invoice, cost.person, cost.unit)
    quantity = "" if cost.quantity is None else f"{cost.quantity.normalize():f}"
    amount = f"{paid.amount.normalize():f}"
    return cost.category, cost.due, amount, paid.currency, quantity, *map(folded, texts)


def _problem(cost: CostBooked) -> str:
    """Why it cannot be booked; empty if it can."""
    if cost.category not in CATEGORIES:
        return f'"{cost.category}" is no category: {", ".join(CATEGORIES)}'
    if not cost.text.strip():
        return "what was paid for is not said"
    for text in (cost.text, cost.vendor, cost.invoice, cost.person, cost.unit):
        if text.startswith(_RUN) or not text.isprintable():
            return f"{text!r:.60} holds a line break or a sign that moves, or begins with one that a spreadsheet runs"
    try:
        if not FIRST_YEAR <= day_in(cost.day).year <= LAST_YEAR:
            return f"{cost.day} is no day of costs: the years are {FIRST_YEAR} to {LAST_YEAR}"
    except ValueError:
        return f'"{cost.day}" is no day: write 2026-11-28'
    return "" if cost.quantity is None or cost.unit else "a quantity needs its unit, such as hours"
