"""An `init` that refuses leaves nothing behind, so that the corrected command begins the project."""

from __future__ import annotations

import grp
import os
from pathlib import Path

import pytest
from msgspec import structs

from treadle.drafting.drafts import Wanted
from treadle.drafting.writing import write_project
from treadle.errors import SpecError


@pytest.fixture(autouse=True)
def its_own_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TREADLE_HOME", raising=False)


@pytest.fixture
def wanted(tmp_path: Path) -> Wanted:
    data = tmp_path / "given.csv"
    data.write_text("amount,back\n" + "".join(f"{n * 37 % 101},{'yes' if n % 3 else 'no'}\n" for n in range(60)))
    return Wanted(folder=str(tmp_path / "new" / "shop"), source=str(data), target="back", owner="ada")


def with_(wanted: Wanted, **more: str) -> Wanted:
    return structs.replace(wanted, **more)


def test_a_group_that_is_not_there_leaves_nothing(wanted: Wanted, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no group 'nosuchgroup'"):
        write_project(with_(wanted, shared="nosuchgroup"))
    assert not (tmp_path / "new").exists()
    assert write_project(wanted).project == "shop"


def test_a_group_that_one_is_not_in_leaves_nothing(
    wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setattr(os, "getegid", lambda: 4321)
    monkeypatch.setattr(os, "getgroups", lambda: [4321])
    with pytest.raises(SpecError, match="you are no member of 'root'"):
        write_project(with_(wanted, shared="root"))
    assert not (tmp_path / "new").exists()


def test_a_list_of_trust_that_cannot_be_read_leaves_nothing(
    wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "trusted.json").write_text("[broken")
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "trust"))
    with pytest.raises(SpecError, match="list of trusted projects cannot be read"):
        write_project(wanted)
    assert not (tmp_path / "new").exists()
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "another"))
    assert write_project(wanted).project == "shop"


@pytest.mark.parametrize("step", ["propose", "load_untrusted", "share", "trust"])
def test_whatever_step_fails_what_was_written_is_taken_back(
    wanted: Wanted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    place = {"propose": "treadle.contracts", "load_untrusted": "treadle.spec", "share": "treadle.keeping"}
    place["trust"] = "treadle.spec.trust"

    def fails(*_: object) -> None:
        raise SpecError("failed")

    folder = Path(wanted.folder)
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setattr(f"{place[step]}.{step}", fails)
    asked = with_(wanted, shared=grp.getgrgid(os.getgid()).gr_name) if step == "share" else wanted
    with pytest.raises(SpecError, match="failed"):
        write_project(asked)
    assert [file.name for file in folder.rglob("*")] == ["notes.txt"], "what stood there before stands"
    assert Path(wanted.source).is_file()
    monkeypatch.undo()
    monkeypatch.delenv("TREADLE_HOME", raising=False)
    assert write_project(asked).project == "shop"


def test_a_table_that_lies_in_the_new_project_is_never_taken_back(
    wanted: Wanted, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Path(wanted.folder) / "data" / "shop.csv"
    own.parent.mkdir(parents=True)
    own.write_bytes(Path(wanted.source).read_bytes())

    def fails(*_: object) -> None:
        raise SpecError("failed")

    monkeypatch.setattr("treadle.spec.load_untrusted", fails)
    with pytest.raises(SpecError, match="failed"):
        write_project(Wanted(wanted.folder, str(own), "back", owner="ada"))
    assert own.is_file() and [p.name for p in Path(wanted.folder).iterdir()] == ["data"]


def test_what_a_killed_one_copied_does_not_stand_in_the_way_and_other_bytes_do(wanted: Wanted, tmp_path: Path) -> None:
    copied = tmp_path / "new" / "shop" / "data" / "shop.csv"
    copied.parent.mkdir(parents=True)
    copied.write_text("amount,back\n1,yes\n")
    with pytest.raises(SpecError, match="there is a file here already"):
        write_project(wanted)
    assert copied.read_text() == "amount,back\n1,yes\n"
    copied.write_bytes(Path(wanted.source).read_bytes())
    assert write_project(wanted).project == "shop"
