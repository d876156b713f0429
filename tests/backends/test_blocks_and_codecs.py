"""How a table's files are cut, compressed and shared between versions."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.backends.embedded import DeltaTables, FolderBlobs, blocks, codecs
from treadle.errors import StoreError
from treadle.store import CODECS, Keeping, Snapshot

MILLION = 1_000_000


def rows(count: int = 200_000, seed: int = 0) -> pl.DataFrame:
    made = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "key": np.arange(count),
            "amount": made.normal(size=count).round(2),
            "kind": made.choice(["book", "lamp", "chair"], count),
        }
    )


def written(before: Snapshot, after: Snapshot) -> float:
    """Which share of the bytes of a version were written for it, by its files."""
    known = {part.path for part in before.parts}
    return sum(part.size for part in after.parts if part.path not in known) / after.bytes


def test_a_change_of_rows_that_lie_together_writes_their_blocks_alone(tmp_path: Path) -> None:
    tables, frame = DeltaTables(tmp_path), rows(MILLION)
    first = tables.replace("t", frame)
    place = pl.int_range(pl.len())
    for low, high in ((990_000, MILLION), (400_000, 410_000)):  # 1 % of the rows
        changed = frame.with_columns(
            pl.when((place >= low) & (place < high)).then(0.0).otherwise("amount").alias("amount")
        )
        after = tables.replace("t", changed)
        assert after.stored is not None and written(first, after) < 0.15
        assert tables.read(after).equals(changed) and tables.read(first).equals(frame)
        back = tables.replace("t", frame)
        assert back.stored is not None and back.stored.fresh == 0 and back.parts == first.parts
    assert pl.read_delta(str(tmp_path / "t")).sort("key").equals(frame)


@pytest.mark.parametrize("where", [0, 500_000, MILLION])
def test_rows_that_come_or_go_move_no_boundary_but_those_beside_them(tmp_path: Path, where: int) -> None:
    tables, frame = DeltaTables(tmp_path), rows(MILLION)
    first = tables.replace("t", frame)
    more = tables.replace("t", pl.concat([frame.head(where), rows(100, seed=5), frame.slice(where)]))
    less = tables.replace("t", pl.concat([frame.head(max(where - 100, 0)), frame.slice(where)]))
    assert 0 < written(first, more) < 0.15 and written(first, less) < 0.15


def test_a_row_in_every_block_writes_all_of_it(tmp_path: Path) -> None:
    """What it cannot do: rows that are changed all over the table."""
    tables, frame = DeltaTables(tmp_path), rows(MILLION)
    first = tables.replace("t", frame)
    after = tables.replace(
        "t", frame.with_columns(amount=pl.when(pl.col("key") % 100 == 0).then(0.0).otherwise("amount"))
    )
    assert written(first, after) == 1


def test_equal_blocks_in_one_version_have_a_file_each_and_the_log_names_all(tmp_path: Path) -> None:
    tables = DeltaTables(tmp_path)
    frame = pl.DataFrame({"a": [7] * 400_000})
    made = tables.replace("t", frame)
    assert len(made.parts) > 1 and len({part.path for part in made.parts}) == len(made.parts)
    assert tables.read(made).equals(frame) and pl.read_delta(str(tmp_path / "t")).height == frame.height
    more = tables.extend(made, frame)
    assert tables.read(more).height == 800_000 and pl.read_delta(str(tmp_path / "t")).height == 800_000
    assert tables.replace("t", frame).stored.fresh == 0  # type: ignore[union-attr]


def test_the_same_blocks_in_another_order_are_another_version(tmp_path: Path) -> None:
    tables, frame = DeltaTables(tmp_path), rows()
    first = tables.replace("t", frame)
    (start, count), *_ = blocks.cuts(frame)
    assert start == 0 and count < frame.height
    turned = pl.concat([frame.slice(count), frame.head(count)])
    after = tables.replace("t", turned)
    assert tables.read(after).equals(turned) and after.version != first.version
    assert tables.replace("t", turned) == after
    assert after.stored is not None and after.stored.fresh < after.bytes


def test_a_damaged_file_is_never_taken_for_an_equal_one(tmp_path: Path) -> None:
    tables, frame = DeltaTables(tmp_path), rows()
    first = tables.replace("t", frame)
    tables.files(first)[0].write_bytes(bytes(first.parts[0].size))
    assert tables.check(first)
    again = tables.replace("t", frame)
    assert tables.read(again).equals(frame) and not tables.check(first)


def test_the_log_says_how_it_was_written(tmp_path: Path) -> None:
    made = DeltaTables(tmp_path).replace("t", rows())
    said = json.loads(DeltaTable(tmp_path / "t").history(1)[0]["treadle.written"])
    assert said["stored"]["codec"] == made.stored.codec  # type: ignore[union-attr]
    assert [each["codec"] for each in said["tried"]][:3] == list(CODECS[:3])
    assert said["parts"] == [part.path for part in made.parts]


def test_a_reader_of_delta_skips_files_by_the_log(tmp_path: Path) -> None:
    frame = rows(MILLION).with_columns(day=pl.date(2024, 1, 1) + pl.duration(days=pl.col("key") // 10_000))
    DeltaTables(tmp_path).replace("t", frame)
    told = pl.DataFrame(DeltaTable(tmp_path / "t").get_add_actions(flatten=True))
    low, high = told["min.key"], told["max.key"]
    assert sorted(zip(low, high, strict=True))[1][0] > sorted(zip(low, high, strict=True))[0][1]
    assert told["num_records"].sum() == MILLION and "min.day" in told.columns


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame({"a": [1]}),
        pl.DataFrame({"a": [None, None]}, schema={"a": pl.Int64}),
        pl.DataFrame({f"c{n}": [n, None] for n in range(2_000)}),
        pl.DataFrame(
            {"l": [[1, None], None, []], "s": [{"a": "ü\U0001f6eb"}, None, {"a": None}], "t": ["x" * 100_000] * 3}
        ),
        pl.DataFrame({"t": ["x" * 1_000_000, None]}),
        pl.DataFrame({"d": ["1.50", None]}).cast(pl.Decimal(20, 2)),
        pl.DataFrame({"f": [float("nan"), float("inf"), None, -0.0]}),
        pl.DataFrame({"u": [1, 2]}, schema={"u": pl.UInt16}),
        pl.DataFrame({"東 京 'q' %20": [1]}),
    ],
    ids=["one", "nulls", "wide", "nested", "long", "decimal", "floats", "unsigned", "named"],
)
def test_odd_rows_come_back_as_they_were(tmp_path: Path, frame: pl.DataFrame) -> None:
    tables = DeltaTables(tmp_path)
    made = tables.replace("t", frame)
    assert tables.read(made).equals(frame.cast({pl.UInt16: pl.Int16}) if "u" in frame.columns else frame)
    assert made.stored is not None and made.stored.fresh == made.bytes and made.stored.plain > 0
    assert tables.check(made) == [] and pl.read_delta(str(tmp_path / "t")).height == frame.height
    extended = tables.extend(made, frame)
    assert tables.read(extended).height == 2 * frame.height


def test_a_full_disk_is_one_message_and_the_last_version_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, frame = DeltaTables(tmp_path), rows()
    first = tables.replace("t", frame)

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as out:
            out.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(StoreError, match=r"cannot be written: No space left.*"):
            tables.replace("t", frame.reverse())
    assert tables.read(first).equals(frame) and tables.version("t") == first.version
    assert not list((tmp_path / "t").glob(".*.part"))


def test_of_a_table_that_was_begun_anew_the_newest_version_stays(tmp_path: Path) -> None:
    """The record knows of version 7, and the table has version 0 alone."""
    tables, frame = DeltaTables(tmp_path), rows(9)
    newest = tables.replace("t", frame)
    assert tables.sweep("t", (), 7).files == 0 and tables.read(newest).equals(frame)


def test_what_a_writer_left_who_was_killed_goes_with_the_next_write(tmp_path: Path) -> None:
    tables, blobs = DeltaTables(tmp_path), FolderBlobs(tmp_path / "blobs")
    tables.replace("t", rows(9))
    beside = blobs.path(blobs.put(b"a"))
    dead = [tmp_path / "t" / ".0a.part", beside.with_suffix(".0a.part")]
    young = [tmp_path / "t" / ".0b.part", beside.with_suffix(".0b.part")]
    for each in (*dead, *young):
        each.write_bytes(b"half a file")
    for each in dead:
        os.utime(each, (0, 0))
    tables.replace("t", rows(8))
    beside.unlink()
    blobs.put(b"a")
    assert not any(each.exists() for each in dead) and all(each.exists() for each in young)


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(0, 300),
    changed=st.sets(st.integers(0, 299), max_size=4),
    usual=st.sampled_from([4, 16, 64]),
)
def test_blocks_are_all_rows_once_in_order_and_of_bounded_size(count: int, changed: set[int], usual: int) -> None:
    frame = pl.DataFrame({"a": [hashlib.sha256(str((n, n in changed)).encode()).hexdigest() for n in range(count)]})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "_ROWS", usual)
        patched.setattr(blocks, "_BLOCKS", MILLION)
        found = blocks.cuts(frame)
    assert [start for start, _ in found] == [sum(length for _, length in found[:n]) for n in range(len(found))]
    assert sum(length for _, length in found) == count
    assert all(usual // 4 <= length <= 4 * usual for _, length in found[:-1]) and all(
        0 < n <= 4 * usual for _, n in found
    )


def clock(steps: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> object:
    """CPU-seconds that each codec takes to write; nothing to read."""
    now, real = [0.0], codecs.encoded

    def encoded(frame: pl.DataFrame, codec: str, group: int | None = None) -> bytes:
        now[0] += steps.get(codec, 0.001)
        return real(frame, codec, group)

    monkeypatch.setattr(codecs, "encoded", encoded)
    return lambda: now[0]


def test_the_cheapest_codec_is_chosen_among_what_is_quick_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = rows()
    found = codecs.choose(frame, Keeping(), clock({}, monkeypatch))  # type: ignore[arg-type]
    least = min(found.tried, key=lambda each: each.bytes)
    chosen = next(each for each in found.tried if each.codec == found.codec)
    assert chosen.bytes <= 1.01 * least.bytes
    assert found.ratio == pytest.approx(found.tried[0].bytes / chosen.bytes)
    assert [each.codec for each in found.tried] == list(CODECS)


@pytest.mark.parametrize(("more", "chosen"), [(1.005, "zstd-1"), (1.02, "zstd-7")])
def test_next_to_nothing_is_not_saved_where_it_takes_longer(
    more: float, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, sizes = [0.0], {"zstd-1": int(700_000 * more), "zstd-7": 700_000}

    def encoded(frame: pl.DataFrame, codec: str, group: int | None = None) -> bytes:
        now[0] += 0.001 * (1 + CODECS.index(codec))
        return b"x" * sizes.get(codec, 2_000_000)

    monkeypatch.setattr(codecs, "encoded", encoded)
    monkeypatch.setattr(pl, "read_parquet", lambda content: None)
    assert codecs.choose(rows(), Keeping(), lambda: now[0]).codec == chosen


def test_what_is_too_slow_is_not_chosen_and_what_is_slower_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    found = codecs.choose(rows(), Keeping(), clock({"zstd-3": 9.0}, monkeypatch))  # type: ignore[arg-type]
    assert found.codec in CODECS[:3] and [each.codec for each in found.tried] == list(CODECS[:4])


def test_where_keeping_costs_nothing_the_quickest_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    found = codecs.choose(rows(), Keeping(months=0), clock({"lz4": 0.0001}, monkeypatch))  # type: ignore[arg-type]
    assert found.codec == "lz4"


def test_a_codec_that_is_given_is_taken_and_few_rows_are_not_measured() -> None:
    assert codecs.choose(rows(), Keeping(codec="snappy")) == codecs.Chosen("snappy", 1.0)
    few = codecs.choose(rows(100), Keeping())
    assert few.codec == codecs.UNMEASURED and few.tried == ()


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_writes_what_it_is_called(codec: str, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    tables = DeltaTables(tmp_path, Keeping(codec=codec))
    name = codec.partition("-")[0].upper()
    for frame in (rows(1000), rows(1000).cast({"key": pl.UInt32})):  # the second by delta-rs
        made = tables.replace("t", frame)
        told = pq.read_metadata(tables.files(made)[0]).row_group(0).column(0).compression
        assert told.removesuffix("_RAW") == name and made.stored.codec == codec  # type: ignore[union-attr]


def test_a_later_version_has_the_codec_of_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables, frame = DeltaTables(tmp_path), rows()
    first = tables.replace("t", frame)
    asked = list[int]()
    monkeypatch.setattr(codecs, "choose", lambda rows, keeping: asked.append(rows.height) or codecs.Chosen("lz4", 1.0))
    assert tables.replace("t", frame.reverse()).stored.codec == first.stored.codec  # type: ignore[union-attr]
    assert asked == []
    tables.replace("t", frame.select("key"))
    assert asked == [frame.height]
    other = tables.kept_by(Keeping(codec="snappy" if first.stored.codec != "snappy" else "lz4"))  # type: ignore[union-attr]
    other.replace("t", frame)
    assert len(asked) == 2


def test_parts_are_compressed_at_once_and_kept_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts, met, real = [rows(100, seed) for seed in range(4)], threading.Barrier(2, timeout=5), codecs.encoded

    def together(frame: pl.DataFrame, codec: str, group: int | None = None) -> bytes:
        met.wait()
        if frame["amount"][0] == parts[0]["amount"][0]:
            time.sleep(0.02)  # the first is ready last
        return real(frame, codec, group)

    tables = DeltaTables(tmp_path, Keeping(codec="zstd-1"))
    whole = DeltaTables(tmp_path / "other", Keeping(codec="zstd-1"))
    ones = [whole.replace(f"t{number}", part) for number, part in enumerate(parts)]
    monkeypatch.setattr(codecs, "choose", lambda rows, keeping: codecs.Chosen("zstd-1", 1.0))
    monkeypatch.setattr(codecs, "encoded", together)
    made = tables.replace_parts("t", iter(parts))
    assert [part.sha256 for part in made.parts] == [one.parts[0].sha256 for one in ones]
    assert tables.read(made).equals(pl.concat(parts))
