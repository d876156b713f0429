"""The summary and the scores as tables for a page or a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.automl.results import Result
from benchmarks.automl.summary import Standing, Summary

HEAD = ("system", "mean rank", "Elo", "wins", "over budget", "out of memory", "out of time", "failed",
        "not supported", "fit, s", "one row, ms", "size, MB", "peak, MB")  # fmt: skip


def standings(summary: Summary) -> str:
    return _table([HEAD, *(_cells(each) for each in summary.standings)])


def _cells(each: Standing) -> tuple[str, ...]:
    rating = each.rating
    elo = "-" if rating is None else f"{rating.elo:.0f} ({rating.low:.0f} to {rating.high:.0f})"
    counts = (each.over_budget, each.out_of_memory, each.out_of_time, each.failed, each.not_supported)
    return (
        each.system,
        f"{each.mean_rank:.2f} ({each.rank_low:.2f} to {each.rank_high:.2f})",
        elo,
        f"{each.wins:g}",
        *(f"{count} of {each.runs}" if count else "0" for count in counts),
        *(_figure(value) for value in (each.seconds, each.one_row_ms, each.size_mb, each.peak_mb)),
    )


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def scores(results: Iterable[Result], systems: Sequence[str], budget_s: float) -> str:
    """A line a set and seed: the score of each system, or how it ended."""
    kept = [each for each in results if each.budget_s == budget_s and each.system in systems]
    lines: dict[tuple[str, int, str], dict[str, str]] = {}
    for each in sorted(kept, key=lambda each: (each.metric, each.set_name, each.seed)):
        shown = each.state if each.score is None else f"{each.score:.5g}" + ("*" if each.over_budget else "")
        lines.setdefault((each.set_name, each.seed, each.metric), {})[each.system] = shown
    rows = [
        (name, str(seed), metric, *(by_system.get(system, "") for system in systems))
        for (name, seed, metric), by_system in lines.items()
    ]
    return _table([("set", "seed", "metric", *systems), *rows])


def _table(cells: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
