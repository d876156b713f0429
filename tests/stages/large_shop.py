"""The shop's orders as a table that is read in parts."""

from __future__ import annotations

from pathlib import Path

from stage_shop import opened

from treadle.evidence.kinds.source_read import SourceRead
from treadle.stages.reading import read_sources
from treadle.stages.work import Work


def taken(project: Path) -> SourceRead:
    workspace = opened(project)
    try:
        return read_sources(Work(workspace))["orders"].payload
    finally:
        workspace.chain.engine.dispose()
