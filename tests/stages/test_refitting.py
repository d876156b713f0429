"""`train.refit: all`: what is released was fitted on every row with a label; what is told of it is its twin's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from stage_shop import edit, opened

from treadle.errors import SpecError
from treadle.evidence import verify
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.evidence.kinds.report_written import ReportWritten
from treadle.history.lineage import explain
from treadle.loop import RunResult
from treadle.models import Bundle
from treadle.spec import load
from treadle.stages import Work
from treadle.stages.examples import Examples
from treadle.stages.examples import load as load_examples
from treadle.stages.fitting import fitted_model
from treadle.workspace import Workspace

Runs = Callable[..., RunResult]


def ask(shop: Path) -> None:
    edit(shop, "seed: 7}", "seed: 7, refit: all}")


def bundle_of(workspace: Workspace) -> Bundle:
    packed = workspace.chain.last(ModelPacked).payload
    return Bundle.read(workspace.blobs.get(packed.bundle.digest), workspace.trusted_keys, where="blobs")


def test_it_is_off_unless_asked_for(shop: Path, runs: Runs) -> None:
    result = runs()
    workspace = opened(shop)
    assert "training.refit" not in [step.kind for step in result.steps]
    assert workspace.chain.last(ModelPacked).payload.refit == "training"
    bundle = bundle_of(workspace)
    assert bundle.manifest.refit == "training" and "twin" not in bundle.manifest.refs
    assert "fitted again" not in bundle.card


def test_to_ask_for_it_searches_and_judges_nothing_again(shop: Path, runs: Runs) -> None:
    first = runs()
    ask(shop)
    second = runs()
    again = [step.kind for step in second.steps if not step.cached]
    assert again == ["training.refit", "report.written", "model.packed"]
    assert second.evaluation == first.evaluation and second.opened == first.opened == 1
    assert second.model == "shop:2" and second.bundle != first.bundle
    third = runs()
    assert [step.kind for step in third.steps if not step.cached] == [] and third.bundle == second.bundle


def test_the_released_model_knows_all_rows_and_the_figures_are_its_twins(shop: Path, runs: Runs) -> None:
    ask(shop)
    runs()
    workspace = opened(shop)
    said, twin = workspace.chain.last(ModelRefitted).payload, workspace.chain.last(ModelFitted).payload
    assert said.twin == twin.model != said.model
    assert said.rows == 395 == said.twin_rows + said.sealed and said.twin_rows == twin.train_rows
    assert 0 < said.mean < said.largest < 0.2 and said.turned is not None and 0 <= said.turned <= said.sealed
    bundle, judged = bundle_of(workspace), workspace.chain.last(ModelEvaluated).payload
    assert bundle.manifest.refit == "all" and bundle.manifest.refs["twin"] == twin.model.digest
    assert bundle.manifest.refs["model"] == said.model.digest
    assert bundle.manifest.metrics["average_precision"].value == judged.value == bundle.manifest.tested
    assert bundle.verify_golden() < 1e-5
    assert bundle.reference.rows == 395
    bench = Work(workspace).bench()
    model, other = fitted_model(bench, said.model), fitted_model(bench, twin.model)
    assert model.calibrator == other.calibrator and model.threshold == other.threshold
    assert model.summary.members == other.summary.members and model.summary.train_rows == 395


def test_how_far_it_is_from_its_twin_is_what_the_sealed_rows_show(shop: Path, runs: Runs) -> None:
    ask(shop)
    runs()
    workspace = opened(shop)
    bench, said = Work(workspace).bench(), workspace.chain.last(ModelRefitted)
    loaded = load_examples(examples_of(said.input), bench)
    model, twin = (fitted_model(bench, blob) for blob in (said.payload.model, said.payload.twin))
    frame = loaded.table.frame[loaded.split.test]
    gap = np.abs(model.predict(frame) - twin.predict(frame))
    assert said.payload.largest == pytest.approx(gap.max()) and said.payload.mean == pytest.approx(gap.mean())
    turned = (model.predict(frame) >= model.threshold) != (twin.predict(frame) >= model.threshold)
    assert said.payload.turned == turned.sum()


def examples_of(asked: bytes) -> Examples:
    return msgspec.convert(msgspec.json.decode(asked)["examples"], Examples)


def test_report_card_and_record_tell_of_both(shop: Path, runs: Runs) -> None:
    ask(shop)
    runs()
    workspace = opened(shop)
    said = workspace.chain.last(ModelRefitted).payload
    page = workspace.blobs.get(workspace.chain.last(ReportWritten).payload.report.digest).decode()
    for text in (page, bundle_of(workspace).card):
        assert "fitted again on all 395 rows with a label" in text
        assert f"its twin, fitted on {said.twin_rows} training rows" in text and "differs by at most" in text
    assert f"on {said.twin_rows} training rows" in bundle_of(workspace).card
    led = {node.kind: node.text for node in explain(workspace, "shop:1").nodes}
    assert {"training.fit", "training.evaluate", "training.refit"} <= set(led)
    assert led["training.refit"].startswith("on all 395 rows") and "fitted again" in led["model.packed"]
    assert verify(workspace.chain, check=workspace.check, everything=True).ok


def test_another_word_is_refused(shop: Path) -> None:
    edit(shop, "seed: 7}", "seed: 7, refit: al}")
    with pytest.raises(SpecError, match=r"train\.refit.*training, all"):
        load(shop)


def test_after_a_split_by_time_its_rows_end_with_the_last_one(shop: Path, runs: Runs) -> None:
    edit(shop, "split: {by: stratified, test: 0.25, folds: 2}", "at: told\n  split: {by: time, test: 0.25, folds: 2}")
    runs()
    before = opened(shop).chain.last(ModelPacked).payload.cut
    ask(shop)
    runs()
    workspace = opened(shop)
    assert before is not None and before < "2024-05-01"
    assert workspace.chain.last(ModelPacked).payload.cut == "2024-05-01T00:00:00.000001Z"
    assert bundle_of(workspace).manifest.request.cut == "2024-05-01T00:00:00.000001Z"
