"""A shop with windows: its online state is a step of its own, and its features are proved over real history."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from stage_shop import edit, opened

from treadle.evidence.kinds.features_proved import FeaturesProved
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.state_built import StateBuilt
from treadle.loop import RunResult
from treadle.models import Bundle
from treadle.stages import planning
from treadle.stages.proving import prove_features

Runs = Callable[..., RunResult]


@pytest.fixture
def shop(shop: Path) -> Path:
    """The shop, with how often orders of a kind came in the hours before."""
    edit(shop, "key: order,", "key: order, happened: told,")
    edit(shop, "  each: orders\n", "  each: orders\n  at: told\n")
    edit(
        shop,
        "predict:\n",
        "views:\n  told: {from: orders, known: told, key: kind, columns: {amount: amount}}\npredict:\n",
    )
    window = '{from: told, on: kind, last: [6h], take: {n: "count(*)", mean: "avg(amount)"}}'
    edit(
        shop,
        "  request: [amount, kind]\n",
        f'  request: [amount, kind]\n  row: {{half: "amount / 2"}}\n  window:\n    before: {window}\n',
    )
    return shop


def again(result: RunResult) -> dict[str, str]:
    return {line.kind: line.why for line in result.steps if not line.cached}


def test_a_state_is_built_once_and_made_again_when_it_is_gone(shop: Path, runs: Runs) -> None:
    first = runs()
    workspace = opened(shop)
    (entry,) = workspace.chain.find(StateBuilt)
    state = entry.payload.state
    assert entry.subject == "endpoint/shop" and state.endpoint == "shop" and workspace.states.exists("shop", state.name)
    assert state.name in first.report or len(state.name) == 16
    opened_state = workspace.open_state(state.name)
    assert opened_state.history("told", "a").known
    opened_state.close()
    packed = workspace.chain.last(ModelPacked).payload
    bundle = Bundle.read(workspace.blobs.get(packed.bundle.digest), workspace.trusted_keys, where=packed.model)
    assert bundle.manifest.refs["state"] == state.name
    assert again(runs()) == {}
    shutil.rmtree(workspace.root / "state" / "shop" / state.name)
    assert again(runs()) == {"state.built": f"its earlier product is gone: {state.name}"}
    assert opened(shop).chain.last(StateBuilt).payload.state == state, "its name follows from what it is built from"


@pytest.mark.parametrize(
    ("old", "new", "built"),
    [
        ("amount / 2", "amount / 3", False),  # state is of events alone
        ("seed: 7", "seed: 8", False),
        ("last: [6h]", "last: [6h, 12h]", True),
        ("avg(amount)", "max(amount)", True),
    ],
)
def test_a_state_is_built_again_for_what_it_is_made_of(shop: Path, runs: Runs, old: str, new: str, built: bool) -> None:
    runs()
    edit(shop, old, new)
    assert ("state.built" in again(runs())) is built
    assert len({e.payload.state.name for e in opened(shop).chain.find(StateBuilt)}) == 1 + built


def test_another_row_is_another_state(shop: Path, runs: Runs) -> None:
    runs()
    text = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    (shop / "orders.csv").write_text("\n".join(text[:1] + text[2:]), encoding="utf-8")
    assert "state.built" in again(runs())
    assert len({e.payload.state.name for e in opened(shop).chain.find(StateBuilt)}) == 2


def test_features_are_proved_at_each_asking_and_kept(shop: Path) -> None:
    for rows in (20, None):
        workspace = opened(shop)
        proof = prove_features(workspace, rows)
        said = workspace.chain.last(FeaturesProved)
        assert proof.ok and (said.payload.rows, said.payload.cells, said.payload.differing) == (
            proof.rows,
            proof.cells,
            0,
        )
        assert proof.rows == (rows or 398) and proof.cells > proof.rows and said.why == "always run"
    assert len(workspace.chain.find(FeaturesProved)) == 2


def test_of_large_tables_a_sample_is_proved_and_that_is_said(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "LARGE", 1)
    workspace = opened(shop)
    proof = prove_features(workspace, 30)
    assert proof.ok and (proof.rows, proof.of) == (29, 398) and proof.events > 30
    said = workspace.chain.last(FeaturesProved).payload.said()
    assert said.endswith(" cells of a sample of 29 of 398 rows, 0 differ")
    assert not list((workspace.root / "bundles").glob("parts-*"))


def test_a_row_without_a_time_is_left_out_and_said(shop: Path, runs: Runs) -> None:
    head, *lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    assert lines[100].split(",")[3] and not lines[8].split(",")[3]
    for row in (100, 8):  # one whose label is known, and one of the three without
        lines[row] = lines[row].rpartition(",")[0] + ","
    (shop / "orders.csv").write_text("\n".join([head, *lines]), encoding="utf-8")
    result = runs()
    assert result.without_label == 4 == result.evaluation.dropped
