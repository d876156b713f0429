"""What all views draw with: the terminal, plain tables, numbers, money."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any


@functools.cache
def console() -> Any:
    from rich.console import Console

    # a pipe has no width of its own: 80 columns would fold tables that a person is going to grep
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=140)


def table(*columns: str, right: tuple[int, ...] = ()) -> Any:
    """A plain table: no borders, numbers to the right."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index in right else "left", overflow="fold")
    return made


def number(value: float | None, digits: int = 4) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def money(value: float | Decimal, currency: str) -> str:
    return f"{value:.4f} {currency}" if value >= 0.01 else f"{value:.6f} {currency}"


def said(text: str) -> str:
    """What others wrote, as it is: no mark-up of ours in it is followed, and no character moves the terminal."""
    from rich.markup import escape

    return escape("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text))


def show_unsigned(why: str, out: Any) -> None:
    """One line where a release stands without a signed checkpoint."""
    if why:
        out.print(
            f"[red]![/] no checkpoint was signed ({said(why)}); who may write there signs with: treadle log checkpoint",
            soft_wrap=True,
        )
