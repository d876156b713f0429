"""Two runs side by side as Markdown, for a comment on the change that made the second of the first."""

from __future__ import annotations

import re

from treadle.figures import figure
from treadle.history.found import Comparison, Side

MARK = "<!-- treadle compare -->"
"""The first line, by which a later comment finds the one that it takes the place of."""
_SAYS = {
    "better": "better",
    "worse": "**worse**",
    "noise": "no difference beyond noise",
    "not comparable": "not comparable",
}


def markdown(found: Comparison, project: str) -> str:
    """Score, money and what changed. What is quoted stands in code, where it names and formats nothing."""
    rows = [_row("before", found.first), _row("after", found.second)]
    lines = [
        MARK,
        f"### {_code(project)}: {_SAYS[found.verdict]}",
        "",
        f"| | model | family | {_code(found.metric)} | 95 % interval | cost |",
        "|---|---|---|---:|---|---:|",
        *rows,
        "",
        f"{found.text}. {_money(found)}",
    ]
    for change in found.changes:
        listed = [f"- {kind}: {_code(line)}" for kind in ("data", "code", "settings") for line in getattr(change, kind)]
        lines += [
            "",
            f"<details><summary>{_code(change.step)} ({len(listed)})</summary>",
            "",
            *listed,
            "",
            "</details>",
        ]
    if not found.changes:
        lines += ["", "Nothing differs in data, code or settings."]
    return "\n".join([*lines, ""])


def _row(name: str, side: Side) -> str:
    shown = figure(side.value, side.low, side.high)
    cost = "–" if side.cost is None else f"{side.cost:.6f} {side.currency}"
    span = shown.span if shown.low else "–"
    return f"| {name} | {_code(side.model or side.run)} | {_code(side.family)} | {shown.value} | {span} | {cost} |"


def _money(found: Comparison) -> str:
    one, two = found.first, found.second
    if one.cost is None or two.cost is None or one.currency != two.currency:
        return "What the change costs cannot be told: a run has no price, or they are in two currencies."
    return f"Making it cost {two.cost - one.cost:+.6f} {two.currency} against before."


def _code(text: str) -> str:
    """Inline code that ends where it is meant to, in a table too.

    >>> _code("a|b `c`")
    '`` a\\\\|b `c` ``'
    """
    plain = "".join(c if c.isprintable() else " " for c in text).replace("|", "\\|") or " "
    longest = max((len(run) for run in re.findall("`+", plain)), default=0)
    fence = "`" * (longest + 1)
    room = " " if longest else ""
    return f"{fence}{room}{plain}{room}{fence}"
