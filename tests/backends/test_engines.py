"""The embedded engines pass the public suites; what only they do stands below."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from treadle.backends.embedded import DeltaTables, FolderBlobs
from treadle.backends.embedded.state import LmdbState
from treadle.errors import EvidenceError, StoreError
from treadle.features import Memory
from treadle.testing import BlobsSuite, DurableStateSuite, OnlineStateSuite, TablesSuite


class TestMemory(OnlineStateSuite):
    @pytest.fixture
    def opens(self) -> Callable[[], Memory]:
        return Memory


FULL = """
import resource, sys
from pathlib import Path
from treadle.backends.embedded.state import LmdbState
from treadle.errors import StoreError
folder, rows = Path(sys.argv[1]), [("k", i, str(i), ("x" * 1000,)) for i in range(1000)]
state = LmdbState(folder)
state.put_events("v", rows[:1], 1, 2**61)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    state.put_events("v", rows, 1, 2**61)
except StoreError as bad:
    print(bad)
assert state.history("v", "k").known == [0]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
state.put_events("v", rows[1:3], 1, 2**61)
state.close()
state = LmdbState(folder)
assert state.history("v", "k").known == [0, 1, 2]
state.close()
"""


class TestLmdbState(DurableStateSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], LmdbState]:
        return partial(LmdbState, tmp_path / "state")

    def test_a_full_disk_is_told_and_what_was_told_before_stands(self, tmp_path: Path) -> None:
        """A limit on the size of files stands for the disk."""
        done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "the online state cannot be written" in done.stdout and "may be written" in done.stdout

    def test_a_file_that_is_no_state_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "data.mdb").write_bytes(b"not a database" * 1000)
        for _ in range(2):
            with pytest.raises(StoreError, match="cannot be opened"):
                LmdbState(tmp_path)


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
