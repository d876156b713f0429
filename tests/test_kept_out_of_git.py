"""Git takes nothing of a workspace along, and where it has the signing key already, that is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from treadle.api import Context
from treadle.api.project import CheckRequest, InitRequest, TrustRequest, check, init, trust
from treadle.keeping import begins_anew, home, key_file, key_in_git, signing_key
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import open_workspace

ADA = Context(person("ada"))


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "orders.csv").write_text("amount,back\n" + "".join(f"{n},{n > 20}\n" for n in range(40)), "utf-8")
    folder = tmp_path / "shop"
    init(InitRequest(folder=str(folder), source=str(tmp_path / "orders.csv"), target="back", owner="ada"), ADA)
    return folder


def added(folder: Path) -> list[str]:
    git(folder, "add", "-A")
    return [name for name in git(folder, "ls-files").splitlines() if ".treadle" in name]


def test_whoever_adds_everything_adds_no_key_and_no_catalog(shop: Path) -> None:
    open_workspace(load(shop), actor="ada")
    assert (home(shop) / ".gitignore").read_text("ascii") == "*\n"
    assert added(shop) == []
    assert key_in_git(shop) == "" and "Git" not in str(check(CheckRequest(project=str(shop)), ADA).warnings)


def test_a_workspace_that_stands_without_it_gets_it_when_it_is_opened_to_write(shop: Path) -> None:
    open_workspace(load(shop), actor="ada")
    ignored = home(shop) / ".gitignore"
    ignored.unlink()
    open_workspace(load(shop), actor="ada", reading=True)
    assert not ignored.exists()
    open_workspace(load(shop), actor="ada")
    assert ignored.exists()
    ignored.write_text("# by hand\n", "ascii")
    open_workspace(load(shop), actor="ada")
    assert ignored.read_text("ascii") == "# by hand\n"


def test_a_key_that_git_has_is_told_until_it_is_out_and_a_new_one_is_made(shop: Path) -> None:
    open_workspace(load(shop), actor="ada")
    git(shop, "add", "-f", ".treadle/keys/signing.key")
    (said,) = (each for each in check(CheckRequest(project=str(shop)), ADA).warnings if "Git has" in each)
    assert f"git rm -r --cached {home(shop)}" in said and f"treadle trust {shop}" in said
    git(shop, "rm", "-r", "--cached", "-q", str(home(shop)))
    assert key_in_git(shop) == ""
    before = signing_key(home(shop))
    (home(shop) / "keys").rename(shop.parent / "elsewhere")
    trust(TrustRequest(project=str(shop)), ADA)
    open_workspace(load(shop), actor="ada")
    assert signing_key(home(shop)) != before


def test_a_folder_that_holds_only_what_keeps_it_out_is_a_new_one(shop: Path) -> None:
    home(shop).mkdir()
    (home(shop) / ".gitignore").write_text("*\n", "ascii")
    assert begins_anew(home(shop), shop)
    open_workspace(load(shop), actor="ada")
    assert key_file(home(shop)).exists()


def test_a_folder_that_is_named_is_left_to_whoever_named_it(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_HOME", str(shop.parent / "kept"))
    open_workspace(load(shop), actor="ada")
    monkeypatch.delenv("TREADLE_HOME")
    open_workspace(load(shop), actor="ada", kept_in=shop.parent / "of a caller")
    for name in ("kept", "of a caller"):
        assert key_file(shop.parent / name).exists() and not (shop.parent / name / ".gitignore").exists()
