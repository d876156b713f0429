"""Columns whose names hold what no file, page or terminal should be told."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.api.fit import FitRequest, fit
from treadle.api.operation import Context
from treadle.api.project import CheckRequest, InitRequest, check, init
from treadle.principal import person
from treadle.sources import find_own, tabled
from treadle.sources.harmony import harmonised, plain_name

NAMES = {
    "al\x1b[31mter": "al [31mter",
    "Umsatz\n(EUR)": "Umsatz (EUR)",
    "b\tc": "b c",
    "\x07": "column",
    "größe m²": "größe m²",
}


def frame(rows: int = 60) -> pl.DataFrame:
    made = {name: [float((n * (7 + place)) % 11) for n in range(rows)] for place, name in enumerate(NAMES)}
    return pl.DataFrame({**made, "y": [n % 2 for n in range(rows)]})


def written(folder: Path, kind: str) -> Path:
    file = folder / f"t.{kind}"
    {"csv": frame().write_csv, "parquet": frame().write_parquet, "json": frame().write_json}[kind](file)
    return file


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_control_characters_are_blanks_and_that_is_said(tmp_path: Path, kind: str) -> None:
    table = tabled(find_own(written(tmp_path, kind)))
    assert table.frame.columns == [*NAMES.values(), "y"]
    said = [note.said for note in table.notes if note.kind == "named"]
    assert len(said) == 4 and all(each.isprintable() for each in said) and "'al\\x1b[31mter'" in said[0]


@given(st.lists(st.text(alphabet=st.sampled_from("ab \t\n\x1b_"), min_size=1, max_size=3), min_size=1, unique=True))
def test_no_two_columns_become_one_and_plain_names_stay(names: list[str]) -> None:
    found = harmonised(pl.DataFrame({name: [place] for place, name in enumerate(names)}), "")
    assert found.row(0) == tuple(range(len(names))) and len(set(found.columns)) == len(names)
    assert not any("\t" in name or "\n" in name or "\x1b" in name for name in found.columns)
    assert all(name in found.columns for name in names if plain_name(name) == name)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_such_a_table_can_be_learnt_from(tmp_path: Path, kind: str) -> None:
    made = init(
        InitRequest(
            folder=str(tmp_path / "p"), source=str(written(tmp_path, kind)), target="Umsatz (EUR)", owner="ada"
        ),
        Context(person("ada")),
    )
    assert any("'b\\tc'" in guess for guess in made.guesses) and all(guess.isprintable() for guess in made.guesses)
    assert check(CheckRequest(project=str(tmp_path / "p")), Context(person("ada"))).ok


def test_fit_takes_it(tmp_path: Path) -> None:
    asked = FitRequest(file=str(written(tmp_path, "csv")), target="y", trials=1, family=("linear",), owner="ada")
    answer = fit(asked, Context(person("ada")))
    assert answer.tried == 1 and all(guess.isprintable() for guess in answer.guesses)
