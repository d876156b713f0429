"""The shop of `tests/exploring`, with its snapshots, a colder place and prices."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "exploring"))
sys.path.insert(0, str(Path(__file__).parents[1] / "plans"))
sys.path.insert(0, str(Path(__file__).parents[1] / "upkeep"))

from kept_shop import opened, write_shop
from test_measured_workload import HEADER

from treadle.pricing import import_figures
from treadle.workspace import Workspace

PRICES = (
    "storage,acme,eu,,0.020,GB-month,USD,2024-05-01,acme on hot,,,hot\n"
    "storage,acme,eu,,0.010,GB-month,USD,2024-05-01,acme on cool,,,cool\n"
    "retrieval,acme,eu,,0.010,GB,USD,2024-05-01,acme on reading back,,,cool\n"
)


@pytest.fixture
def cool(tmp_path: Path) -> Path:
    found = tmp_path / "cool"
    found.mkdir()
    return found


@pytest.fixture
def workspace(tmp_path: Path, cool: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """Nothing is kept yet but prices."""
    shop = write_shop(tmp_path / "shop")
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "home"))
    opened(shop).chain.engine.dispose()
    (tmp_path / "home" / "settings.yaml").write_text(f"tiers: {{vendor: acme, region: eu, cool: 'file://{cool}'}}\n")
    found = opened(shop)
    file = tmp_path / "prices.csv"
    file.write_text(HEADER + PRICES)
    import_figures(found.chain, found.blobs, "shop", str(file))
    yield found
    found.chain.engine.dispose()
