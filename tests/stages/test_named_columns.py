"""What a source names of its columns is held to the rows as their contract keeps them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from treadle.contracts import load
from treadle.errors import SpecError
from treadle.spec import Source
from treadle.stages.named import misnamed, refuse_misnamed

ROWS = pl.DataFrame(
    {
        "k": [1, 2],
        "n": [1, None],
        "day": [date(2024, 1, 1), None],
        "at": [datetime(2024, 1, 1, tzinfo=UTC), None],
        "told": ["2024-01-01", "soon"],
        "empty": pl.Series([None, None], dtype=pl.String),
    }
)
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
schema:
  - name: rows
    properties:
      - {name: told, logicalType: timestamp}
      - {name: later, logicalType: timestamp}
"""


def said(root: Path, **named: Any) -> list[str]:
    (root / "c.yaml").write_text(CONTRACT, encoding="utf-8")
    source = Source(read="rows.csv", contract="c.yaml", **named)
    return [f"{bad.where}: {bad.what}" for bad in misnamed("s", source, ROWS, load(root / "c.yaml"))]


@pytest.mark.parametrize("column", ["day", "at", "told", "empty", "cast(day as timestamp)"])
@pytest.mark.parametrize("part", ["happened", "known"])
def test_a_time_is_a_day_too_or_what_the_contract_makes_one_or_not_known_yet(
    tmp_path: Path, part: str, column: str
) -> None:
    assert said(tmp_path, key="k", **{part: column}) == []


@pytest.mark.parametrize("part", ["happened", "known"])
def test_what_is_no_time_is_refused_where_it_is_named(tmp_path: Path, part: str) -> None:
    for column in ("k", "n"):
        assert said(tmp_path, **{part: column}) == [f"sources.s.{part}: a time is wanted here, and {column} is int"]
    (later,) = said(tmp_path, **{part: "later"})
    assert later.startswith(f"sources.s.{part}: ") and "later" in later, "declared, and not among the rows"


def test_all_of_it_is_told_and_of_no_rows_nothing(tmp_path: Path) -> None:
    wrong = {"key": ("k", "gone", "lost"), "happened": "n"}
    assert said(tmp_path, **wrong) == [
        'sources.s.key[1]: source s has no column "gone"',
        'sources.s.key[2]: source s has no column "lost"',
        "sources.s.happened: a time is wanted here, and n is int",
    ]
    with pytest.raises(SpecError) as told:
        refuse_misnamed("s", Source(read="rows.csv", **wrong), ROWS, None)
    assert len(told.value.faults) == 3
    with pytest.raises(SpecError) as told:
        refuse_misnamed("s", Source(read="rows.csv", key=("k", "gone"), happened="n"), ROWS, None)
    assert len(told.value.faults) == 2
    refuse_misnamed("s", Source(read="rows.csv", **wrong), ROWS.clear(), None)
