"""A score that is owed to a leak: named on the terminal, not released, and answered for by name or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from terminal import answer, refusal, treadle


@pytest.fixture
def leaky(credit: Path) -> Path:
    """The credit project with a column that is twice the label, asked for as a feature."""
    data = credit / "data" / "credit.csv"
    frame = pl.read_csv(data)
    frame.with_columns(canary=2.0 * (pl.col("default") == "Yes")).write_csv(data)
    edit(credit, "request: [student, balance, income]", "request: [student, balance, income, canary]")
    return credit


def edit(project: Path, old: str, new: str) -> None:
    file = project / "treadle.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_leak_is_named_and_not_released_until_a_reviewer_answers_for_it(leaky: Path) -> None:
    said = treadle("run", leaky).stdout
    assert "may leak" in said and "canary" in said and "tells_label/canary" in said
    run = answer("run", leaky)
    assert run["findings"][0]["name"] == "tells_label/canary" and not run["released"]
    assert "models accept" in run["next"] and "tells_label/canary" in run["next"]
    said = " ".join(treadle("log", leaky).stdout.split())  # a long sentence is folded
    assert "may leak: tells_label/canary" in said
    assert "tells_label/canary" in Path(run["report"]).read_text(encoding="utf-8")
    assert "tells_label/canary" in refusal("models", "release", leaky, "--as", "grace")

    words = ("models", "accept", leaky, "--finding", "tells_label/canary", "--because", "known at the counter")
    assert "ada" in refusal(*words, "--as", "ada"), "nobody answers for their own model"
    assert answer(*words, "--as", "grace")["open"] == []
    assert answer("models", "release", leaky, "--as", "grace")["approved_by"] == "grace"
    shown = treadle("models", "show", leaky).stdout
    assert "known at the counter" in shown and "grace" in shown
    assert "tells_label/canary" in answer("models", "show", leaky)["card"]
    assert answer("verify", leaky)["ok"]


def test_the_policy_releases_no_leak(leaky: Path) -> None:
    edit(leaky, "approve: reviewer", "approve: policy")
    run = answer("run", leaky)
    assert run["status"] == "waiting for review" and not run["released"]


def test_the_label_as_a_feature_is_refused_before_any_step(credit: Path) -> None:
    edit(credit, "request: [student, balance, income]", "request: [student, balance, income, default]")
    for command in ("check", "run"):
        done = treadle(command, credit, ok=False)
        said = done.stdout + done.stderr
        assert "the label is made of the column default" in said and "treadle.yaml:" in said, said
    done = treadle("log", credit, "--json")
    assert "training" not in json.dumps(json.loads(done.stdout))


def test_looks_at_sealed_rows_are_counted_whatever_the_features_and_the_seed(credit: Path) -> None:
    assert answer("run", credit)["opened"] == 1
    edit(credit, "request: [student, balance, income]", "request: [student, balance]")
    assert answer("run", credit)["opened"] == 2, "the same rows with other features"
    edit(credit, "seed: 7", "seed: 8")
    assert answer("run", credit)["opened"] == 3, "a fifth of the new rows were seen already"


def test_rows_without_a_label_are_said(credit: Path) -> None:
    edit(credit, r'''"\"default\" = 'Yes'"''', r'''"case when balance > 100 then \"default\" = 'Yes' end"''')
    run = answer("run", credit)
    assert run["without_label"] > 0
    assert any(f"{run['without_label']:,} of 10,000 rows were left out" in note for note in run["notes"])
    assert "rows were left out" in treadle("run", credit).stdout
