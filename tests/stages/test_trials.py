"""Trials can be listed and sorted; two runs can be compared: what changed, what it gained, whether that is noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from stage_shop import edit

from treadle.api import Context
from treadle.api.trials import CompareRequest, TrialsRequest, compare, trials
from treadle.cli.show.trials import show_trials
from treadle.errors import EvidenceError, SpecError
from treadle.loop import RunResult
from treadle.principal import person
from treadle.stages.resuming import TrialsInRecord

Runs = Callable[..., RunResult]
HERE = Context(person("ada"))


@pytest.fixture
def searched(shop: Path, runs: Runs) -> Path:
    edit(shop, "search: none", "search: random, trials: 6")
    runs()
    return shop


def test_trials_of_a_search_that_was_stopped_are_told(
    shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(shop, "search: none", "search: random, trials: 6")
    assert trials(TrialsRequest(project=str(shop)), HERE).kept == 0

    def stop(self: object, trial: object) -> None:
        take(self, trial)
        if self._taken == 2:
            raise KeyboardInterrupt

    take = TrialsInRecord.take
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(TrialsInRecord, "take", stop)
        runs()
    found = trials(TrialsRequest(project=str(shop)), HERE)
    assert (found.trials, found.kept) == ([], 2)
    show_trials(found, Console(width=200))
    said = capsys.readouterr().out
    assert said.startswith("2 trials are kept of a search that has not ended") and "no trial yet" not in said
    runs()
    assert trials(TrialsRequest(project=str(shop)), HERE).kept == 0


def test_trials_are_rows_the_best_first(searched: Path) -> None:
    found = trials(TrialsRequest(project=str(searched)), HERE).trials
    assert len(found) >= 6 and len({t.run for t in found}) == 1
    assert found[0].best and sum(t.best for t in found) == 1
    whole = [t.value for t in found if t.state == "complete"]
    assert whole == sorted(whole, reverse=True)
    assert all(t.row_us > 0 and t.mb > 0 for t in found), "how large, and how quick, it would be"
    states = [t.state == "complete" for t in found]
    assert states == sorted(states, reverse=True), "one that saw fewer folds stands after all that saw them all"
    assert found[0].params and found[0].folds and found[0].metric == "average_precision"
    longest = trials(TrialsRequest(project=str(searched), sort="seconds"), HERE).trials
    assert [t.seconds for t in longest] == sorted((t.seconds for t in longest), reverse=True)
    some = trials(TrialsRequest(project=str(searched), limit=2), HERE)
    assert len(some.trials) == 2 and some.more == len(found) - 2


def test_trials_of_one_run_of_all_and_of_none(searched: Path, runs: Runs) -> None:
    edit(searched, "seed: 7", "seed: 8")
    runs()
    newest = trials(TrialsRequest(project=str(searched)), HERE).trials
    every = trials(TrialsRequest(project=str(searched), all=True, sort="time"), HERE).trials
    assert len(every) == 2 * len(newest) and every[0].run == newest[0].run
    older = every[-1].run
    assert {t.run for t in trials(TrialsRequest(project=str(searched), run=older), HERE).trials} == {older}
    with pytest.raises(EvidenceError, match="no trial of a run"):
        trials(TrialsRequest(project=str(searched), run="nothing"), HERE)
    with pytest.raises(SpecError, match="cannot sort by"):
        trials(TrialsRequest(project=str(searched), sort="luck"), HERE)
    with pytest.raises(SpecError, match="is no limit"):
        trials(TrialsRequest(project=str(searched), limit=0), HERE)


def test_compare_names_the_setting_that_changed_and_judges_the_gain(shop: Path, runs: Runs) -> None:
    runs()
    edit(shop, "request: [amount, kind]", "request: [kind]")
    runs()
    found = compare(CompareRequest(first="1", second="shop:2", project=str(shop)), HERE)
    assert (found.first.model, found.second.model) == ("shop:1", "shop:2") and found.same_rows
    assert found.gain == pytest.approx(found.second.value - found.first.value)
    assert found.low < found.gain < found.high
    assert found.verdict == "worse" and found.high < 0 and "worse" in found.text
    back = compare(CompareRequest(first="2", second="1", project=str(shop)), HERE)
    assert back.verdict == "better" and back.gain == pytest.approx(-found.gain)
    by_step = {change.step: change for change in found.changes}
    assert "sources.read source/orders" not in by_step
    assert any("features" in line for line in by_step["features.build"].settings)
    assert by_step["training.search"].data and not by_step["features.build"].code


def test_compare_names_the_data_that_changed(shop: Path, runs: Runs) -> None:
    first = runs()
    lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    (shop / "orders.csv").write_text("\n".join(lines[:-20]) + "\n", encoding="utf-8")
    runs()
    found = compare(CompareRequest(first=first.steps and "1", second="2", project=str(shop)), HERE)
    read = next(c for c in found.changes if c.step == "sources.read source/orders")
    assert read.data and not read.settings and not read.code
    assert not found.same_rows and found.verdict == "noise"


def test_what_cannot_be_compared_is_told(shop: Path, runs: Runs) -> None:
    runs()
    same = compare(CompareRequest(first="1", second="1", project=str(shop)), HERE)
    assert same.changes == [] and same.gain == 0 and same.verdict == "noise"
    with pytest.raises(EvidenceError, match='no run and no version "9"'):
        compare(CompareRequest(first="1", second="9", project=str(shop)), HERE)
    edit(shop, "metric: average_precision", "metric: log_loss")
    runs()
    found = compare(CompareRequest(first="1", second="2", project=str(shop)), HERE)
    assert found.verdict == "not comparable" and found.gain is None
