"""A fitted model as bytes and back, so that the steps after training can be taken up later. Data only, no pickle."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from treadle.errors import ModelError
from treadle.scoring.calibrator import Calibrator
from treadle.scoring.encoder import Encoder
from treadle.training.families import Constant, Estimator, Linear, Trees
from treadle.training.model import FitSummary, Fitted, FittedModel
from treadle.training.table import FeatureColumn


class _Linear(Struct, frozen=True, tag="linear"):
    coef: list[float]
    intercept: float
    dtype: str


class _Trees(Struct, frozen=True, tag="trees"):
    text: str
    rounds: int


class _Fitted(Struct, frozen=True):
    encoder: Encoder
    estimator: _Linear | _Trees
    calibrator: Calibrator


class _Kept(Struct, frozen=True):
    model: _Fitted
    reference: _Fitted | None
    features: tuple[FeatureColumn, ...]
    summary: FitSummary
    baseline: float
    unseen: bytes = b""
    """float32, little-endian."""


def dump(model: FittedModel) -> bytes:
    """The whole model as canonical JSON: equal models give equal bytes."""
    reference = None if model.reference is None else _part(model.reference)
    unseen = np.asarray(model.unseen, dtype="<f4").tobytes()
    kept = _Kept(_part(model), reference, model.features, model.summary, model.baseline.value, unseen)
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
    reference = None if kept.reference is None else Fitted(*_whole(kept.reference))
    encoder, estimator, calibrator = _whole(kept.model)
    return FittedModel(
        encoder=encoder,
        estimator=estimator,
        calibrator=calibrator,
        features=kept.features,
        summary=kept.summary,
        baseline=Constant(kept.baseline),
        reference=reference,
        unseen=np.frombuffer(kept.unseen, dtype="<f4"),
    )


def _part(model: Fitted) -> _Fitted:
    found: Any = model.estimator
    if isinstance(found, Linear):
        kept: _Linear | _Trees = _Linear([float(c) for c in found.coef], float(found.intercept), str(found.coef.dtype))
    else:
        kept = _Trees(found.booster.model_to_string(num_iteration=-1), int(found.rounds))
    return _Fitted(model.encoder, kept, model.calibrator)


def _whole(part: _Fitted) -> tuple[Encoder, Estimator, Calibrator]:
    found = part.estimator
    if isinstance(found, _Linear):
        return part.encoder, Linear(np.array(found.coef, dtype=found.dtype), found.intercept), part.calibrator
    from lightgbm import Booster

    return part.encoder, Trees(Booster(model_str=found.text), found.rounds), part.calibrator
