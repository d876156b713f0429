"""What `data query` tells of the rows that it read."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from treadle.cli.show.data import _read


@pytest.mark.parametrize(
    ("taken", "said"),
    [(10, "took 10 of 500 rows"), (500, "took 500 of 500 rows"), (1000, "took all 500 rows, some twice,")],
)
def test_no_more_rows_than_there_are(taken: int, said: str) -> None:
    read = SimpleNamespace(rows=taken, bytes=None, groups=1, all_groups=1, seconds=0.01)
    assert _read(SimpleNamespace(read=read, snapshots=[SimpleNamespace(rows=500, bytes=9)])).startswith(said)
