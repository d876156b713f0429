"""Two real projects, small: the first weeks of the flights, and the credit table. Made once for a worker."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from terminal import answer, treadle

EXAMPLES = Path(__file__).parents[2] / "examples"


def small_flights(folder: Path) -> Path:
    """The flights example until 20 February: 43,000 flights, linear models, a few trials."""
    source, until = EXAMPLES / "flights", datetime(2013, 2, 20)
    project = folder / "flights"
    shutil.copytree(source, project, ignore=shutil.ignore_patterns(".treadle", "data"))
    (project / "data").mkdir()
    for name, column in (("flights", "sched_dep"), ("weather", "observed_at"), ("planes", None)):
        frame = pl.read_parquet(source / "data" / f"{name}.parquet")
        if column:
            frame = frame.filter(pl.col(column).dt.replace_time_zone(None) < until)
        frame.write_parquet(project / "data" / f"{name}.parquet")
    file = project / "treadle.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ("test: 0.2", "test: 0.4"),  # ten days are too few to tell a gain by
        ("families: auto", "families: [linear], trials: 2"),
        ("must_have:   {average_precision: 0.45}", "must_have:   {average_precision: 0.25}"),
    ):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return project


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The small flights project, released, and what the run answered.

    On so few days, to warn of every flight costs hardly more than to ask the model: a reviewer answers for that.
    """
    project = small_flights(tmp_path_factory.mktemp("e2e"))
    first = answer("run", project)
    failing = [gate["name"] for gate in first["gates"] if not gate["holds"]]
    # it rests on an interval, of as many draws as there was time for: on a busy machine the gate may hold
    assert failing in (["no_saving"], []) and first["released"] == (not failing)
    if failing:
        because = ("--finding", "no_saving", "--because", "few days", "--as", "grace")
        treadle("models", "accept", project, first["model"], *because)
        assert answer("run", project)["released"]
    return project, first


@pytest.fixture
def credit(tmp_path: Path) -> Path:
    """The credit project, not yet run; linear models only."""
    project = tmp_path / "credit"
    shutil.copytree(EXAMPLES / "credit", project, ignore=shutil.ignore_patterns(".treadle"))
    file = project / "treadle.yaml"
    text = file.read_text(encoding="utf-8")
    quick = text.replace("families: auto", "families: [linear]").replace("trials: 20", "trials: 2")
    assert quick != text
    file.write_text(quick, encoding="utf-8")
    return project
