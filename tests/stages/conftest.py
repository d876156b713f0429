"""The small shop, and a run of it at a given time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from shop import NEWEST, write_shop

from treadle.loop import RunResult, run
from treadle.workspace import Workspace, new_run, open_workspace

Runs = Callable[..., RunResult]


def opened(folder: Path, now: datetime = NEWEST + timedelta(hours=1), **options: object) -> Workspace:
    workspace = open_workspace(folder, "run", run=new_run(), **options)
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: now))


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
