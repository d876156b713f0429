"""Treadle takes a team from raw tables and event streams to a model in production, and keeps it so."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.estimators import Classifier as Classifier
    from treadle.estimators import Regressor as Regressor

__all__ = ["Classifier", "Regressor", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """The estimators are loaded when first used: they bring scikit-learn."""
    if name not in ("Classifier", "Regressor"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.estimators"), name)
