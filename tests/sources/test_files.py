from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from treadle.errors import DataError, SpecError
from treadle.sources import read
from treadle.spec import Source

FRAME = pl.DataFrame({"id": [1, 2, 3], "name": ["ä", "b,c", None], "x": [1.5, None, -2.0]})


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t.{ending}"
    {"csv": FRAME.write_csv, "jsonl": FRAME.write_ndjson, "parquet": FRAME.write_parquet}[ending](file)
    reading, frame = read(Source(read=file.name), tmp_path)
    assert frame.collect().equals(FRAME)
    assert reading.format == ending


def test_a_delta_table_is_read(tmp_path: Path) -> None:
    FRAME.write_delta(str(tmp_path / "t"))
    assert read(Source(read="t"), tmp_path)[1].collect().sort("id").equals(FRAME)


def test_a_pattern_reads_all_its_files_and_the_digest_follows_content(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "a.csv")
    FRAME.write_csv(tmp_path / "b.csv")
    reading, frame = read(Source(read="*.csv"), tmp_path)
    assert frame.collect().height == 6
    FRAME.head(1).write_csv(tmp_path / "b.csv")
    assert read(Source(read="*.csv"), tmp_path)[0].digest != reading.digest


def test_a_type_that_changes_late_in_a_csv_is_seen(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 20_000 + "1.5\n")
    assert read(Source(read="t.csv"), tmp_path)[1].collect()["a"].dtype == pl.Float64


def test_times_become_utc_microseconds(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("at\n2013-01-01T05:00:00\n")
    assert read(Source(read="t.csv"), tmp_path)[1].collect_schema()["at"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("none.csv", None, DataError, "there is no file none.csv"),
        ("t.txt", b"a\n1\n", SpecError, "format"),
        ("t.parquet", b"not parquet", DataError, "cannot be read as parquet"),
        ("t.jsonl", b"{broken", DataError, "cannot be read as jsonl"),
        ("t.csv", b"", DataError, "t.csv"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(
    tmp_path: Path, name: str, content: bytes | None, error: type[Exception], said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=said):
        read(Source(read=name), tmp_path, where="sources.t.read")[1].collect()
