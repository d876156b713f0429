"""What a colder place for files does. See `treadle.store.Shelf` for the protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from treadle.errors import EvidenceError
from treadle.testing.killing import killed_after, say

Opens = Callable[[], Any]
KEYS = ("a/b/part.parquet", "a/source/orders/0b1c.parquet", "東京/part 1%.parquet")


class ShelfSuite:
    """What every colder place keeps to:

    - a file that is put comes back byte for byte, and its size is told;
    - to put again under a key replaces what is there; to remove what is not there does nothing;
    - what is missing is told by an EvidenceError, and its size is None;
    - whoever opens it says the same place;
    - once `put` has returned, another that opens the same place finds the file, though the writer was killed; one whose
      `put` was cut short is whole or absent.
    """

    @pytest.fixture
    def opens(self) -> Opens:
        pytest.fail("the engine's test gives the fixture `opens`")

    @pytest.mark.parametrize("key", KEYS)
    def test_a_file_comes_back_and_goes(self, opens: Opens, key: str, tmp_path: Path) -> None:
        file, back, shelf = tmp_path / "here", tmp_path / "back", opens()
        for content in (b"first", bytes(range(256)) * 5000, b""):
            file.write_bytes(content)
            shelf.put(key, file)
            assert opens().size(key) == len(content)
            opens().get(key, back)
            assert back.read_bytes() == content
        shelf.remove(key)
        shelf.remove(key)
        assert opens().size(key) is None

    def test_what_is_missing_is_told(self, opens: Opens, tmp_path: Path) -> None:
        with pytest.raises(EvidenceError, match="gone"):
            opens().get("a/nothing", tmp_path / "back")
        assert opens().place == opens().place != ""
        assert opens().size("a/nothing") is None and not (tmp_path / "back").exists()

    def test_what_a_killed_writer_had_put_is_whole(self, opens: Opens, tmp_path: Path) -> None:
        said = killed_after(3, _puts, opens)
        for number in said:
            opens().get(f"kept/{number}", tmp_path / "back")
            assert (tmp_path / "back").read_bytes() == number.encode() * 100_000


def _puts(opens: Opens) -> None:
    import tempfile

    shelf = opens()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(10_000):
            file = Path(folder) / "file"
            file.write_bytes(str(number).encode() * 100_000)
            shelf.put(f"kept/{number}", file)
            say(number)
