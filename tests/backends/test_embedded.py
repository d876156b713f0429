from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from treadle.backends.embedded import DeltaTables, FolderBlobs
from treadle.errors import DataError, EvidenceError

FRAME = pl.DataFrame({"a": [1, 2, None], "s": ["ä", None, ""], "x": [0.5, float("nan"), float("inf")]})


def test_a_snapshot_is_named_by_content(tmp_path: Path) -> None:
    tables = DeltaTables(tmp_path)
    first = tables.replace("p/t", FRAME)
    assert tables.replace("p/t", FRAME) == first
    second = tables.replace("p/t", FRAME.head(2))
    assert second.version == first.version + 1
    assert second.fingerprint != first.fingerprint
    assert tables.scan("p/t", first.version).collect().equals(FRAME)
    assert DeltaTables(tmp_path / "other").replace("t", FRAME).fingerprint == first.fingerprint


def test_a_replaced_table_may_change_its_columns(tmp_path: Path) -> None:
    tables = DeltaTables(tmp_path)
    tables.replace("t", FRAME)
    tables.replace("t", FRAME.select(b="s"))
    assert tables.scan("t").collect().columns == ["b"]


def test_an_append_with_the_same_mark_adds_nothing(tmp_path: Path) -> None:
    tables = DeltaTables(tmp_path)
    for mark in ("one", "one", "two"):
        tables.append("t", FRAME, once=mark)
    assert tables.scan("t").collect().height == 6


def test_writers_at_once_lose_no_rows(tmp_path: Path) -> None:
    tables = DeltaTables(tmp_path)
    tables.append("t", FRAME)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda i: DeltaTables(tmp_path).append("t", FRAME, once=f"m{i}"), range(8)))
    assert tables.scan("t").collect().height == 27


def test_a_missing_table_or_version_is_named(tmp_path: Path) -> None:
    tables = DeltaTables(tmp_path)
    with pytest.raises(DataError, match='no table "t"'):
        tables.scan("t")
    tables.replace("t", FRAME)
    with pytest.raises(DataError, match="no version 7"):
        tables.scan("t", 7)


def test_blobs_are_addressed_by_content_and_damage_is_found(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    digest = blobs.put(b"content")
    assert blobs.put(b"content") == digest
    assert blobs.get(digest) == b"content"
    blobs.path(digest).write_bytes(b"other")
    with pytest.raises(EvidenceError, match="changed on disk"):
        blobs.get(digest)
    with pytest.raises(EvidenceError, match="missing"):
        blobs.get("0" * 64)
