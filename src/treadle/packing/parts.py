"""Gather all that a bundle holds from a fitted model and its evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct

from treadle.features.plan import FeaturePlan
from treadle.models.bundle import Golden, Manifest, Parts, json_values
from treadle.models.reference import describe
from treadle.models.request import Asked
from treadle.packing.cards import card
from treadle.packing.exporting import export
from treadle.spec import ProjectSpec
from treadle.training import Evaluation, FittedModel, Refitted, Split, TrainingTable

GOLDEN_RECORDS = 24
PROOF_ROWS = 20_000


class Told(Struct, frozen=True):
    """What a bundle says besides the model itself. `name` is the model's, `created` an ISO time.

    `request`: what it may be asked; `plan`: how its features are made; `refs`: what it came from (data, model, run,
    state); `cost`: its cost sheet; `refitted`: of a model fitted on all rows, how it stands to the one that was judged.
    """

    name: str
    created: str
    request: Asked
    plan: FeaturePlan
    refs: dict[str, str]
    cost: dict[str, Any]
    refitted: Refitted | None = None


def parts_of(
    model: FittedModel, found: Evaluation, table: TrainingTable, parts: Split, spec: ProjectSpec, told: Told
) -> Parts:
    """Export and prove the graph, describe the training rows, choose golden records, write the card.

    No test row of `table` is read: what the bundle shows of rows it shows of training rows, and what it says of test
    rows stands in `found`. Of a model that was fitted on all rows, the histograms for drift are of all of them.

    Raises:
        ModelError: the graph does not predict what the model predicts.
    """
    onnx = export(model, table.frame[_spread(parts.train, PROOF_ROWS)])
    manifest = Manifest(
        project=spec.project,
        model=told.name,
        created=told.created,
        kind=found.kind,
        target=spec.predict.name,
        family=found.family,
        metric=found.metric,
        metrics=found.scores,
        threshold=model.threshold,
        calibration_error=found.calibration_error,
        features=model.features,
        request=told.request,
        plan=told.plan,
        encoder=model.encoder,
        calibrator=model.served_calibrator,
        by_rows=found.by_rows,
        over_served=found.over_served,
        classes=model.summary.classes,
        costs=model.summary.costs,
        quantiles=model.summary.quantiles,
        refit="training" if told.refitted is None else "all",
        refs=told.refs,
        public_key="",
    )
    fitted_on = parts.train if told.refitted is None else parts.teaching(len(table))
    return Parts(
        manifest=manifest,
        onnx=onnx,
        reference=describe(table.frame[fitted_on], model.features, model.unseen),
        golden=_golden(model, manifest, table, parts),
        card=card(spec, found, model.summary, created=told.created, refitted=told.refitted),
        cost=told.cost,
    )


def _spread(rows: np.ndarray[Any, Any], most: int) -> np.ndarray[Any, Any]:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _golden(model: FittedModel, manifest: Manifest, table: TrainingTable, parts: Split) -> tuple[Golden, ...]:
    """Real training records over the whole range of predictions, so that many ways through the graph are walked."""
    rows = _spread(parts.train, 5000)
    p = model.predict(table.frame[rows])
    p = p.max(axis=1) if p.ndim > 1 else p
    chosen = rows[np.argsort(p, kind="stable")[np.linspace(0, len(rows) - 1, GOLDEN_RECORDS).astype(np.int64)]]
    frame = table.frame[chosen].select(model.encoder.inputs)
    told = [tuple(p) if isinstance(p, list) else p for p in model.predict(frame).tolist()]
    return tuple(
        Golden(json_values(values), expected, manifest.decided(expected).prediction)
        for values, expected in zip(frame.iter_rows(), told, strict=True)
    )
