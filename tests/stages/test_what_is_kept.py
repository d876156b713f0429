"""What a workspace tells the record of stored things: whether they are there, how large they are, what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from stage_shop import edit, opened

from treadle.errors import ContractBroken, DataError
from treadle.evidence import verify
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.source_read import SourceRead
from treadle.loop import RunResult
from treadle.stages.reading import read_sources
from treadle.stages.work import Work
from treadle.store import Blob, EntryRef, File, Part, Snapshot, StateRef, Stored
from treadle.workspace import Workspace

Runs = Callable[..., RunResult]


@pytest.fixture
def workspace(shop: Path) -> Iterator[Workspace]:
    found = opened(shop)
    yield found
    found.chain.engine.dispose()


def test_a_table_is_there_while_each_of_its_files_has_its_size(workspace: Workspace) -> None:
    table = workspace.tables.replace("t", pl.DataFrame({"a": [1, 2, 3]}))
    file = workspace.root / "tables" / "t" / table.parts[0].path
    for present in (workspace.present, workspace.chain.present):
        assert present(table)
    assert workspace.chain.size(table) == file.stat().st_size > 0 and workspace.check(table) == []
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert not workspace.chain.present(table) and "was changed on disk" in workspace.check(table)[0]
    file.unlink()
    assert not workspace.chain.present(table) and "No such file" in workspace.check(table)[0]


def test_a_blob_is_there_while_its_file_is(workspace: Workspace) -> None:
    blob = Blob(workspace.blobs.put(b"content"), "bundle")
    assert workspace.chain.present(blob) and workspace.chain.size(blob) == 7 and workspace.check(blob) == []
    place = workspace.blobs.path(blob.digest)
    place.write_bytes(b"another")
    assert workspace.check(blob) == [f"the blob {blob.digest[:12]}… was changed on disk (bundle)"]
    place.unlink()
    assert not workspace.chain.present(blob) and workspace.chain.size(blob) == 0
    assert workspace.check(blob) == [f"the blob {blob.digest[:12]}… is missing (bundle)"]


def test_a_state_is_there_while_its_folder_is(workspace: Workspace) -> None:
    state = StateRef(workspace.endpoint, "s1")
    assert not workspace.chain.present(state)
    (workspace.root / "state" / workspace.endpoint / "s1").mkdir(parents=True)
    assert workspace.chain.present(state) and not workspace.chain.present(StateRef("other", "s1"))
    assert workspace.chain.size(state) == 0


def test_of_a_table_its_new_files_are_paid_for_and_rows_that_are_there_are_not(shop: Path) -> None:
    paid = []
    for _ in range(2):
        workspace = opened(shop, fresh=True)
        usage = read_sources(Work(workspace))["orders"].usage
        paid.append(usage.kept_bytes if usage is not None else -1)
        shared = Snapshot("t", 0, "f", 3, (Part("a", 10, "1"), Part("b", 7, "2")), Stored("zstd-3", 20, 7))
        assert workspace.chain.size(shared) == 7
        workspace.chain.engine.dispose()
    assert paid[0] > 0 and paid[1] == 0


def test_what_is_not_kept_here_is_never_missed(workspace: Workspace) -> None:
    for ref in (File("a.csv", "d1"), EntryRef("d1", "x")):
        assert workspace.chain.present(ref) and workspace.chain.size(ref) == 0 and workspace.check(ref) == []


def test_a_run_keeps_the_size_of_what_each_step_made_and_what_code_it_could_reach(shop: Path, runs: Runs) -> None:
    runs()
    workspace = opened(shop)
    built = workspace.chain.last(FeaturesBuilt)
    assert built.usage.kept_bytes == sum(part.size for part in built.payload.table.parts) > 0
    assert b"treadle.stages.building" in workspace.blobs.get(built.code)
    assert list((workspace.root / "bundles").iterdir()) == [], "no file is left that was being made"
    assert built.price is not None and built.price.money.currency == workspace.book.currency
    (workspace.root / "tables" / "shop" / "training").rename(workspace.root / "gone")
    faults = verify(workspace.chain, check=workspace.check, everything=True).faults
    assert len(faults) == 1 and "shop/training" in faults[0] and f"(entry {built.seq})" in faults[0]


def test_a_report_that_is_gone_is_written_again_and_nothing_else(shop: Path, runs: Runs) -> None:
    from treadle.evidence.kinds.report_written import ReportWritten

    runs()
    workspace = opened(shop)
    for ref in workspace.chain.last(ReportWritten).made:
        workspace.blobs.path(ref.content).unlink()
    again = [line for line in runs().steps if not line.cached]
    assert [(line.kind, line.why) for line in again] == [("report.written", "its earlier product is gone: report")]


def test_a_batch_that_is_refused_leaves_its_reasons_and_the_last_good_one(shop: Path, runs: Runs) -> None:
    runs()
    table = opened(shop).chain.last(SourceRead).payload.table
    whole = (shop / "orders.csv").read_text(encoding="utf-8")
    head, *lines = whole.splitlines()
    broken = [line if n % 2 else ",".join(["", *line.split(",")[1:]]) for n, line in enumerate(lines)]
    (shop / "orders.csv").write_text("\n".join([head, *broken]), encoding="utf-8")
    with pytest.raises(ContractBroken, match="nothing of it was taken") as found:
        runs()
    workspace = opened(shop)
    assert "order" in found.value.what and workspace.chain.last(SourceRead).payload.table == table
    failed = workspace.chain.find(status="failed")[-1]
    assert failed.kind == SourceRead.KIND and found.value.what in failed.error
    kept = workspace.tables.scan(workspace.names.quarantine("orders")).collect()
    assert kept.height >= 200 and any("order" in reason for reason in kept["reason"])


def test_a_table_of_examples_without_rows_is_refused(shop: Path, runs: Runs) -> None:
    edit(shop, ", contract: orders.yaml", "")
    (shop / "orders.csv").write_text("order,amount,kind,came_back,told\n", encoding="utf-8")
    with pytest.raises(DataError, match="the table has no rows") as found:
        runs()
    assert "the last good snapshot is kept" in found.value.mend


SEVERAL = """predict:
  back: {each: orders, label: "came_back = 'yes'"}
  price: {each: kinds, label: price, kind: regression}
"""


@pytest.mark.parametrize("target", ["", "back", "price"])
def test_a_table_without_rows_is_right_where_no_target_asks_of_it(shop: Path, target: str) -> None:
    """Whichever target is run: a source is read, and held to this, once for all of them."""
    edit(shop, "sources:\n", "sources:\n  kinds: {read: kinds.parquet, key: kind}\n")
    pl.DataFrame(schema={"kind": pl.String, "price": pl.Float64}).write_parquet(shop / "kinds.parquet")
    text = (shop / "treadle.yaml").read_text(encoding="utf-8")
    if target:
        edit(shop, text[text.index("predict:") : text.index("features:")], SEVERAL)
        edit(shop, "serve: {endpoint: shop}\n", "")
    workspace = opened(shop)
    work = Work(replace(workspace, project=workspace.project.of(target or None)))
    if target:
        with pytest.raises(DataError, match="the table has no rows"):
            read_sources(work)
    else:
        assert read_sources(work)["kinds"].payload.rows == 0
    workspace.chain.engine.dispose()


def test_the_report_says_by_which_run_how_often_and_at_what_cost(shop: Path, runs: Runs) -> None:
    result = runs()
    html = Path(result.report).read_text(encoding="utf-8")
    judged = opened(shop).chain.last(ModelEvaluated)
    assert f"Run {judged.run}. These sealed test rows were opened 1 time, whatever the features." in html
    money = result.cost.shown
    assert money is not None and re.search(rf"\d\.\d{{6}} {money.currency}", html) and "not priced" not in html
    assert "Cost of this model" in html and "CPU-seconds" in html
    assert [file.name for file in Path(result.report).parent.iterdir()] == [Path(result.report).name], "no part is left"
