"""A workspace is for its owner alone, whatever the umask, or for a group that it was made for."""

from __future__ import annotations

import contextlib
import grp
import os
import shutil
import sqlite3
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from treadle.api import Context
from treadle.api.endpoint import PredictRequest, predict
from treadle.api.evidence import CostsRequest, LogRequest, VerifyRequest, costs, log, verify
from treadle.api.models import ListRequest, models_list
from treadle.api.project import CheckRequest, InitRequest, TrustRequest, check, init, trust
from treadle.api.work import RunRequest, run
from treadle.errors import SpecError
from treadle.evidence.kinds.noted import Noted
from treadle.keeping import begin as begin_folder
from treadle.keeping import begins_anew, home, record_key
from treadle.principal import person
from treadle.spec import load
from treadle.workspace import open_workspace


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


LIGHT = "families: [linear], search: none"


def modes(root: Path) -> set[int]:
    return {stat.S_IMODE(place.lstat().st_mode) & 0o777 for place in (root, *root.rglob("*"))}


def begin(tmp_path: Path, table: Path, **more: str) -> Path:
    folder = tmp_path / "shop"
    init(InitRequest(folder=str(folder), source=str(table), target="back", owner="ada", **more), Context(person("ada")))
    text = (folder / "treadle.yaml").read_text(encoding="utf-8")
    (folder / "treadle.yaml").write_text(text.replace("families: auto, search: bayesian", LIGHT), encoding="utf-8")
    run(RunRequest(project=str(folder)), Context(person("ada")))
    return home(folder)


def test_nobody_else_can_read_what_is_kept(tmp_path: Path, table: Path) -> None:
    root = begin(tmp_path, table)
    found = modes(root)
    assert found <= {0o700, 0o600}, sorted(map(oct, found))
    assert (root / "keys" / "signing.key").stat().st_mode & 0o777 == 0o600


def test_a_workspace_that_others_could_enter_is_closed_when_it_is_opened(tmp_path: Path, table: Path) -> None:
    root = begin(tmp_path, table)
    root.chmod(0o755)
    run(RunRequest(project=str(root.parent)), Context(person("ada")))
    assert root.stat().st_mode & 0o777 == 0o700


def test_a_group_may_share_it_and_nobody_else(tmp_path: Path, table: Path) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    root = begin(tmp_path, table, shared=group)
    assert stat.S_IMODE(root.stat().st_mode) == 0o2770
    found = modes(root)
    assert found <= {0o770, 0o660}, sorted(map(oct, found))
    assert {place.stat().st_gid for place in root.rglob("*")} == {os.getgid()}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_member_finds_all_that_signing_takes(tmp_path: Path, table: Path, umask: int) -> None:
    """`keys/` was r-x for the group, and the verifier key made with the first checkpoint: no member could sign."""
    os.umask(umask)
    root = begin(tmp_path, table, shared=grp.getgrgid(os.getgid()).gr_name)
    keys = root / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o2770
    assert {f.name: stat.S_IMODE(f.stat().st_mode) for f in keys.iterdir()} == {"signing.key": 0o660, "log.vkey": 0o660}
    assert {place.stat().st_gid for place in (keys, *keys.iterdir())} == {os.getgid()}


def test_the_verifier_key_is_there_when_the_record_begins(tmp_path: Path, table: Path) -> None:
    folder = tmp_path / "shop"
    init(InitRequest(folder=str(folder), source=str(table), target="back", owner="ada"), Context(person("ada")))
    workspace = open_workspace(load(folder), actor="ada")
    key = workspace.notes.key()
    assert key is not None and key.name.startswith("treadle/shop/") and workspace.notes.kept() == ([], [])
    assert stat.S_IMODE(workspace.notes.key_file.stat().st_mode) == 0o600
    workspace.chain.append(Noted(text="x"), "note")
    assert workspace.sign_checkpoint().key == key
    workspace.chain.engine.dispose()


def test_a_record_that_came_with_a_project_is_believed_after_a_word(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own keys, reviewers and approvals were taken at their word, and its model was served."""
    project = str(begin(tmp_path, table).parent)
    calls = (
        lambda: run(RunRequest(project=project), Context(person("ada"))),
        lambda: log(LogRequest(project=project), Context(person("ada"), channel="http", only_reads=True)),
        lambda: predict(PredictRequest(project=project, record='{"amount": 3}'), Context(person("ada"))),
    )
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "another account"))
    before = content(home(Path(project)))
    for call in calls:
        with pytest.raises(SpecError, match="not begun by you") as refused:
            call()
        assert f"treadle trust {project}" in refused.value.mend
    assert content(home(Path(project))) == before
    assert trust(TrustRequest(project=project), Context(person("ada"))).record == str(home(Path(project)))
    calls[0](), calls[1]()
    shutil.copytree(project, tmp_path / "another")  # another record with the same key was never believed
    with pytest.raises(SpecError, match="not begun by you"):
        log(LogRequest(project=str(tmp_path / "another")), Context(person("ada")))
    assert log(LogRequest(project=project), Context(person("ada"), channel="http", only_reads=True)).entries
    trust(TrustRequest(project=project, revoke=True), Context(person("ada")))
    with pytest.raises(SpecError, match="not begun by you"):
        calls[1]()
    monkeypatch.setenv("TREADLE_HOME", str(home(Path(project))))
    assert log(LogRequest(project=project), Context(person("ada"), channel="http", only_reads=True)).entries


def test_a_record_without_a_key_is_believed_only_as_one_with_the_key_that_it_is_given(
    tmp_path: Path, table: Path
) -> None:
    roots = [begin(tmp_path / name, table) for name in ("one", "two")]
    for root in roots:
        (root / "keys" / "signing.key").unlink()
    trust(TrustRequest(project=str(roots[0].parent)), Context(person("ada")))
    assert log(LogRequest(project=str(roots[0].parent)), Context(person("ada"))).entries
    with pytest.raises(SpecError, match="not begun by you"):
        log(LogRequest(project=str(roots[1].parent)), Context(person("ada")))


def test_a_record_is_begun_where_its_owner_can_be_kept(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "file"))
    folder = tmp_path / "shop"
    with pytest.raises(SpecError, match=r"TREADLE_TRUST"):
        init(InitRequest(folder=str(folder), source=str(table), target="back", owner="ada"), Context(person("ada")))
        run(RunRequest(project=str(folder)), Context(person("ada")))


def test_a_link_cannot_lend_a_strange_record_a_key_of_mine(tmp_path: Path, table: Path) -> None:
    mine = begin(tmp_path / "mine", table)
    strange = begin(tmp_path / "strange", table)
    (strange / "keys" / "signing.key").unlink()
    (strange / "keys" / "signing.key").symlink_to(mine / "keys" / "signing.key")
    with pytest.raises(SpecError, match="is a link"):
        log(LogRequest(project=str(strange.parent)), Context(person("ada")))
    with pytest.raises(SpecError, match="is a link"):
        trust(TrustRequest(project=str(strange.parent)), Context(person("ada")))


@pytest.mark.parametrize("brought", ["journal/shop/predictions-1.jsonl", "keys/trusted/evil.pub", "x"])
def test_a_folder_that_came_along_with_anything_in_it_is_strange(tmp_path: Path, table: Path, brought: str) -> None:
    root = begin(tmp_path, table)
    shutil.rmtree(root)
    (root / brought).parent.mkdir(parents=True)
    (root / brought).write_text("{}")
    for call in (lambda: run(RunRequest(project=str(root.parent)), Context(person("ada"))), lambda: ask(root.parent)):
        with pytest.raises(SpecError, match="not begun by you"):
            call()
    assert [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()] == [brought]


@pytest.mark.parametrize("key", ["", "\n", "x" * 64, "00" * 31])
def test_a_key_that_is_none_is_never_believed(tmp_path: Path, table: Path, key: str) -> None:
    root = begin(tmp_path, table)
    (root / "keys" / "signing.key").write_text(key)
    with pytest.raises(SpecError, match="not begun by you"):
        ask(root.parent)
    with pytest.raises(SpecError, match="is no key"):
        trust(TrustRequest(project=str(root.parent)), Context(person("ada")))


def test_an_empty_variable_names_no_folder(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = begin(tmp_path, table)
    monkeypatch.setenv("TREADLE_TRUST", str(tmp_path / "another account"))
    monkeypatch.setenv("TREADLE_HOME", "")
    with pytest.raises(SpecError, match="not begun by you"):
        ask(root.parent)


def test_many_processes_that_begin_one_record_find_one_key(tmp_path: Path) -> None:
    import multiprocessing

    # not forked: a copy of the whole test process may be more memory than the machine promises
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        for number in range(10):
            root = tmp_path / f"{number}" / ".treadle"
            keys = pool.map(_begin_and_read, [root] * 8)
            assert len(set(keys)) == 1 and all(keys), keys
            assert [p.name for p in root.parent.iterdir()] == [".treadle"]


def _begin_and_read(root: Path) -> str | None:
    if begins_anew(root, root.parent):
        begin_folder(root)
    assert not begins_anew(root, root.parent)
    return record_key(root)


def test_a_group_that_is_not_there_is_told(tmp_path: Path, table: Path) -> None:
    with pytest.raises(SpecError, match="no group 'nobody-here'"):
        begin(tmp_path, table, shared="nobody-here")


def test_a_workspace_that_is_a_link_is_refused_and_its_target_left_alone(tmp_path: Path, table: Path) -> None:
    """`check` closed the linked folder to its owner's group, and put a catalog into it."""
    root = begin(tmp_path, table)
    victim = tmp_path / "victim"
    victim.mkdir()
    victim.chmod(0o755)
    shutil.rmtree(root)
    root.symlink_to(victim)
    for call in (lambda: run(RunRequest(project=str(root.parent)), Context(person("ada"))), lambda: ask(root.parent)):
        with pytest.raises(SpecError, match="is a link"):
            call()
    assert list(victim.iterdir()) == [] and stat.S_IMODE(victim.stat().st_mode) == 0o755


def test_a_link_inside_a_workspace_is_refused(tmp_path: Path, table: Path) -> None:
    root = begin(tmp_path, table)
    shutil.rmtree(root / "blobs")
    (root / "blobs").symlink_to(tmp_path)
    with pytest.raises(SpecError, match="blobs is a link"):
        run(RunRequest(project=str(root.parent)), Context(person("ada")))


def ask(project: Path) -> object:
    return check(CheckRequest(project=str(project)), Context(person("ada")))


def test_check_keeps_nothing(tmp_path: Path, table: Path) -> None:
    root = begin(tmp_path, table)
    shutil.rmtree(root)
    assert ask(root.parent).ok
    assert not root.exists()


@pytest.mark.parametrize("damage", ["behind", "no catalog", "no key", "open"])
def test_a_read_mends_nothing(tmp_path: Path, table: Path, damage: str) -> None:
    """A request over HTTP once made a catalog, a key, folders and views that were missing."""
    root = begin(tmp_path, table)
    if damage == "no catalog":
        for file in root.glob("catalog.*"):
            file.unlink()
    elif damage == "no key":
        (root / "keys" / "signing.key").unlink()
    elif damage == "open":
        root.chmod(0o755)
    else:
        with sqlite3.connect(root / "catalog.db") as catalog:
            catalog.execute("update projected set size = 1")
        catalog.close()
    if damage != "no catalog":  # else SQLite moves its log into the file whenever somebody closes it last
        with sqlite3.connect(root / "catalog.db") as catalog:
            catalog.execute("pragma wal_checkpoint(truncate)")
        catalog.close()
    before = content(root)
    for call, request in (
        (costs, CostsRequest),
        (log, LogRequest),
        (models_list, ListRequest),
        (verify, VerifyRequest),
    ):
        with pytest.raises(SpecError, match="not begun by you") if damage == "no key" else contextlib.nullcontext():
            call(request(project=str(root.parent)), Context(person("ada"), channel="http", only_reads=True))
    assert content(root) == before


def content(root: Path) -> dict[str, object]:
    """Every file with its bytes and mode; SQLite's own notes of who reads are none of ours."""
    return {
        str(place.relative_to(root)): (place.stat().st_mode, place.read_bytes() if place.is_file() else b"")
        for place in (root, *sorted(root.rglob("*")))
        if not place.name.endswith(("-shm", "-wal"))
    }


def test_settings_that_came_with_a_project_are_believed_after_a_word(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They could name another's database, and send it whatever the environment holds."""
    folder = tmp_path / "shop"
    init(InitRequest(folder=str(folder), source=str(table), target="back", owner="ada"), Context(person("ada")))
    text = (folder / "treadle.yaml").read_text(encoding="utf-8")
    (folder / "treadle.yaml").write_text(text.replace("families: auto, search: bayesian", LIGHT), encoding="utf-8")
    shutil.rmtree(home(folder), ignore_errors=True)
    home(folder).mkdir()
    (home(folder) / "settings.yaml").write_text(f"catalog: sqlite:///{tmp_path}/${{NAME}}.db\n", encoding="utf-8")
    monkeypatch.setenv("NAME", "kept")
    before = content(home(folder))
    for call in (
        lambda: run(RunRequest(project=str(folder)), Context(person("ada"))),
        lambda: log(LogRequest(project=str(folder)), Context(person("ada"), channel="http", only_reads=True)),
    ):
        with pytest.raises(SpecError, match=r"names where data goes, and nobody here has said") as bad:
            call()
        assert "not begun by you" not in str(bad.value)  # it may well be one's own, and is no record
        assert bad.value.where == str(home(folder) / "settings.yaml") and f"treadle trust {folder}" in bad.value.mend
    assert content(home(folder)) == before and not (tmp_path / "kept.db").exists()
    trust(TrustRequest(project=str(folder)), Context(person("ada")))
    run(RunRequest(project=str(folder)), Context(person("ada")))
    assert (tmp_path / "kept.db").exists() and not (home(folder) / "catalog.db").exists()
    assert log(LogRequest(project=str(folder)), Context(person("ada"), channel="http", only_reads=True)).entries


@pytest.mark.needs("postgres")
def test_a_whole_run_is_kept_in_postgresql_and_its_password_nowhere(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch, postgres: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tables, blobs and states elsewhere too, by file URLs."""
    parts = urlsplit(postgres)
    secret = unquote(str(parts.password))
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WORD", secret)
    (tmp_path / "home").mkdir()
    lines = [f"catalog: {postgres.replace(str(parts.password), '${WORD}')}"]
    lines += [f"{role}: {(tmp_path / 'elsewhere' / role).as_uri()}" for role in ("tables", "blobs", "state")]
    (tmp_path / "home" / "settings.yaml").write_text("\n".join(lines), encoding="utf-8")
    folder = begin(tmp_path, table).parent / "shop"
    assert run(RunRequest(project=str(folder)), Context(person("ada")))
    verdict = verify(VerifyRequest(project=str(folder)), Context(person("ada")))
    assert verdict.ok and verdict.entries > 5
    assert models_list(ListRequest(project=str(folder)), Context(person("ada")))
    assert costs(CostsRequest(project=str(folder)), Context(person("ada")))
    assert {place.name for place in (tmp_path / "elsewhere").iterdir()} >= {"tables", "blobs"}
    assert not any((tmp_path / "home" / name).exists() for name in ("catalog.db", "tables", "blobs", "state"))
    said = capfd.readouterr()
    words = (secret.encode(), str(parts.password).encode())
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [str(file) for file in files if any(word in file.read_bytes() for word in words)]
    assert not any(word.decode() in said.out + said.err for word in words)
    import psycopg

    with psycopg.connect(postgres) as connection:
        bodies = [bytes(row[0]) for row in connection.execute("select body from entries").fetchall()]
    assert not any(word in body for body in bodies for word in words)


def test_a_scheme_without_an_engine_is_refused_before_anything_is_kept(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREADLE_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "settings.yaml").write_text("state: file:///nowhere\nblobs: s3://bucket/x\n")
    with pytest.raises(SpecError, match='no engine keeps blobs at "s3:"') as refused:
        begin(tmp_path, table)
    assert refused.value.where == "settings.yaml:2:1: blobs" and "file" in refused.value.mend
    assert not (tmp_path / "home" / "catalog.db").exists()
