"""A table that is read in parts gives what the whole gives: rows, quarantine, words; nothing where it breaks off."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from large_shop import taken
from stage_shop import NEWEST, edit, opened

from treadle.backends.embedded import reading
from treadle.backends.embedded.state import LmdbState
from treadle.drafting.checking import check_project
from treadle.errors import ContractBroken, DataError
from treadle.exploring.quarantined import list_aside, mend_aside, show_aside
from treadle.sources import find, parts, parts_of
from treadle.spec import Source
from treadle.stages import parted, planning
from treadle.stages.building import build_features
from treadle.stages.parted import room_on_disk
from treadle.stages.planning import make_plan
from treadle.stages.reading import read_sources
from treadle.stages.seeding import build_state
from treadle.stages.work import Work
from treadle.store import StateRef, buckets, owned

WIDE = pl.Decimal(20, 2)


def test_it_is_read_as_the_whole_is(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_parts = taken(large)
    assert len(in_parts.table.parts) > 5 and in_parts.quarantined == 2
    monkeypatch.setattr(parts, "PARTED_FROM", 1 << 60)
    workspace = opened(large)
    whole = read_sources(Work(workspace, full=True))["orders"].payload
    workspace.chain.engine.dispose()
    assert whole == in_parts  # the step is not made again: its input is the same file
    (large / ".treadle").rename(large / "moved")
    whole = taken(large)
    assert whole.table.fingerprint == in_parts.table.fingerprint and len(whole.table.parts) == 1
    assert whole.quarantine is not None and in_parts.quarantine is not None
    assert whole.quarantine.fingerprint == in_parts.quarantine.fingerprint
    for name in ("rows", "quarantined", "rules", "bytes", "newest", "warnings", "reached", "unasked"):
        assert getattr(whole, name) == getattr(in_parts, name), name


def test_a_table_with_a_mapping_is_read_as_the_whole_is(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = pl.read_parquet(large / "orders.parquet")
    cents = pl.when(pl.col("order").is_between(100, 102)).then(pl.lit("?")).otherwise(pl.col("amount").cast(pl.String))
    given.select(nr="order", cents=cents, **{name: name for name in given.columns[2:]}).write_parquet(
        large / "orders.parquet", row_group_size=64
    )
    mapping = "map: {order: nr, amount: {from: cents, type: float, otherwise: missing}}, "
    edit(large, "key: order,", f"key: order, {mapping}")
    in_parts = taken(large)
    assert len(in_parts.table.parts) > 5 and in_parts.quarantined == 2
    assert any('"?" is no number (row 101, and 2 more): missing here' in said for said in in_parts.warnings)
    (large / ".treadle").rename(large / "moved")
    monkeypatch.setattr(parts, "PARTED_FROM", 1 << 60)
    whole = taken(large)
    assert whole.table.fingerprint == in_parts.table.fingerprint and len(whole.table.parts) == 1
    for name in ("rows", "quarantined", "rules", "bytes", "newest", "warnings", "reached", "unasked"):
        assert getattr(whole, name) == getattr(in_parts, name), name


def test_what_was_set_aside_is_listed_and_mended(large: Path) -> None:
    taken(large)
    workspace = opened(large)
    assert [(each.rows, each.rules[0].rule) for each in list_aside(workspace).sources] == [(2, "amount_range")]
    assert [row.row for row in show_aside(workspace, "orders", None, 9).rows] == [5, 6]
    assert mend_aside(workspace, "orders", ("amount = abs(amount)",), "", "a sign too many").rows == 2
    workspace.chain.engine.dispose()


def test_a_refused_batch_leaves_the_last_good_one_and_its_reasons(large: Path) -> None:
    before = taken(large)
    file = large / "orders.parquet"
    pl.read_parquet(file).with_columns(amount=-1.0).write_parquet(file, row_group_size=64)
    with pytest.raises(ContractBroken, match="400 of 400 rows are bad"):
        taken(large)
    workspace = opened(large)
    assert workspace.tables.version(before.table.table) == before.table.version
    assert workspace.tables.check(before.table) == []
    assert workspace.tables.scan(workspace.names.quarantine("orders")).collect().height == 400
    folder = workspace.root / "tables" / before.table.table
    assert {f.name for f in folder.glob("*.parquet")} == {part.path for part in before.table.parts}
    assert not list((workspace.root / "bundles").glob("parts-*"))
    workspace.chain.engine.dispose()


def test_a_file_that_changes_while_it_is_read_is_refused(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = parts.FileParts.read

    def meddled(self: parts.FileParts, columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        for number, part in enumerate(real(self, columns)):
            if number == 3 and columns is None:
                with (large / "orders.parquet").open("ab") as file:
                    file.write(b"more")
            yield part

    monkeypatch.setattr(parts.FileParts, "read", meddled)
    with pytest.raises(DataError, match=r"orders.parquet (changed while it was being read|cannot be read)"):
        taken(large)
    workspace = opened(large)
    assert workspace.tables.version(workspace.names.source("orders")) is None
    workspace.chain.engine.dispose()


@pytest.mark.parametrize(
    ("frame", "source"),
    [
        (pl.DataFrame({"n": pl.Series([1, 2], dtype=pl.UInt64)}), Source(read="t.parquet")),
        (pl.DataFrame({"n": [{"id": 1}]}, schema={"n": pl.Struct({"id": pl.UInt64})}), Source(read="t.parquet")),
        (
            pl.DataFrame({"n": [{"of": {"sum": 1}}]}).cast({"n": pl.Struct({"of": pl.Struct({"sum": WIDE})})}),
            Source(read="t.parquet"),
        ),
        (pl.DataFrame({"n": ["1", "-"]}), Source(read="t.parquet", null_values=("-",))),
    ],
)
def test_what_rests_on_all_values_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: pl.DataFrame, source: Source
) -> None:
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    frame.write_parquet(tmp_path / "t.parquet")
    assert parts_of(find(source, tmp_path), "") is None
    pl.DataFrame({"n": [1], "of": [{"n": 1, "list": ["a"]}]}).write_parquet(tmp_path / "t.parquet")
    assert parts_of(find(Source(read="t.parquet"), tmp_path), "") is not None


def test_columns_that_are_asked_for_are_those_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an object and a column beside it, too, that have one name when the object is columns of its own."""
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    frame = pl.DataFrame({"a": [{"b": 1}, {"b": 2}], "a.b": ["x", "y"], "ab": [3, 4]})
    frame.write_parquet(tmp_path / "t.parquet")
    made = parts_of(find(Source(read="t.parquet"), tmp_path), "")
    assert made is not None and list(made.schema) == ["a.b", "a.b_", "ab"]
    whole = pl.concat(made.read())
    for name in made.schema:
        assert pl.concat(made.read([name])).equals(whole.select(name)), name


def test_a_type_that_only_later_rows_show_is_refused_as_it_is_of_the_whole(large: Path) -> None:
    edit(large, ", contract: orders.yaml", "")
    taken(large)
    file, late = large / "orders.parquet", pl.when(pl.col("order") >= 300).then(pl.lit("cheap"))
    pl.read_parquet(file).with_columns(amount=late).write_parquet(file, row_group_size=64)
    workspace = opened(large)
    problems = check_project(workspace, data=False).problems
    workspace.chain.engine.dispose()
    assert "amount of orders holds texts now, and held numbers" in problems[0]
    with pytest.raises(DataError, match="amount of orders holds texts now, and held numbers"):
        taken(large)


def test_the_first_values_of_each_column_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 16)
    late = [None] * 5 + [[1], None, [2], [3]]
    frame = pl.DataFrame({"n": range(9), "late": late, "never": pl.Series([None] * 9, dtype=pl.String)})
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=2)
    made = parts_of(find(Source(read="t.parquet"), tmp_path), "")
    assert made is not None
    found = parted.first_rows(made)
    assert found.schema == frame.schema and found.height < 3
    assert (found["n"][0], found["late"][0].to_list(), found["never"].null_count()) == (0, [1], found.height)


def test_rows_set_aside_that_do_not_lie_in_one_file_are_each_there_once(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parted, "_ASIDE", 1)
    file, bad = large / "orders.parquet", (5, 150, 300)
    amount = pl.when(pl.col("order").is_in(bad)).then(-1.0).otherwise(pl.col("amount").abs())
    pl.read_parquet(file).with_columns(amount=amount).write_parquet(file, row_group_size=64)
    found = taken(large)
    assert len(found.aside) == 3 and found.quarantine is not None
    workspace = opened(large)
    assert workspace.tables.read(found.quarantine)["row"].is_sorted()
    shown = show_aside(workspace, "orders", None, 9).rows
    workspace.chain.engine.dispose()
    assert [int(str(row.values["order"])) for row in shown] == [*bad]


def test_no_part_is_held_while_the_next_is_read(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of what is read of the file, nor, when features are built, of what is read of the snapshot."""
    seen, alive = list[weakref.ref[pl.DataFrame]](), list[int]()

    def watched(read: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
        def made(*asked: Any) -> pl.DataFrame:
            gc.collect()
            alive.append(sum(part() is not None for part in seen))
            part = read(*asked)
            seen.append(weakref.ref(part))
            return part

        return made

    monkeypatch.setattr(parts, "_AHEAD", 0)
    monkeypatch.setattr(parts.FileParts, "_part", watched(parts.FileParts._part))
    monkeypatch.setattr(reading, "decoded", watched(reading.decoded))
    monkeypatch.setattr(planning, "LARGE", 0)
    workspace = opened(large)
    work = Work(workspace)
    sources = read_sources(work)
    read = len(alive)
    build_features(work, make_plan(work, sources), sources)
    workspace.chain.engine.dispose()
    assert len(alive) > read + 5 > 10 and set(alive) == {0}


def test_rows_set_aside_wait_in_memory_of_their_own(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether they share it with the others of their part depends on how Polars cut that into pieces."""
    waited = list[int]()
    monkeypatch.setattr(parted, "owned", lambda rows: [waited.append(rows.height), owned(rows)][1])
    assert taken(large).quarantined == sum(waited) == 2


def test_how_new_a_table_is_does_not_follow_from_its_last_part(large: Path) -> None:
    edit(large, "key: order,", "key: order, happened: told,")
    file = large / "orders.parquet"
    pl.read_parquet(file).reverse().write_parquet(file, row_group_size=64)
    found = taken(large)
    assert found.reached == NEWEST and [*found.newest.values()] == [NEWEST]


def test_examples_in_parts_of_which_no_row_is_kept_are_a_delivery_that_failed(large: Path) -> None:
    edit(large, "schema:", "customProperties: [{property: maxBadShare, value: 1}]\nschema:", "orders.yaml")
    file = large / "orders.parquet"
    pl.read_parquet(file).with_columns(amount=-1.0).write_parquet(file, row_group_size=64)
    with pytest.raises(DataError, match="the table has no rows"):
        taken(large)


def test_what_its_own_limit_does_not_hold_comes_in_parts_unless_a_group_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART", 400)
    frame = pl.DataFrame({"n": range(1000)})
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=100)
    assert parts_of(find(Source(read="t.parquet"), tmp_path), "") is None
    tight = Source(read="t.parquet", max_gb=1e-6)
    made = parts_of(find(tight, tmp_path), "")
    assert made is not None and pl.concat(made.read()).equals(frame)
    monkeypatch.setattr(parts, "_LARGEST_GROUP", 4000)
    assert parts_of(find(tight, tmp_path), "") is not None
    frame.write_parquet(tmp_path / "t.parquet", row_group_size=1000)
    assert parts_of(find(tight, tmp_path), "") is None


def test_parts_are_cut_by_what_rows_take_and_read_ahead_where_groups_are_no_larger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    pl.DataFrame({"n": [7] * 1000}).write_parquet(tmp_path / "t.parquet", row_group_size=100)  # a few bytes of a page
    for size, ahead, rows in ((240, 0, 25), (800, 2, 100)):
        monkeypatch.setattr(parts, "PART", size)
        made = parts_of(find(Source(read="t.parquet"), tmp_path), "")
        assert isinstance(made, parts.FileParts) and made.ahead == ahead
        assert {part.height for part in made.read()} == {rows}


def test_no_thread_reads_on_when_nobody_asks_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ours() -> set[str]:
        """Names of this reading's threads: others of the process (a meter of costs) may still be going."""
        return {each.name.rpartition("_")[0] for each in threading.enumerate()} & {"treadle-ahead", "treadle-digest"}

    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 800)
    pl.DataFrame({"n": range(1000)}).write_parquet(tmp_path / "t.parquet", row_group_size=50)
    made = parts_of(find(Source(read="t.parquet"), tmp_path), "")
    assert made is not None
    read = made.read()
    assert [part["n"][0] for part, _ in zip(read, range(3), strict=False)] == [0, 50, 100]
    assert ours() == {"treadle-ahead", "treadle-digest"}
    read.close()  # type: ignore[attr-defined]
    assert ours() == set()


@pytest.mark.parametrize("columns", [None, ["n"]])
def test_a_file_that_was_another_for_a_while_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: list[str] | None
) -> None:
    """It is what it was when its bytes are hashed: a pass over keys alone is held to it, too."""
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 400)
    file, other = tmp_path / "t.parquet", tmp_path / "other"
    pl.DataFrame({"n": [1] * 1000}).write_parquet(file, row_group_size=50)
    mine = file.read_bytes()
    pl.DataFrame({"n": [7] * 1000}).write_parquet(other, row_group_size=50)
    made = parts_of(find(Source(read="t.parquet"), tmp_path), "here")
    assert made is not None

    def read() -> None:
        for pass_ in (made.read(columns), made.read()):
            next(pass_)
            file.write_bytes(other.read_bytes())
            next(pass_)
            file.write_bytes(mine)
            list(pass_)

    with pytest.raises(DataError, match=r"t.parquet changed while it was being read"):
        read()


def test_a_pipe_in_the_place_of_a_file_is_never_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 400)
    pl.DataFrame({"n": range(1000)}).write_parquet(tmp_path / "t.parquet", row_group_size=50)
    made = parts_of(find(Source(read="t.parquet"), tmp_path), "here")
    assert made is not None
    read = made.read(["n"])
    next(read)
    (tmp_path / "t.parquet").unlink()
    os.mkfifo(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="a pipe"):
        list(read)


def test_files_of_a_pattern_come_one_after_another_and_must_be_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    monkeypatch.setattr(parts, "PART", 24)
    nested = pl.DataFrame({"n": range(7), "at": [{"city": f"c{n}"} for n in range(7)]})
    nested.head(4).write_parquet(tmp_path / "a.parquet", row_group_size=2)
    nested.slice(4).write_parquet(tmp_path / "b.parquet")
    nested.clear().write_parquet(tmp_path / "c.parquet")
    source = Source(read="*.parquet")
    found = find(source, tmp_path)
    made = parts_of(found, "")
    assert made is not None and made.rows == 7 and made.schema == {"n": pl.Int64, "at.city": pl.String}
    got = list(made.read())
    assert len(got) > 3 and pl.concat(got).equals(found.rows().collect())
    assert pl.concat(made.read(["at.city"])).equals(found.rows().select("at.city").collect())
    pl.DataFrame({"n": [1.5], "at": [{"city": "x"}]}).write_parquet(tmp_path / "d.parquet")
    assert parts_of(find(source, tmp_path), "") is None


def test_features_in_parts_are_those_of_the_whole(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def built() -> Any:
        workspace = opened(large)
        work = Work(workspace)
        sources = read_sources(work)
        made = build_features(work, make_plan(work, sources), sources).payload
        workspace.chain.engine.dispose()
        return made

    monkeypatch.setattr(planning, "LARGE", 0)
    in_parts = built()
    assert len(in_parts.table.parts) > 5 and in_parts.without_label == 3
    (large / ".treadle").rename(large / "moved")
    monkeypatch.setattr(planning, "LARGE", 1 << 60)
    whole = built()
    assert len(whole.table.parts) == 1 and whole.table.fingerprint == in_parts.table.fingerprint
    assert (whole.features, whole.without_label) == (in_parts.features, in_parts.without_label)


def test_state_in_parts_is_that_of_the_whole(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "ROWS", 40)
    edit(large, "key: order,", "key: order, happened: told,")
    edit(large, "each: orders", "each: orders\n  at: told")
    lookup = "{from: orders, on: order, take: [amount]}"
    window = "{from: sold, on: kind, last: [2d], take: {n: count(*)}}"
    view = "views: {sold: {from: orders, known: told, key: kind, columns: {amount: amount}}}"
    edit(large, "predict:", f"{view}\npredict:")
    edit(large, "train:", f"  lookup: {{before: {lookup}}}\n  window: {{alike: {window}}}\ntrain:")

    def built(least: int) -> tuple[StateRef, dict[bytes, bytes], Any]:
        """The state's name, all that it holds, and when it was so."""
        monkeypatch.setattr(planning, "LARGE", least)
        workspace = opened(large)
        work = Work(workspace)
        sources = read_sources(work)
        made = build_state(work, make_plan(work, sources), sources)
        assert made is not None
        state = workspace.open_state(made.payload.state.name)
        assert isinstance(state, LmdbState)
        with state._env.begin() as reading:
            held = dict(reading.cursor())
        found = (made.payload.state, held, state.as_of)
        state.close()
        workspace.chain.engine.dispose()
        return found

    in_parts = built(0)
    assert len(in_parts[1]) > 20 and not list((large / ".treadle" / "bundles").glob("parts-*"))
    (large / ".treadle").rename(large / "moved")
    assert built(1 << 60) == in_parts


def test_what_a_killed_process_left_on_the_disk_is_removed_and_what_a_living_one_holds_is_not(shop: Path) -> None:
    workspace = opened(shop)
    bench = Work(workspace).bench()
    with room_on_disk(bench.scratch) as living:
        (living / "rows.arrow").write_bytes(b"x")
        left = living.parent / "parts-left"
        (left / "laid").mkdir(parents=True)
        left.with_suffix(".held").touch()
        with room_on_disk(bench.scratch) as other:
            assert living != other and (living / "rows.arrow").exists() and not left.exists()
    assert not list(living.parent.glob("parts-*"))
    workspace.chain.engine.dispose()
