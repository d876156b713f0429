"""The profile as one HTML page: what to ask first, then every column, drawn small."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from treadle.pages import Chart, Mark, Section, bars_across, escape, page, table, tile
from treadle.profiling.found import Bins, ColumnProfile, Profile
from treadle.profiling.wording import distinct_said, facts, in_digits, missing_said

_CARDS, _RELATED = 120, 30
"""Columns that are drawn; the rest of a wider table is in the list alone."""


def profile_page(found: Profile) -> str:
    """One self-contained HTML page, without a script."""
    sections = [Section("", f'<div class="tiles">{_tiles(found)}</div>')]
    if found.questions:
        items = "".join(f"<li>{escape(each)}</li>" for each in found.questions)
        sections.append(
            Section("To ask whoever knows these rows", f"<ul>{items}</ul>", "Each from something that was found below.")
        )
    related = [column for column in found.columns if column.relation is not None]
    if related:
        sections.append(_relations(found, related))
    if found.pairs:
        sections.append(_pairs(found))
    drawn = found.columns[:_CARDS]
    cards = "".join(f'<div class="card">{_card(column, found.rows)}</div>' for column in drawn)
    left = len(found.columns) - len(drawn)
    more = f"The first {len(drawn):,} are drawn; {left:,} more are in the list." if left else ""
    sections.append(Section("Columns", f'<div class="columns">{cards}</div>', more))
    sections.append(Section("All columns in a list", _list(found)))
    lead = f"What {found.rows:,} rows of {found.name} hold, column by column."
    return page(found.name, sections, eyebrow="Treadle data profile", lead=lead, footer=found.snapshot)


def _tiles(found: Profile) -> str:
    cells = max(found.rows * len(found.columns), 1)
    missing = sum(column.missing for column in found.columns)
    size = f"{found.bytes / 1e6:,.2f} MB on disk" if found.bytes else "in one table"
    keys = " or ".join(" with ".join(each) for each in found.keys[:3])
    twice = "not asked of so many" if found.duplicates is None else "equal another row in every column"
    personal = [column.name for column in found.columns if column.personal]
    return "".join(
        (
            tile("Rows", f"{found.rows:,}", size),
            tile("Columns", f"{len(found.columns):,}", _kinds(found)),
            tile("Missing cells", f"{missing / cells:.1%}", f"{missing:,} of {found.rows * len(found.columns):,}"),
            tile("Rows that come twice", "–" if found.duplicates is None else f"{found.duplicates:,}", twice),
            tile("Names each row", keys[:60] or "nothing", "no value comes twice, none is missing"),
            tile("May be personal", f"{len(personal):,}", ", ".join(personal[:5]) or "no column looks so"),
        )
    )


def _kinds(found: Profile) -> str:
    kinds = dict[str, int]()
    for column in found.columns:
        kinds[column.kind] = kinds.get(column.kind, 0) + 1
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items(), key=lambda item: -item[1]))


def _relations(found: Profile, related: list[ColumnProfile]) -> Section:
    ordered = sorted(related, key=lambda column: -(column.relation.share if column.relation else 0.0))
    bars = [(c.name, c.relation.share, c.relation.share, c.relation.share) for c in ordered if c.relation is not None]
    chance = max(column.relation.chance for column in related if column.relation is not None)
    return Section(
        f"What tells {found.label}",
        bars_across(bars, most=_RELATED, percent=True),
        f"Of the uncertainty of {found.label}, the share that each column alone takes away, of {found.related:,} rows. "
        f"A column without any relation stays below {chance:.4f} in 95 of 100 cases.",
    )


def _pairs(found: Profile) -> Section:
    rows = [
        (p.first, p.second, "equal in every row" if p.equal else f"{p.share:.0%}", f"{p.chance:.1%}")
        for p in found.pairs
    ]
    left = f" {found.unpaired:,} columns more were not held against others." if found.unpaired else ""
    return Section(
        "Columns that tell much of each other",
        table(("column", "column", "shared", "by chance"), rows, numbers=(2, 3)),
        f"The share of the uncertainty of one that the other takes away, of {found.related:,} rows.{left}",
    )


def _card(column: ColumnProfile, rows: int) -> str:
    name = column.name if len(column.name) <= 60 else f"{column.name[:59]}…"
    head = f'<h3 title="{escape(column.name)}">{escape(name)} <span class="quiet">{escape(column.type)}</span></h3>'
    lines = [("missing", missing_said(column, rows)), ("distinct", distinct_said(column)), *facts(column)]
    told = table(("", ""), lines) if lines else ""
    notes = "".join(f'<p class="quiet">{escape(each)}</p>' for each in column.notes)
    return head + _drawing(column) + told + notes


def _drawing(column: ColumnProfile) -> str:
    if column.bins is not None and len(column.bins.counts) > 1 and _can_be_drawn(column.bins):
        chart = Chart("", "rows", height=180)
        edges, counts = column.bins.edges, column.bins.counts
        if column.kind == "time":
            chart.x_format = _day
        said = _day if column.kind == "time" else in_digits
        tips = [f"{said(a)} to {said(b)}: {n:,}" for a, b, n in zip(edges, edges[1:], counts, strict=False)]
        return chart.add(Mark("bars", edges, [float(each) for each in counts], tips=tips)).svg()
    if (column.top and column.kind in ("text", "bool")) or (column.top and (column.distinct or 0) == 1):
        of = max(column.top_of, 1)
        shares = [(each.value or "(empty)", each.rows / of) for each in column.top[:8]]
        return bars_across([(value, share, share, share) for value, share in shares], top=0.01, percent=True)
    return ""


def _can_be_drawn(bins: Bins) -> bool:
    """Whether the width of all bins is a number, and one that tells neighbours apart."""
    width = bins.edges[-1] - bins.edges[0]
    return math.isfinite(width) and width > 1e-300


def _day(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, OSError, ValueError):
        return f"{seconds:g}"


def _list(found: Profile) -> str:
    rows = [
        (
            column.name,
            column.type,
            missing_said(column, found.rows),
            distinct_said(column),
            "; ".join(f"{name} {text}" for name, text in facts(column)[:3]),
        )
        for column in found.columns
    ]
    inner = table(("column", "type", "missing", "distinct", ""), rows)
    return f"<details><summary>{len(rows):,} columns</summary>{inner}</details>"
