"""A reading may be killed at any moment, and the next one has each row exactly once. `make soak` does it more often."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from killed_ingest import WAYS, Ingest


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_reading_loses_and_doubles_nothing(tmp_path: Path, way: str) -> None:
    drawn = random.Random(way)
    ingest = Ingest(tmp_path / "shop", way)
    ingest.deliver(3)
    for _ in range(4):
        ingest.kill_amid(drawn.randint(1, 9), drawn.uniform(0.0, 1.5))
    assert not ingest.faults()
