"""What `data query` tells of the rows that it read, and a run of its sources."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from treadle.api.work import ReadingShown
from treadle.cli.show.data import _read
from treadle.cli.show.work import readings_line


@pytest.mark.parametrize(
    ("taken", "said"),
    [(10, "took 10 of 500 rows"), (500, "took 500 of 500 rows"), (1000, "took all 500 rows, some twice,")],
)
def test_no_more_rows_than_there_are(taken: int, said: str) -> None:
    read = SimpleNamespace(rows=taken, bytes=None, groups=1, all_groups=1, seconds=0.01)
    assert _read(SimpleNamespace(read=read, snapshots=[SimpleNamespace(rows=500, bytes=9)])).startswith(said)


def test_sources_that_were_read_side_by_side_have_a_line_each() -> None:
    read = [
        ReadingShown("tiny", 1, 60, 0.01, 0.0),
        ReadingShown("slow", 12_345, 31_000_000, 2.0, 0.5),
        ReadingShown("few", 3, 90, 1.0, 0.0),
    ]
    assert readings_line(read).split("\n") == [
        "read side by side:",
        "  tiny: 1 row in 0.0 s",
        "  slow: 12,345 rows in 2.0 s (6,172 rows/s, 16 MB/s, 0.5 s of it without room for more)",
        "  few: 3 rows in 1.0 s (3 rows/s)",
    ]
