"""Files laid out by how they are asked: the same rows, read in small shares; and nothing lost, whoever is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_shop import keep, opened, orders, train

from treadle.backends.embedded import DeltaTables
from treadle.errors import DataError, EvidenceError, Overtaken, StoreError
from treadle.evidence import verify
from treadle.evidence.kinds.source_read import SourceRead
from treadle.exploring.asking import Limits, query
from treadle.exploring.measured import Counted, measured
from treadle.exploring.named import named
from treadle.exploring.snapshots import history_of, kept, meant
from treadle.store import ROW, Snapshot
from treadle.upkeep import compacting
from treadle.upkeep.compacting import compact
from treadle.upkeep.found import CompactedSource
from treadle.upkeep.retaining import retain
from treadle.workspace import Workspace

NOW = datetime(2024, 5, 1, tzinfo=UTC)
MILLION = 1_000_000
LONG = Limits(seconds=50)


def large(rows: int = MILLION) -> pl.DataFrame:
    """Orders in the order of their times; their keys are in none."""
    made = np.random.default_rng(3)
    frame = pl.DataFrame(
        {"order": made.permutation(rows), "amount": made.normal(size=rows), "kind": made.choice(["book", "lamp"], rows)}
    )
    return frame.with_columns(told=pl.datetime(2020, 1, 1) + pl.duration(seconds=pl.int_range(pl.len())))


def done(workspace: Workspace, by: tuple[str, ...] = (), *, apply: bool = True) -> CompactedSource:
    (found,) = compact(workspace, "orders", by, apply=apply).sources
    return found


def newest(workspace: Workspace) -> Snapshot:
    return kept(workspace, "orders")[-1].snapshot


def share(workspace: Workspace, sql: str) -> float:
    found = query(workspace, sql, LONG)
    assert found.read.bytes is not None
    return found.read.bytes / sum(one.bytes for one in found.snapshots)


KEY, TIME = (
    'select * from orders where "order" = 77777',
    "select * from orders where told between '2020-01-05' and '2020-01-05T02:46:39'",
)


def test_a_look_up_by_key_and_by_time_in_a_million_rows_reads_a_small_share(workspace: Workspace) -> None:
    frame = large()
    keep(workspace, "orders", frame, NOW)
    assert share(workspace, KEY) > 0.4
    for _ in range(3):
        query(workspace, KEY, LONG)
    found = done(workspace)
    assert found.by == ["order"] and found.version_after == newest(workspace).version and found.files_after == 1
    (asked,) = found.asked
    assert (asked.column, asked.times) == ("order", 4)
    assert asked.before is not None and asked.after is not None and asked.before > 0.4 and asked.after < 0.03
    assert share(workspace, KEY) < 0.03
    assert query(workspace, KEY, LONG).rows[0][0] == 77777
    assert done(workspace).why == "it is laid out by order already"
    for _ in range(3):  # as many ask by time: the two are laid near one another
        query(workspace, TIME, LONG)
    found = done(workspace)
    assert sorted(found.by) == ["order", "told"]
    assert share(workspace, KEY) < 0.2 and share(workspace, TIME) < 0.2
    assert workspace.tables.read(newest(workspace)).equals(frame)


def test_what_is_laid_out_anew_is_the_same_to_all_who_read_it(workspace: Workspace) -> None:
    frame = orders(500)
    before = keep(workspace, "orders", frame, NOW)
    train(workspace, before, "shop:1")
    found = done(workspace, ("amount", "kind"))
    after = newest(workspace)
    assert found.version_after == after.version == before.version + 1
    assert after.fingerprint == before.fingerprint and after.order == ("amount", "kind")
    assert workspace.tables.read(after).equals(frame) and workspace.tables.read(before).equals(frame)
    assert workspace.tables.read(after, ["told", "order"]).equals(frame.select("told", "order"))
    assert workspace.tables.schema(after) == frame.schema and list(workspace.tables.columns(after)) == frame.columns
    assert workspace.tables.rows(after).collect().sort("order").equals(frame)
    assert pl.read_parquet(workspace.tables.files(after)[0]).columns[-1] == ROW
    assert [column.name for column in query(workspace, "select * from orders", LONG).columns] == frame.columns
    assert query(workspace, "select count(*), sum(amount) from orders@0", LONG).rows == [[500, frame["amount"].sum()]]
    assert pl.read_delta(str(workspace.root / "tables" / after.table)).sort("order").equals(frame)
    entry = workspace.chain.last(SourceRead, subject="source/orders")
    assert entry.payload.followed.done == "laid out" and entry.payload.followed.reason == "amount, kind"
    assert entry.said().startswith("laid out (amount, kind): 500 rows")
    assert history_of(workspace, "orders", 9).snapshots[0].models == ["shop:1"]
    assert verify(workspace.chain, check=workspace.check, everything=True).ok


def test_what_is_read_next_goes_on_from_the_new_files(workspace: Workspace) -> None:
    frame = orders(500)
    keep(workspace, "orders", frame, NOW)
    done(workspace, ("amount",))
    after, tables = newest(workspace), workspace.tables
    assert tables.replace(after.table, frame) == after
    more = tables.extend(after, orders(20, first=500))
    assert tables.read(more).equals(orders(520)) and more.parts[:1] == after.parts
    wider = tables.extend(more, orders(3, first=520).with_columns(new=pl.lit(1)))
    assert tables.read(wider).height == 523 and tables.read(wider)["new"].null_count() == 520
    assert tables.read(wider).drop("new").equals(orders(523)) and ROW not in tables.schema(wider)
    workspace.chain.append(SourceRead(table=wider, rows=3, quarantined=0, rules=0, bytes=1), "source/orders")
    sql = 'select count(*), count("new"), count(distinct "order") from orders'
    assert query(workspace, sql, LONG).rows == [[523, 3, 523]]
    done(workspace, ("order",))
    assert tables.read(newest(workspace)).equals(tables.read(wider)) and len(newest(workspace).parts) == 1


def test_many_small_files_become_few_without_any_question(workspace: Workspace) -> None:
    snapshot = keep(workspace, "orders", orders(10), NOW)
    for n in range(1, 12):
        snapshot = workspace.tables.extend(snapshot, orders(10, first=10 * n))
    workspace.chain.append(SourceRead(table=snapshot, rows=10, quarantined=0, rules=0, bytes=1), "source/orders")
    planned = done(workspace, apply=False)
    assert planned.files == 12 and planned.by == [] and planned.version_after is None and not planned.why
    assert newest(workspace) == snapshot
    found = done(workspace)
    assert (found.files, found.files_after) == (12, 1) and found.bytes_after < found.bytes
    assert workspace.tables.read(newest(workspace)).equals(orders(120)) and newest(workspace).order == ()
    assert "few" in done(workspace).why


def test_retention_removes_the_files_before_and_says_which_version_has_equal_rows(workspace: Workspace) -> None:
    keep(workspace, "orders", orders(500), NOW)
    done(workspace, ("amount",))
    found = retain(workspace, last=1, days=None, apply=True)
    assert [line.version for line in found.removed] == [0] and found.bytes > 0
    with pytest.raises(DataError, match="version 0 of orders was removed by retention") as bad:
        meant(workspace, named("orders@0"))
    assert bad.value.mend == "version 1 has equal rows"
    assert verify(workspace.chain, check=workspace.check, everything=True).ok


@pytest.mark.parametrize(
    ("by", "what"),
    [
        (("nothing",), 'no column "nothing"'),
        (("list",), "which has no order"),
        (("amount", "amuont"), 'no column "amuont"'),
    ],
)
def test_a_layout_that_is_none_is_refused(workspace: Workspace, by: tuple[str, ...], what: str) -> None:
    frame = orders(5).with_columns(list=pl.concat_list("order"))
    snapshot = keep(workspace, "orders", frame, NOW)
    with pytest.raises(DataError, match=what):
        workspace.tables.lay_out(snapshot, by)
    assert workspace.tables.version(snapshot.table) == 0


def test_what_there_is_nothing_to_gain_of_is_left(workspace: Workspace) -> None:
    assert done(workspace).why == "it was not read yet"
    keep(workspace, "orders", orders(6), NOW)
    assert "few" in done(workspace).why
    query(workspace, KEY.replace("77777", "3"), LONG)
    assert done(workspace).why == "its files are few, and nothing is asked by"  # six values are too few to tell
    assert newest(workspace).version == 0
    with pytest.raises(DataError, match="no source"):
        compact(workspace, "odrers", (), apply=True)
    with pytest.raises(DataError, match="columns are of one source"):
        compact(workspace, None, ("order",), apply=True)


def test_a_table_that_memory_does_not_hold_is_left(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(workspace, "orders", orders(500), NOW)
    monkeypatch.setattr(compacting, "_free", lambda: 1000)
    assert done(workspace, ("order",)).why == "its 0 MB are more than can be sorted in 0.0 GB of free memory"
    assert newest(workspace).version == 0


def test_an_empty_table_is_left(workspace: Workspace) -> None:
    keep(workspace, "orders", orders(3).clear(), NOW)
    assert done(workspace, ("order",)).why == "it has no rows"
    assert workspace.tables.lay_out(newest(workspace), ("order",)).rows == 0


def test_a_damaged_file_is_named_and_nothing_is_made_of_it(workspace: Workspace) -> None:
    snapshot = keep(workspace, "orders", orders(500), NOW)
    (file,) = workspace.tables.files(snapshot)
    file.write_bytes(bytes(snapshot.parts[0].size))
    with pytest.raises(EvidenceError, match="was changed on disk"):
        workspace.tables.lay_out(snapshot, ("amount",))
    assert workspace.tables.version(snapshot.table) == 0


def test_a_column_with_our_own_name_is_refused(workspace: Workspace) -> None:
    snapshot = keep(workspace, "orders", orders(5).with_columns(pl.lit(1).alias(ROW)), NOW)
    with pytest.raises(DataError, match=ROW):
        workspace.tables.lay_out(snapshot, ("amount",))
    assert ROW in workspace.tables.schema(snapshot)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.none() | st.integers(-5, 5), st.none() | st.sampled_from(["", "ü", "b"]), st.floats()), max_size=30
    ),
    by=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True),
)
def test_any_rows_come_back_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int | None, str | None, float]], by: list[str]
) -> None:
    tables = DeltaTables(tmp_path_factory.mktemp("laid"))
    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String, "c": pl.Float64}, orient="row")
    made = tables.lay_out(tables.replace("t", frame), by)
    assert tables.read(made).equals(frame) and tables.check(made) == []
    assert tables.read(tables.extend(made, frame)).equals(pl.concat([frame, frame]))


def test_questions_are_counted_by_column_and_never_by_value(workspace: Workspace) -> None:
    keep(workspace, "orders", orders(50), NOW)
    query(workspace, "select * from orders where kind = 'book secret' and \"order\" > 5 and lower(kind) <> 'x'", LONG)
    query(workspace, 'select * from orders o where "order" in (3, 9)', LONG)
    query(workspace, "select * from orders", LONG)
    found = measured(workspace, "orders")
    assert found["kind"] == Counted(1, 0) and found["order"].times == 2
    assert "secret" not in (workspace.root / "uses.json").read_text("utf-8")


def test_what_counts_is_none_of_ours_counts_nothing(workspace: Workspace) -> None:
    keep(workspace, "orders", orders(50), NOW)
    for content in (b"", b"{", b"[1]", b'{"orders": {"order": 7}}', b"\xff\xfe"):
        (workspace.root / "uses.json").write_bytes(content)
        assert measured(workspace, "orders") == {}
        query(workspace, KEY.replace("77777", "7"), LONG)
        assert measured(workspace, "orders") == {"order": Counted(1, 0)}


KILLED = """
import os, signal, sys
sys.path[:0] = [{exploring!r}]
from pathlib import Path
from kept_shop import opened
from treadle.backends.embedded import {module}
from treadle.upkeep.compacting import compact
def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{name} = killed
compact(opened(Path({shop!r})), "orders", ("amount",), apply=True)
"""


@pytest.mark.parametrize(("module", "name"), [("blocks", "put"), ("writing", "commit")])
def test_killed_in_the_middle_nothing_is_lost(shop: Path, module: str, name: str) -> None:
    workspace = opened(shop)
    before = keep(workspace, "orders", orders(500), NOW)
    exploring = str(Path(__file__).parents[1] / "exploring")
    text = KILLED.format(exploring=exploring, shop=str(shop), module=module, name=name)
    ended = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert newest(workspace) == before and workspace.tables.read(before).equals(orders(500))
    assert verify(workspace.chain, check=workspace.check, everything=True).ok
    assert done(workspace, ("amount",)).version_after == 1
    assert workspace.tables.read(newest(workspace)).equals(orders(500))


def test_a_full_disk_leaves_the_files_before(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = keep(workspace, "orders", orders(500), NOW)

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(StoreError, match="No space left"):
            workspace.tables.lay_out(before, ("amount",))
    assert workspace.tables.read(before).equals(orders(500)) and workspace.tables.version(before.table) == 0


def test_of_two_at_once_one_is_told(shop: Path) -> None:
    first, second = opened(shop), opened(shop, actor="grace")
    keep(first, "orders", orders(500), NOW)
    told, both = list[str](), threading.Barrier(2)

    def ask(workspace: Workspace, column: str) -> None:
        both.wait(30)
        try:
            told.append(f"@{done(workspace, (column,)).version_after}")
        except Overtaken:
            told.append("overtaken")

    several = [threading.Thread(target=ask, args=each) for each in ((first, "amount"), (second, "order"))]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert len(told) == 2 and any(each.startswith("@") for each in told)
    assert first.tables.read(newest(first)).equals(orders(500))
    assert verify(first.chain, check=first.check, everything=True).ok
