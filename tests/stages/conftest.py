"""The small shop, and a run of it at a given time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stage_shop import opened, write_shop

from treadle.loop import RunResult, run

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
