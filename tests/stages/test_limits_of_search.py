"""How long a search may take: by minutes, or by the money that they cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from stage_shop import edit

from treadle.loop import RunResult
from treadle.money import money
from treadle.spec import Limits
from treadle.stages.searching import LEARNING_SHARE, limit_of

Runs = Callable[..., RunResult]


@pytest.mark.parametrize(
    ("limits", "hour", "seconds"),
    [
        (Limits(), money("0.1", "EUR"), math.inf),
        (Limits(train_minutes=5), None, 300 * LEARNING_SHARE),
        (Limits(train_minutes=5), money("0.1", "EUR"), 300 * LEARNING_SHARE),
        (Limits(train_cost=0.05), money("0.1", "EUR"), 1800 * LEARNING_SHARE),
        (Limits(train_cost=0.05, train_minutes=5), money("0.1", "EUR"), 300 * LEARNING_SHARE),
        (Limits(train_cost=0.001, train_minutes=5), money("0.1", "EUR"), 36 * LEARNING_SHARE),
        (Limits(train_cost=0.05), None, math.inf),
        (Limits(train_cost=0.05), money("0", "EUR"), math.inf),
    ],
)
def test_the_narrower_limit_counts(limits, hour, seconds):
    found, said = limit_of(limits, hour)
    assert found == pytest.approx(seconds)
    assert bool(said) == (limits.train_cost is not None and math.isfinite(found) and found != 300 * LEARNING_SHARE)


def test_money_ends_a_search_and_is_said(shop: Path, runs: Runs) -> None:
    edit(shop, "search: none", "search: random")
    edit(shop, "currency: EUR", "currency: USD")
    edit(shop, "  people:", "  limits: {train_cost: 0.00002}\n  people:")
    found = runs()
    assert any(note.startswith("2e-05 USD bounds the search to") for note in found.searched), found.searched
    edit(shop, "train_cost: 0.00002", "train_cost: 100")
    assert not any("bounds" in note for note in runs().searched)


def test_the_report_tells_what_a_point_cost(shop: Path, runs: Runs) -> None:
    edit(shop, "search: none", "search: random, trials: 6")
    page = Path(runs().report).read_text(encoding="utf-8")
    assert "What each step forward cost" in page and "A point, USD" in page
