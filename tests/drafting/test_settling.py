"""What a table is said to be, once it was looked at, stands in the project file, so the next one is read alike."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from treadle.drafting.drafts import Wanted
from treadle.drafting.numbered import counts_rows
from treadle.drafting.writing import write_project
from treadle.errors import DataError, SpecError
from treadle.spec import layout_from, load

ROWS = 60


def drafted(folder: Path, columns: dict[str, list[object]], reading: str = "", name: str = "t.csv") -> list[str]:
    frame = pl.DataFrame({"y": [n % 2 for n in range(ROWS)], "b": [n % 7 for n in range(ROWS)], **columns})
    frame.write_parquet(folder / name) if name.endswith("parquet") else frame.write_csv(folder / name)
    made = Wanted(str(folder / "made"), str(folder / name), "y", owner="ada", layout=layout_from(reading, "--reading"))
    return write_project(made).guesses


def days(form: str) -> list[object]:
    from datetime import date, timedelta

    return [(date(2024, 1, 1) + timedelta(days=n)).strftime(form) for n in range(ROWS)]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
@pytest.mark.parametrize("form", ["%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y"])
def test_dates_that_are_understood_split_by_time_and_their_form_is_written_down(
    tmp_path: Path, name: str, form: str
) -> None:
    said = drafted(tmp_path, {"when": days(form)}, name=name)
    source = load(tmp_path / "made").spec.sources["made"]
    assert source.date_format == {"when": form} and source.happened == "when"
    assert any(line.startswith("time: predictions are made at when") for line in said)


def test_dates_that_are_not_understood_never_make_a_split_random_in_silence(tmp_path: Path) -> None:
    said = drafted(tmp_path, {"when": ["05/04/2024", "01/02/2024", "03/03/2024"] * 20})
    (line,) = [line for line in said if line.startswith("no time")]
    assert "when may be a time, and was not understood" in line and "--reading 'date_format" in line
    assert any(line.startswith("when: 05/04/2024 could be 2024-04-05 or 2024-05-04") for line in said)
    (tmp_path / "again").mkdir()
    said = drafted(tmp_path / "again", {"when": ["05/04/2024"] * 60}, 'date_format: {"when": "%m/%d/%Y"}')
    assert not any(line.startswith("no time") for line in said)


def test_a_time_that_was_asked_for_and_is_not_understood_says_how_to_say_it(tmp_path: Path) -> None:
    from treadle.drafting.guessing import Hints

    pl.DataFrame({"y": [0, 1] * 30, "when": ["05/04/2024"] * 60, "b": range(60)}).write_csv(tmp_path / "t.csv")
    asked = Wanted(str(tmp_path / "made"), str(tmp_path / "t.csv"), "y", owner="ada", hints=Hints(time="when"))
    with pytest.raises(DataError) as refused:
        write_project(asked)
    assert "--reading 'date_format" in refused.value.mend


def test_words_and_decimal_commas_stand_in_the_file(tmp_path: Path) -> None:
    text = "\n".join(["y;a;p", *(f"{n % 2};{'-' if n % 20 == 3 else n};{n},5" for n in range(ROWS))])
    (tmp_path / "t.csv").write_text(text)
    said = write_project(Wanted(str(tmp_path / "made"), str(tmp_path / "t.csv"), "y", owner="ada")).guesses
    source = load(tmp_path / "made").spec.sources["made"]
    assert source.null_values == {"a": ("-",)} and source.decimal == "," and source.separator is None
    assert 'a: 3 of 60 values are not numbers, such as "-": they are missing values of a column of numbers' in said[1]


def test_what_was_said_of_missing_values_is_kept_beside_what_is_found(tmp_path: Path) -> None:
    cells: list[object] = [str(n) if n % 15 else "none" for n in range(ROWS)]
    drafted(tmp_path, {"a": cells}, "null_values: [gone]")
    assert load(tmp_path / "made").spec.sources["made"].null_values == ("gone", "none")


def test_more_words_than_a_share_leave_a_column_text_and_are_said(tmp_path: Path) -> None:
    cells: list[object] = [str(n) if n % 3 else "none" for n in range(ROWS)]
    said = drafted(tmp_path, {"a": cells})
    assert 'a: 20 of 60 values are not numbers, such as "none"; more than 20% are, so it is read as text' in said


def test_the_index_of_pandas_is_no_feature(tmp_path: Path) -> None:
    said = drafted(tmp_path, {"Unnamed: 0": list(range(ROWS)), "index": list(range(5, 5 + ROWS))})
    (line,) = [line for line in said if line.startswith("features:")]
    assert "Unnamed: 0 (it counts the rows" in line and "index (" not in line


@pytest.mark.parametrize(
    ("column", "counts"),
    [
        (pl.Series("column_1", [0, 1, 2]), True),
        (pl.Series("Unnamed: 0", [1, 2, 3]), True),
        (pl.Series("Unnamed: 0", [1, 3, 2]), False),
        (pl.Series("age", [0, 1, 2]), False),
        (pl.Series("index", [0.0, 1.0]), False),
        (pl.Series("index", [], dtype=pl.Int64), False),
        (pl.Series("index", [0, None, 2]), False),
    ],
)
def test_an_index_is_told_by_its_name_and_its_values(column: pl.Series, counts: bool) -> None:
    assert counts_rows(column) is counts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('seperator: ";"', 'did you mean "separator"'),
        ("separator: ;;", "separator"),
        ("decimal: x", "decimal"),
        ("[a]", "no keys and values|not valid YAML"),
        ("read: x.csv", "unknown key"),
        ("{", "not valid YAML"),
    ],
)
def test_what_is_said_of_a_table_is_held_to_the_types_of_the_project_file(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        layout_from(text, "--reading")


def test_a_table_of_one_column_is_asked_what_stands_between_fields(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a^y\n" + "1^0\n2^1\n" * 30)
    with pytest.raises(DataError) as refused:
        write_project(Wanted(str(tmp_path / "made"), str(tmp_path / "t.csv"), "y", owner="ada"))
    assert "separator:" in refused.value.mend


def test_words_of_a_column_join_those_that_were_said_of_it_and_three_are_shown(tmp_path: Path) -> None:
    words = ["gone", "none", "x", "u", "v"]
    cells: list[object] = [words[n // 15] if n % 15 == 0 else str(n) for n in range(ROWS)]
    cells[1] = "v"
    said = drafted(tmp_path, {"a": cells, "c": cells}, 'null_values: {"a": [gone]}')
    missing = load(tmp_path / "made").spec.sources["made"].null_values
    assert isinstance(missing, dict)
    assert missing["a"] == ("gone", "none", "u", "v", "x") and missing["c"] == ("gone", "none", "u", "v", "x")
    (line,) = [line for line in said if line.startswith("a: ")]
    assert 'such as "none", "u" and "v":' in line


def test_what_was_said_of_the_form_of_dates_stands_beside_what_is_found(tmp_path: Path) -> None:
    said = drafted(
        tmp_path, {"one": days("%m/%d/%Y"), "two": ["05/04/2024"] * ROWS}, 'date_format: {"two": "%d/%m/%Y"}'
    )
    assert load(tmp_path / "made").spec.sources["made"].date_format == {"one": "%m/%d/%Y", "two": "%d/%m/%Y"}
    assert any(line.startswith("one: ") and "the month first" in line for line in said)


def test_a_column_of_several_words_stays_one_key_wherever_a_line_breaks(tmp_path: Path) -> None:
    for words in range(16):
        folder, name = tmp_path / f"{words}", "Departure (planned)" + " of it" * words
        folder.mkdir()
        drafted(folder, {name: days("%d.%m.%Y")})
        source = load(folder / "made").spec.sources["made"]
        assert source.date_format == {name: "%d.%m.%Y"} and source.happened == name
