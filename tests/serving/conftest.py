"""The shop, trained once; its endpoint in this process, or as a server over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_shop import SPEC, Served, release, serving, train, write_shop

from treadle.hosting.opening import make_app, open_door
from treadle.serving import App, Endpoint
from treadle.spec import load
from treadle.workspace import Workspace, open_workspace


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project folder with shop:1 released and shop:2 waiting. Tests that change anything take `shop`, a copy."""
    folder = tmp_path_factory.mktemp("serving") / "shop"
    write_shop(folder)
    release(folder, train(folder))
    spec = folder / "treadle.yaml"
    # another customer table: the second version has an online state of its own
    customers = (folder / "customers.csv").read_text(encoding="utf-8")
    (folder / "customers.csv").write_text(customers.replace(",a,", ",z,"), encoding="utf-8")
    spec.write_text(SPEC.replace("SEED", "4"), encoding="utf-8")
    assert train(folder) == "shop:2"
    return folder


@pytest.fixture
def shop(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "shop")


@pytest.fixture
def workspace(shop: Path) -> Workspace:
    return open_workspace(load(shop), actor="ada")


@pytest.fixture
def app(workspace: Workspace) -> Iterator[App]:
    made = make_app(workspace, open_door(workspace, "127.0.0.1"))
    yield made
    made.endpoint.close()


@pytest.fixture
def endpoint(app: App) -> Endpoint:
    return app.endpoint


@pytest.fixture(scope="session")
def served(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests that only ask."""
    with serving(shutil.copytree(trained, tmp_path_factory.mktemp("served") / "shop")) as found:
        yield found
