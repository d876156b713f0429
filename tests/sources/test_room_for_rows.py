"""How much memory rows may take, and how what would take more is refused."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from treadle.errors import DataError
from treadle.sources import limits
from treadle.sources.limits import most_bytes, refuse_larger, size, width
from treadle.spec import Layout


def refuse(needed: float, layout: Layout) -> None:
    refuse_larger(needed, layout, "t.csv", what="unpacks to", where="sources.t")


def test_what_just_fits_is_taken_and_what_does_not_says_the_limit_and_the_way_out() -> None:
    one = Layout(max_gb=1)
    refuse(1e9, one)
    with pytest.raises(DataError) as refused:
        refuse(1e9 + 1, one)
    assert "t.csv unpacks to 1.0 GB, and at most 1.0 GB may be taken (as max_gb says)" in str(refused.value)
    for needed in (1e9 + 1, 3.4e9, 77e9):
        with pytest.raises(DataError) as refused:
            refuse(needed, one)
        (wide,) = re.findall(r"max_gb: (\d+)", refused.value.mend)
        refuse(needed, Layout(max_gb=int(wide)))


@pytest.mark.parametrize(("share", "most"), [("1000\n", 500), ("max\n", 4000), ("99999", 4000), (None, 4000)])
def test_half_of_the_memory_is_that_of_our_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: str | None, most: int
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=8000))
    monkeypatch.setattr(limits, "_CGROUP", tmp_path / "memory.max")
    if share is not None:
        (tmp_path / "memory.max").write_text(share)
    assert most_bytes(Layout()) == most
    with pytest.raises(DataError, match="half of this machine's memory"):
        refuse(most + 1, Layout())


@pytest.mark.parametrize(
    ("dtype", "wide"),
    [
        (pl.Boolean, 0.125),
        (pl.Int8, 1),
        (pl.UInt16, 2),
        (pl.Float32, 4),
        (pl.Date, 4),
        (pl.Int64, 8),
        (pl.String, 16),
        (pl.Datetime("us"), 8),
        (pl.Struct({"a": pl.Int64(), "b": pl.Struct({"c": pl.Int8(), "d": pl.String()})}), 25),
    ],
)
def test_a_value_takes_what_its_type_takes(dtype: pl.DataType, wide: float) -> None:
    assert width(dtype() if isinstance(dtype, type) else dtype) == wide


def test_bytes_in_words() -> None:
    told = [size(count) for count in (0, 999_999, 1e6, 999e6, 1e9, 80e9, 1e12, 4.25e15)]
    assert told == ["0 bytes", "999,999 bytes", "1.0 MB", "999.0 MB", "1.0 GB", "80.0 GB", "1.0 TB", "4,250.0 TB"]
