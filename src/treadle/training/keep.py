"""A fitted model as bytes and back, so that the steps after training can be taken up later. Data only, no pickle."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from treadle.errors import ModelError
from treadle.scoring.calibrator import Calibrator
from treadle.scoring.encoder import Encoder
from treadle.training.families import Constant, Kept
from treadle.training.families import restore as restored
from treadle.training.model import FitSummary, Fitted, FittedModel
from treadle.training.table import FeatureColumn


class _Fitted(Struct, frozen=True):
    encoder: Encoder
    estimator: Kept
    calibrator: Calibrator


class _Kept(Struct, frozen=True):
    model: _Fitted
    reference: _Fitted | None
    features: tuple[FeatureColumn, ...]
    summary: FitSummary
    baseline: tuple[float, ...]
    unseen: bytes = b""
    """float64, little-endian."""


def dump(model: FittedModel) -> bytes:
    """The whole model as canonical JSON: equal models give equal bytes."""
    reference = None if model.reference is None else _part(model.reference)
    unseen = np.asarray(model.unseen, dtype="<f8").tobytes()
    baseline = tuple(map(float, model.baseline.values))
    kept = _Kept(_part(model), reference, model.features, model.summary, baseline, unseen)
    return msgspec.json.encode(kept, order="deterministic")


def restore(content: bytes) -> FittedModel:
    """The model that `dump` was given; it predicts the same to the last bit.

    Raises:
        ModelError: bytes that are not a kept model.
    """
    try:
        kept = msgspec.json.decode(content, type=_Kept)
    except msgspec.MsgspecError as bad:
        raise ModelError(f"a kept model cannot be read: {bad}", mend="run again with --fresh") from bad
    reference = None if kept.reference is None else _whole(kept.reference, kept.summary)
    model = _whole(kept.model, kept.summary)
    return FittedModel(
        encoder=model.encoder,
        estimator=model.estimator,
        calibrator=model.calibrator,
        features=kept.features,
        summary=kept.summary,
        baseline=Constant(np.array(kept.baseline)),
        reference=reference,
        unseen=np.frombuffer(kept.unseen, dtype="<f8"),
    )


def _part(model: Fitted) -> _Fitted:
    return _Fitted(model.encoder, model.estimator.kept(), model.calibrator)


def _whole(part: _Fitted, summary: FitSummary) -> Fitted:
    return Fitted(part.encoder, restored(part.estimator, summary.task), part.calibrator)
