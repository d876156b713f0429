"""Every format that is read, packed or not; what takes more memory than it may; files that differ in one source."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError, MissingExtra
from treadle.sources import find, find_own, read, tabled
from treadle.sources.documents import MOST_FIELDS
from treadle.sources.files import scan
from treadle.sources.footers import _Compact, footer
from treadle.sources.formats import MOST_COLUMNS
from treadle.sources.limits import most_bytes
from treadle.sources.unreadable import Unreadable
from treadle.spec import Layout, Source

FRAME = pl.DataFrame({"id": [1, 2, 3], "name": ["ä", "b,c", None], "x": [1.5, None, -2.0]})


def frame_of(file: Path, layout: Layout | None = None) -> pl.DataFrame:
    return tabled(find_own(file, layout or Layout())).frame


@pytest.mark.parametrize("ending", ["json", "arrow", "feather", "ipc", "stream.arrow"])
@pytest.mark.parametrize("packed", [False, True])
def test_json_and_arrow_give_the_same_rows(tmp_path: Path, ending: str, packed: bool) -> None:
    out = io.BytesIO()
    write = {"json": FRAME.write_json, "stream.arrow": FRAME.write_ipc_stream}.get(ending, FRAME.write_ipc)
    write(out)
    file = tmp_path / f"t.{ending}{'.gz' if packed else ''}"
    file.write_bytes(gzip.compress(out.getvalue()) if packed else out.getvalue())
    assert frame_of(file).equals(FRAME)


@pytest.mark.needs("zstandard")
def test_a_file_packed_with_zstandard_is_read(tmp_path: Path) -> None:
    import zstandard

    content = zstandard.compress(FRAME.write_csv().encode())
    for name in ("t.csv.zst", "t.csv"):
        (tmp_path / name).write_bytes(content)
        assert frame_of(tmp_path / name).equals(FRAME)
    (tmp_path / "t.csv.zst").write_bytes(content + zstandard.compress(b"4,d,5\n"))
    assert frame_of(tmp_path / "t.csv.zst").rows()[3:] == [(4, "d", 5.0)]
    (tmp_path / "t.csv.zst").write_bytes(content[:-9])
    with pytest.raises(DataError, match=r"t\.csv\.zst cannot be read as csv: it ends before"):
        frame_of(tmp_path / "t.csv.zst")
    (tmp_path / "t.csv.zst").write_bytes(zstandard.compress(b"a\n" + b"0\n" * 1_000_000))
    with pytest.raises(DataError, match="unpack to more than"):
        frame_of(tmp_path / "t.csv.zst", Layout(max_gb=0.001))


@pytest.mark.parametrize(
    ("module", "name", "content"), [("zstandard", "t.csv.zst", b"\x28\xb5\x2f\xfd"), ("fastexcel", "t.xls", b"x")]
)
def test_a_package_that_is_missing_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str, content: bytes
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MissingExtra, match=rf'{module}(.|\n)*pip install "treadle'):
        frame_of(tmp_path / name)


def workbook(**sheets: list[list[object]]) -> bytes:
    """The least that is a file of Excel, of texts and numbers."""

    def cell(value: object) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>'
            for n in range(len(sheets))
        )
        packed.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{parts}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>{overrides}</Types>',
        )
        packed.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{parts}/relationships"><Relationship Id="r" Type="{office}/officeDocument" '
            f'Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(f'<sheet name="{name}" sheetId="{n + 1}" r:id="r{n}"/>' for n, name in enumerate(sheets))
        packed.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in range(len(sheets))
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{parts}/relationships">{links}</Relationships>'
        )
        for n, rows in enumerate(sheets.values()):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            packed.writestr(
                f"xl/worksheets/sheet{n}.xml", f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
            )
    return out.getvalue()


@pytest.mark.needs("fastexcel")
def test_a_sheet_of_excel_is_read(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    file.write_bytes(workbook(one=[["a", "b", "when"], [1, "x", "12/31/2024"], [2.5, "$5", "1/2/2024"]]))
    found = frame_of(file)
    assert found["a"].to_list() == [1.0, 2.5] and found["b"].to_list() == ["x", "$5"]
    assert found["when"].dtype == pl.Date


@pytest.mark.needs("fastexcel")
@pytest.mark.parametrize(("corner", "size"), [("XFD1048576", "1,048,576 rows and 16,384"), ("ZZ900000", "900,000")])
def test_a_cell_in_a_far_corner_takes_no_memory(tmp_path: Path, corner: str, size: str) -> None:
    """The reader holds the whole rectangle around all cells, and ends the process where that has no room."""
    file, plain = tmp_path / "t.xlsx", workbook(one=[["a"], [1]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(plain)) as read, zipfile.ZipFile(out, "w") as packed:
        for name in read.namelist():
            far = f'<row><c r="{corner}"><v>1</v></c></row></sheetData>'.encode()
            packed.writestr(name, read.read(name).replace(b"</sheetData>", far))
    file.write_bytes(out.getvalue())
    with pytest.raises(DataError, match=rf"t\.xlsx has a sheet of {size}(.|\n)*max_gb"):
        frame_of(file, Layout(max_gb=1))


@pytest.mark.needs("fastexcel")
def test_an_entity_in_a_sheet_is_refused(tmp_path: Path) -> None:
    file, out = tmp_path / "t.xlsx", io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(one=[["a"], ["b"]]))) as read, zipfile.ZipFile(out, "w") as packed:
        for name in read.namelist():
            packed.writestr(name, read.read(name).replace(b"<t>b</t>", b"<t>&x;</t>"))
    file.write_bytes(out.getvalue())
    with pytest.raises(DataError, match=r"t\.xlsx cannot be read as excel: .*entity"):
        frame_of(file)


def test_a_table_of_endless_columns_is_refused_by_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(",".join(f"c{n}" for n in range(MOST_COLUMNS + 1)) + "\n")
    with pytest.raises(DataError, match=r"50,001 fields, and at most 50,000 columns(.|\n)*separator:"):
        frame_of(file)


@pytest.mark.needs("fastexcel")
def test_of_several_sheets_one_has_to_be_named(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    file.write_bytes(workbook(one=[["a"], [1]], two=[["top"], ["a"], [2]], many=[["a"], *[[5]] * 2_000]))
    with pytest.raises(DataError, match=r'3 sheets: "one", "two", "many"(.|\n)*sheet: "one"'):
        frame_of(file)
    with pytest.raises(DataError, match=r'no sheet "tow"(.|\n)*did you mean "two"'):
        frame_of(file, Layout(sheet="tow"))
    assert frame_of(file, Layout(sheet="two", skip_rows=1))["a"].to_list() == [2]
    with pytest.raises(DataError, match=r"t\.xlsx unpacks to"):
        frame_of(file, Layout(sheet="one", max_gb=1e-5))


def test_objects_in_objects_are_columns_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_text('[{"a": {"b": {"c": 1}, "d": "2024-01-31"}, "a.d": "x", "l": [1]}, {"a": null}]')
    found = frame_of(file)
    assert found.columns == ["a.b.c", "a.d", "a.d_", "l"]
    assert found["a.b.c"].to_list() == [1, None] and found["a.d"].dtype == pl.Date


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.json", '{"data": [{"a": 1}], "n": 1}', "one JSON object, and no array of them; its arrays are under data"),
        ("t.json", "[1, 2]", "no array of JSON objects"),
        ("t.json", "[]", "the array is empty"),
        ("t.json", '[{"a": 1},', "no JSON"),
        ("t.json", "[" * 100_000, "no JSON"),
        ("t.json", " ", "the file is empty"),
        ("t.jsonl", '{"a": 1}\n{"a":\n', "t.jsonl, line 2, .*no JSON object in this line"),
        (
            "t.jsonl",
            '{"a": 1}\n\n{"a": {"b": 1}}\n',
            "t.jsonl, line 3, .*a is an object in line 3, and a number in line 1",
        ),
        ("t.jsonl", '{"a": [1]}\n{"a": null}\n{"a": 2}\n', "t.jsonl, line 3, .*a is a number in line 3, and a list in"),
        ("t.jsonl", '{"a":{"b":true}}\n{"a":{"b":2}}\n', "line 2, .*a.b is a number in line 2, and true or false in"),
        ("t.json", '[{"a": 1}, {"a": {"b": 1}}]', "a is an object in row 2, and a number in row 1"),
        ("t.jsonl", '[{"a": 1}]', "begins as a JSON array"),
        ("t.arrow", "FEA1xxxx", "first version of Feather"),
        ("t.arrow", "xx", "cannot be read as arrow"),
        ("t.parquet", "PAR1" + "x" * 30, "no footer of Parquet"),
        ("t.parquet", "x" * 8 + "\0" * 4 + "PAR1", "footer is damaged|cannot be read"),
    ],
)
def test_what_is_no_table_is_one_clear_error(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_bytes(content.encode())
    with pytest.raises(DataError, match=said):
        frame_of(tmp_path / name)


def test_a_small_parquet_file_of_very_many_rows_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    pl.select(pl.repeat(7, 3_000_000, dtype=pl.Int64).alias("a")).write_parquet(file)
    assert file.stat().st_size < 20_000
    with pytest.raises(
        DataError, match=r"3,000,000 rows, which unpack to 24.0 MB, and at most 10.0 MB(.|\n)*max_gb: 1"
    ) as found:
        frame_of(file, Layout(max_gb=0.01))
    assert "lift the limit" in found.value.mend
    assert frame_of(file, Layout(max_gb=0.1)).height == 3_000_000


def test_a_delta_table_and_an_arrow_file_are_held_to_the_limit_too(tmp_path: Path) -> None:
    frame = pl.select(pl.repeat(7, 100_000, dtype=pl.Int64).alias("a"))
    frame.write_delta(str(tmp_path / "t"))
    frame.write_ipc(tmp_path / "t.arrow", compression="zstd")
    for name in ("t", "t.arrow"):
        with pytest.raises(DataError, match="100,000 rows, which unpack to"):
            frame_of(tmp_path / name, Layout(max_gb=0.0001))


def test_without_a_word_half_of_the_memory_may_be_taken() -> None:
    import psutil

    assert 0 < most_bytes(Layout()) <= psutil.virtual_memory().total // 2
    assert most_bytes(Layout(max_gb=2)) == 2_000_000_000


@given(st.integers(0, 50), st.integers(1, 20), st.sampled_from(["snappy", "zstd", "uncompressed"]))
def test_a_footer_tells_rows_and_bytes(rows: int, group: int, compression: str) -> None:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    frame = pl.DataFrame({"a": range(rows), "b": [str(n) for n in range(rows)]})
    frame.write_parquet(out, row_group_size=group, compression=compression)  # type: ignore[arg-type]
    told, real = footer(out.getvalue()), pq.read_metadata(io.BytesIO(out.getvalue()))
    assert told.rows == rows == real.num_rows
    assert told.unpacked == sum(real.row_group(n).total_byte_size for n in range(real.num_row_groups))


@given(st.binary(max_size=60))
def test_a_footer_of_any_bytes_is_told_or_refused(content: bytes) -> None:
    import contextlib

    with contextlib.suppress(Unreadable):
        footer(b"PAR1" + content + len(content).to_bytes(4, "little") + b"PAR1")


def test_a_number_of_a_footer_that_has_no_end_is_not_read_to_its_end() -> None:
    for length in (9, 10, 200_000):
        content = b"\x16" + b"\xff" * length + b"\x00"
        with pytest.raises(Unreadable):
            footer(b"PAR1" + content + len(content).to_bytes(4, "little") + b"PAR1")
    steps = _Compact(b"\xff" * 1000)
    with pytest.raises(IndexError):
        steps.varint()
    assert steps.at == 10, "no more than 64 bits are taken"
    assert _Compact(b"\xff" * 9 + b"\x01").varint() == 2**64 - 1


def test_a_folder_of_files_is_one_table(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("id,x\n1,\n")
    (tmp_path / "in" / "b.csv").write_text("x,id\n1.5,2\n")
    (tmp_path / "in" / "_SUCCESS").write_text("")
    (tmp_path / "in" / ".hidden").write_text("")
    reading, frame = read(Source(read="in"), tmp_path)
    assert [file.name for file in reading.files] == ["a.csv", "b.csv"]
    assert frame.collect().rows() == [(1, None), (2, 1.5)]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("id,name\n1,x\n", "id,nmae\n2,y\n", r"b.csv lacks name and has nmae beside(.|\n)*did you mean"),
        ("id,x\n1,2\n", "id,x,y\n2,3,4\n", "b.csv has y beside"),
        ("id,x\n1,2\n", "id,x\n2,many\n", r"x is text in b.csv, and a number in a.csv(.|\n)*null_values: {x:"),
        ("id,x\n1,2024-01-01\n", "id,x\n2,5\n", "x is a number in b.csv, and a time in a.csv"),
    ],
)
def test_a_file_that_differs_is_named(tmp_path: Path, first: str, second: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(first)
    (tmp_path / "b.csv").write_text(second)
    with pytest.raises(DataError, match=said):
        read(Source(read="*.csv"), tmp_path, where="sources.t")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a.csv", "b.json"], "b.json is json, and a.csv is csv"),
        (["a.csv", "readme.md"], 'the format of "readme.md" cannot be told'),
        (["a.csv", "sub/b.csv"], "holds the folder sub"),
        ([], "holds no files"),
    ],
)
def test_a_folder_of_other_things_is_refused(tmp_path: Path, names: list[str], said: str) -> None:
    (tmp_path / "in").mkdir()
    for name in names:
        (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_text("a\n1\n")
    with pytest.raises(Exception, match=said):
        scan(find(Source(read="in"), tmp_path, where="sources.t"))


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "project" / "in").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "project" / "in" / "a.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(DataError, match="lies outside the project folder"):
        find(Source(read="in"), tmp_path / "project")


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow", "plain.parquet"])
def test_a_text_that_is_kept_once_and_meant_often_is_weighed_as_often(tmp_path: Path, name: str) -> None:
    once = pl.Series("t", ["x" * 1_000_000])
    frame = pl.DataFrame(once if name.startswith("plain") else once.cast(pl.Categorical)).select(
        pl.col("t").gather([0] * 300)
    )
    frame.write_ipc(tmp_path / name) if name.endswith("arrow") else frame.write_parquet(tmp_path / name)
    with pytest.raises(DataError, match=rf"{name} has 300 rows, which unpack to 300.0 MB, and at most 200.0 MB"):
        frame_of(tmp_path / name, Layout(max_gb=0.2))
    if name != "plain.parquet":
        few = pl.DataFrame({"t": pl.Series(["a", None, "bc"], dtype=pl.Categorical)})
        few.write_ipc(tmp_path / name) if name.endswith("arrow") else few.write_parquet(tmp_path / name)
        assert frame_of(tmp_path / name).get_column("t").to_list() == ["a", None, "bc"]


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_objects_too_deep_are_refused_in_every_format(tmp_path: Path, name: str) -> None:
    value: object = 1
    for _ in range(31):
        value = {"a": value}
    for more in (False, True):
        frame = pl.DataFrame({"t": [{"a": value} if more else value]})
        frame.write_ipc(tmp_path / name) if name.endswith("arrow") else frame.write_parquet(tmp_path / name)
        if not more:
            assert frame_of(tmp_path / name).columns == ["t" + ".a" * 31]
    with pytest.raises(DataError, match="it has more than 32 levels of objects and lists in one another"):
        frame_of(tmp_path / name)


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_records_that_each_have_another_field_are_refused_before_columns_are_made(tmp_path: Path, ending: str) -> None:
    for nested in (False, True):
        rows = [{"a": [{f"k{n}": n}]} if nested else {f"k{n}": n} for n in range(MOST_FIELDS + 1)]
        lines = [json.dumps(row) for row in rows]
        file = tmp_path / f"t.{ending}"
        file.write_text("\n".join(lines) if ending == "jsonl" else f"[{','.join(lines)}]")
        with pytest.raises(DataError, match=r"by (line|row) 5,00[01] it has 5,001 different fields, and at most 5,000"):
            frame_of(file)


@pytest.mark.parametrize(
    "dtype", [pl.Date, pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("us", "Asia/Tokyo")], ids=str
)
def test_a_date_of_no_calendar_is_refused_as_it_is_read(tmp_path: Path, dtype: pl.DataType) -> None:
    days = pl.Series("d", [2932896, -719162, None], dtype=pl.Int32).cast(pl.Date).to_frame()
    days.write_parquet(tmp_path / "t.parquet")
    assert frame_of(tmp_path / "t.parquet").get_column("d").null_count() == 1
    far = 2**31 - 1 if dtype == pl.Date else 2**62
    physical = pl.Int32 if dtype == pl.Date else pl.Int64
    pl.Series("d", [far, -far, 0], dtype=physical).cast(dtype).to_frame().write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="d holds dates before the year 1 or after 9999, in 2 rows"):
        frame_of(tmp_path / "t.parquet")
