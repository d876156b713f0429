"""Settings that are tried first, in the order in which they are most likely to help: any cut of it is a good prefix.

Values follow what is published of strong defaults: low rates, four to six tenths of the columns, extra trees in half
of the boosters (AutoGluon 1.6's portfolio; Holzmüller et al. 2024, "Better by default"), and a linear path.
"""

from __future__ import annotations

from treadle.training.families import Family, Params

PORTFOLIO: tuple[tuple[str, Params], ...] = (
    ("lightgbm", {}),
    ("linear", {}),
    ("lightgbm", {"text": "native"}),
    ("lightgbm", {"leaves": 31, "rate": 0.1, "columns": 1.0, "rows": 1.0, "least_rows": 20, "l2": 0.01,
                  "text": "native"}),
    ("lightgbm", {"features": "calendar"}),
    ("lightgbm", {"features": "trend"}),
    ("linear", {"features": "trend", "c": 1.0}),
    ("lightgbm", {"leaves": 64, "rate": 0.05, "columns": 0.55, "rows": 0.95, "least_rows": 28, "l1": 0.9, "l2": 1.9,
                  "extra_trees": True, "text": "native"}),
    ("lightgbm", {"leaves": 31, "rate": 0.05, "columns": 0.4, "rows": 0.9, "least_rows": 10, "l2": 1.0,
                  "features": "pairs"}),
    ("lightgbm", {"leaves": 8, "rate": 0.06, "columns": 0.45, "rows": 0.75, "least_rows": 15, "l2": 1.0}),
    ("lightgbm", {"leaves": 100, "rate": 0.04, "columns": 0.5, "rows": 0.95, "least_rows": 3, "l2": 0.85,
                  "text": "native"}),
    ("linear", {"c": 1.0}),
    ("lightgbm", {"leaves": 40, "rate": 0.03, "columns": 0.46, "rows": 0.88, "least_rows": 3, "l1": 0.24, "l2": 0.36,
                  "extra_trees": True}),
    ("lightgbm", {"recent": "fifth"}),
    ("linear", {"c": 0.01}),
    ("lightgbm", {"leaves": 64, "rate": 0.04, "columns": 0.4, "rows": 0.95, "least_rows": 12, "l1": 0.5, "l2": 1.5,
                  "extra_trees": True, "features": "pairs"}),
    ("lightgbm", {"leaves": 16, "rate": 0.04, "columns": 0.58, "rows": 0.96, "least_rows": 1, "l1": 0.94, "l2": 1.0}),
    ("lightgbm", {"leaves": 180, "rate": 0.03, "columns": 0.4, "rows": 0.95, "least_rows": 12, "l1": 0.77, "l2": 1.6,
                  "extra_trees": True}),
)  # fmt: skip
PATIENCE = ((400, 6), (2_500, 15), (10_000, 40), (100_000, 100))
"""After so many trials without gain the search ends, by rows: few rows are soon learned by heart."""


def portfolio(chosen: list[Family]) -> list[tuple[Family, Params]]:
    """The settings of `chosen` families in order; a family of which it has none comes with its defaults."""
    by_name = {family.name: family for family in chosen}
    listed = [(by_name[name], by_name[name].defaults() | own) for name, own in PORTFOLIO if name in by_name]
    told = {name for name, _ in PORTFOLIO}
    return [*listed, *((family, family.defaults()) for family in chosen if family.name not in told)]


def patience(rows: int) -> int:
    return next((trials for most, trials in PATIENCE if rows <= most), 10**6)
