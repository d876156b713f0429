"""Drift by feature: what is asked now against what the model was trained on.

The reference is in the bundle, as counts; so drift needs no training rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import numpy as np

from treadle.features import ColumnType
from treadle.models import Numbers, Reference, Texts
from treadle.monitoring.bins import names_of
from treadle.monitoring.found import DriftLine
from treadle.profiling import distance

Array = np.ndarray[Any, Any]
SCORES = "(the model's scores)"
"""What stands for a feature's name in the line of the scores."""
LEAST_A_BIN = 10
"""Rows for each bin, fewer of which leave bins empty by chance: an empty one counts for more than its noise."""
_ROUND = {"timestamp": timedelta(hours=23), "date": timedelta(days=6)}
"""Times are counted by the second of the day and dates by the weekday: rows of less than a whole day, or a whole week,
have other ones whatever happened."""


def drift(
    reference: Reference,
    values: Mapping[str, Sequence[Any]],
    scores: Array,
    types: Mapping[str, ColumnType] = MappingProxyType({}),
) -> list[DriftLine]:
    """A line for each feature and one for the scores, the most moved first. `types`: by which their bins are named."""
    lines = [
        line(name, known, values[name], types.get(name, "float"))
        for name, known in reference.features.items()
        if name in values
    ]
    lines.append(line(SCORES, reference.scores, list(scores)))
    return sorted(lines, key=lambda found: -max(found.psi - found.noise, 0.0))


def surely_moved(lines: Sequence[DriftLine], types: Mapping[str, ColumnType], span: timedelta) -> list[DriftLine]:
    """Those that moved beyond what rows over a time of `span` show by their number, or by the calendar."""
    return [
        each
        for each in lines
        if each.verdict == "moved"
        and each.rows >= LEAST_A_BIN * len(each.labels)
        and span >= _ROUND.get(types.get(each.feature, "float"), timedelta())
    ]


def line(name: str, known: Numbers | Texts, values: Sequence[Any], kind: ColumnType = "float") -> DriftLine:
    labels, before, now = _counts(known, values, kind)
    total_before, total_now = max(before.sum(), 1), max(now.sum(), 1)
    moved = distance(before, now)
    return DriftLine(
        feature=name,
        psi=moved.psi,
        noise=moved.noise,
        js=moved.js,
        missing_reference=float(before[-1] / total_before),
        missing_now=float(now[-1] / total_now),
        rows=len(values),
        verdict=moved.verdict,
        labels=labels,
        reference=(before / total_before).tolist(),
        now=(now / total_now).tolist(),
    )


def _counts(known: Numbers | Texts, values: Sequence[Any], kind: ColumnType) -> tuple[list[str], Array, Array]:
    """Labels and counts of both sides; the last bin is what was missing."""
    if isinstance(known, Texts):
        levels = list(known.counts)
        seen: dict[Any, int] = {}
        for value in values:
            seen[value] = seen.get(value, 0) + 1
        now = [seen.get(level, 0) for level in levels]
        missing = seen.get(None, 0)
        others = len(values) - missing - sum(now)
        before = [*known.counts.values(), known.others, known.missing]
        return [*levels, "others", "missing"], np.array(before, float), np.array([*now, others, missing], float)
    numbers = np.array([_number(value) for value in values], dtype=float)
    there = numbers[np.isfinite(numbers)]
    missing = len(numbers) - len(there)
    if not known.edges:
        return ["any", "missing"], np.array([0.0, known.missing]), np.array([float(len(there)), float(missing)])
    edges, counted = np.array(known.edges), known.counts
    if len(counted) == 1:
        # it never varied in training, and does it now? In one bin with all else this could not be seen. Bundles of
        # before have one bin, too, of numbers that nearly always were the greatest: these lie down to its lower edge
        low = np.nextafter(edges[1] if edges[0] == edges[1] - 0.5 else edges[0], -np.inf)
        edges, counted = np.array([-np.inf, low, edges[1], np.inf]), (0, *counted, 0)
    place = np.clip(np.searchsorted(edges, there, side="left") - 1, 0, len(edges) - 2)
    counts = np.bincount(place, minlength=len(edges) - 1)
    labels = names_of(edges.tolist(), kind)
    return ([*labels, "missing"], np.array([*counted, known.missing], float), np.array([*counts, missing], float))


def _number(value: Any) -> float:
    """As the reference counts it: a time by its second of the day, a date by its weekday."""
    if value is None:
        return float("nan")
    if isinstance(value, str):
        from datetime import date, datetime

        if len(value) == 10:
            return float(date.fromisoformat(value).weekday())
        moment = datetime.fromisoformat(value)
        return moment.hour * 3600.0 + moment.minute * 60.0
    return float(value)
