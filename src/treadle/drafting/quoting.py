"""Columns and values as an expression of a project file writes them."""

from __future__ import annotations

import re
from typing import Any


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
