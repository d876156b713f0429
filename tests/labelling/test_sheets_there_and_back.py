"""A queue as a spreadsheet: there and back without a change, without a formula, and without anybody else's name."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest
from asked_rows import QUEUE, ROWS, given, record, said
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from treadle.errors import DataError
from treadle.evidence.kinds.labels_said import RowSaid
from treadle.labelling import Word, as_sheet, read_sheet, say, words
from treadle.labelling.sheets import _in, _out
from treadle.labelling.workbook import workbook
from treadle.signs import still


def written(folder: Path, ending: str, mine: dict[str, Word] | None = None) -> Path:
    file = folder / f"sheet{ending}"
    file.write_bytes(as_sheet(ending, QUEUE, "lin", mine or {}))
    return file


def edited(file: Path, separator: str = ",", **cells: dict[str, str]) -> Path:
    """The CSV with cells changed, by row, as a spreadsheet saves it."""
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))
    for row in rows:
        row |= cells.get(row["row"], {})
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(out.getvalue(), "utf-8", newline="")
    return file


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_what_was_said_comes_back_as_it_was(tmp_path: Path, ending: str) -> None:
    comment = '=HYPERLINK("x"); two\nlines, "ß" and 0,5'
    word = Word(RowSaid(row=ROWS["1"], key="1", label="yes", implausible=("amount", "row"), comment=comment), 7, "")
    found = {each.row: each for each in read_sheet(written(tmp_path, ending, {"1": word}), "lin")}
    assert set(found) == set(ROWS.values())
    first, second = found[ROWS["1"]], found[ROWS["2"]]
    assert (first.label, first.implausible, first.comment, first.seen) == ("yes", ("amount, row",), comment, 7)
    assert (second.label, second.comment, second.seen, second.place) == ("", "", 0, "row 3")


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_an_untouched_sheet_says_nothing(tmp_path: Path, ending: str) -> None:
    chain, asked = record(tmp_path)
    rows = read_sheet(written(tmp_path, ending), "lin")
    found = said(chain, asked, "lin", *rows)
    assert (found.rows, found.same, found.conflicts) == (0, 0, ())


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    with written(tmp_path, ".csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert '\'=1+1 "ß"' in cells and "''quoted" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "-"))]
    frame = pl.read_excel(written(tmp_path, ".xlsx"))
    assert frame["kind"].to_list()[1] == '\'=1+1 "ß"'


@settings(max_examples=200, deadline=None)
@drawn(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), st.sampled_from(" =+-@'\t"))
def test_a_text_is_neutral_outside_and_itself_again_inside(text: str, first: str) -> None:
    whole = (first + text).strip()
    out = _out(whole)
    assert _in(out) == still(whole)
    assert not out.startswith(("=", "+", "@", "\t")), "nothing that a spreadsheet would run"


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_row_has_its_own_key_and_its_time_beside_its_name(tmp_path: Path, ending: str) -> None:
    file = written(tmp_path, ending)
    frame = pl.read_csv(file, infer_schema=False) if ending == ".csv" else pl.read_excel(file)
    assert frame["row"].to_list() == list(ROWS.values())
    assert [str(key) for key in frame["key"]] == ["1", "2", "3"]
    assert [str(at)[:16] for at in frame["at"]] == [f"2024-05-0{n} 09:00" for n in (1, 2, 3)]


def test_a_sheet_of_before_it_had_a_key_and_a_time_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    file.write_text(f"row,for,seen,label,implausible,comment,why\n{ROWS['2']},lin,0,yes,amount,,\n", "utf-8")
    (found,) = read_sheet(file, "lin")
    assert (found.row, found.label, found.implausible) == (ROWS["2"], "yes", ("amount",))


CLASHING = ("model", "source", "comment", "label", "why", "row", "key", "model (feature)", "amount")


def test_features_that_are_called_as_columns_of_the_sheet_stand_in_it_by_another_name(tmp_path: Path) -> None:
    values = tuple(f"value of {name}" for name in CLASHING)
    queue = replace(QUEUE, columns=CLASHING, items=(replace(QUEUE.items[0], values=values),))
    file = tmp_path / "sheet.csv"
    file.write_bytes(as_sheet(".csv", queue, "lin", {}))
    (line,) = csv.DictReader(io.StringIO(file.read_text("utf-8-sig")))
    assert len(set(queue.shown)) == len(CLASHING)
    assert [line[name] for name in queue.shown] == list(values) and line["model"] == "yes (51 %)"
    assert queue.shown[0] == "model (feature) (feature)" and queue.shown[1] == "source (feature)"
    back = [queue.feature(name) for name in queue.shown]
    assert back == [name if name != "row" else "row (feature)" for name in CLASHING], "row is the whole row"
    chain, asked = record(tmp_path)
    told = given("1", implausible="row (feature), comment, model (feature)")
    assert say(chain, "shop", [queue], asked, [told], "sheet").rows == 1
    with chain.reading() as reader:
        kept = words(reader, "shop")["1"]["lin"].said
    assert kept.implausible == ("row (feature)", "comment", "model (feature)") and not kept.out


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8", "utf-8-sig"])
def test_what_excel_saves_is_read_whatever_its_letters(tmp_path: Path, encoding: str) -> None:
    file = edited(written(tmp_path, ".csv"), "\t", **{ROWS["2"]: {"comment": "bête à «dards» – 5 €"}})
    file.write_bytes(file.read_text("utf-8").encode(encoding))
    assert {each.row: each.comment for each in read_sheet(file, "lin")}[ROWS["2"]] == "bête à «dards» – 5 €"


def test_a_plain_number_stays_one() -> None:
    assert [_out(text) for text in ("-3.5", "-1e-7", "-x", "-1-1")] == ["-3.5", "-1e-7", "'-x", "'-1-1"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_a_spreadsheet_saves_is_read_whatever_it_separates_by(tmp_path: Path, separator: str) -> None:
    file = edited(written(tmp_path, ".csv"), separator, **{ROWS["2"]: {"label": "yes", "comment": "a; b,\tc"}})
    found = {each.row: each for each in read_sheet(file, "lin")}
    assert found[ROWS["2"]].label == "yes" and found[ROWS["2"]].comment == "a; b,\tc"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("label", "lable", 'no column "label"'),
        (f"{ROWS['2']},lin,0", f"{ROWS['2']},lin,x", '"x" is no number of an entry'),
        (f"{ROWS['2']},lin", f"{ROWS['2']},bo", "it was made for bo, and lin brings it"),
        ("comment", "label", "a column stands there twice"),
    ],
)
def test_what_is_no_sheet_of_ours_is_told(tmp_path: Path, old: str, new: str, what: str) -> None:
    file = written(tmp_path, ".csv")
    file.write_text(file.read_text("utf-8-sig").replace(old, new, 1), "utf-8")
    with pytest.raises(DataError) as bad:
        read_sheet(file, "lin")
    assert what in str(bad.value) and bad.value.mend


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00a", b"a,b\n1,2\n", b"\x00\x01\x02", b"row,\n" + b"x" * 200_000])
def test_a_file_of_anything_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "sheet.csv"
    file.write_bytes(content)
    with pytest.raises(DataError):
        read_sheet(file, "lin")


def test_the_workbook_is_well_formed_and_the_same_each_time() -> None:
    lines = [["row", "label"], ["r1", "yes & <no>"], ["r2", "\U0001f9f6"]]
    content = workbook(lines, chosen={1: ["no", "yes"]})
    assert content == workbook(lines, chosen={1: ["no", "yes"]})
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        for name in file.namelist():
            ElementTree.fromstring(file.read(name))
        assert '"no,yes"' in file.read("xl/worksheets/sheet1.xml").decode()
    assert "dataValidation" not in str(zipfile.ZipFile(io.BytesIO(workbook(lines, chosen={1: ["a,b"]}))).namelist())
    assert given("1").row == ROWS["1"]
