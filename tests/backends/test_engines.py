"""The embedded engines pass the public suites; what only they do stands below."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lmdb
import msgspec
import pytest

from services.s3 import Server
from treadle.address import Address
from treadle.backends.embedded import FolderBlobs, FolderJournal, FolderShelf, TieredTables
from treadle.backends.embedded.state import LmdbState
from treadle.backends.s3.shelf import BucketShelf
from treadle.errors import EvidenceError, SpecError, StoreError
from treadle.features import Memory
from treadle.testing import BlobsSuite, DurableStateSuite, JournalSuite, OnlineStateSuite, ShelfSuite, TablesSuite


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


def _rewrite(folder: Path, kind: bytes, content: bytes) -> None:
    """Put content in the place of all histories (e) or versions (l)."""
    env = lmdb.open(str(folder), lock=False)
    with env.begin(write=True) as writing:
        for place in [place for place, _ in writing.cursor() if msgspec.msgpack.decode(place)[0] == kind.decode()]:
            writing.put(place, content)
    env.close()


class TestLmdbState(DurableStateSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], LmdbState]:
        return partial(LmdbState, tmp_path / "state")

    def test_a_full_disk_is_told_and_what_was_told_before_stands(self, tmp_path: Path) -> None:
        """A limit on the size of files stands for the disk."""
        done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "the online state cannot be written" in done.stdout and "may be written" in done.stdout

    def test_a_state_of_the_format_before_is_read_without_its_running_sums(self, tmp_path: Path) -> None:
        folder = tmp_path / "state"
        state = LmdbState(folder)
        state.put_events("v", [("k", 1, "a", (1e17,)), ("k", 2, "b", (0.5,))], 1, 2**61)
        state.put_lookup("s", [("k", 1, 1, ("x",))], None)
        state.close()
        before = [[5, 6], ["c", "d"], [[2.0, None]], [[1e17, 1e34, 3]], 4]
        _rewrite(folder, b"e", b"\x01" + msgspec.msgpack.encode(before))
        _rewrite(folder, b"l", b"\x01" + msgspec.msgpack.encode([[1], [1], [["y"]], [""]]))
        state = LmdbState(folder)
        found, rows = state.history("v", "k"), state.versions("s", "k")
        assert found is not None and rows is not None
        assert (found.known, found.ids, found.values, found.floor) == ([5, 6], ["c", "d"], [[2.0, None]], 4)
        assert found.total(0, 0, 2) == 2.0 and found.count(0, 0, 2) == 1 and rows.find(2, None) == ("y",)
        state.put_events("v", [("k", 7, "e", (3.0,))], 1, 2**61)
        state.close()
        state = LmdbState(folder)
        again = state.history("v", "k")
        assert again is not None and again.total(0, 0, 3) == 5.0
        state.close()

    def test_a_state_of_another_format_is_refused_at_once_and_not_misread(self, tmp_path: Path) -> None:
        folder = tmp_path / "state"
        state = LmdbState(folder)
        state.put_events("v", [("k", 1, "a", (1.0,))], 1, 2**61)
        state.close()
        _rewrite(folder, b"e", b"\x03" + msgspec.msgpack.encode([[5], ["c"], [[2.0]], 4]))
        for _ in range(2):  # nor does it stay locked
            with pytest.raises(StoreError, match=r"format 3.*reads 1 and 2") as told:
                LmdbState(folder)
        assert "delete the folder" in str(told.value)

    def test_a_file_that_is_no_state_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "data.mdb").write_bytes(b"not a database" * 1000)
        for _ in range(2):
            with pytest.raises(StoreError, match="cannot be opened"):
                LmdbState(tmp_path)


class TestDeltaTables(TablesSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], TieredTables]:
        """As every workspace has them; what they do with colder places stands in tests/tiering."""
        (tmp_path / "cool").mkdir(exist_ok=True)
        return partial(TieredTables, tmp_path / "tables", {"cool": FolderShelf(tmp_path / "cool")}, {"cool": "cool"})


class TestFolderShelf(ShelfSuite):
    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], FolderShelf]:
        (tmp_path / "cool").mkdir()
        return partial(FolderShelf, tmp_path / "cool")

    def test_a_place_that_is_not_mounted_is_not_taken_for_an_empty_one(self, tmp_path: Path) -> None:
        shelf = FolderShelf(tmp_path / "nowhere")
        for act in (lambda: shelf.size("a"), lambda: shelf.put("a", tmp_path), lambda: shelf.get("a", tmp_path / "b")):
            with pytest.raises(StoreError, match="the colder place is not there"):
                act()


@pytest.mark.needs("s3")
class TestBucketShelf(ShelfSuite):
    @pytest.fixture
    def opens(self, s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[], BucketShelf]:
        s3_server.bucket("first")
        for name, value in s3_server.environment().items():
            monkeypatch.setenv(name, value)
        url = f"s3://first/{secrets.token_hex(8)}?endpoint={s3_server.endpoint}&region=us-east-1"
        return partial(BucketShelf, Address(url, "settings.yaml:1:1"))

    def test_a_store_that_does_not_let_in_is_told_plainly(
        self, opens: Callable[[], BucketShelf], s3_server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.others[0])
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.others[1])
        with pytest.raises(StoreError, match="the colder place cannot be read") as bad:
            opens().size("a")
        assert s3_server.others[1] not in str(bad.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://bucket/x?endpoint=http://storage.example.org", "in the open"),
        ("s3://bucket/x?class=cold", "has the option class"),
        ("s3:///x", "names no bucket"),
    ],
)
def test_a_bucket_that_cannot_be_is_refused(url: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        BucketShelf(Address(url, "settings.yaml:3:8"))


class TestFolderJournal(JournalSuite):
    """What only it does, on the disk, stands in test_folder_journal.py."""

    @pytest.fixture
    def opens(self, tmp_path: Path) -> Callable[[], FolderJournal]:
        return partial(FolderJournal, tmp_path / "journal" / "shop")


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
        assert blobs.put(b"content") == digest and blobs.get(digest) == b"content", "what is put can be read"

    def test_a_put_that_a_full_disk_breaks_off_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = Path.write_bytes

        def half(path: Path, content: bytes) -> None:
            write(path, content[:3])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", half)
        with pytest.raises(OSError, match="No space"):
            FolderBlobs(tmp_path).put(b"content")
        assert [f for f in tmp_path.rglob("*") if f.is_file()] == []

    def test_a_put_leaves_one_file_and_nothing_beside_it(self, tmp_path: Path) -> None:
        blobs = FolderBlobs(tmp_path)
        digest = blobs.put(b"content")
        assert [f for f in tmp_path.rglob("*") if f.is_file()] == [blobs.path(digest)]
