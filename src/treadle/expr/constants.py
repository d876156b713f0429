"""Arguments that must be constants, and what they may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from treadle.errors import nearest
from treadle.expr.functions_time import TRUNCATIONS
from treadle.expr.patterns import LONGEST_LIKE, row_pattern, rust_pattern

_DIGITS = 18
"""64 bits hold as many."""


def wrong_constant(name: str, values: Sequence[Any], *, rows_only: bool = False) -> tuple[str, str] | None:
    """What is wrong with the constants of a call, and how to mend it; None if nothing is.

    rows_only: no other engine than that of single rows is asked about patterns.
    """
    if name.startswith("regexp_"):
        group = values[2] if name == "regexp_extract" and len(values) > 2 else 0
        return _wrong_pattern(values[1], group, rows_only=rows_only)
    if name in ("like", "ilike") and len(values[1]) > LONGEST_LIKE:
        return f"a pattern of {name} has {LONGEST_LIKE:,} characters at most, found {len(values[1]):,}", ""
    if name == "round" and len(values) > 1 and abs(values[1]) > _DIGITS:
        return f"round takes -{_DIGITS} to {_DIGITS} digits, found {values[1]}", ""
    if name == "date_trunc" and values[0].lower() not in TRUNCATIONS:
        return f"cannot cut to '{values[0]}'", nearest(values[0], TRUNCATIONS)
    return None


def _wrong_pattern(pattern: str, group: int, *, rows_only: bool) -> tuple[str, str] | None:
    try:
        row_pattern(pattern) if rows_only else rust_pattern(pattern)
    except ValueError as bad:
        what = f"'{pattern}' is no pattern: {str(bad).splitlines()[0]}"
        return what, "look-around and back references are not available"
    if not 0 <= group <= row_pattern(pattern).groups:
        return f"the pattern '{pattern}' has no group {group}", ""
    return None
