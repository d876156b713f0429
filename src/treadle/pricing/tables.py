"""Figures from a CSV file of our own columns: all of its lines, or none."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.costs.booking import number
from treadle.costs.lines import by_name, refuse, told
from treadle.costs.written import csv_lines
from treadle.errors import Fault, MoneyError, nearest
from treadle.pricing.figure import KINDS, UNITS, Figure, problem
from treadle.pricing.found import Read

if TYPE_CHECKING:
    from treadle.pricing.figure import Kind

NEEDED = ("kind", "vendor", "region", "amount", "unit", "date", "source")
COLUMNS = (
    *NEEDED, "sku", "currency", "cpus", "memory_gb", "gpu", "gpus", "term_years", "upfront", "option", "tier",
    "from_gb", "life_years", "watts",
)  # fmt: skip
NUMBERS = (
    "amount", "cpus", "memory_gb", "gpus", "term_years", "upfront", "from_gb", "life_years", "watts",
)  # fmt: skip
OPTION = {"no": "no upfront", "partial": "partial upfront", "all": "all upfront"}
"""Short for what a reserved price may say of how it is paid."""


def read_table(file: Path) -> Read:
    """Raises DataError: lines that are no figures, each with its number; a figure without a source is none."""
    lines = csv_lines(file, lambda given: by_name(given, COLUMNS, NEEDED, file.name), COLUMNS, NUMBERS)
    figures, faults = list[Figure](), list[Fault]()
    for line in lines:
        try:
            figures.append(_figure(line.cells))
        except (MoneyError, ValueError) as bad:
            faults.append(told(bad, f"{file.name}:{line.number}"))
    refuse(file.name, "are no figures", faults, len(lines), "nothing of the file was imported", "is no figure")
    return Read(figures)


def _figure(cells: Mapping[str, str]) -> Figure:
    kind = cells["kind"]
    if kind not in UNITS:
        raise MoneyError(f'"{kind}" is no kind of figure: {nearest(kind, KINDS) or ", ".join(KINDS)}')
    if cells["unit"] != UNITS[kind]:
        raise MoneyError(f'{kind} is charged by {UNITS[kind]}, and the unit here is "{cells["unit"]}"')
    found = Figure(
        kind=_kind(kind),
        vendor=cells["vendor"],
        region=cells["region"],
        amount=number(cells["amount"], "amount"),
        date=cells["date"],
        source=cells["source"],
        sku=cells.get("sku", ""),
        currency=cells.get("currency", ""),
        cpus=_float(cells, "cpus"),
        memory_gb=_float(cells, "memory_gb"),
        gpu=cells.get("gpu", ""),
        gpus=_whole(cells, "gpus"),
        term_years=_whole(cells, "term_years"),
        upfront=number(cells["upfront"], "upfront") if cells.get("upfront") else Decimal(0),
        option=OPTION.get(cells.get("option", ""), cells.get("option", "")),
        tier=cells.get("tier", ""),
        from_gb=_float(cells, "from_gb") or 0.0,
        life_years=_float(cells, "life_years"),
        watts=_float(cells, "watts"),
    )
    if wrong := problem(found):
        raise MoneyError(wrong)
    return found


def _kind(text: str) -> Kind:
    return text  # type: ignore[return-value]  # it is one of KINDS, as was asked before


def _float(cells: Mapping[str, str], name: str) -> float | None:
    return float(number(cells[name], name)) if cells.get(name) else None


def _whole(cells: Mapping[str, str], name: str) -> int:
    if not cells.get(name):
        return 0
    found = number(cells[name], name)
    if found != int(found):
        raise MoneyError(f"the {name} must be a whole number, found {found}")
    return int(found)
