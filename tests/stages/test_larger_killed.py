"""A large table on its way into a snapshot, when the process is killed or the disk full: nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from large_shop import taken
from stage_shop import opened

from treadle.evidence.kinds.source_read import SourceRead

CHILD = """
import os, resource, signal, sys
from treadle.backends.embedded import writing
from treadle.backends.embedded.parts import PartFiles
from treadle.sources import parts
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

folder, project, when, what = sys.argv[1:]
sys.path.insert(0, folder)
from stage_shop import opened
parts.PARTED_FROM, parts.PART = 1, 50 * 50
seen = 0


def strike():
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # no file takes another byte


def struck(real, before):
    def call(*given, **named):
        global seen
        seen += 1
        if before:
            strike() if str(seen) == when or not when.isdigit() else None
        made = real(*given, **named)
        if not before:
            strike()
        return made

    return call


if when.isdigit():
    PartFiles._keep = struck(PartFiles._keep, True)
else:
    writing.commit = struck(writing.commit, when == "before the commit")
workspace = opened(project)
try:
    read_sources(Work(workspace))
except Exception as bad:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(f"{type(bad).__name__}: {bad}")
"""


def struck(project: Path, when: str, what: str) -> subprocess.CompletedProcess[str]:
    words = [str(Path(__file__).parent), str(project), when, what]
    return subprocess.run([sys.executable, "-c", CHILD, *words], capture_output=True, text=True, check=False)


def second_delivery(project: Path) -> None:
    file = project / "orders.parquet"
    pl.read_parquet(file).with_columns(pl.col("amount") * 2).write_parquet(file, row_group_size=64)


@pytest.mark.parametrize("when", ["1", "4", "before the commit", "after the commit"])
def test_what_a_killed_process_began_is_taken_anew_and_the_version_before_stands(large: Path, when: str) -> None:
    before = taken(large)
    second_delivery(large)
    assert struck(large, when, "kill").returncode == -signal.SIGKILL
    workspace = opened(large)
    last = workspace.chain.last(SourceRead, subject="source/orders")
    assert last is not None and last.payload.table == before.table
    assert (
        workspace.tables.check(before.table) == [] and workspace.tables.read(before.table).height == before.table.rows
    )
    workspace.chain.engine.dispose()

    after = taken(large)
    assert (after.rows, after.quarantined) == (before.rows, before.quarantined)
    assert after.table.fingerprint != before.table.fingerprint
    workspace = opened(large)
    kept = workspace.tables.read(after.table).sort("order")
    assert kept.drop("amount").equals(workspace.tables.read(before.table).sort("order").drop("amount"))
    assert workspace.tables.scan(after.table.table).collect().height == after.table.rows, "each row once in the table"
    assert workspace.tables.check(after.table) == [] and not list((workspace.root / "bundles").glob("parts-*"))
    workspace.chain.engine.dispose()


@pytest.mark.parametrize("when", ["1", "4"])
def test_a_full_disk_is_one_clear_error_and_the_version_before_stands(large: Path, when: str) -> None:
    before = taken(large)
    second_delivery(large)
    done = struck(large, when, "full")
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert done.stdout.startswith("StoreError: ") and "check that the disk has room" in done.stdout
    workspace = opened(large)
    last = workspace.chain.last(SourceRead, subject="source/orders")
    assert last is not None and last.payload.table == before.table and workspace.tables.check(before.table) == []
    folder = workspace.root / "tables" / before.table.table
    assert {file.name for file in folder.glob("*.parquet")} == {part.path for part in before.table.parts}
    workspace.chain.engine.dispose()
    assert taken(large).rows == before.rows
