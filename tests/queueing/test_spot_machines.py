"""A real run on machines that are taken away: it ends with the model of a run that nobody disturbed."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import sys
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import CONTRACT, edit, opened, write_shop

from treadle.api.on_spot import refuse_here
from treadle.api.work import RunRequest
from treadle.cli import main
from treadle.costs import costs
from treadle.errors import SpecError
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.spot_ran import SpotRan
from treadle.loop import run
from treadle.queueing import spot
from treadle.queueing.found import Interruption, SpotRun
from treadle.queueing.spot import run_on_spot, stays
from treadle.workspace import Workspace

KEEPS = (
    "import sys, time, pathlib, signal\n"
    "folder = pathlib.Path(sys.argv[1]); done = len(list(folder.iterdir()))\n"
    "for number in range(done, 4):\n"
    "    time.sleep(0.25); (folder / str(number)).touch()\n"
    'print(\'{"model": "p:1"}\')\n'
)


def kept_in(folder: Path) -> list[float]:
    return [file.stat().st_mtime for file in folder.iterdir()]


def test_what_is_lost_is_what_was_not_kept(tmp_path: Path) -> None:
    said = list[str]()
    words = [sys.executable, "-S", "-E", "-c", KEEPS, str(tmp_path)]
    found = run_on_spot(words, iter([0.65, 0.65, 99.0]), lambda: kept_in(tmp_path), notice_s=0, say=said.append)
    assert found.ok and found.said == "p:1" and found.attempts == len(found.interruptions) + 1 >= 2
    assert all(each.killed for each in found.interruptions) and len(said) == len(found.interruptions)
    assert 0 < found.lost_s < found.seconds
    assert 0 < found.lost_cpu_s < found.lost_s and found.peak_mb > 1
    assert found.lost_s <= len(found.interruptions) * (found.checkpoint_s + 0.05)


def test_what_is_lost_is_priced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour of two CPUs and 1,024 MiB, by the price book; the entry is the run's, and no second one is."""
    workspace = opened(write_shop(tmp_path / "shop"))
    stopped = [Interruption(3600.0, 3600.0, True)]
    found = SpotRun(True, "p:1", 4000.0, 2, 3600.0, 10.0, stopped, 7200.0, 1024.0)
    monkeypatch.setattr(spot, "run_on_spot", lambda *given, **more: found)
    spot.simulate(workspace, "ada", 60.0, 0.0, print)
    prices = workspace.book.prices
    (entry,) = workspace.chain.find(SpotRan)
    assert float(entry.price.money.amount) == pytest.approx(2 * prices["cpu_hour"] + prices["memory_gb_hour"], abs=1e-8)
    whole = costs(workspace.chain, workspace.book.rates)
    assert whole.amount == entry.price.money.amount and whole.seconds == 3600
    monkeypatch.setattr(spot, "run_on_spot", lambda *given, **more: msgspec.structs.replace(found, lost_s=0.0))
    spot.simulate(workspace, "ada", 60.0, 0.0, print)
    assert costs(workspace.chain, workspace.book.rates).amount == whole.amount, "nothing was lost"


def test_a_run_that_fails_is_not_begun_again(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; print('no data', file=sys.stderr); sys.exit(1)"]
    found = run_on_spot(words, itertools.repeat(99.0), list, notice_s=0)
    assert (found.ok, found.said, found.attempts) == (False, "no data", 1)


def test_machines_that_stay_for_less_than_a_step_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot, "MOST_ATTEMPTS", 3)
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(SpecError, match="not done in 3 attempts"):
        run_on_spot(words, itertools.repeat(0.05), list, notice_s=0)
    with pytest.raises(SpecError, match="no time that a machine stays"):
        next(stays(0, 1))


def test_machines_stay_as_long_as_was_said_in_the_mean() -> None:
    drawn = list(itertools.islice(stays(60, 1), 4000))
    assert 57 < sum(drawn) / len(drawn) < 63 and drawn[:3] == list(itertools.islice(stays(60, 1), 3))


def judged(shop: Workspace) -> tuple[float, str]:
    evaluated, packed = shop.chain.last(ModelEvaluated), shop.chain.last(ModelPacked)
    assert evaluated is not None and packed is not None
    return evaluated.payload.value, packed.payload.family


@pytest.mark.slow
def test_a_disturbed_run_ends_with_the_model_of_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shops = []
    for name in ("calm", "spot"):
        folder = write_shop(tmp_path / name)
        edit(folder, CONTRACT[CONTRACT.index("slaProperties") :], "", "orders.yaml")
        with (folder / "treadle.yaml").open("a", encoding="utf-8") as file:
            file.write("access: {trust: local, logins: {'*': ada}}\n")
        shops.append(opened(folder))
    calm, taken = shops
    run(calm)
    monkeypatch.setattr(spot, "stays", lambda mean, seed: iter([2.5, 3.5, *[600.0] * 9]))
    words = ["run", str(tmp_path / "spot"), "--on", "spot-simulated", "--interrupt-every", "4s", "--notice", "0s"]
    monkeypatch.setattr(sys, "argv", ["treadle", *words, "--json"])
    with contextlib.suppress(SystemExit):
        main()
    answer = json.loads(capsys.readouterr().out)
    (entry,) = taken.chain.find(SpotRan)
    assert entry.payload.interruptions >= 1 and entry.payload.model == answer["model"] == "shop:1"
    assert answer["notes"][0].startswith(f"the machine was taken away {entry.payload.interruptions} times: ")
    assert len(answer["cached_steps"]) == len(answer["steps"]), "all was in the record"
    assert judged(taken) == judged(calm)
    monkeypatch.setattr(sys, "argv", ["treadle", *words, "--fresh"])
    with pytest.raises(SystemExit):
        main()
    assert "does not begin anew" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["interrupt_every", "notice"])
def test_what_is_said_of_machines_of_a_run_on_none_is_refused(flag: str) -> None:
    with pytest.raises(SpecError, match="is of a machine that is taken away") as bad:
        refuse_here(RunRequest(**{flag: "5m"}))
    assert bad.value.mend == "add --on spot-simulated"
    refuse_here(RunRequest(**{flag: "5m"}, on="spot-simulated"))
    refuse_here(RunRequest())


def test_sigterm_does_afterwards_what_it_did_before() -> None:
    def told(number: int, frame: object) -> None: ...

    first = signal.signal(signal.SIGTERM, told)
    try:
        with pytest.raises(KeyError), spot._ended_by_sigterm():
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
            raise KeyError
        assert signal.getsignal(signal.SIGTERM) is told
    finally:
        signal.signal(signal.SIGTERM, first)
