"""The embedded engines pass the public suites; what only they do stands below."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from treadle.backends.embedded import DeltaTables, FolderBlobs
from treadle.backends.embedded.state import LmdbState
from treadle.errors import EvidenceError
from treadle.features import Memory
from treadle.testing import BlobsSuite, DurableStateSuite, OnlineStateSuite, TablesSuite

DATES_OF_EVENTS = pytest.mark.xfail(
    strict=True, raises=TypeError, reason="not done by us: History adds up every value of an event, a date too"
)


class TestMemory(OnlineStateSuite):
    @pytest.fixture
    def opens(self) -> Callable[[], Memory]:
        return Memory

    @DATES_OF_EVENTS
    def test_dates_of_events_keep_their_type(self, opens: Callable[[], Memory]) -> None:
        super().test_dates_of_events_keep_their_type(opens)


class TestLmdbState(DurableStateSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], LmdbState]:
        return partial(LmdbState, tmp_path / "state")

    @DATES_OF_EVENTS
    def test_dates_of_events_keep_their_type(self, opens: Callable[[], LmdbState]) -> None:
        super().test_dates_of_events_keep_their_type(opens)


class TestDeltaTables(TablesSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], DeltaTables]:
        return partial(DeltaTables, tmp_path / "tables")


class TestFolderBlobs(BlobsSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], FolderBlobs]:
        return partial(FolderBlobs, tmp_path / "blobs")

    def test_damage_on_the_disk_is_found(self, tmp_path: Path) -> None:
        blobs = FolderBlobs(tmp_path)
        digest = blobs.put(b"content")
        blobs.path(digest).write_bytes(b"other")
        with pytest.raises(EvidenceError, match="changed on disk"):
            blobs.get(digest)

    def test_a_put_leaves_one_file_and_nothing_beside_it(self, tmp_path: Path) -> None:
        blobs = FolderBlobs(tmp_path)
        digest = blobs.put(b"content")
        assert [f for f in tmp_path.rglob("*") if f.is_file()] == [blobs.path(digest)]
