"""A workspace is for its owner alone, whatever the umask, or for a group that it was made for."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path

import pytest

from treadle.api import Context
from treadle.api.project import InitRequest, init
from treadle.api.work import RunRequest, run
from treadle.errors import SpecError
from treadle.workspace import home


@pytest.fixture(autouse=True)
def careless() -> None:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    lines = ["amount,back", *(f"{n * 37 % 101},{'yes' if n * 37 % 101 > 60 else 'no'}" for n in range(200))]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(place.lstat().st_mode) & 0o777 for place in (root, *root.rglob("*"))}


def begin(tmp_path: Path, table: Path, **more: str) -> Path:
    folder = tmp_path / "shop"
    init(InitRequest(folder=str(folder), source=str(table), target="back", owner="ada", **more), Context())
    text = (folder / "treadle.yaml").read_text(encoding="utf-8")
    (folder / "treadle.yaml").write_text(text.replace("search: bayesian", "search: none"), encoding="utf-8")
    run(RunRequest(project=str(folder)), Context())
    return home(folder)


def test_nobody_else_can_read_what_is_kept(tmp_path: Path, table: Path) -> None:
    root = begin(tmp_path, table)
    found = modes(root)
    assert found <= {0o700, 0o600}, sorted(map(oct, found))
    assert (root / "keys" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_a_workspace_that_others_could_enter_is_closed_when_it_is_opened(tmp_path: Path, table: Path) -> None:
    root = begin(tmp_path, table)
    root.chmod(0o755)
    run(RunRequest(project=str(root.parent)), Context())
    assert root.stat().st_mode & 0o777 == 0o700


def test_a_group_may_share_it_and_nobody_else(tmp_path: Path, table: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    root = begin(tmp_path, table, shared=group)
    assert stat.S_IMODE(root.stat().st_mode) == 0o2770
    found = modes(root)
    assert found <= {0o770, 0o660}, sorted(map(oct, found))
    assert {place.stat().st_gid for place in root.rglob("*")} == {os.getgid()}


def test_a_group_that_is_not_there_is_told(tmp_path: Path, table: Path) -> None:
    with pytest.raises(SpecError, match="no group 'nobody-here'"):
        begin(tmp_path, table, shared="nobody-here")
