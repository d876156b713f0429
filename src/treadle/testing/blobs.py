"""What an engine of blobs does. See `treadle.store.Blobs` for the protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from treadle.errors import Gone
from treadle.testing.killing import killed_after, say

Opens = Callable[[], Any]
CONTENTS = (b"", b"content", "東京\n".encode(), bytes(range(256)), b"\x00" * 2**20 + b"x")


class BlobsSuite:
    """What every engine of blobs keeps to:

    - a blob is named by the SHA-256 of its content, in lower-case hex, and comes back byte for byte;
    - putting what is there already, at the same time from many threads too, gives the same name and changes nothing;
    - a blob that is missing is told by Gone, an EvidenceError, and never comes back as something else;
    - once `put` has returned, another that opens the same place finds the blob, though the writer was killed; a blob
      whose `put` was cut short is whole or absent.
    """

    @pytest.fixture
    def opens(self) -> Opens:
        pytest.fail("the engine's test gives the fixture `opens`")

    @pytest.mark.parametrize("content", CONTENTS, ids=["empty", "ascii", "unicode", "every byte", "1 MiB"])
    def test_a_blob_comes_back_by_the_hash_of_its_content(self, opens: Opens, content: bytes) -> None:
        digest = opens().put(content)
        assert digest == hashlib.sha256(content).hexdigest()
        later = opens()
        assert later.exists(digest) and later.get(digest) == content
        assert Path(later.path(digest)).read_bytes() == content
        assert later.put(content) == digest

    def test_a_large_file_is_put_whole(self, opens: Opens, tmp_path: Path) -> None:
        file = tmp_path / "large"
        file.write_bytes(b"0123456789abcdef" * 2**20)
        digest = opens().put_file(file)
        assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
        file.unlink()
        assert len(opens().get(digest)) == 2**24

    def test_a_missing_blob_is_told(self, opens: Opens) -> None:
        blobs, unknown = opens(), "0" * 64
        blobs.put(b"another")
        assert not blobs.exists(unknown)
        with pytest.raises(Gone, match="missing"):
            blobs.get(unknown)

    def test_many_may_put_the_same_blob_at_once(self, opens: Opens) -> None:
        contents = [b"%d" % (i % 5) * 100_000 for i in range(100)]
        with ThreadPoolExecutor(8) as pool:
            digests = list(pool.map(lambda content: opens().put(content), contents))
        assert digests == [hashlib.sha256(content).hexdigest() for content in contents]
        assert all(opens().get(d) == c for d, c in zip(digests, contents, strict=True))

    def test_a_killed_writer_loses_nothing_that_was_acknowledged(self, opens: Opens) -> None:
        told = killed_after(40, _put_for_ever, opens)
        blobs = opens()
        assert [blobs.get(digest) for digest in told] == [_content(i) for i in range(len(told))]
        for i in range(len(told), len(told) + 40):
            digest = hashlib.sha256(_content(i)).hexdigest()
            assert not blobs.exists(digest) or blobs.get(digest) == _content(i)


def _content(i: int) -> bytes:
    return b"%d," % i * 20_000


def _put_for_ever(opens: Opens) -> None:
    blobs = opens()
    for i in range(1_000_000):
        say(blobs.put(_content(i)))
