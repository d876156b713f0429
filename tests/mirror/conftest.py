"""A small shop that releases by policy, run once, and one with windows and lookups."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / room) for room in ("mirror", "stages", "serving")]

import served_shop
from mirrored_shop import plain_shop

from treadle.api import Context
from treadle.api.work import RunRequest, run
from treadle.principal import person


@pytest.fixture(scope="session")
def run_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = plain_shop(tmp_path_factory.mktemp("mirrored") / "shop")
    assert run(RunRequest(project=str(folder)), Context(person("ada"))).released
    return folder


@pytest.fixture
def shop(run_once: Path, tmp_path: Path) -> Path:
    """A copy of its own."""
    return shutil.copytree(run_once, tmp_path / "shop")


@pytest.fixture(scope="session")
def windowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("windowed") / "shop"
    served_shop.write_shop(folder)
    served_shop.release(folder, served_shop.train(folder))
    return folder
