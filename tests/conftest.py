"""Fixtures that several rooms' tests share.

Property tests draw the same examples each time; `HYPOTHESIS=explore make test` looks for new ones.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from treadle.evidence import Chain
from treadle.store.catalog import open_catalog

_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, database=None, **_PATIENT)
settings.register_profile("explore", **_PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS", "same"))
os.environ["TREADLE_TRUST"] = tempfile.mkdtemp(prefix="treadle-trust-")
"""Also for commands that tests start: no test reads or writes what this account trusts."""


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """A chain in a fresh SQLite catalog."""
    engine = open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield Chain(engine=engine, actor="ada", run="run1", head_file=tmp_path / "catalog.head")
    engine.dispose()
