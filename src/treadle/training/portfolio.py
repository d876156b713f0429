"""Settings that are tried first, in the order in which they are most likely to help: any cut of it is a good prefix.

Learned (`benchmarks/automl/learn.py`, 2026-11-28) from 57 candidates, each tried on at most 6,000 training rows of 16
public sets, by forward folds where rows have an order in time and by drawn ones where not: next comes what lowers the
mean regret of the best three together most for its cost (Feurer et al. 2022, "Auto-sklearn 2.0"). The candidates are
published strong defaults (AutoGluon 1.6's portfolio; Holzmueller et al. 2024, "Better by default") and draws of each
family. The first is LightGBM much as it comes: it is soon fitted, and nothing found later may be worse.
On a set that an order was learned without, its first six leave 0.10 of the way from the best candidate to the median of
all, and its first twelve nothing.
"""

from __future__ import annotations

from treadle.training.families import Family, Params

LEARNED: tuple[tuple[str, Params], ...] = (
    ("lightgbm", {"leaves": 31, "rate": 0.1, "columns": 1.0, "rows": 1.0, "least_rows": 20, "l2": 0.01,
                 "text": "native"}),
    ("linear", {"c": 0.046, "features": "trend"}),
    ("lightgbm", {"leaves": 8, "rate": 0.06, "columns": 0.45, "rows": 0.75, "least_rows": 15, "l2": 1.0}),
    ("lightgbm", {"leaves": 64, "rate": 0.04, "columns": 0.4, "rows": 0.95, "least_rows": 12, "l1": 0.5, "l2": 1.5,
                 "extra_trees": True, "features": "pairs"}),
    ("lightgbm", {"leaves": 4, "rate": 0.13, "least_rows": 525, "columns": 0.26, "rows": 0.65, "l1": 1.7, "l2": 11.0,
                 "extra_trees": True, "features": "trend"}),
    ("lightgbm", {"leaves": 21, "rate": 0.026, "least_rows": 7, "columns": 0.68, "rows": 0.43, "l1": 1.1, "l2": 2.2,
                 "extra_trees": True, "text": "native"}),
    ("xgboost", {"leaves": 41, "rate": 0.066, "least_weight": 6.2, "columns": 0.98, "rows": 0.62, "l1": 0.0063,
                "l2": 0.014, "features": "trend"}),
    ("xgboost", {"leaves": 6, "rate": 0.097, "least_weight": 0.57, "columns": 0.69, "rows": 0.66, "l1": 0.017,
                "l2": 0.016, "features": "pairs"}),
    ("catboost", {"depth": 6, "rate": 0.12, "l2": 4.7, "columns": 0.98, "chance": 0.54, "features": "calendar"}),
    ("lightgbm", {"leaves": 64, "rate": 0.08, "rows": 0.8, "features": "pairs"}),
    ("mlp", {"width": 47, "depth": 3, "rate": 0.0062, "decay": 0.00014, "dropout": 0.32, "features": "calendar",
            "numbers": "scaled"}),
    ("linear", {"c": 1.0}),
    ("extra_trees", {}),
    ("catboost", {"rate": 0.1, "features": "pairs"}),
    ("lightgbm", {"leaves": 100, "rate": 0.04, "columns": 0.5, "rows": 0.95, "least_rows": 3, "l2": 0.85,
                 "text": "native"}),
    ("mlp", {"width": 256, "depth": 1, "rate": 0.01}),
    ("catboost", {"depth": 3, "rate": 0.18, "l2": 0.96, "columns": 0.71, "chance": 0.73, "features": "trend"}),
    ("xgboost", {}),
    ("lightgbm", {"leaves": 16, "rate": 0.04, "columns": 0.58, "rows": 0.96, "least_rows": 1, "l1": 0.94, "l2": 1.0}),
    ("catboost", {}),
)  # fmt: skip
STATED: tuple[tuple[str, Params], ...] = (
    ("lightgbm", {"text": "native"}),
    ("lightgbm", {"recent": "fifth"}),
    ("mlp", {"width": 256, "depth": 2, "rate": 0.005, "numbers": "scaled"}),
    ("mlp", {}),
    ("lightgbm", {"leaves": 31, "rate": 0.05, "columns": 0.4, "rows": 0.9, "least_rows": 10, "l2": 1.0,
                 "features": "pairs"}),
    ("linear", {"c": 0.01}),
    ("linear", {}),
    ("lightgbm", {"leaves": 40, "rate": 0.03, "columns": 0.46, "rows": 0.88, "least_rows": 3, "l1": 0.24, "l2": 0.36,
                 "extra_trees": True}),
    ("lightgbm", {"leaves": 64, "rate": 0.05, "columns": 0.55, "rows": 0.95, "least_rows": 28, "l1": 0.9, "l2": 1.9,
                 "extra_trees": True, "text": "native"}),
    ("lightgbm", {"leaves": 180, "rate": 0.03, "columns": 0.4, "rows": 0.95, "least_rows": 12, "l1": 0.77, "l2": 1.6,
                 "extra_trees": True}),
    ("mlp", {"width": 256, "depth": 2, "rate": 0.01, "dropout": 0.2}),
)  # fmt: skip
"""By hand: what some tables want and the order above, which ends where the mean gains no more, leaves out."""
PORTFOLIO = LEARNED + STATED
MANY_CLASSES = 8
"""Of so many classes a family that grows trees for each takes long: after its first settings the others come."""
PATIENCE = ((400, 6), (2_500, 15), (10_000, 40), (100_000, 100))
"""After so many trials without gain the search ends, by rows: few rows are soon learned by heart."""


def portfolio(chosen: list[Family]) -> list[tuple[Family, Params]]:
    """The settings of `chosen` families in order; a family of which it has none comes with its defaults."""
    by_name = {family.name: family for family in chosen}
    listed = [(by_name[name], by_name[name].defaults() | own) for name, own in PORTFOLIO if name in by_name]
    told = {name for name, _ in PORTFOLIO}
    found = [*listed, *((family, family.defaults()) for family in chosen if family.name not in told)]
    many = bool(chosen) and chosen[0].task.outputs >= MANY_CLASSES
    # the first stays the first: of 26 letters nothing else came near it in a minute
    return found[:1] + sorted(found[1:], key=lambda entry: entry[0].class_by_class) if many else found


def patience(rows: int) -> int:
    return next((trials for most, trials in PATIENCE if rows <= most), 10**6)
