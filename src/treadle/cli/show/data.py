"""data list, history, query, profile, diff."""

from __future__ import annotations

from typing import Any

from treadle.cli.show.drawing import said, table
from treadle.exploring.found import Cell
from treadle.figures import counted
from treadle.profiling.found import ColumnProfile, Moved

_NAMED = 3
"""Runs and models that are named; the rest is counted."""
_WIDEST = 60
_COLUMNS, _FACTS, _PAIRS, _TELLING = 60, 4, 8, 8
_NAME, _TYPE = 28, 18
"""Signs of a name and of a type in the list."""


def show_list(answer: Any, out: Any) -> None:
    grid = table(
        "source", "newest", "read", "by", "rows", "columns", "MB", "codec", "in Snappy", "snapshots",
        right=(1, 4, 5, 6, 8, 9),
    )  # fmt: skip
    for line in answer.sources:
        if line.version is None:
            grid.add_row(line.source, "–", "not read yet", "", "–", "–", "–", "–", "–", "0")
            continue
        grid.add_row(
            line.source,
            f"@{line.version}",
            _when(line.time),
            said(line.by),
            f"{line.rows:,}",
            f"{line.columns or '–'}",
            f"{line.bytes / 1e6:,.2f}",
            line.codec or "–",
            f"{line.plain / 1e6:,.2f}" if line.plain else "–",
            f"{line.snapshots:,}",
        )
    out.print(grid)
    if answer.next:
        out.print(f"next:  {answer.next}", soft_wrap=True, markup=False)


def show_history(answer: Any, out: Any) -> None:
    if not answer.snapshots:
        out.print(f"of {said(answer.source)} no snapshot was kept yet: {said(answer.next)} reads it", soft_wrap=True)
        return
    grid = table(
        "version", "read", "by", "rows", "columns", "MB", "new", "fingerprint", "runs", "models", right=(0, 3, 4, 5, 6)
    )
    for line in answer.snapshots:
        aside = f" [yellow](-{line.set_aside:,})[/]" if line.set_aside else ""
        grid.add_row(
            f"@{line.version}",
            _when(line.time),
            said(line.by),
            f"{line.rows:,}{aside}",
            f"{line.columns or '–'}",
            f"{line.bytes / 1e6:,.2f}" if line.here else "[dim]removed[/]" if line.removed else "[red]gone[/]",
            f"{line.fresh / 1e6:,.2f}",
            line.fingerprint[:12],
            _some(line.runs),
            _some(line.models),
        )
    out.print(grid)
    if any(line.set_aside for line in answer.snapshots):
        out.print("[dim](-N): rows that broke the contract and were set aside[/]")
    for line in answer.snapshots:
        if line.removed:
            out.print(f"[dim]@{line.version} {said(line.removed)}[/]", soft_wrap=True)
    if answer.more:
        out.print(f"… {answer.more} more: --limit N")


def show_query(answer: Any, out: Any) -> None:
    numbers = tuple(n for n, column in enumerate(answer.columns) if _is_number(column.type))
    grid = table(*(said(column.name) for column in answer.columns), right=numbers)
    for row in answer.rows:
        grid.add_row(*(_cell(value) for value in row))
    out.print(grid)
    rows = len(answer.rows)
    shown = "no row" if not rows else "1 row" if rows == 1 else f"{rows:,} rows"
    out.print(f"[dim]{shown}{', and there are more: --limit N' if answer.more else ''}[/]")
    if answer.cut:
        cut = "1 text is" if answer.cut == 1 else f"{answer.cut:,} texts are"
        out.print(f"[dim]{cut} cut after 10,000 characters: substr(column, 10001) gives the rest[/]", soft_wrap=True)
    for one in answer.snapshots:
        out.print(
            f"[dim]{one.name}: version {one.version}, read {_when(one.time)}, {_held(one.held)}[/]", soft_wrap=True
        )
    if answer.snapshots:
        out.print(f"[dim]{_read(answer)}[/]", soft_wrap=True)


def _read(answer: Any) -> str:
    """What of the files was read, as far as that is known."""
    read, whole = answer.read, sum(one.bytes for one in answer.snapshots)
    said = []
    if read.rows is not None:
        rows = sum(one.rows for one in answer.snapshots)
        # a sorted query with a limit looks its last rows up a second time
        took = f"all {rows:,} rows, some twice," if read.rows > rows else f"{read.rows:,} of {rows:,} rows"
        said.append(f"took {took} out of the files")
    if read.bytes is not None:
        size = f"{whole / 1e6:,.2f} MB"
        said.append(f"read {f'{read.bytes / 1e6:,.2f} of {size}' if read.bytes < whole else f'all {size}'}")
    groups = f" ({read.groups:,} of {read.all_groups:,} groups of rows)" if read.all_groups else ""
    return f"{' and '.join(said) or 'took'}{groups}{',' if said else ''} {'in ' if said else ''}{read.seconds:.2f} s"


def _held(how: str) -> str:
    return {
        "content": "held to the record by its hashes",
        "size": "held to the record by size alone, being large: treadle verify --all holds its content",
    }.get(how, "not held to the record")


def _when(time: str) -> str:
    return time[:16].replace("T", " ")


def _some(names: list[str]) -> str:
    more = f" +{len(names) - _NAMED}" if len(names) > _NAMED else ""
    return said(", ".join(names[:_NAMED])) + more if names else "–"


def _is_number(kind: str) -> bool:
    return any(word in kind for word in ("INT", "DOUBLE", "FLOAT", "DECIMAL")) and "[" not in kind and "(a" not in kind


def _cell(value: Cell) -> str:
    if value is None:
        return "[dim]NULL[/]"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return said(text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…")


def show_profile(answer: Any, out: Any) -> None:
    from treadle.profiling.wording import distinct_said, facts, missing_said

    size = f" · {answer.bytes / 1e6:,.2f} MB" if answer.bytes else ""
    out.print(
        f"[bold]{said(answer.name)}[/] · {counted(answer.rows, 'row')} · {counted(len(answer.columns), 'column')}{size}"
    )
    keys = " or ".join(" with ".join(_cut(name, _NAME) for name in each) for each in answer.keys[:5])
    twice = "" if answer.duplicates is None else f" · {answer.duplicates:,} rows come twice"
    named = f"each row is named by {keys}" if keys else "nothing that was tried names each row"
    out.print(f"[dim]{said(named)}{twice}[/]", soft_wrap=True)
    if answer.snapshot:
        out.print(f"[dim]{said(answer.snapshot)}[/]", soft_wrap=True)
    grid = table("column", "type", "missing", "distinct", "what it holds", right=(2, 3))
    for column in answer.columns[:_COLUMNS]:
        rows = [f"[dim]{name}[/] {said(text)}" for name, text in facts(column)] or ["–"]
        kind = column.type if len(column.type) <= _TYPE else f"{column.type[: _TYPE - 1]}…"
        grid.add_row(
            said(_cut(column.name, _NAME)),
            said(kind),
            missing_said(column, answer.rows),
            distinct_said(column),
            "\n".join(rows[:_FACTS]),
        )
    out.print(grid)
    if len(answer.columns) > _COLUMNS:
        out.print(f"… {len(answer.columns) - _COLUMNS:,} columns more: --html FILE or --json")
    _relations(answer, out)
    for pair in answer.pairs[:_PAIRS]:
        how = "are equal in every row" if pair.equal else f"share {pair.share:.0%} ({pair.chance:.1%} by chance)"
        out.print(f"  {said(_cut(pair.first, _NAME))} and {said(_cut(pair.second, _NAME))} {how}", soft_wrap=True)
    if answer.questions:
        out.print("to ask whoever knows these rows:")
        for question in answer.questions:
            out.print(f"  · {said(question)}", soft_wrap=True)


def _relations(answer: Any, out: Any) -> None:
    """The columns that tell the label more than chance does, the most telling first."""
    known: list[ColumnProfile] = [column for column in answer.columns if column.relation is not None]
    telling = [c for c in known if c.relation is not None and c.relation.share > c.relation.chance]
    telling.sort(key=lambda column: -(column.relation.share if column.relation else 0))
    if not known:
        return
    names = ", ".join(f"{_cut(c.name, _NAME)} {c.relation.share:.1%}" for c in telling[:_TELLING] if c.relation)
    out.print(
        f"of the uncertainty of {said(answer.label)}, each alone takes away: {said(names) or 'none more than chance'}",
        soft_wrap=True,
    )


def show_diff(answer: Any, out: Any) -> None:
    before, now, rows = answer.before, answer.now, answer.rows
    out.print(
        f"[bold]{answer.source}[/] @{before.version} ({_when(before.time)}, {counted(before.rows, 'row')}) to "
        f"@{now.version} ({_when(now.time)}, {counted(now.rows, 'row')})",
        soft_wrap=True,
    )
    out.print(f"[dim]{_both(_held(before.held), _held(now.held))}[/]", soft_wrap=True)
    if answer.equal:
        out.print("equal rows in equal order")
        return
    for change in answer.schema:
        other = f"{change.before} is {change.now} now"
        told = {"added": f"new, {change.now}", "removed": f"gone, was {change.before}"}.get(change.change, other)
        out.print(f"  column {said(change.column)}: {said(told)}", soft_wrap=True)
    by = f"by {', '.join(rows.keys)}" if rows.keys else "by whole rows: no key names each"
    changed = "" if rows.changed is None else f", {rows.changed:,} changed"
    out.print(f"rows ({said(by)}): {rows.added:,} added, {rows.removed:,} removed{changed}, {rows.same:,} the same")
    for what, some in (("added", rows.some_added), ("removed", rows.some_removed), ("changed", rows.some_changed)):
        if some:
            out.print(f"  [dim]{what}, such as {said('; '.join(some))}[/]", soft_wrap=True)
    if rows.columns:
        differ = ", ".join(f"{column.column} in {column.rows:,}" for column in rows.columns[:_TELLING])
        out.print(f"  changed: {said(differ)}", soft_wrap=True)
    if rows.left_out:
        out.print(f"  [dim]not compared row by row, being lists or structs: {said(', '.join(rows.left_out))}[/]")
    _moves(answer.columns, out)


def _moves(columns: list[Moved], out: Any) -> None:
    grid = table("column", "", "PSI", "by chance", "missing", "distinct", "mean", "median", right=(2, 3, 4, 5, 6, 7))
    colours = {"moved": "red", "shifted": "yellow"}
    for moved in columns[:_COLUMNS]:
        verdict = f"[{colours[moved.verdict]}]{moved.verdict}[/]" if moved.verdict in colours else moved.verdict
        grid.add_row(
            said(_cut(moved.column, _NAME)),
            verdict or "–",
            "–" if moved.psi is None else f"{moved.psi:.3f}",
            "–" if moved.noise is None else f"{moved.noise:.3f}",
            _both(f"{moved.missing_before:.2%}", f"{moved.missing_now:.2%}"),
            _both(_counted(moved.distinct_before), _counted(moved.distinct_now)),
            _both(_number(moved.mean_before), _number(moved.mean_now)),
            _both(_number(moved.median_before), _number(moved.median_now)),
        )
    out.print(grid)
    out.print("[dim]PSI less what chance shows: under 0.1 is steady, over 0.25 has moved[/]")


def _both(before: str, now: str) -> str:
    return before if before == now else f"{before} → {now}"


def _counted(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _number(value: float | None) -> str:
    from treadle.profiling.wording import in_digits

    return "–" if value is None else in_digits(value)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


VIEWS = {
    "data list": show_list,
    "data history": show_history,
    "data query": show_query,
    "data profile": show_profile,
    "data diff": show_diff,
}
