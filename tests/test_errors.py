"""Several things that are wrong stand on a line each, with place and mend; one line holds them all for a program."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from treadle.cli.show import console
from treadle.contracts.report import raise_if_broken
from treadle.errors import ContractBroken, DataError, Fault, SpecError
from treadle.people import Gate, mend_of, place_of, refusal
from treadle.scoring import task_of
from treadle.training import FeatureColumn, TrainingTable
from treadle.training.table import check

FINDING = Gate("tells_label/x", 0.0, None, False, "x tells the label", acceptable=True)
POOR = Gate("roc_auc", 0.9, 0.7, False, "roc_auc is 0.7000, must be at least 0.9")
LARGE = Gate("bundle_mb", 1.0, 2.0, False, "bundle_mb is 2 MB, must be at most 1")


def test_each_fault_has_its_line() -> None:
    bad = SpecError(
        "2 things are wrong", where="a.yaml", mend="m", faults=[Fault("b", "a.yaml:1:2", "do c"), Fault("d")]
    )
    assert str(bad).splitlines() == ["a.yaml: 2 things are wrong", "  - a.yaml:1:2: b (do c)", "  - d", "  m"]
    assert bad.what == "2 things are wrong: a.yaml:1:2: b; d"


def test_gates_that_fail_are_told_one_by_one_with_their_place() -> None:
    lines = str(refusal("shop:1", [FINDING, POOR, LARGE])).splitlines()
    assert lines[0] == "shop:1 may not be released, for 3 reasons" and len(lines) == 4
    assert lines[1].startswith("  - x tells the label (") and '--finding "tells_label/x"' in lines[1]
    assert lines[2].startswith("  - brief.must_have.roc_auc: roc_auc is 0.7000") and "mend the model" in lines[2]
    assert lines[3].startswith("  - brief.limits.bundle_mb: ")
    (one, mend) = str(refusal("shop:1", [POOR])).splitlines()
    assert one == f"brief.must_have.roc_auc: shop:1 may not be released: {POOR.text}" and mend.strip() == mend_of(
        POOR, ""
    )


def test_what_keeps_a_table_from_teaching_is_told_one_by_one() -> None:
    rows, features = 60, (FeatureColumn("a", "float"), FeatureColumn("b", "float"))
    frame = pl.DataFrame({"a": [None] * rows, "b": [None] * rows}, schema={"a": pl.Float64, "b": pl.Float64})
    table = TrainingTable(frame, np.zeros(rows), None, None, list(range(rows)), features)
    with pytest.raises(DataError) as caught:
        check(table, task_of("classification"))
    assert [fault.where for fault in caught.value.faults] == ["features", "features", "predict.label"]
    assert all(fault.mend for fault in caught.value.faults)
    with pytest.raises(DataError) as caught:
        check(replace(table, frame=frame.with_columns(a=pl.lit(1.0), b=pl.lit(2.0))), task_of("classification"))
    assert not caught.value.faults and "one class only" in caught.value.what


def test_each_way_that_a_batch_breaks_its_contract_has_its_line() -> None:
    report = SimpleNamespace(rows=9, broken=["too few rows", "too old"])
    with pytest.raises(ContractBroken) as caught:
        raise_if_broken(report, SimpleNamespace(name="orders", version="1.0.0"), "sources.orders")
    lines = str(caught.value).splitlines()
    assert lines[1:3] == ["  - too few rows", "  - too old"] and "in 2 ways" in lines[0]


def test_the_place_of_a_gate_is_in_the_project_file() -> None:
    assert [place_of(gate) for gate in (FINDING, POOR, LARGE)] == [
        "",
        "brief.must_have.roc_auc",
        "brief.limits.bundle_mb",
    ]


def test_a_run_shows_a_line_for_each_failing_gate(capsys: pytest.CaptureFixture[str]) -> None:
    from treadle.cli.show.work import _told

    console.cache_clear()
    place = "treadle.yaml:3:5: brief.must_have.roc_auc"
    shown = SimpleNamespace(where=place, text="too low", mend="mend it", answered="")
    assert _told(shown).endswith(f" {place}: too low (mend it)") and "✗" in _told(shown)
    shown.answered = "grace on 2026-11-29: known"
    assert _told(shown).endswith(f" {place}: too low; answered for: grace on 2026-11-29: known")
