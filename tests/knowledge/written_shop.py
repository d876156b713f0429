"""A shop whose record is written by hand: versions, releases, searches, features, without a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stage_shop import opened, write_shop

from treadle.evidence import Entry
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.store import Blob, EntryRef
from treadle.workspace import Workspace


def written_shop(folder: Path) -> Workspace:
    return opened(write_shop(folder, rows=10))


def by(workspace: Workspace, actor: str) -> Workspace:
    return replace(workspace, chain=workspace.chain.acting(actor))


def packed(workspace: Workspace, number: int, value: float, low: float = 0.4, high: float = 0.6) -> Entry[ModelPacked]:
    said = ModelPacked(
        model=f"shop:{number}", bundle=Blob(f"{number:064d}", "bundle"), family="linear", metric="average_precision",
        value=value, low=low, high=high, mb=0.12, p99_ms=0.3,
    )  # fmt: skip
    return workspace.chain.append(said, "shop")


def released(workspace: Workspace, packing: Entry[ModelPacked]) -> Entry[ReleaseMade]:
    said = packing.payload
    made = ReleaseMade(model=said.model, bundle=said.bundle, packing=packing.ref, approval=EntryRef("e" * 64))
    return workspace.chain.append(made, "endpoint/shop")


def trial(number: int, family: str, value: float, state: str = "complete", **params: object) -> TrialLine:
    return TrialLine(number, family, params, (value,), value, 1.0, state)  # type: ignore[arg-type]


def searched(workspace: Workspace, *trials: TrialLine, metric: str = "average_precision") -> Entry[ModelsSearched]:
    said = ModelsSearched(
        found=Blob("c" * 64, "found"), metric=metric, family=trials[0].family, value=trials[0].value, stopped="",
        trials=trials,
    )  # fmt: skip
    return workspace.chain.append(said, "shop")


def evaluated(workspace: Workspace, value: float) -> Entry[ModelEvaluated]:
    said = ModelEvaluated(
        evaluation=Blob("d" * 64, "evaluation"), metric="average_precision", value=value, low=value - 0.1,
        high=value + 0.1, rows=100, opened=1,
    )  # fmt: skip
    return workspace.chain.append(said, "shop")
