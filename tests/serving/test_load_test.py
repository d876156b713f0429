"""A load test asks a real server apart from the ledger; what it takes confirms a plan or refutes it, and is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.api import Context
from treadle.api.confirming import ConfirmRequest, costs_confirm
from treadle.errors import SpecError, TreadleError
from treadle.evidence.kinds.load_tested import LoadTested
from treadle.hosting import loading
from treadle.monitoring import answered
from treadle.plans.confirming import cpu_each, newest_test, verdict_of
from treadle.plans.confirming_found import Slice
from treadle.principal import person
from treadle.workspace import Workspace


def test_a_server_is_asked_and_what_it_took_is_kept_and_no_answer_is_in_the_ledger(
    shop: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "_WARM_SECONDS", 0.2)
    before = list(answered(workspace.tables, workspace.names, workspace.journal))
    asked = ConfirmRequest(project=str(shop), seconds=1.0, connections=4)
    found = costs_confirm(asked, Context(person("ada")))
    assert found.model == "shop:1" and found.answers > 50 and found.refused == 0
    assert found.cpu_ms > 0 and 0 < found.p50_ms <= found.p99_ms and found.peak_mb > 20
    assert found.rate == pytest.approx(600 / found.cpu_ms, rel=1e-4) and found.servers is None, (
        "nobody asked the endpoint"
    )
    assert list(answered(workspace.tables, workspace.names, workspace.journal)) == before
    with workspace.chain.reading() as reader:
        kept = newest_test(reader, "shop:1")
        assert kept is not None and kept.seq == found.entry and newest_test(reader, "shop:2") is None
    assert isinstance(kept.payload, LoadTested) and kept.payload.answers == found.answers
    assert kept.said() == found.said and f": {found.verdict};" in found.said


def test_a_server_that_does_not_start_says_why(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace.root / "keys" / "signing.key").rename(workspace.root / "elsewhere")
    with pytest.raises(TreadleError):
        costs_confirm(ConfirmRequest(project=str(workspace.project.file), seconds=1.0), Context(person("ada")))
    assert workspace.chain.last(LoadTested) is None


def test_cpu_of_an_answer_by_hand_and_what_it_says_of_a_plan() -> None:
    """Of 600 answers 3 CPU-seconds are 5 ms each."""
    value, low, high = cpu_each([Slice(100, 1.0, 0.4), Slice(100, 1.0, 0.6)] * 3)
    assert value == pytest.approx(0.005) and low < 0.005 < high
    assert cpu_each([Slice(100, 1.0, 0.5)] * 5)[1:] == (None, None)
    assert [verdict_of(*each) for each in ((4, 5, 5), (4, 5, 4.5), (4, 5, 3.9), (None, None, 5))] == [
        "confirmed", "not told apart", "refuted", "not told apart",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"seconds": float("nan")}, {"connections": 0}, {"busy": 1.5},
                                   {"cpus": 0.0}])  # fmt: skip
def test_what_cannot_be_asked_for(shop: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="cannot be"):
        costs_confirm(ConfirmRequest(project=str(shop), **wrong), Context(person("ada")))
