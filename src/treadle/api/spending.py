"""Costs that no step used, booked; and the ledger for other systems."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, operation, option
from treadle.errors import MoneyError

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload


class BookRequest(Request, frozen=True):
    project: ProjectPath
    amount: Annotated[str, option("what it came to, such as 120.50; below zero for money that came back")]
    text: Annotated[str, option("what was paid for", flag="--for")]
    category: Annotated[
        Literal["data", "labels", "people", "infrastructure", "services", "software", "other"],
        option("data, labels, people, infrastructure, services, software or other"),
    ] = "other"
    currency: Annotated[str | None, option("three letters; the price book's own, if not given")] = None
    day: Annotated[str | None, option("when it fell due, such as 2026-11-28; today, if not given")] = None
    vendor: Annotated[str, option("who was paid")] = ""
    invoice: Annotated[str, option("its number: of one vendor, each is booked once")] = ""
    person: Annotated[str, option("whose hours they are, or for whom it was bought")] = ""
    quantity: Annotated[str | None, option("how much was paid for, such as 12")] = None
    unit: Annotated[str, option("of the quantity, such as hours")] = ""
    each: Annotated[bool, option("the amount is for one unit of the quantity")] = False


class BookAnswer(Struct, frozen=True):
    entry: int
    said: str
    amount: str


class ImportRequest(Request, frozen=True):
    project: ProjectPath
    file: Annotated[str, argument("a CSV file: date, category, text, amount, currency, …; or FOCUS")]
    more: Annotated[bool, option("book also other lines of invoices that a file had before")] = False


class ImportAnswer(Struct, frozen=True):
    """`before`: lines that were booked from a file earlier, and are left alone."""

    booked: int
    before: int
    sums: list[str]


class FocusRequest(Request, frozen=True):
    project: ProjectPath = "."
    run: Annotated[str | None, option("only this run")] = None
    out: Annotated[str | None, option("the file that is written; printed, if not given", local=True)] = None


class FocusAnswer(Struct, frozen=True):
    rows: int
    file: str
    text: str


@operation("costs", "book", permission="run")
def costs_book(request: BookRequest, work: Work) -> BookAnswer:
    """Book a cost that no step used: bought data, labels, hours of people, a service, an invoice, a refund."""
    from treadle.costs.booking import Booked, book, number, paid
    from treadle.evidence.kinds.cost_booked import CostBooked

    workspace = work.workspace
    amount = number(request.amount, "amount")
    quantity = None if request.quantity is None else number(request.quantity, "quantity")
    if request.each:
        if quantity is None:
            raise MoneyError("each of how many?", where="--each", mend="give --quantity 12 --unit hours")
        amount *= quantity
    cost = CostBooked(
        category=request.category,
        text=" ".join(request.text.split()),
        day=request.day or workspace.chain.clock().date().isoformat(),
        vendor=request.vendor,
        invoice=request.invoice,
        person=request.person,
        quantity=quantity,
        unit=request.unit,
    )
    spent = paid(amount, request.currency or workspace.book.currency)
    entry = book(workspace.chain, workspace.project.spec.project, Booked(cost, spent))
    return BookAnswer(entry.seq, entry.said(), str(spent))


@operation("costs", "import", permission="run")
def costs_import(request: ImportRequest, work: Work) -> ImportAnswer:
    """Book the lines of a CSV file, all or none; those that were booked from a file before are left alone."""
    from treadle.costs.booking import import_lines

    workspace = work.workspace
    done = import_lines(workspace.chain, workspace.project.spec.project, Path(request.file), more=request.more)
    return ImportAnswer(done.booked, done.before, [str(each) for each in done.sums])


@operation("costs", "export", permission="run")
def costs_export(request: FocusRequest, work: Work) -> FocusAnswer:
    """Write the ledger as rows of FOCUS 1.4, Cost and Usage, which tools for cloud costs read."""
    from treadle.api.written import new_file
    from treadle.costs.focus import focus
    from treadle.errors import EvidenceError
    from treadle.evidence import write_whole

    workspace = work.workspace
    entries: list[Entry[Payload]] = workspace.chain.find(run=request.run)
    if request.run is not None and not entries:
        raise EvidenceError(
            f"no run is called {request.run}", where="--run", mend=f"see: treadle log {request.project}"
        )
    text, rows = focus(workspace.project.spec.project, entries)
    if request.out is None:
        return FocusAnswer(rows, "", text)
    write_whole(new_file(request.out, "--out"), text.encode())
    return FocusAnswer(rows, request.out, "")
