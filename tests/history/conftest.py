"""A shop with a view, a lookup, windows and one released version."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "serving"))

import served_shop

from treadle.spec import load
from treadle.workspace import Workspace, open_workspace


@pytest.fixture(scope="session")
def told_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be changed."""
    folder = tmp_path_factory.mktemp("told") / "shop"
    served_shop.write_shop(folder)
    served_shop.release(folder, served_shop.train(folder))
    return folder


@pytest.fixture
def told(told_shop: Path) -> Iterator[Workspace]:
    workspace = open_workspace(load(told_shop), actor="ada")
    yield workspace
    workspace.chain.engine.dispose()
