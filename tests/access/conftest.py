"""A record in memory of the disk, with a clock that a test sets."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import NOW

from treadle.evidence import Chain
from treadle.store.catalog import open_catalog


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(engine=open_catalog(tmp_path / "catalog.db"), actor="ada", clock=lambda: NOW)
