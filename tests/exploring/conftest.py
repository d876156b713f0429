"""The shop with its snapshots."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kept_shop import keep, opened, orders, write_shop

from treadle.workspace import Workspace


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture
def workspace(shop: Path) -> Iterator[Workspace]:
    """Three snapshots of the orders: of the 1st, of the 2nd at noon, and of the 3rd of May 2024. None of the others."""
    found = opened(shop)
    keep(found, "orders", orders(6), datetime(2024, 5, 1, 8, tzinfo=UTC))
    keep(found, "orders", orders(8), datetime(2024, 5, 2, 12, tzinfo=UTC), aside=2)
    keep(found, "orders", orders(9), datetime(2024, 5, 3, 23, 59, tzinfo=UTC))
    yield found
    found.chain.engine.dispose()
