"""What a rule's bound and its severity are, as the standard writes them."""

from __future__ import annotations

from typing import Any

from treadle.contracts.document import Document
from treadle.contracts.rules import BATCH_KINDS, Bound, Level, RuleKind
from treadle.errors import nearest

BOUNDS = (
    "mustBe",
    "mustBeGreaterThan",
    "mustBeGreaterOrEqualTo",
    "mustBeLessThan",
    "mustBeLessOrEqualTo",
    "mustBeBetween",
)
SEVERITIES: dict[str, Level] = {
    "info": "warn",
    "warning": "warn",
    "warn": "warn",
    "set_aside": "set_aside",
    "critical": "stop",
    "stop": "stop",
}
"""Words that choose a level; any other, such as `error`, leaves the level as it is."""
NEVER_WARN: tuple[RuleKind, ...] = ("type", "unique")


def level_of(document: Document, node: Any, key: str, kind: RuleKind) -> Level | None:
    """The level that a word under `key` chooses for a rule of a kind; None where it chooses none.

    Raises:
        SpecError: the rule cannot have that level.
    """
    level = SEVERITIES.get(str(node.get(key)).lower())
    if level == "warn" and kind == "unique":
        raise document.error(
            node, key, "a value that must not repeat names a row, and is no warning", f"leave {key} out"
        )
    if level == "warn" and kind == "type":
        raise document.error(node, key, "a value of another type cannot be kept in its column", f"leave {key} out")
    if level == "set_aside" and kind in BATCH_KINDS:
        raise document.error(
            node, key, "a rule about the whole batch sets no row aside", "use warning, or stop to refuse the batch"
        )
    return level


def bound_of(document: Document, node: Any) -> Bound | None:
    """The bound that stands at a rule; None where there is none."""
    found = [key for key in node if str(key).startswith("must")]
    unknown = [key for key in found if key not in BOUNDS]
    if unknown:
        what = f'the bound "{unknown[0]}" cannot be checked here'
        raise document.error(node, unknown[0], what, nearest(unknown[0], BOUNDS))
    unit = str(node.get("unit") or "rows")
    if unit not in ("rows", "percent"):
        raise document.error(node, "unit", f'"{unit}" is no unit of a rule', "use rows or percent")
    percent = unit == "percent"
    if not found:
        return None
    if len(found) > 1:
        if set(found) == {"mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo"}:
            low, high = (document.number(node, key) for key in ("mustBeGreaterOrEqualTo", "mustBeLessOrEqualTo"))
            if low > high:
                raise document.error(node, found[1], "no number keeps both bounds", "the smaller is the lower one")
            return Bound(low, high, percent=percent)
        raise document.error(node, found[1], "a rule has one bound", "use mustBeBetween for two limits")
    key = str(found[0])
    if key == "mustBeBetween":
        pair = node[key]
        numbers = isinstance(pair, list) and [v for v in pair if isinstance(v, int | float) and not isinstance(v, bool)]
        if not numbers or len(pair) != 2 or len(numbers) != 2 or not pair[0] <= pair[1]:
            raise document.error(node, key, "`mustBeBetween` takes two numbers, the smaller first")
        return Bound(float(pair[0]), float(pair[1]), percent=percent)
    value = document.number(node, key)
    match key:
        case "mustBe":
            return Bound(value, value, percent=percent)
        case "mustBeGreaterThan":
            return Bound(low=value, low_open=True, percent=percent)
        case "mustBeGreaterOrEqualTo":
            return Bound(low=value, percent=percent)
        case "mustBeLessThan":
            return Bound(high=value, high_open=True, percent=percent)
    return Bound(high=value, percent=percent)
