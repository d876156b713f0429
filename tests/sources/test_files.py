from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import polars as pl
import pytest

from treadle.errors import DataError, SpecError
from treadle.sources import files, find, read, read_own
from treadle.sources.files import scan
from treadle.sources.harmony import joined, told_by_type
from treadle.spec import Source

FRAME = pl.DataFrame({"id": [1, 2, 3], "name": ["ä", "b,c", None], "x": [1.5, None, -2.0]})


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_format_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"t.{ending}"
    {"csv": FRAME.write_csv, "jsonl": FRAME.write_ndjson, "parquet": FRAME.write_parquet}[ending](file)
    reading, frame = read(Source(read=file.name), tmp_path)
    assert frame.collect().equals(FRAME)
    assert reading.format == ending


def test_a_delta_table_is_read(tmp_path: Path) -> None:
    FRAME.write_delta(str(tmp_path / "t"))
    assert read(Source(read="t"), tmp_path)[1].collect().sort("id").equals(FRAME)


def test_a_pattern_reads_all_its_files_and_the_digest_follows_content(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "a.csv")
    FRAME.write_csv(tmp_path / "b.csv")
    reading, frame = read(Source(read="*.csv"), tmp_path)
    assert frame.collect().height == 6
    FRAME.head(1).write_csv(tmp_path / "b.csv")
    assert read(Source(read="*.csv"), tmp_path)[0].digest != reading.digest


def test_a_type_that_changes_late_in_a_csv_is_seen(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 20_000 + "1.5\n")
    assert read(Source(read="t.csv"), tmp_path)[1].collect()["a"].dtype == pl.Float64


def test_times_become_utc_microseconds(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("at\n2013-01-01T05:00:00\n")
    assert read(Source(read="t.csv"), tmp_path)[1].collect_schema()["at"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("none.csv", None, DataError, "there is no file none.csv"),
        ("t.txt", b"a\n1\n", SpecError, "format"),
        ("t.parquet", b"not parquet", DataError, "cannot be read as parquet"),
        ("t.jsonl", b"{broken", DataError, "cannot be read as jsonl"),
        ("t.csv", b"", DataError, "t.csv"),
    ],
)
def test_what_cannot_be_read_is_one_clear_error(
    tmp_path: Path, name: str, content: bytes | None, error: type[Exception], said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=said):
        read(Source(read=name), tmp_path, where="sources.t.read")[1].collect()


@pytest.mark.parametrize("name", ["d*.csv", "d?.csv", "d[1].csv", "a[!b].csv"])
def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path, name: str) -> None:
    for other in ("d1.csv", "d2.csv", "ac.csv"):
        FRAME.write_csv(tmp_path / other)
    (tmp_path / name).write_bytes(b"id\n7\n")
    reading, frame = read(Source(read=name), tmp_path)
    assert frame.collect()["id"].to_list() == [7]
    assert [file.name for file in reading.files] == [name]
    assert reading.bytes == 5


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_in_every_format_the_file_that_was_hashed_is_read(tmp_path: Path, ending: str) -> None:
    write = {"csv": pl.DataFrame.write_csv, "jsonl": pl.DataFrame.write_ndjson, "parquet": pl.DataFrame.write_parquet}
    for name, rows in (("d*", FRAME.head(1)), ("d1", FRAME), ("d2", FRAME)):
        with (tmp_path / f"{name}.{ending}").open("wb") as out:
            write[ending](rows, out)
    assert read(Source(read=f"d*.{ending}"), tmp_path)[1].collect().equals(FRAME.head(1))


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("pattern", [False, True])
def test_a_large_file_that_changes_between_hash_and_read_is_found(
    tmp_path: Path, ending: str, pattern: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "HELD", 0)
    file = tmp_path / f"t.{ending}"
    write = {"csv": pl.DataFrame.write_csv, "jsonl": pl.DataFrame.write_ndjson, "parquet": pl.DataFrame.write_parquet}
    write[ending](FRAME, file)
    reading = find(Source(read=f"*.{ending}" if pattern else file.name), tmp_path)
    write[ending](FRAME.reverse(), file)
    with pytest.raises(DataError, match="changed while it was being read"):
        scan(reading)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_file_is_read_and_hashed_once_and_its_rows_are_those_that_were_hashed(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = {"csv": pl.DataFrame.write_csv, "jsonl": pl.DataFrame.write_ndjson, "parquet": pl.DataFrame.write_parquet}
    for number in range(2):
        write[ending](FRAME, tmp_path / f"{number}.{ending}")
    names = list[str]()
    real = files.opened
    monkeypatch.setattr(files, "opened", lambda file, where: (names.append(file.name), real(file, where))[1])
    reading = find(Source(read=f"*.{ending}"), tmp_path)
    first = scan(reading).collect()
    assert names == [f"0.{ending}", f"1.{ending}"] and not reading.held
    assert first.equals(pl.concat([FRAME, FRAME]))
    assert scan(reading).collect().equals(first) and len(names) == 4, "asked once more, they are read and held to it"
    late = find(Source(read=f"0.{ending}"), tmp_path)
    write[ending](FRAME.reverse(), tmp_path / f"0.{ending}")
    assert scan(late).collect().equals(FRAME), "what was hashed, though the file is another now"
    assert find(Source(read=f"0.{ending}"), tmp_path).digest != late.digest


def test_rows_that_were_read_stay_as_they_were_hashed(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "t.csv")
    frame = read(Source(read="t.csv"), tmp_path)[1]
    FRAME.reverse().write_csv(tmp_path / "t.csv")
    assert frame.collect().equals(FRAME)


def test_a_delta_table_that_is_written_to_meanwhile_is_found(tmp_path: Path) -> None:
    FRAME.write_delta(str(tmp_path / "t"))
    reading = find(Source(read="t"), tmp_path)
    FRAME.write_delta(str(tmp_path / "t"), mode="append")
    with pytest.raises(DataError, match="changed while it was being read"):
        scan(reading)


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        place = Path(tempfile.mkdtemp()) / "s.csv"  # a socket's path must be short
        listening.bind(str(place))
        odd = {tmp_path / "pipe.csv": "a pipe", Path("/dev/zero"): "a device", place: "a socket|cannot be opened"}
        for file, said in odd.items():
            with pytest.raises(DataError, match=said):
                read_own(file, where="--from")
    with pytest.raises(DataError, match="a pipe"):
        read(Source(read="pipe.csv"), tmp_path)
    with pytest.raises(DataError, match="a pipe"):
        read(Source(read="*.csv"), tmp_path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="a folder"):
        read(Source(read="folder.csv"), tmp_path)
    with pytest.raises(DataError, match="a folder"):
        read(Source(read="folder*"), tmp_path)


def test_a_pipe_inside_a_delta_table_is_refused(tmp_path: Path) -> None:
    FRAME.write_delta(str(tmp_path / "t"))
    os.mkfifo(tmp_path / "t" / "_delta_log" / f"{1:020}.json")
    with pytest.raises(DataError, match="a pipe"):
        read(Source(read="t"), tmp_path)


def test_a_delta_table_that_names_a_file_outside_is_refused(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "secret.parquet")
    FRAME.write_delta(str(tmp_path / "t"))
    log = tmp_path / "t" / "_delta_log" / f"{0:020}.json"
    inside = next((tmp_path / "t").glob("*.parquet")).name
    for written in ("../secret.parquet", str(tmp_path / "secret.parquet"), f"file://{tmp_path}/secret.parquet"):
        text = log.read_text()
        log.write_text(text.replace(inside, written))
        with pytest.raises(DataError, match=r"outside its folder|cannot be read as delta"):
            read(Source(read="t"), tmp_path)
        log.write_text(text)


def test_files_of_one_pattern_may_differ_in_the_width_of_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "b.csv").write_text("x\n1.5\n")
    assert read(Source(read="*.csv"), tmp_path)[1].collect()["x"].to_list() == [1.0, 1.5]


def test_a_column_that_is_empty_in_all_files_is_what_all_of_them_call_it(tmp_path: Path) -> None:
    kinds = {"x": pl.Float64(), "list": pl.List(pl.Int64()), "other": pl.Date()}
    for number in (1, 2):
        pl.DataFrame({"n": [number], **dict.fromkeys(kinds)}, schema={"n": pl.Int64(), **kinds}).write_parquet(
            tmp_path / f"{number}.parquet"
        )
        kinds["other"] = pl.Boolean()
    found = read(Source(read="*.parquet"), tmp_path)[1].collect_schema()
    assert found == {"n": pl.Int64(), **kinds, "other": pl.String()}


FAR = 2**53 + 1


def joined_of(columns: list[list[object]], types: dict[str, str]) -> pl.Series:
    names = [f"{number}.csv" for number in range(len(columns))]
    return joined([pl.DataFrame({"x": each}) for each in columns], names, "", types)["x"]


@pytest.mark.parametrize(
    ("columns", "types", "found"),
    [
        ([[7.0, 1.5], ["free"]], {"x": "int"}, ["7", "1.5", "free"]),  # of a whole number its digits alone
        ([[FAR], [None], [7.0]], {}, [FAR, None, 7]),
        ([[None], [FAR], [0.5]], {}, [None, str(FAR), "0.5"]),
    ],
)
def test_a_column_of_several_files_is_of_one_type(
    columns: list[list[object]], types: dict[str, str], found: list[object]
) -> None:
    assert joined_of(columns, types).to_list() == found


@pytest.mark.parametrize(
    ("columns", "types"),
    [
        ([[1], [0.5], ["a"]], {}),
        ([["1"], [1]], {}),  # texts that are numbers too, but for no reason of their own
        ([[str(FAR), "a"], [1]], {}),
        ([["free"], [1], [True]], {"x": "int"}),
    ],
)
def test_a_column_that_several_files_tell_otherwise_is_refused(
    columns: list[list[object]], types: dict[str, str]
) -> None:
    with pytest.raises(DataError, match=r"^.*x is .* in \d\.csv, and .* in 0\.csv"):
        joined_of(columns, types)


def test_what_becomes_of_a_column_is_told_by_its_type_or_by_all_of_its_values() -> None:
    """Else parts of one column would be of several types."""
    by_values = [pl.UInt64(), pl.Int128(), pl.UInt128(), pl.Null(), pl.Decimal(16, 1), pl.Decimal(19, 0)]
    assert not any(map(told_by_type, by_values))
    assert all(map(told_by_type, [pl.Int64(), pl.Float64(), pl.String(), pl.Decimal(15, 1), pl.Decimal(18, 0)]))


def test_a_file_that_the_user_names_may_lie_anywhere(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "t.csv")
    assert read_own(tmp_path / "t.csv").equals(FRAME)
    with pytest.raises(DataError, match="there is no file"):
        read_own(tmp_path / "*.csv", where="--from")


@pytest.mark.parametrize("written", ["x" * 300 + ".csv", "a\0b.csv", "x" * 300 + "*.csv"])
def test_a_path_that_no_disk_holds_is_one_clear_error(tmp_path: Path, written: str) -> None:
    with pytest.raises(DataError, match=r"cannot be read|there is no file"):
        read(Source(read=written), tmp_path)
