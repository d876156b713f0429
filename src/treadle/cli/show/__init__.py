"""How answers look on a terminal, one file a noun. `--json` prints the answer itself."""

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


def show(name: str, answer: Any) -> None:
    """Print the answer of the operation `name`; as indented JSON where it has no view of its own."""
    from treadle.cli.show import access, evidence, live, models, project, trials, work

    views = {
        **project.VIEWS,
        **work.VIEWS,
        **models.VIEWS,
        **live.VIEWS,
        **evidence.VIEWS,
        **trials.VIEWS,
        **access.VIEWS,
    }
    view = views.get(name)
    if view is None:
        import msgspec

        print(msgspec.json.format(msgspec.json.encode(answer, enc_hook=str), indent=2).decode())
        return
    view(answer, console())


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
