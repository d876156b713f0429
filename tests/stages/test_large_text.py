"""A large CSV on its way into a snapshot: as it is when it is held whole; a killed process leaves nothing for ever."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from large_shop import taken

from treadle.sources import laid

CHILD = """
import os, signal, sys
from treadle.sources import laid
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

sys.path.insert(0, sys.argv[1])
from stage_shop import opened
laid.LAID_FROM, laid.BLOCK = 1, 3000
real = laid._Laid.write


def struck(self, values, block):
    real(self, values, block)
    if block == 2:
        os.kill(os.getpid(), signal.SIGKILL)


laid._Laid.write = struck
read_sources(Work(opened(sys.argv[2])))
"""


@pytest.fixture
def text(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop, whose orders are a large table."""
    monkeypatch.setattr(laid, "LAID_FROM", 1)
    monkeypatch.setattr(laid, "BLOCK", 3000)
    monkeypatch.setattr(laid, "TOGETHER", 2)
    return shop


def test_a_large_text_is_taken_as_the_whole_is(text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_parts = taken(text)
    assert len(in_parts.table.parts) > 2 and in_parts.quarantined == 2
    assert not list((text / ".treadle" / "bundles").glob("parts-*"))
    (text / ".treadle").rename(text / "moved")
    monkeypatch.setattr(laid, "LAID_FROM", 1 << 60)
    whole = taken(text)
    assert whole.table.fingerprint == in_parts.table.fingerprint and len(whole.table.parts) == 1
    for name in ("rows", "quarantined", "rules", "bytes", "newest", "warnings", "reached", "unasked"):
        assert getattr(whole, name) == getattr(in_parts, name), name


def test_what_a_killed_process_laid_is_removed_by_the_next(text: Path) -> None:
    words = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(text)]
    assert subprocess.run(words, capture_output=True, check=False).returncode == -signal.SIGKILL
    left = text / ".treadle" / "bundles"
    assert [*left.glob("parts-*/laid/0/*.arrow")]
    assert taken(text).quarantined == 2 and not list(left.glob("parts-*"))
