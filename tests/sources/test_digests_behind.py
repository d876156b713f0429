"""Bytes hashed behind who reads them: what is hashed is what was read, and a file that is written to is found."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from treadle.sources.behind import DigestsBehind
from treadle.sources.footers import begins, last_bytes

ROWS, GROUP = 400, 100


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pl.DataFrame({"n": range(ROWS), "t": [f"t{n % 7}" for n in range(ROWS)]}).write_parquet(
        tmp_path / "t.parquet", row_group_size=GROUP
    )
    return tmp_path / "t.parquet"


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def groups(file: Path) -> tuple[tuple[int, int], ...]:
    with file.open("rb") as stream:
        return begins(last_bytes(stream))


def written(file: Path, place: int) -> None:
    """Another byte there."""
    with file.open("r+b") as stream:
        stream.seek(place)
        byte = stream.read(1)
        stream.seek(place)
        stream.write(bytes([byte[0] ^ 255]))


def test_where_groups_begin(file: Path) -> None:
    found = groups(file)
    assert [end for end, _ in found] == [100, 200, 300, 400]
    assert [begin for _, begin in found] == sorted({begin for _, begin in found}) and found[0][1] == 4


@pytest.mark.parametrize("steps", [(), (100, 200, 300, 400), (30, 60, 230, 400), (400,)])
def test_it_is_the_digest_of_the_file(file: Path, steps: tuple[int, ...]) -> None:
    with DigestsBehind([file, file], "") as behind:
        for number in (0, 1):
            for rows in steps:
                behind.passed(number, rows)
        assert behind.digests() == [digest(file)] * 2


def test_what_is_written_before_it_is_read_is_in_the_digest(file: Path) -> None:
    """In any group from the one that is being read on, though no time of the file tells."""
    before, begin = digest(file), groups(file)[2][1]
    with DigestsBehind([file], "") as behind:
        behind.passed(0, 250)
        behind._running[-1].result()
        assert behind._files[0]._at == begin
        written(file, begin)
        assert behind.digests() == [digest(file)] != [before]


def test_what_is_no_parquet_is_hashed_at_the_end(file: Path) -> None:
    file.write_bytes(b"n\n1\n")
    with DigestsBehind([file], "") as behind:
        behind.passed(0, 1)
        assert behind.digests() == [digest(file)]
