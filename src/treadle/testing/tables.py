"""What an engine of tables does. See `treadle.store.Tables` for the protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from treadle.errors import DataError, EvidenceError, StoreError
from treadle.store import Snapshot
from treadle.testing.killing import killed_after, say

if TYPE_CHECKING:
    import polars as pl

Opens = Callable[[], Any]


def frame_of_all_types() -> pl.DataFrame:
    """One column of each type that a source can hold, with its edges and a None."""
    import polars as pl

    return pl.DataFrame(
        {
            "whole": [-(2**63), 2**63 - 1, None],
            "float": [0.1, float("nan"), float("-inf")],
            "bool": [True, None, False],
            "text": ["", None, "東京 'ü' \U0001f6eb"],
            "date": [date(1, 1, 1), date(9999, 12, 31), None],
            "time": [datetime(1950, 1, 1, tzinfo=UTC), None, datetime(2024, 2, 29, 1, 2, 3, 456789, tzinfo=UTC)],
            "Spalte mit ü, 'Zeichen'": [1, 2, 3],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


class TablesSuite:
    """What every engine of tables keeps to:

    - `replace` gives a snapshot named by content: equal rows in equal order have one fingerprint at any place, and an
      equal newest version is kept; every version stays readable;
    - rows come back in order, with the columns, types, NaN and None that were written, to anyone who opens the place;
    - `extend` adds rows, and columns that are new, to a snapshot; what else was written after that is left behind, and
      the snapshot before stays readable;
    - rows that come in parts make the snapshot that the whole makes, and nothing where they break off; a snapshot is
      read in parts;
    - the rows of a snapshot are those of the files that it names, whatever else is said of the table; a file that is
      missing or damaged is named in an EvidenceError;
    - `sweep` removes the files that nobody needs, and none while somebody holds the table;
    - a snapshot without rows is read, extended and found present as any other;
    - `append` adds rows, and columns that are new; with the mark `once`, a second time adds nothing;
    - writers at once lose no rows; what a write returned from survives the end of the process by any signal, and a
      write that was cut short is not seen;
    - a table or version that does not exist is named in a DataError.
    """

    @pytest.fixture
    def opens(self) -> Opens:
        pytest.fail("the engine's test gives the fixture `opens`")

    def test_a_snapshot_is_named_by_content(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first = opens().replace("p/t", frame)
        assert opens().replace("p/t", frame) == first
        assert (first.table, first.rows) == ("p/t", 3)
        second = opens().replace("p/t", frame.reverse())
        assert second.version == first.version + 1 and second.fingerprint != first.fingerprint
        assert opens().replace("elsewhere", frame).fingerprint == first.fingerprint
        back = opens().replace("p/t", frame)
        assert back.version == second.version + 1 and back.fingerprint == first.fingerprint

    def test_parts_make_the_snapshot_that_the_whole_makes(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        parts = [frame.head(1), frame.clear(), frame.slice(1)]
        made = opens().replace_parts("p/t", iter(parts))
        assert opens().read(made).equals(frame) and opens().check(made) == []
        assert opens().replace("p/t", frame) == made  # equal rows, so the newest version is kept
        assert opens().replace_parts("p/t", iter([frame])) == made
        assert opens().replace("elsewhere", frame).fingerprint == made.fingerprint
        other = opens().replace_parts("p/t", [frame.select("text").head(2), frame.select("text").slice(2)])
        assert other.version == made.version + 1 and opens().read(made).equals(frame)
        assert opens().scan("p/t").collect().equals(frame.select("text"))
        nothing = opens().replace_parts("p/t", [frame.clear()])
        assert nothing.rows == 0 and opens().read(nothing).schema == frame.schema

    def test_parts_that_break_off_leave_the_version_before(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first = opens().replace("p/t", frame)
        before = {file.name for file in opens().files(first)[0].parent.iterdir()}

        def broken() -> Iterator[pl.DataFrame]:
            yield frame.reverse()
            raise DataError("the source went away")

        with pytest.raises(DataError, match="went away"):
            opens().replace_parts("p/t", broken())
        assert opens().version("p/t") == first.version and opens().read(first).equals(frame)
        assert {file.name for file in opens().files(first)[0].parent.iterdir()} == before

    def test_a_snapshot_is_read_in_parts(self, opens: Opens) -> None:
        import polars as pl

        frame = frame_of_all_types()
        first = opens().replace_parts("p/t", [frame.head(1), frame.slice(1)])
        assert [part.height for part in opens().parts(first)] == [1, 2]
        second = opens().extend(first, frame.with_columns(more="whole"))
        found = list(opens().parts(second, ["more", "text"]))
        assert [part.columns for part in found] == [["more", "text"]] * 3
        assert pl.concat(found).equals(opens().read(second, ["more", "text"]))
        (nothing,) = opens().parts(opens().replace("p/t", frame.clear()))
        assert nothing.schema == frame.schema and not nothing.height
        with pytest.raises(EvidenceError, match="it has no column other"):
            list(opens().parts(second, ["other"]))
        opens().files(first)[0].write_bytes(b"x" * first.parts[0].size)
        with pytest.raises(EvidenceError, match="was changed on disk"):
            list(opens().parts(first))
        with pytest.raises(EvidenceError, match="was changed on disk"):  # and no rows follow it
            opens().extend(first, frame)

    def test_every_version_stays_readable_with_its_types(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first = opens().replace("p/t", frame)
        opens().replace("p/t", frame.select(other="bool"))
        assert opens().scan("p/t").collect().columns == ["other"]
        old = opens().scan("p/t", first.version).collect()
        assert old.equals(frame) and old.schema == frame.schema
        assert opens().columns(first) == tuple(frame.columns)
        assert opens().exists("p/t", first.version) and not opens().exists("p/t", first.version + 9)

    def test_files_are_the_rows_of_a_version_in_their_order(self, opens: Opens) -> None:
        import polars as pl

        frame = frame_of_all_types()
        first = opens().replace("p/t", frame)
        opens().replace("p/t", frame.reverse())
        files = opens().files(first)
        assert pl.concat([pl.read_parquet(file) for file in files]).equals(frame)
        files[-1].unlink()
        with pytest.raises(EvidenceError, match="missing"):
            opens().files(first)

    def test_the_rows_of_a_snapshot_are_read_lazily(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first = opens().replace("p/t", frame)
        second = opens().extend(first, frame.with_columns(more="whole"))
        opens().replace("p/t", frame.reverse())
        assert opens().rows(first).collect().equals(frame)
        assert opens().rows(second).collect().equals(opens().read(second))
        nothing = opens().replace("p/t", frame.clear())
        found = opens().rows(nothing)
        assert found.collect().height == 0 and found.collect_schema() == frame.schema == opens().schema(nothing)

    def test_a_sweep_leaves_what_is_kept_and_what_the_record_was_not_told_of(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first, second, third = (opens().replace("p/t", frame.head(n)) for n in (1, 2, 3))
        fourth = opens().extend(third, frame)
        assert opens().sweep("p/t", [third], third.version, dry=True).files == 2
        assert all(opens().present(each) for each in (first, second, third, fourth))
        swept = opens().sweep("p/t", [third], third.version)
        assert swept.bytes == sum(part.size for each in (first, second) for part in each.parts)
        assert [opens().present(each) for each in (first, second, third, fourth)] == [False, False, True, True]
        assert opens().read(fourth).height == 6 and opens().sweep("p/t", [third], third.version).files == 0
        assert opens().sweep("none", [], 0).files == 0

    def test_nothing_is_swept_while_somebody_holds_the_table(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first, second = opens().replace("p/t", frame), opens().replace("p/t", frame.reverse())
        with opens().held("p/t", "none"), pytest.raises(StoreError, match="reading"):
            opens().sweep("p/t", [second], second.version)
        assert opens().present(first) and opens().sweep("p/t", [second], second.version).files == 1

    def test_a_damaged_file_is_named(self, opens: Opens) -> None:
        first = opens().replace("p/t", frame_of_all_types())
        (file,) = opens().files(first)
        file.write_bytes(bytes(first.parts[0].size))
        assert opens().present(first) and opens().check(first)
        for ask in (opens().schema, opens().read):
            with pytest.raises(EvidenceError, match=r"p/t version 0 is not what the record says"):
                ask(first)
        file.unlink()
        for ask in (opens().schema, opens().read, opens().rows):
            with pytest.raises(EvidenceError, match=r"p/t version 0 is not what the record says"):
                ask(first)

    def test_a_table_may_be_empty(self, opens: Opens) -> None:
        nothing = frame_of_all_types().clear()
        made = opens().replace("t", nothing)
        assert made.rows == 0 and sum(file.stat().st_size for file in opens().files(made)) < 10_000
        found = opens().scan("t").collect()
        assert found.height == 0 and found.schema == nothing.schema

    def test_a_snapshot_without_rows_is_read_as_any_other(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first = opens().replace("t", frame)
        nothing = opens().replace("t", frame.clear())
        assert opens().replace("t", frame.clear()) == nothing
        assert opens().present(nothing) and not opens().check(nothing)
        found = opens().read(nothing)
        assert found.height == 0 and found.schema == frame.schema
        assert opens().read(nothing, ["text", "whole"]).schema == frame.select("text", "whole").schema
        with pytest.raises(EvidenceError, match="it has no column other"):
            opens().read(nothing, ["other"])
        again = opens().extend(nothing, frame)
        assert opens().read(again).equals(frame) and opens().read(nothing).height == 0
        assert opens().replace("t", opens().read(nothing)).rows == 0 and opens().read(first).equals(frame)
        for other in (Snapshot("t", 99, nothing.fingerprint, 0), Snapshot("t", nothing.version, first.fingerprint, 3)):
            assert not opens().present(other)
            with pytest.raises(EvidenceError, match="the record names none of its files"):
                opens().read(other)
        with pytest.raises(EvidenceError, match="its log names rows, and it has none"):
            opens().read(Snapshot("t", first.version, nothing.fingerprint, 0))

    def test_a_snapshot_is_extended(self, opens: Opens) -> None:
        import polars as pl

        frame = frame_of_all_types()
        first = opens().replace("t", frame)
        second = opens().extend(first, frame.reverse())
        assert second.rows == 6 and second.version > first.version and second.fingerprint != first.fingerprint
        assert opens().read(second).equals(pl.concat([frame, frame.reverse()]))
        assert opens().scan("t").collect().sort("whole", "text").equals(opens().read(second).sort("whole", "text"))
        assert opens().read(first).equals(frame) and opens().present(first) and not opens().check(second)
        assert opens().extend(first, frame.reverse()).fingerprint == second.fingerprint
        assert opens().extend(first, frame).fingerprint != second.fingerprint

    def test_an_extension_may_have_new_columns(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        first = opens().replace("t", frame)
        second = opens().extend(first, frame.with_columns(more="whole"))
        found = opens().read(second)
        assert found["more"].to_list() == [None, None, None, *frame["whole"]]
        assert opens().schema(second) == found.schema and opens().columns(second) == tuple(found.columns)
        assert opens().read(second, ["more", "text"]).columns == ["more", "text"]
        assert opens().read(second, ["text"]).height == 6
        third = opens().extend(second, frame.with_columns(more="whole"))
        assert opens().read(third)["more"].null_count() == 3 + 2

    def test_an_extension_leaves_behind_what_was_written_after_its_base(self, opens: Opens) -> None:
        import polars as pl

        frame = frame_of_all_types()
        first = opens().replace("t", frame)
        left = opens().extend(first, frame.with_columns(odd="whole"))
        second = opens().extend(first, frame)
        assert opens().read(second).equals(pl.concat([frame, frame])) and opens().scan("t").collect().height == 6
        assert opens().schema(second) == frame.schema and "odd" not in opens().scan("t").collect().columns
        assert opens().read(left).height == 6

    def test_an_append_adds_rows_and_columns(self, opens: Opens) -> None:
        frame = frame_of_all_types()
        opens().append("t", frame)
        opens().append("t", frame.select("text", more="whole"))
        found = opens().scan("t").collect()
        assert found.height == 6 and found["more"].null_count() == 4
        assert sorted(found["text"].drop_nulls()) == sorted([*frame["text"].drop_nulls()] * 2)

    def test_an_append_with_the_same_mark_adds_nothing(self, opens: Opens) -> None:
        for mark in ("one", "one", "two", "one"):
            opens().append("t", frame_of_all_types(), once=mark)
        assert opens().scan("t").collect().height == 6
        opens().append("another", frame_of_all_types(), once="one")
        assert opens().scan("another").collect().height == 3

    def test_writers_at_once_lose_no_rows(self, opens: Opens) -> None:
        frame = frame_of_all_types().head(1)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: opens().append("t", frame, once=f"mark {i // 2}"), range(12)))
        assert opens().scan("t").collect().height == 6

    def test_replacements_at_once_are_versions_of_their_own(self, opens: Opens) -> None:
        import polars as pl

        frames = [pl.DataFrame({"row": [i] * 100}) for i in range(8)]
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda frame: opens().replace("t", frame), frames))
        assert sorted(snapshot.version for snapshot in made) == list(range(8))
        assert all(opens().scan("t", s.version).collect().equals(f) for s, f in zip(made, frames, strict=True))

    def test_a_large_table_comes_back_in_order(self, opens: Opens) -> None:
        import polars as pl

        frame = pl.DataFrame({"row": range(200_000), "text": ["x" * 2**20] + ["ü"] * 199_999})
        opens().replace("t", frame)
        assert opens().scan("t").collect().equals(frame)

    def test_a_missing_table_or_version_is_named(self, opens: Opens) -> None:
        tables = opens()
        assert tables.version("t") is None and not tables.exists("t")
        with pytest.raises(DataError, match='no table "t"'):
            tables.scan("t")
        tables.replace("t", frame_of_all_types())
        with pytest.raises(DataError, match="no version 7"):
            tables.scan("t", 7)

    def test_a_killed_writer_loses_nothing_that_was_acknowledged(self, opens: Opens) -> None:
        told = [int(line) for line in killed_after(12, _append_for_ever, opens)]
        found = opens().scan("t").collect()["row"].sort().to_list()
        # three rows an append: whole appends only, and those that were told are all there
        assert found == [i for i in range(len(found) // 3) for _ in range(3)] and len(found) // 3 >= len(told)
        opens().append("t", frame_of_all_types().select(row="whole"))
        assert opens().scan("t").collect().height == len(found) + 3


def _append_for_ever(opens: Opens) -> None:
    import polars as pl

    tables = opens()
    for i in range(1_000_000):
        tables.append("t", pl.DataFrame({"row": [i] * 3}), once=f"mark {i}")
        say(i)
