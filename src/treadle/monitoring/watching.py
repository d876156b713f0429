"""Watch one endpoint: the ledger, realised quality by day, drift by feature, and a page with plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from treadle.monitoring.drift import LEAST_A_BIN, drift, surely_moved
from treadle.monitoring.found import Day, Decisions, DriftLine, Newest, Overall, Watched
from treadle.monitoring.ledger import read
from treadle.monitoring.quality import by_day, join_outcomes, measure, over, times, with_label
from treadle.spec import duration

if TYPE_CHECKING:
    import polars as pl

    from treadle.features import FeaturePlan
    from treadle.models import Bundle, Manifest
    from treadle.serving import Journal
    from treadle.store import TableNames, Tables

_ENOUGH = LEAST_A_BIN * 52
"""Rows that are enough for a text of 50 levels, others and none."""


def watch(tables: Tables, names: TableNames, journal: Journal, bundle: Bundle, window: str = "1d") -> Watched:
    """Judge what servers wrote against the bundle's own reference. Nothing is moved or written.

    window: a duration such as "1d" or "12 hours": how much of the newest labelled time `recent` is about, and of the
    newest time `newest`.
    """
    import polars as pl

    predictions = read(tables, names, journal, "predictions")
    outcomes = read(tables, names, journal, "outcomes")
    joined = join_outcomes(predictions, outcomes)
    manifest = bundle.manifest
    task = manifest.task
    known = with_label(joined, task)
    whole = measure(known, manifest.metric, manifest.threshold, task, at=times(known))
    mine = predictions.filter(pl.col("model") == manifest.model)
    return Watched(
        model=manifest.model,
        predictions=predictions.height,
        outcomes=outcomes.height,
        joined=known.height,
        metric=manifest.metric,
        metric_by_day=by_day(joined, manifest.metric, manifest.threshold, task),
        drift=_drift(mine, bundle),
        overall=Overall(whole.value, whole.low, whole.high, manifest.tested, _decisions(known), whole.note),
        recent=_recent(joined, known, manifest, window),
        base=task.came,
        view=task.view,
        coverage=_coverage(known, manifest) if len(task.levels) > 1 else None,
        newest=_newest(mine, bundle, window),
    )


def _drift(mine: pl.DataFrame, bundle: Bundle) -> list[DriftLine]:
    import polars as pl

    if not mine.height:
        return []
    manifest = bundle.manifest
    features = _features(mine, [f.name for f in manifest.features], manifest.plan)
    scores = mine.select(pl.coalesce("probability", "prediction")).to_series().to_numpy()
    return drift(bundle.reference, features, scores.astype(np.float64), {f.name: f.type for f in manifest.features})


def _newest(mine: pl.DataFrame, bundle: Bundle, window: str) -> Newest | None:
    """Of a window with fewer rows than are enough to tell, the newest that are, from before it."""
    import polars as pl

    rows = mine.with_columns(_when().alias("when")).drop_nulls("when").sort("when")
    if not rows.height:
        return None
    last = rows.get_column("when")[-1]
    inside = rows.filter(pl.col("when") > last - duration(window))
    rows = inside if inside.height >= _ENOUGH else rows.tail(_ENOUGH)
    types = {f.name: f.type for f in bundle.manifest.features}
    moved = surely_moved(_drift(rows, bundle), types, last - rows.get_column("when")[0])
    return Newest(str(last.date()), rows.height, moved)


def _coverage(known: pl.DataFrame, manifest: Manifest) -> Overall:
    found = measure(known, "coverage", manifest.threshold, manifest.task, at=times(known))
    judged = manifest.metrics.get("coverage")
    # of weighted test rows it is no measure of what comes here, where every row counts alike
    tested = judged.value if judged and manifest.by_rows is None else None
    return Overall(found.value, found.low, found.high, tested, None, found.note)


def _recent(joined: pl.DataFrame, known: pl.DataFrame, manifest: Manifest, window: str) -> Day | None:
    when = _when()
    newest = known.select(when.max()).item() if known.height else None
    if newest is None:
        return None
    rows = joined.filter((when > newest - duration(window)) & (when <= newest))
    return over(rows, str(newest.date()), manifest.metric, manifest.threshold, manifest.task)


def _when() -> pl.Expr:
    """What a row is of, and of no later than it was answered: one mistyped year would be the newest time for years."""
    import polars as pl

    return pl.min_horizontal("at", "answered")


def _features(predictions: pl.DataFrame, names: list[str], plan: FeaturePlan) -> dict[str, list[Any]]:
    """The feature values that the model saw, by column."""
    decode = msgspec.json.Decoder(list[Any]).decode
    order = [feature.name for feature in plan.features]
    rows = [decode(text) for text in predictions.get_column("features")]
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in order]
    return {name: list(columns[order.index(name)]) for name in names if name in order}


def _decisions(known: pl.DataFrame) -> Decisions | None:
    """Counts of right and wrong decisions, for classifiers."""
    if known.height == 0 or known.get_column("threshold").null_count():
        return None
    act = known.get_column("prediction").to_numpy() > 0.5
    true = known.get_column("label").to_numpy() > 0.5
    return Decisions(
        hits=int((act & true).sum()),
        missed=int((~act & true).sum()),
        false_alarms=int((act & ~true).sum()),
        rejected=int((~act & ~true).sum()),
    )
