"""The shop of `tests/exploring`, with its snapshots and a load."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "exploring"))

from kept_shop import opened, write_shop

from treadle.workspace import Workspace


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture
def workspace(shop: Path) -> Iterator[Workspace]:
    """Nothing is kept yet."""
    found = opened(shop)
    yield found
    found.chain.engine.dispose()


sys.path[1:1] = [str(Path(__file__).parents[1] / room) for room in ("stages", "knowledge")]
