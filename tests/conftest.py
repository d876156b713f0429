"""Fixtures that several rooms' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.evidence import Chain
from treadle.store.catalog import open_catalog


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A chain in a fresh SQLite catalog."""
    engine = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield Chain(engine=engine, actor="ada", run="run1", head_file=tmp_path / "catalog.head")
    engine.dispose()
