"""Settings that are tried first, in the order in which they are most likely to help: any cut of it is a good prefix.

Learned (`benchmarks/automl/learn.py`, 2026-11-28) from 47 candidates, each tried on at most 6,000 training rows of 16
public sets, by forward folds where rows have an order in time and by drawn ones where not: next comes what lowers the
mean regret of the best three together most for its cost (Feurer et al. 2022, "Auto-sklearn 2.0"). The candidates are
published strong defaults (AutoGluon 1.6's portfolio; Holzmueller et al. 2024, "Better by default") and draws of each
family. On a set that an order was learned without, its first six leave 0.13 of the way from the best candidate to the
median of all, and its first twelve nothing; those of the order by hand that stood here before 0.32 and 0.06.
"""

from __future__ import annotations

from treadle.training.families import Family, Params

PORTFOLIO: tuple[tuple[str, Params], ...] = (
    ("lightgbm", {"leaves": 8, "rate": 0.06, "columns": 0.45, "rows": 0.75, "least_rows": 15, "l2": 1.0}),
    ("linear", {"c": 0.046, "features": "trend"}),
    ("lightgbm", {"leaves": 16, "rate": 0.04, "columns": 0.58, "rows": 0.96, "least_rows": 1, "l1": 0.94, "l2": 1.0}),
    ("lightgbm", {"leaves": 6, "rate": 0.027, "least_rows": 135, "columns": 0.98, "rows": 0.52, "l1": 0.0018,
                  "l2": 0.015, "extra_trees": True, "text": "native", "features": "trend"}),
    ("lightgbm", {"leaves": 64, "rate": 0.04, "columns": 0.4, "rows": 0.95, "least_rows": 12, "l1": 0.5, "l2": 1.5,
                  "extra_trees": True, "features": "pairs"}),
    ("catboost", {}),
    ("lightgbm", {"leaves": 100, "rate": 0.04, "columns": 0.5, "rows": 0.95, "least_rows": 3, "l2": 0.85,
                  "text": "native"}),
    ("xgboost", {"leaves": 6, "rate": 0.097, "least_weight": 0.57, "columns": 0.69, "rows": 0.66, "l1": 0.017,
                  "l2": 0.016, "features": "pairs"}),
    ("linear", {"c": 1.0}),
    ("catboost", {"depth": 3, "rate": 0.18, "l2": 0.96, "columns": 0.71, "chance": 0.73, "features": "trend"}),
    ("catboost", {"depth": 6, "rate": 0.12, "l2": 4.7, "columns": 0.98, "chance": 0.54, "features": "calendar"}),
    ("extra_trees", {}),
    ("lightgbm", {"leaves": 4, "rate": 0.13, "least_rows": 525, "columns": 0.26, "rows": 0.65, "l1": 1.7, "l2": 11.0,
                  "extra_trees": True, "text": "rates", "features": "trend"}),
    ("lightgbm", {"recent": "fifth"}),
    ("mlp", {"width": 47, "depth": 3, "rate": 0.0062, "decay": 0.00014, "dropout": 0.32, "features": "calendar"}),
    ("lightgbm", {"leaves": 31, "rate": 0.1, "columns": 1.0, "rows": 1.0, "least_rows": 20, "l2": 0.01,
                  "text": "native"}),
    ("lightgbm", {"leaves": 21, "rate": 0.026, "least_rows": 7, "columns": 0.68, "rows": 0.43, "l1": 1.1, "l2": 2.2,
                  "extra_trees": True, "text": "native", "features": "plain"}),
    ("lightgbm", {"text": "native"}),
    ("lightgbm", {"leaves": 31, "rate": 0.05, "columns": 0.4, "rows": 0.9, "least_rows": 10, "l2": 1.0,
                  "features": "pairs"}),
    ("linear", {"c": 0.01}),
    ("mlp", {"width": 78, "depth": 2, "rate": 0.0024, "decay": 0.8, "dropout": 0.18, "features": "calendar"}),
    ("mlp", {"width": 54, "depth": 2, "rate": 0.00035, "decay": 0.00017, "dropout": 0.43, "features": "plain"}),
    ("linear", {}),
    ("lightgbm", {"leaves": 50, "rate": 0.054, "least_rows": 79, "columns": 0.37, "rows": 0.86, "l1": 0.92,
                  "l2": 5.0, "extra_trees": True, "text": "native", "features": "calendar"}),
    ("lightgbm", {"leaves": 182, "rate": 0.028, "least_rows": 375, "columns": 0.49, "rows": 0.83, "l1": 0.12,
                  "l2": 46.0, "extra_trees": True, "text": "native", "features": "pairs"}),
    ("lightgbm", {"leaves": 37, "rate": 0.034, "least_rows": 11, "columns": 0.77, "rows": 0.47, "l1": 0.013,
                  "l2": 35.0, "extra_trees": True, "text": "native", "features": "pairs"}),
    ("lightgbm", {"leaves": 52, "rate": 0.037, "least_rows": 59, "columns": 0.56, "rows": 0.89, "l1": 0.0084,
                  "l2": 0.012, "extra_trees": True, "text": "rates", "features": "calendar"}),
)  # fmt: skip
LARGE, SMALL_TREES = 30_000, 30
"""Of more rows than were learned from, trees of fewer leaves than this see too little: they come after larger ones."""
PATIENCE = ((400, 6), (2_500, 15), (10_000, 40), (100_000, 100))
"""After so many trials without gain the search ends, by rows: few rows are soon learned by heart."""


def portfolio(chosen: list[Family], rows: int = 0) -> list[tuple[Family, Params]]:
    """The settings of `chosen` families in order; a family of which it has none comes with its defaults."""
    by_name = {family.name: family for family in chosen}
    listed = [(by_name[name], by_name[name].defaults() | own) for name, own in PORTFOLIO if name in by_name]
    if rows > LARGE:
        trees = [place for place, (_, params) in enumerate(listed) if "leaves" in params]
        larger_first = sorted(trees, key=lambda place: listed[place][1]["leaves"] < SMALL_TREES)
        moved = [listed[place] for place in larger_first]
        for place, entry in zip(trees, moved, strict=True):
            listed[place] = entry
    told = {name for name, _ in PORTFOLIO}
    return [*listed, *((family, family.defaults()) for family in chosen if family.name not in told)]


def patience(rows: int) -> int:
    return next((trials for most, trials in PATIENCE if rows <= most), 10**6)
