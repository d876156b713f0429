"""Where a run's time went: what binds each step by its figures, what would help, and what a change did."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from stage_shop import edit
from written_shop import trial, written_shop

from treadle.cli.show.drawing import console
from treadle.cli.show.profiled import show_profile
from treadle.errors import EvidenceError
from treadle.evidence import Payload, Usage
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.evidence.kinds.noted import Noted
from treadle.plans.bottlenecks import machine_here, profile
from treadle.plans.found import Machine, RunProfile
from treadle.spec import load
from treadle.store import Blob
from treadle.workspace import Workspace

FOUR = Machine(4, 16_000)


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return written_shop(tmp_path / "shop")


def step(
    shop: Workspace, run: str, kind: str, subject: str, usage: Usage | None, payload: Payload | None = None
) -> None:
    said, now = payload or Noted(text="x"), datetime.now(UTC).isoformat()
    body = Body(
        seq=0, id="", kind=kind, version=type(said).VERSION, subject=subject, run=run, time=now, actor="ada",
        status="done", usage=usage, payload=raw(said),
    )  # fmt: skip
    with shop.chain.alone() as alone:
        alone.write(body)


def used(seconds: float, cpu: float, peak: float = 100, read: int = 0) -> Usage:
    return Usage(seconds=seconds, cpu_seconds=cpu, peak_mb=peak, read_bytes=read)


def profiled(shop: Workspace, run: str | None = None, against: str | None = None) -> RunProfile:
    with shop.chain.reading() as reader:
        return profile(reader, load(shop.project.file).spec, FOUR, run, against)


def test_a_step_is_bound_by_a_gpu_that_it_keeps_busy_and_told_of_one_that_it_leaves_idle(
    shop: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    busy = Usage(seconds=10, cpu_seconds=1, gpu_seconds=20, gpu_busy_seconds=12)
    for subject, usage in (
        ("busy", busy), ("idle", replace(busy, gpu_busy_seconds=0.5)), ("untold", replace(busy, gpu_busy_seconds=None))
    ):  # fmt: skip
        step(shop, "r1", "training.fit", subject, usage)
    found = {each.subject: each for each in profiled(shop).steps}
    assert {name: (each.bound, each.gpu_busy) for name, each in found.items()} == {
        "busy": ("GPU", 0.6), "idle": ("waits", 0.025), "untold": ("waits", None),
    }  # fmt: skip
    assert found["busy"].why == "it held GPUs for 20.0 s, and they computed in 60% of it"
    assert "they computed in 2% of it: hold them for less" in found["idle"].change and found["busy"].change == ""
    show_profile(profiled(shop), console())
    assert "GPU s" in capsys.readouterr().out


def test_what_binds_a_step_is_told_by_its_figures(shop: Workspace) -> None:
    step(shop, "r1", "sources.read", "source/orders", used(10, 2, read=50_000_000))
    step(shop, "r1", "training.fit", "shop", used(20, 20))
    step(shop, "r1", "training.evaluate", "shop", used(30, 114))
    step(shop, "r1", "model.packed", "shop", used(5, 5, peak=12_000))
    step(shop, "r1", "report.written", "shop", used(0.5, 0.1))
    step(shop, "r1", "noted", "shop", None)
    found = profiled(shop)
    assert [(each.kind, each.bound) for each in found.steps] == [
        ("training.evaluate", "cores"), ("training.fit", "one core"), ("sources.read", "waits"),
        ("model.packed", "memory"), ("report.written", "quick"),
    ]  # fmt: skip
    assert sum(each.share for each in found.steps) == pytest.approx(1) and found.seconds == 65.5
    assert found.bottleneck == "training.evaluate shop takes 46% of the run: it computes on 3.8 of 4 cores"
    assert "5.0 MB a second" in found.steps[2].why and found.against == ""
    assert all(each.seconds_ratio is None for each in found.steps)


def test_what_would_help_names_the_place_in_the_project_file(shop: Workspace) -> None:
    step(shop, "r1", "sources.read", "source/orders", used(10, 2))
    assert profiled(shop).steps[0].change.startswith("sources.orders.new:")
    step(shop, "r2", "sources.read", "source/orders", used(10, 9))
    assert profiled(shop).steps[0].change.startswith("sources.orders.read: keep the file as Parquet")
    edit(shop.project.root, "{read: orders.csv", "{read: orders.csv, new: files")
    step(shop, "r3", "sources.read", "source/orders", used(10, 2))
    assert "Parquet" in profiled(shop).steps[0].change
    step(shop, "r4", "model.packed", "shop", used(10, 2))
    assert "more cores would buy nothing" in profiled(shop).steps[0].change
    step(shop, "r5", "model.packed", "shop", used(10, 39))
    assert profiled(shop).steps[0].change == ""


def test_a_search_says_what_came_after_its_best_trial(shop: Workspace) -> None:
    def searched(*values: float) -> ModelsSearched:
        return ModelsSearched(
            found=Blob("c" * 64, "found"), metric="average_precision", family="linear", value=max(values), stopped="",
            trials=tuple(trial(number, "linear", value) for number, value in enumerate(values, 1)),
        )  # fmt: skip

    step(shop, "r1", "training.search", "shop", used(10, 10), searched(0.5, 0.6, 0.55, 0.5))
    assert profiled(shop).steps[0].change.startswith("train.trials: 2: the best of 4 was trial 2, and 50% of")
    step(shop, "r2", "training.search", "shop", used(10, 10), searched(0.5, 0.5, 0.55, 0.6))
    assert profiled(shop).steps[0].change == ""


def test_a_change_is_held_against_the_same_step_before(shop: Workspace) -> None:
    step(shop, "r1", "sources.read", "source/orders", used(10, 8, peak=400))
    step(shop, "r1", "training.fit", "shop", used(4, 4))
    step(shop, "r2", "training.fit", "shop", used(9, 4))
    step(shop, "r3", "sources.read", "source/orders", used(2, 2, peak=100))
    found = profiled(shop)
    assert (found.run, found.against) == ("r3", "r1")
    assert (found.steps[0].seconds_ratio, found.steps[0].peak_ratio) == (0.2, 0.25)
    assert profiled(shop, "r2").steps[0].seconds_ratio == 2.25
    assert profiled(shop, "r3", "r2").steps[0].seconds_ratio is None


def test_a_run_of_the_loop_comes_before_what_was_asked_since(shop: Workspace) -> None:
    step(shop, "loop", "features.build", "shop", used(4, 4))
    step(shop, "asked", "experts.asked", "labels/shop", used(9, 9))
    assert profiled(shop).run == "loop" and profiled(shop, "asked").run == "asked"


def test_a_machine_that_the_run_may_not_have_been_on_is_told_as_this_one_and_advice_stands_once(
    shop: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind, peak in (("model.packed", 100), ("training.fit", 100), ("training.evaluate", 15_000)):
        step(shop, "r1", kind, "shop", used(10, 2, peak=peak))
    with shop.chain.reading() as reader:
        found = profile(reader, shop.project.spec, Machine(1, 16_000, here=True), None, None)
    show_profile(found, console())
    said = capsys.readouterr().out
    assert "this machine, which has 1 core and 16,000 MiB; the record does not say where it ran" in said
    assert "holds 15,000 of this machine's 16,000 MiB" in found.steps[2].why
    assert said.count("more cores would buy nothing") == 1 and "model.packed shop, training.fit shop: it waits" in said
    assert "or others had the cores" in said
    show_profile(profiled(shop), console())
    assert "held against a machine of 4 cores and 16,000 MiB" in capsys.readouterr().out


def test_runs_that_are_none_are_told(shop: Workspace) -> None:
    with pytest.raises(EvidenceError, match="no step was measured of late"):
        profiled(shop)
    step(shop, "run-one", "training.fit", "shop", used(4, 4))
    for asked in (("run-two", None), ("run-one", "run-two")):
        with pytest.raises(EvidenceError, match='no step of a run "run-two"'):
            profiled(shop, *asked)
    assert machine_here().cores >= 1 and machine_here().memory_mb > 100
