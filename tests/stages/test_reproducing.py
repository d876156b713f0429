"""A version made again comes out equal, or what differs is named; and nothing of it is kept."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
import pytest
from stage_shop import edit, opened

from treadle.api import Context
from treadle.api.reproduce import ReproduceRequest, reproduce
from treadle.errors import EvidenceError
from treadle.evidence.kinds.code_stated import CodeStated
from treadle.models.reproduced import Reproduced
from treadle.principal import person
from treadle.stages import building, reproducing

Runs = Callable[..., object]


def again(shop: Path, model: str | None = None) -> Reproduced:
    return reproduce(ReproduceRequest(project=str(shop), model=model), Context(person("ada")))


def stated(shop: Path) -> list[CodeStated]:
    workspace = opened(shop)
    try:
        return [entry.payload for entry in workspace.chain.find(CodeStated)]
    finally:
        workspace.chain.engine.dispose()


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(f.relative_to(folder)): f.read_bytes()
        for f in sorted(folder.rglob("*"))
        if f.is_file() and f.suffix not in (".db-wal", ".db-shm") and ".db" not in f.name
    }


def test_a_version_comes_out_equal_and_nothing_is_kept(shop: Path, runs: Runs):
    runs()
    before = files(shop)
    entries = len(opened(shop).chain.find())
    found = again(shop)
    assert found.ok and found.model == "shop:1" and found.differs == []
    assert [each.what for each in found.compared] == ["features", "model", "average_precision", "interval"]
    assert all(each.same and each.then == each.now for each in found.compared)
    assert files(shop) == before and len(opened(shop).chain.find()) == entries


def test_rows_that_come_out_other_make_another_model_and_metric(
    shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
):
    runs()

    def other(asked: building.BuildFeatures, bench: object) -> object:
        made = building.make_features(asked, bench)  # type: ignore[arg-type]
        frame = bench.tables.read(made.table).with_columns(pl.col("amount") * 0)  # type: ignore[attr-defined]
        return msgspec.structs.replace(made, table=bench.tables.replace("x", frame))  # type: ignore[attr-defined]

    monkeypatch.setattr(reproducing, "make_features", other)
    found = again(shop)
    assert not found.ok
    assert {each.what for each in found.compared if not each.same} >= {"features", "model", "average_precision"}


def test_what_is_not_as_it_was_is_named(shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch):
    runs()
    edit(shop, "amount, kind", "kind, amount")
    edit(shop, "minimum: 0", "minimum: 1", "orders.yaml")
    real = reproducing.reached

    def other(root: str) -> object:
        code = real(root)
        modules = {**code.modules, "treadle.training.fitting": "0" * 64}
        return msgspec.structs.replace(
            code, modules=modules, libraries={**code.libraries, "polars": "9.9"}, python="CPython 3.99.1"
        )

    monkeypatch.setattr(reproducing, "reached", other)
    found = again(shop, "1")
    assert found.ok, "the inputs are those of the record, whatever the files say by now"
    assert "treadle.yaml was edited since" in found.differs and "orders.yaml was edited since" in found.differs
    assert "treadle.training.fitting was edited" in found.differs
    assert any(line.startswith("polars ") and line.endswith("then, 9.9 now") for line in found.differs)
    assert any(line.endswith(" then, CPython 3.99.1 now") for line in found.differs)


def test_rows_that_were_changed_where_they_are_kept_are_refused(shop: Path, runs: Runs):
    runs()
    (part,) = (shop / ".treadle" / "tables" / "shop" / "source" / "orders").glob("*.parquet")
    pl.read_parquet(part).with_columns(pl.col("amount") + 1).write_parquet(part)
    with pytest.raises(EvidenceError):
        again(shop)


def test_a_run_notes_where_git_is_once(shop: Path, runs: Runs):
    def git(*words: str) -> None:
        named = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *named, "-C", str(shop), *words], check=True, capture_output=True)

    (shop / ".gitignore").write_text(".treadle/\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    runs()
    runs()
    (first,) = stated(shop)
    assert first.branch == "main" and len(first.commit) == 40 and first.changed == () and first.diff is None
    assert [blob.name for blob in first.files] == ["treadle.yaml", "orders.yaml"]
    assert first.said() == f"commit {first.commit[:12]} on main, nothing uncommitted"
    edit(shop, "seed: 7", "seed: 8")
    runs()
    _, second = stated(shop)
    assert second.changed == ("treadle.yaml",) and second.diff is not None and second.commit == first.commit
    assert second.said().endswith("on main, 1 file uncommitted: treadle.yaml")
    assert any(line.startswith("uncommitted: nothing then; treadle.yaml now") for line in again(shop, "1").differs)
    git("commit", "-q", "-a", "-m", "second")
    assert any(line.startswith("Git: commit") for line in again(shop, "2").differs)
    kept = opened(shop)
    assert b"+train: {families: [linear], search: none, seed: 8}" in kept.blobs.get(second.diff.digest)


def test_outside_of_git_the_files_are_noted(shop: Path, runs: Runs):
    runs()
    (only,) = stated(shop)
    assert only.commit == "" and only.said() == "in no Git repository" and len(only.files) == 2
