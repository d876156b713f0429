"""The small shop, and a run of it at a given time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stage_shop import edit, opened, write_shop

from treadle.loop import RunResult, run
from treadle.sources import parts

Runs = Callable[..., RunResult]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture
def runs(shop: Path) -> Runs:
    """Run the shop; an hour after its newest row, if not told otherwise."""

    def go(**options: object) -> RunResult:
        workspace = opened(shop, **options)
        try:
            return run(workspace)
        finally:
            workspace.chain.engine.dispose()

    return go


@pytest.fixture
def large(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop with its orders in Parquet, in row groups of 64, cut into parts of some 50 rows."""
    pl.read_csv(shop / "orders.csv", try_parse_dates=True).write_parquet(shop / "orders.parquet", row_group_size=64)
    edit(shop, "orders.csv", "orders.parquet")
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 50 * 50)
    return shop
