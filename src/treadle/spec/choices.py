"""Words that a project file chooses from where the lists are long: metrics and families of models.

They stand here, as plain words, so that a file is checked without importing what computes them. The rooms that
fulfil them (training) read the same lists.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

CLASSIFICATION = (
    "average_precision",
    "roc_auc",
    "log_loss",
    "brier",
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
)
REGRESSION = ("rmse", "mae", "mse", "r2")
METRICS = {"classification": CLASSIFICATION, "regression": REGRESSION}
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae", "mse"})
RANGES: dict[str, tuple[float, float]] = {
    **{name: (0.0, 1.0) for name in CLASSIFICATION if name != "log_loss"},
    **dict.fromkeys(("log_loss", "rmse", "mae", "mse"), (0.0, float("inf"))),
    "r2": (float("-inf"), 1.0),
}
"""Between which values a metric lies: a gate outside can never hold, or never fail."""
FAMILIES = ("linear", "lightgbm")
FAMILY_ALIASES = {"logistic": "linear", "ridge": "linear", "gradient_boosting": "lightgbm"}

Metric = Annotated[str, Meta(title="metric", extra_json_schema={"enum": [*CLASSIFICATION, *REGRESSION]})]
Family = Annotated[str, Meta(title="family of models", extra_json_schema={"enum": [*FAMILIES, *FAMILY_ALIASES]})]
