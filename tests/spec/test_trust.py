"""A project from elsewhere reads inside its folder alone, until a person has seen what else it names."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from treadle.api.operation import Context
from treadle.api.project import TrustRequest, trust
from treadle.drafting.found import Trusted
from treadle.errors import DataError, SpecError
from treadle.principal import person
from treadle.sources import read
from treadle.spec import Project, load, trusted

TEXT = """\
project: shop
brief: {{people: {{owner: ada}}}}
sources:
  orders: {{read: "{read}", key: id{contract}}}
predict: {{name: y, each: orders, label: paid}}
{more}
"""
ROWS = "id,paid\n1,1\n2,0\n"


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "state"))
    return tmp_path / "state" / "trusted.json"


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Files that lie outside the project."""
    made = tmp_path / "shared"
    made.mkdir()
    for name in ("orders.csv", "more.csv", "c.yaml"):
        (made / name).write_text(ROWS)
    return made


@pytest.fixture
def folder(tmp_path: Path, shared: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    (made / "inside.csv").write_text(ROWS)
    (made / "link.csv").symlink_to(shared / "orders.csv")
    (made / "way").symlink_to(shared)
    return made


def write(folder: Path, read: str = "inside.csv", contract: str = "", more: str = "") -> None:
    contract = f', contract: "{contract}"' if contract else ""
    (folder / "treadle.yaml").write_text(TEXT.format(read=read, contract=contract, more=more))


def rows(project: Project) -> int:
    return read(project.spec.sources["orders"], project.root)[1].collect().height


def grant(folder: Path, *, revoke: bool = False) -> Trusted:
    return trust(TrustRequest(project=str(folder), revoke=revoke), Context(person("ada")))


OUTSIDE = ["{shared}/orders.csv", "../shared/orders.csv", "link.csv", "way/orders.csv", "way/*.csv", "../shared/*.csv",
           "/etc/passwd", "../nowhere.csv", "sub/../../shared/orders.csv"]  # fmt: skip


@pytest.mark.parametrize("written", OUTSIDE)
def test_a_source_outside_is_refused_at_load_and_at_reading(folder: Path, shared: Path, written: str) -> None:
    write(folder, written.format(shared=shared))
    with pytest.raises(SpecError) as caught:
        load(folder)
    assert caught.value.where.startswith("treadle.yaml:4:12: sources.orders.read")
    assert "outside the project folder" in caught.value.what
    assert f"treadle trust {folder}" in caught.value.mend
    from treadle.spec import Source

    with pytest.raises(DataError, match=r"outside the project folder|there is no"):
        read(Source(read=written.format(shared=shared), format="csv"), folder)


def test_a_contract_and_prices_outside_are_refused_too(folder: Path) -> None:
    write(folder, contract="../shared/c.yaml", more="prices: /etc/hostname")
    with pytest.raises(SpecError) as caught:
        load(folder)
    assert "../shared/c.yaml lies outside" in caught.value.what and "/etc/hostname lies outside" in caught.value.what


def test_a_project_file_that_is_a_link_out_of_its_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    write(folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "treadle.yaml").symlink_to(folder / "treadle.yaml")
    with pytest.raises(SpecError, match="a link out of its folder"):
        load(other)
    assert load(other / "treadle.yaml").root == folder, "a file that the user names is the user's own word"
    (tmp_path / "way").symlink_to(folder)
    assert load(tmp_path / "way").root == folder


def test_inside_needs_no_trust_also_by_a_link(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "again.csv").symlink_to(folder / "inside.csv")
    for written in ("inside.csv", "./inside.csv", "data/../inside.csv", "data/again.csv", "data/*.csv"):
        write(folder, written)
        assert rows(load(folder)) == 2, written


@pytest.mark.parametrize(
    "written", ["{shared}/orders.csv", "../shared/orders.csv", "link.csv", "way/orders.csv", "way/*.csv"]
)
def test_what_was_trusted_is_read_until_it_is_taken_back(folder: Path, shared: Path, kept: Path, written: str) -> None:
    write(folder, written.format(shared=shared))
    answer = grant(folder)
    assert answer.trusted and len(answer.places) == 1 and str(shared) in answer.places[0]
    assert rows(load(folder)) == (4 if "*" in written else 2)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not grant(folder, revoke=True).trusted
    with pytest.raises(SpecError, match="treadle trust"):
        load(folder)


def test_trust_is_taken_back_from_a_project_that_cannot_be_read(folder: Path) -> None:
    write(folder, "../shared/orders.csv")
    grant(folder)
    (folder / "treadle.yaml").write_text("nonsense")
    assert not grant(folder, revoke=True).trusted
    with pytest.raises(SpecError, match="not trusted"):
        grant(folder, revoke=True)


def test_an_edit_that_names_another_place_needs_a_new_word(folder: Path) -> None:
    write(folder, "../shared/orders.csv")
    grant(folder)
    write(folder, "../shared/more.csv")
    with pytest.raises(SpecError, match=r"more\.csv lies outside"):
        load(folder)


def test_a_link_that_is_turned_elsewhere_is_not_followed(folder: Path, shared: Path) -> None:
    write(folder, "link.csv")
    grant(folder)
    project = load(folder)
    (folder / "link.csv").unlink()
    (folder / "link.csv").symlink_to(shared / "more.csv")
    with pytest.raises(DataError, match="outside the project folder"):
        rows(project)


def test_a_pattern_lets_in_new_files_of_its_folder_and_no_link_out_of_it(folder: Path, shared: Path) -> None:
    write(folder, "../shared/*.csv")
    grant(folder)
    (shared / "new.csv").write_text(ROWS)
    assert rows(load(folder)) == 6
    (shared / "passwords.csv").symlink_to("/etc/passwd")
    with pytest.raises(SpecError, match="/etc/passwd"):
        load(folder)


def test_a_copy_of_a_trusted_project_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    write(folder, "../shared/orders.csv")
    grant(folder)
    copy = tmp_path / "copy"
    copy.mkdir()
    write(copy, "../shared/orders.csv")
    with pytest.raises(SpecError, match="treadle trust"):
        load(copy)


def test_functions_are_trusted_as_they_were_seen(folder: Path) -> None:
    write(folder)
    (folder / "functions.py").write_text("a = 1\n")
    project = load(folder)
    assert not trusted(project)
    assert grant(folder).functions == str(folder / "functions.py")
    assert trusted(project)
    (folder / "functions.py").write_text("a = 2\n")
    assert not trusted(project)


def test_a_damaged_list_trusts_nobody_and_says_so(folder: Path, kept: Path) -> None:
    write(folder, "../shared/orders.csv")
    grant(folder)
    kept.write_text("{")
    with pytest.raises(SpecError, match="list of trusted projects"):
        load(folder)
