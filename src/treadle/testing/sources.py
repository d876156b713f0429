"""What a source of rows does, be it files or a database. See `treadle.sources.Reader` for the protocol."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from treadle.errors import DataError
from treadle.sources import Found, Known, find, find_new
from treadle.spec import New, Source

if TYPE_CHECKING:
    import polars as pl

Holds = Callable[["pl.DataFrame", str], tuple[Source, Path]]


def frame_of_sources() -> pl.DataFrame:
    """One column of each kind of value that sources hold, with its edges, and a NULL in each."""
    import polars as pl

    return pl.DataFrame(
        {
            "row": [1, 2, 3],
            "tiny": pl.Series([-128, 127, None], dtype=pl.Int8),
            "small": pl.Series([-(2**15), 2**15 - 1, None], dtype=pl.Int16),
            "middle": pl.Series([-(2**31), 2**31 - 1, None], dtype=pl.Int32),
            "whole": pl.Series([-(2**63), 2**63 - 1, None], dtype=pl.Int64),
            "unsigned": pl.Series([0, 2**63 - 1, None], dtype=pl.UInt64),
            "amount": pl.Series(["0.10", "-12345678.91", None]).cast(pl.Decimal(20, 4)),
            "float": [0.1, float("-inf"), None],
            "bool": [True, False, None],
            "text": ["", "東京 'ü' \U0001f6eb \"\\\n\t;--", None],
            "date": [date(1, 1, 1), date(9999, 12, 31), None],
            "at": pl.Series([datetime(1950, 1, 1), datetime(2024, 2, 29, 1, 2, 3, 456789), None]).dt.replace_time_zone(
                "UTC"
            ),
            "clock": [time(0, 0), time(23, 59, 59, 999999), None],
            "bytes": [b"", b"\x00\xff\x80", None],
            "nothing": pl.Series([None, None, None], dtype=pl.String),
        }
    )


def as_read(frame: pl.DataFrame) -> pl.DataFrame:
    """The same as a source gives it: decimals as floats, a time of day as text, whole numbers of 64 bits."""
    import polars as pl
    import polars.selectors as cs

    return frame.with_columns(
        cs.decimal().cast(pl.Float64), cs.integer().cast(pl.Int64), cs.time().dt.to_string("%H:%M:%S%.f")
    )


class SourceSuite:
    """What every source keeps to:

    - rows come with the columns, values and NULLs that are there, each of its kind: numbers are no texts; times in UTC;
    - a table may be empty, have columns of any name, and many of them;
    - equal rows are all kept, in their order, and read again they have an equal digest; any other value has another.
    """

    LACKS: frozenset[str] = frozenset()
    """Columns of `frame_of_sources` that it cannot hold."""
    HAS_NAN = True
    HAS_INFINITY = True
    """Whether it can hold them; where it cannot, nobody can have written one."""

    @pytest.fixture
    def holds(self) -> Holds:
        """A function that makes a table of this name with these rows, in place of an earlier one."""
        pytest.fail("the test of a source gives the fixture `holds`")

    def test_every_kind_of_value_comes_as_it_is(self, holds: Holds) -> None:
        import polars as pl
        import polars.selectors as cs
        from polars.testing import assert_frame_equal

        frame = frame_of_sources().drop(self.LACKS, strict=False)
        if not self.HAS_INFINITY:
            frame = frame.with_columns(pl.col("float").replace(float("-inf"), -1.5))
        found = rows(holds(frame, "every"))
        assert_frame_equal(found.with_columns(cs.integer().cast(as_read(frame).schema["row"])), as_read(frame))

    def test_numbers_that_are_none_are_told_from_missing_ones(self, holds: Holds) -> None:
        import polars as pl

        most = float("inf") if self.HAS_INFINITY else 1.7976931348623157e308
        odd = [float("nan") if self.HAS_NAN or self.HAS_INFINITY else None, most, None, 1.5]
        found = rows(holds(pl.DataFrame({"x": odd}), "odd"))["x"]
        assert found.dtype == pl.Float64 and found[1] == most and found[2] is None and found[3] == 1.5
        assert found.is_nan()[0] if self.HAS_NAN else found[0] is None

    def test_a_table_may_be_empty(self, holds: Holds) -> None:
        found = rows(holds(frame_of_sources().select("row", "float", "text").clear(), "empty"))
        assert found.columns == ["row", "float", "text"] and found.height == 0

    def test_columns_have_any_name(self, holds: Holds) -> None:
        import polars as pl

        names = [
            "select",
            "Order",
            "order",
            "with space",
            'quo"te',
            "ti`ck",
            "Spalte mit ü",
            "a.b",
            "100%",
            "se;mi",
        ]
        names = [name for name in names if name not in self.LACKS]
        found = rows(holds(pl.DataFrame({name: [place] for place, name in enumerate(names)}), "Table of names"))
        assert found.columns == names and found.row(0) == tuple(range(len(names)))

    def test_a_table_may_have_many_columns(self, holds: Holds) -> None:
        import polars as pl

        wide = pl.DataFrame({f"c{place}": [place, None] for place in range(200)})
        assert rows(holds(wide, "wide")).equals(wide)

    def test_equal_rows_are_all_kept_in_their_order(self, holds: Holds) -> None:
        import polars as pl

        ties = pl.DataFrame({"k": [2, 1, 2, 2, 1, None, None] * 30_000})
        assert rows(holds(ties, "ties")).equals(ties)

    def test_a_digest_names_the_rows(self, holds: Holds) -> None:
        import polars as pl

        first, second = (pl.DataFrame({"x": [1, 2], "s": ["a", last]}) for last in ("b", "c"))
        digests = [found(holds(frame, "named")).digest for frame in (first, first, second)]
        assert digests[0] == digests[1] != digests[2]


class DatabaseSuite(SourceSuite):
    """What a database keeps to besides:

    - columns, conditions and queries are its own SQL, asked of it; a name that is not there is told, with the nearest;
    - it is read, and never written to; one statement is one;
    - what it leaves out of a reading in increments is old, and never has no value to tell by;
    - what would take more memory than it may is refused.
    """

    @pytest.fixture
    def shop(self, holds: Holds) -> tuple[Source, Path]:
        import polars as pl

        return holds(pl.DataFrame({"id": [1, 2, 3], "Price": [1.5, None, 3.5], "note": ["a", "b;--", "it's"]}), "shop")

    def test_columns_and_a_condition_are_asked_of_it(self, shop: tuple[Source, Path]) -> None:
        asked = replace(shop[0], columns=("note", "id"), where="id > 1 -- the newest")
        assert rows((asked, shop[1])).rows() == [("b;--", 2), ("it's", 3)]
        assert rows((replace(asked, where="note = 'b;--';"), shop[1])).rows() == [("b;--", 2)]

    def test_a_query_is_asked_of_it(self, shop: tuple[Source, Path]) -> None:
        asked = replace(
            shop[0], table=None, query="with x as (select id as n from shop) select n from x order by n desc;"
        )
        assert rows((asked, shop[1]))["n"].to_list() == [3, 2, 1]
        assert rows((replace(asked, where="n < 3", columns=("n",)), shop[1]))["n"].sort().to_list() == [1, 2]

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"table": "shops"}, r"no table shops.*\n.*shop"),
            ({"table": "a..b"}, "no name of a table"),
            ({"columns": ("price",)}, r'no column "price".*\n.*"Price"'),
            ({"where": "nothing > 1"}, "nothing"),
            ({"where": "id >"}, "cannot be read"),
            ({"where": "id > 'a"}, "no SQL|cannot be read"),
            ({"where": "1 = 1; delete from shop"}, "two statements"),
            ({"table": None, "query": "select 1; select 2"}, "two statements"),
            ({"table": None, "query": "selec 1"}, "begins with SELEC"),
            ({"table": None, "query": "delete from shop"}, "begins with DELETE, and a source only reads"),
            ({"table": None, "query": "with x as (select 1) delete from shop"}, "cannot be read"),
            ({"table": None, "query": "  -- nothing"}, "is empty"),
            ({"table": None, "query": "select 1 as a, 2 as a"}, "two columns|uplicate"),
            ({"table": None, "query": "select nope from shop"}, "nope"),
        ],
    )
    def test_what_it_refuses_is_told(self, shop: tuple[Source, Path], changed: dict[str, str], said: str) -> None:
        with pytest.raises(DataError, match=said) as told:
            found((replace(shop[0], **changed), shop[1]))
        assert told.value.where == "treadle.yaml:1:1" and told.value.mend
        assert rows(shop).height == 3  # nothing was written

    @pytest.mark.parametrize("by", ["id", "amount", "day", "at"])
    def test_new_rows_are_found_whatever_it_leaves_out(self, holds: Holds, by: str) -> None:
        """Old rows may be left out; those at the last value, above it, and without a value may not."""
        import polars as pl

        count = pl.int_range(200)
        frame = pl.select(
            id=count + 2**53,
            amount=count / 7 - 10,
            day=pl.date(2023, 12, 1) + pl.duration(days=count),
            at=pl.datetime(2024, 3, 30, time_zone="UTC") + pl.duration(microseconds=count * 1_000_001),
        )
        source, root = holds(frame.head(150), "grows")
        asked = replace(source, new=New(by=by))
        first = find_new(asked, root, Known(), "")
        assert first.rows().height == 150
        known = Known(first.mark, first.seen)
        assert find_new(asked, root, known, "").nothing
        holds(pl.concat([frame, frame[149]]), "grows")
        more = find_new(asked, root, known, "")
        assert more.rows()["id"].to_list() == [frame["id"][149], *frame["id"][150:]]
        missing = frame[0].with_columns(pl.lit(None, dtype=frame.schema[by]).alias(by))
        holds(pl.concat([frame, missing]), "grows")
        with pytest.raises(DataError, match=f"1 rows have no value in {by}"):
            find_new(asked, root, known, "")

    def test_more_than_it_may_take_is_refused(self, shop: tuple[Source, Path]) -> None:
        with pytest.raises(DataError, match="at most 10 bytes may be taken"):
            found((replace(shop[0], max_gb=1e-8), shop[1]))


def found(held: tuple[Source, Path]) -> Found:
    """What a source names, as a run finds it."""
    source, root = held
    return find(source, root, where="treadle.yaml:1:1")


def rows(held: tuple[Source, Path]) -> pl.DataFrame:
    """Its rows, as a run takes them."""
    return found(held).rows("treadle.yaml:1:1").collect()
