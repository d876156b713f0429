"""What led to a thing is walked to its beginning by whoever acts on it; what is told may be cut, and says so."""

from __future__ import annotations

import pytest

from treadle.history import lineage
from treadle.history.lineage import explain, walk
from treadle.workspace import Workspace


def test_only_what_is_told_is_cut(told: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with told.chain.reading() as reader:
        (start,) = lineage.all_called(told, reader, "shop:1", "here")
        whole = walk(reader, [start])
        monkeypatch.setattr(lineage, "_MOST", 1)
        assert walk(reader, [start]) == whole and len(whole) > 3
    shown = explain(told, "shop:1")
    assert shown.more and len(shown.nodes) < len(whole)
