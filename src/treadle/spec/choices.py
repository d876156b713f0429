"""Words that a project file chooses from where the lists are long: metrics and families of models.

They stand here, as plain words, so that a file is checked without importing what computes them. The rooms that
fulfil them (training) read the same lists.
"""

from __future__ import annotations

from typing import Annotated, Literal

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
MULTICLASS = ("log_loss", "accuracy", "balanced_accuracy", "f1", "roc_auc")
COUNTS = ("poisson_deviance", *REGRESSION)
QUANTILES = ("pinball", "coverage", "width")
TOLD_ONLY = frozenset({"coverage", "width"})
"""Metrics that say half of how good a model is: gates may name them, and nothing is chosen by them."""
KINDS = ("classification", "multiclass", "regression", "counts", "quantiles")
METRICS = {
    "classification": CLASSIFICATION,
    "multiclass": MULTICLASS,
    "regression": REGRESSION,
    "counts": COUNTS,
    "quantiles": QUANTILES,
}
View = Literal["decisions", "classes", "numbers", "spread"]
"""What there is to see of predictions: decisions by a threshold, classes taken for one another, numbers, or how often
the truth lies below each of several numbers."""
LABEL_TYPES = {
    "classification": ("bool", "int", "float"),
    "multiclass": ("str", "int", "bool"),
    "regression": ("int", "float"),
    "counts": ("int", "float"),
    "quantiles": ("int", "float"),
}
"""What the label's expression may be, by kind."""
DECIDES = frozenset({"classification"})
"""Kinds that are acted on from a threshold, so that mistakes have costs."""
COUNTED = frozenset({"counts"})
"""Kinds whose labels count something, over an exposure where one is named."""
NAMED = frozenset({"multiclass"})
"""Kinds whose labels are names, and kept as text."""
LEVELLED = frozenset({"quantiles"})
"""Kinds that are told by levels: how much of what can come lies below each number."""
USUAL_LEVELS = (0.1, 0.5, 0.9)
"""Where the project names none."""
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "rmse", "mae", "mse", "poisson_deviance", "pinball", "width"})
RANGES: dict[str, tuple[float, float]] = {
    **{name: (0.0, 1.0) for name in CLASSIFICATION if name != "log_loss"},
    **dict.fromkeys(("log_loss", "rmse", "mae", "mse", "poisson_deviance", "pinball", "width"), (0.0, float("inf"))),
    "r2": (float("-inf"), 1.0),
    "coverage": (0.0, 1.0),
}
"""Between which values a metric lies: a gate outside can never hold, or never fail."""
FAMILIES = (
    "linear",
    "lightgbm",
    "additive",
    "extra_trees",
    "random_forest",
    "mlp",
    "embeddings",
    "bayes",
    "neighbours",
    "catboost",
    "xgboost",
)
FAMILY_ALIASES = {
    "logistic": "linear",
    "ridge": "linear",
    "gradient_boosting": "lightgbm",
    "gam": "additive",
    "neural_network": "mlp",
    "naive_bayes": "bayes",
    "knn": "neighbours",
}

Metric = Annotated[
    str,
    Meta(title="metric", extra_json_schema={"enum": [*CLASSIFICATION, *REGRESSION, "poisson_deviance", *QUANTILES]}),
]
Family = Annotated[
    str,
    Meta(
        title="family of models",
        extra_json_schema={"enum": [*FAMILIES, *FAMILY_ALIASES]},
        extra={"entry_points": "treadle.families"},
    ),
]
"""Also those that installed packages bring by the entry point; the published schema cannot know them."""
Refit = Literal["training", "all"]
"""The rows that the model for release is fitted on; it is judged as fitted on the training rows in either case."""
