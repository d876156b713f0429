"""What a version that was made of removed rows, and a snapshot that is to be brought back, say of it."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import NEWEST, edit, opened, write_shop

from treadle.api.operation import Context
from treadle.api.reproduce import ReproduceRequest, reproduce
from treadle.errors import DataError, ModelError, TreadleError
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.source_read import SourceRead
from treadle.loop import run
from treadle.principal import person
from treadle.stages import Work
from treadle.stages.quarantine import bring_back
from treadle.upkeep.retaining import retain
from treadle.workspace import Workspace

GONE = "was removed by retention on 2024-05-0. by ada"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions, of unlike rows; the second one was released, and the rows of the first one removed."""
    folder = write_shop(tmp_path_factory.mktemp("retained") / "shop")
    edit(folder, "serve: {endpoint: shop}", "serve: {endpoint: shop}\naccess: {trust: local, logins: {'*': ada}}")
    for day in range(2):
        workspace = opened(folder, NEWEST + timedelta(days=day))
        run(workspace)
        workspace.chain.engine.dispose()
        lines = (folder / "orders.csv").read_text().splitlines()
        (folder / "orders.csv").write_text("\n".join([*lines, f"{1000 + day},5.0,a,no,{NEWEST.isoformat()}"]) + "\n")
    workspace = opened(folder, NEWEST + timedelta(days=3))
    _release(workspace)
    done = retain(workspace, last=1, days=None, apply=True)
    workspace.chain.engine.dispose()
    assert done.removed
    return folder


def _release(workspace: Workspace) -> None:
    """The newest version."""
    chain = workspace.chain
    packing, request = chain.last(ModelPacked), chain.last(ReviewRequested)
    assert packing is not None and request is not None
    model, bundle = packing.payload.model, packing.payload.bundle
    approval = chain.append(ReviewApproved(model=model, bundle=bundle, request=request.ref), f"model/{model}")
    made = ReleaseMade(model=model, bundle=bundle, packing=packing.ref, approval=approval.ref)
    chain.append(made, f"endpoint/{workspace.endpoint}")


def again(shop: Path, model: str) -> Any:
    return reproduce(ReproduceRequest(project=str(shop), model=model), Context(person("ada")))


def test_a_version_whose_rows_are_gone_says_when_and_by_whom(shop: Path) -> None:
    with pytest.raises(ModelError, match=f"shop:1 cannot be made again: .*orders version 0 {GONE}") as bad:
        again(shop, "shop:1")
    assert "what a released or signed version rests on is kept" in bad.value.mend
    assert again(shop, "shop:2").ok, "the newest has its rows"


def test_a_snapshot_that_is_gone_is_not_brought_back_and_what_stands_stands(shop: Path) -> None:
    workspace = opened(shop, NEWEST + timedelta(days=3))
    before = workspace.chain.last(SourceRead, subject="source/orders")
    try:
        with pytest.raises(DataError, match=f"version 0 of orders {GONE}") as bad:
            bring_back(Work(workspace), "orders", 0, "the old one")
        assert "data history lists what is still there" in bad.value.mend
        after = workspace.chain.last(SourceRead, subject="source/orders")
        assert before is not None and after is not None and after.hash == before.hash
        assert workspace.tables.check(after.payload.table) == []
    finally:
        workspace.chain.engine.dispose()


def test_files_that_went_without_a_word_are_told_as_a_fault(shop: Path) -> None:
    workspace = opened(shop, NEWEST + timedelta(days=3))
    last = workspace.chain.last(SourceRead, subject="source/orders")
    assert last is not None
    folder = workspace.root / "tables" / last.payload.table.table
    for part in last.payload.table.parts:
        (folder / part.path).rename(folder / f"{part.path}.away")
    workspace.chain.engine.dispose()
    try:
        with pytest.raises(TreadleError, match="version 1 is not what the record says: its file") as bad:
            again(shop, "shop:2")
        assert "retention" not in str(bad.value)
    finally:
        for part in last.payload.table.parts:
            (folder / f"{part.path}.away").rename(folder / part.path)
