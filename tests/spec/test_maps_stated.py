"""What a project file may say of where columns come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from treadle.errors import SpecError
from treadle.spec import load
from treadle.spec.documents import parse
from treadle.spec.writing import scalar

SPEC = """\
project: shop
brief: {people: {owner: ada}}
sources:
  orders:
    read: orders.csv
    map:
      amount: MAPPED
predict: {name: y, each: orders, label: "amount > 1"}
"""


def loaded(folder: Path, mapped: str) -> Any:
    (folder / "treadle.yaml").write_text(SPEC.replace("MAPPED", mapped), encoding="utf-8")
    return load(folder).spec.sources["orders"]


@pytest.mark.parametrize(
    "mapped",
    [
        "Total", "a.b[0].c", "{from: x, unit: {from: mi, to: km}}", "{expression: 'a + b', type: int}",
        "{from: x, zone: Europe/Berlin, ambiguous: later, otherwise: missing}",
        "{from: x, currency: {from: USD, to: EUR, rates: rates.csv, on: day}}",
        "{from: x, currency: {column: cur, to: EUR, rates: rates.csv, on: day}}",
    ],
)  # fmt: skip
def test_what_may_be_said(tmp_path: Path, mapped: str) -> None:
    assert list(loaded(tmp_path, mapped).mapped) == ["amount"]


@pytest.mark.parametrize(
    ("mapped", "said"),
    [
        ("{type: int}", "treadle.yaml:7:7: sources.orders.map.amount: neither `from` nor `expression`"),
        ("{from: a, expression: b}", "both `from` and `expression` are given"),
        ("{form: a}", "treadle.yaml:7:16: sources.orders.map.amount.form: unknown key"),
        ("{from: x, type: number}", "must be one of int, float, str, bool, date, timestamp"),
        ("{from: x, zone: Europe/Berlinn}", "treadle.yaml:7:25: sources.orders.map.amount.zone: there is no time zone"),
        ("{from: x, ambiguous: later}", "no time is ambiguous without a `zone`"),
        ("{from: x, zone: UTC, type: date}", "a date has no time zone"),
        ("{from: x, type: str, unit: {from: mi, to: km}}", "a str has no unit"),
        ("{from: x, unit: {from: mi}}", "missing required field `to`"),
        ("{from: x, unit: {from: a, to: b}, currency: {from: USD, to: EUR, rates: r, on: d}}", "not both"),
        ("{from: x, currency: {from: usd, to: EUR, rates: r, on: d}}", '"usd" is no valid currency'),
        ("{from: x, currency: {to: EUR, rates: r, on: d}}", "neither `from` nor `column`"),
        ("{from: x, currency: {from: EUR, to: EUR, rates: r, on: d}}", "it is EUR already"),
        ("{from: x, currency: {from: USD, to: EUR, rates: ../r.csv, on: d}}", "lies outside the project folder"),
        ("x\n      amount: y", 'duplicate key "amount"'),
        ("x\n    unmapped: some", "must be one of keep, drop"),
    ],
)
def test_what_may_not(tmp_path: Path, mapped: str, said: str) -> None:
    with pytest.raises(SpecError) as told:
        loaded(tmp_path, mapped)
    assert said in str(told.value)


def test_unmapped_is_of_a_map(tmp_path: Path) -> None:
    (tmp_path / "treadle.yaml").write_text(
        SPEC.replace("    map:\n      amount: MAPPED\n", "    unmapped: drop\n"), encoding="utf-8"
    )
    with pytest.raises(SpecError, match="`unmapped` is said, and there is no `map`"):
        load(tmp_path)


@pytest.mark.parametrize(
    "text", ["city", "a b", "no", "null", "1", "a: b", '"', "a\nb", "日付", "a.b[0]", "- x", "#", "é", "~", "1e3"]
)
def test_a_name_is_written_so_that_it_is_read_as_it_is(text: str) -> None:
    assert parse(f"{scalar(text)}: {{x: {scalar(text)}}}", "t") == {text: {"x": text}}
