"""Commands name a project as it is typed from where one is."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.spec import load

PROJECT = "project: shop\npeople: {owner: ada}\nsources: {rows: {read: rows.csv}}\n"


@pytest.fixture
def below(tmp_path: Path) -> Path:
    folder = tmp_path / "our shops" / "one"
    folder.mkdir(parents=True)
    (folder / "treadle.yaml").write_text(PROJECT)
    return folder


def test_a_project_is_named_from_where_one_is(below: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = load(below)
    monkeypatch.chdir(below)
    assert project.typed == "." and project.command("run") == "treadle run ."
    monkeypatch.chdir(below.parent)
    assert project.typed == "one" and project.command("run", "elsewhere") == "treadle run elsewhere"
    monkeypatch.chdir(tmp_path)
    assert project.typed == "'our shops/one'"
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert project.typed == f"'{below}'"


def test_where_the_folder_is_gone_the_whole_path_is_told(
    below: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = load(below)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert project.typed == f"'{below}'"
    monkeypatch.chdir(tmp_path)
