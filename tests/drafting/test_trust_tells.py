"""`treadle trust` names where a project's settings send its data, without their passwords."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from treadle.drafting.trusting import trust_project

CREDIT = Path(__file__).parents[2] / "examples" / "credit"
SETTINGS = """\
catalog: postgresql://u:s3cret@db.example.org/treadle
state: redis://:${CACHE_WORD}@cache.example.org:6379/0
"""


def test_the_database_and_the_cache_of_the_settings_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    monkeypatch.delenv("TREADLE_HOME", raising=False)
    monkeypatch.setenv("CACHE_WORD", "s3cret")
    folder = tmp_path / "credit"
    shutil.copytree(CREDIT, folder, ignore=shutil.ignore_patterns(".treadle", "data"))
    assert trust_project(str(folder)).sent == []
    (folder / ".treadle").mkdir()
    (folder / ".treadle" / "settings.yaml").write_text(SETTINGS)
    catalog, state = trust_project(str(folder)).sent
    assert catalog.startswith("settings.yaml:1:") and "db.example.org" in catalog and "s3cret" not in catalog
    assert state.startswith("settings.yaml:2:") and "cache.example.org:6379" in state and "s3cret" not in state
    monkeypatch.delenv("CACHE_WORD")
    (told,) = trust_project(str(folder)).sent
    assert "CACHE_WORD" in told
