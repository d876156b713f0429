"""Elo ratings by the package bencheval, in its own environment: errors as JSON in, ratings as JSON out.

Run as a script (`python elo.py`): it needs nothing of this checkout. The intervals are bencheval's, by drawing sets.
"""

from __future__ import annotations

import json
import sys

ROUNDS = 1000


def main() -> None:
    import pandas as pd
    from bencheval.evaluator import BenchmarkEvaluator

    errors = pd.DataFrame(json.load(sys.stdin))
    judge = BenchmarkEvaluator(seed_column="seed", columns_to_agg_extra=None)
    board = judge.leaderboard(errors, metrics=["elo"], elo_kwargs={"BOOTSTRAP_ROUNDS": ROUNDS})
    ratings = [
        {"system": name, "elo": row["elo"], "low": row["elo"] - row["elo-"], "high": row["elo"] + row["elo+"]}
        for name, row in board.iterrows()
    ]
    json.dump(ratings, sys.stdout)


if __name__ == "__main__":
    main()
