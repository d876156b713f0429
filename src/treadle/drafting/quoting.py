"""Columns and values as an expression of a project file writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_SHOWN = 12


def quoted(name: str) -> str:
    """A column in an expression: quoted where it would be read as something else."""
    from treadle import expr
    from treadle.errors import ExpressionError

    try:
        plain = re.fullmatch(r"[A-Za-z_]\w*", name) is not None and expr.parse(name, {name: "str"}).columns == (name,)
        plain = plain and expr.parse(f"{name} = 'x'", {name: "str"}).columns == (name,)
    except ExpressionError:
        plain = False
    return name if plain else '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def listed(names: Sequence[str]) -> str:
    """In a sentence: `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def shortened(names: Sequence[str], most: int = _SHOWN) -> str:
    """A list that stays readable however long it is."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def dates_said(name: str) -> str:
    """How it is said on the command line in which form a column's dates are written."""
    return f"""--reading 'date_format: {{"{name}": "%m/%d/%Y"}}'"""
