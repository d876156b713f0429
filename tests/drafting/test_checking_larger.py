"""`check` of a table that is read in parts tells what it tells of the whole, and holds it nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treadle.api.operation import Context
from treadle.api.project import CheckRequest, check
from treadle.drafting.found import Checked
from treadle.drafting.teaching import Rows
from treadle.principal import person
from treadle.sources import parts
from treadle.store import buckets

TEXT = """\
project: shop
brief: {people: {owner: ada, reviewers: [grace]}}
sources: {orders: {read: orders.parquet, key: id, happened: at, contract: orders.yaml}}
views: {sold: {from: orders, known: at, key: word, columns: {x: x}}}
predict: {name: y, each: orders, at: at, label: "paid = 'Yes'", split: {by: time}}
features: {request: [x, word], window: {w: {from: sold, on: word, last: [9h], take: {n: count(*), m: avg(x)}}}}
serve: {entity: id}
"""
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
name: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: id, logicalType: integer, required: true, unique: true}
      - {name: x, logicalType: number, logicalTypeOptions: {minimum: 0}}
"""


def write(folder: Path, rows: int = 200, **columns: pl.Series) -> None:
    made = pl.DataFrame(
        {
            "id": range(rows),
            "at": [datetime(2024, 1, 1) + timedelta(hours=n) for n in range(rows)],
            "x": [n % 7 / 2 for n in range(rows)],
            "word": [f"w{n % 5}" for n in range(rows)],
            "paid": [("Yes", "no", "yes")[n % 3] if n % 10 else None for n in range(rows)],
        }
    )
    made.with_columns(**columns).write_parquet(folder / "orders.parquet", row_group_size=64)
    (folder / "treadle.yaml").write_text(TEXT)
    (folder / "orders.yaml").write_text(CONTRACT)


def checked(folder: Path, *, data: bool = True) -> Checked:
    return check(CheckRequest(project=str(folder), data=data), Context(person("ada")))


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setattr(buckets, "ROWS", 40)
    monkeypatch.setattr(parts, "PART", 50 * 40)
    monkeypatch.setattr(parts, "PARTED_FROM", 1)
    yield monkeypatch


def both(folder: Path, patched: pytest.MonkeyPatch) -> tuple[Checked, Checked]:
    """What is told of parts, and of the whole."""
    made = checked(folder)
    patched.setattr(parts, "PARTED_FROM", 1 << 60)
    whole = checked(folder)
    patched.setattr(parts, "PARTED_FROM", 1)
    return made, whole


def test_a_good_table_with_bad_rows(tmp_path: Path, in_parts: pytest.MonkeyPatch) -> None:
    write(tmp_path, x=pl.Series([-1.0 if n in (3, 150) else n % 7 / 2 for n in range(200)]))
    made, whole = both(tmp_path, in_parts)
    assert made == whole and made.ok, made.problems
    (source,) = made.sources
    assert (source.rows, source.quarantined, source.columns) == (200, 2, 5)
    assert any("have no label" in said for said in made.warnings)
    assert any("Yes" in said and "yes" in said for said in made.warnings), made.warnings
    assert not list((tmp_path / ".treadle").rglob("parts-*"))


def test_another_source_is_held_beside_the_rows_of_a_large_one(tmp_path: Path, in_parts: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    notes = "notes: {read: notes.csv, contract: notes.yaml}"
    (tmp_path / "treadle.yaml").write_text(TEXT.replace("contract: orders.yaml}", f"contract: orders.yaml}}, {notes}"))
    points = "{name: of, logicalType: integer, relationships: [{to: orders.id}]}"
    (tmp_path / "notes.yaml").write_text(
        CONTRACT.partition("      - ")[0].replace("orders", "notes") + f"      - {points}\n"
    )
    (tmp_path / "notes.csv").write_text("of\n" + "".join(f"{n}\n" for n in range(160, 205)))
    made, whole = both(tmp_path, in_parts)
    assert made == whole and made.sources[1].quarantined == 5, "200 to 204 are no orders"


def test_no_row_is_read_as_a_whole(tmp_path: Path, in_parts: pytest.MonkeyPatch) -> None:
    write(tmp_path)

    def never(self: Rows, source: str) -> pl.DataFrame:
        raise AssertionError(f"{source} was held")

    in_parts.setattr(Rows, "read", never)
    assert checked(tmp_path).ok and checked(tmp_path, data=False).ok


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("paid", ["no"] * 200, "there is one class only"),
        ("word", [None] * 200, 'the feature "word" is empty in all'),
        ("paid", [None] * 200, "no rows with a label"),
        ("x", [-1.0] * 150 + [1.0] * 50, ""),
        ("id", [0] * 200, ""),
        ("x", ["a"] * 200, ""),
    ],
)
def test_what_is_wrong_is_told_in_the_same_words(
    tmp_path: Path, in_parts: pytest.MonkeyPatch, column: str, values: list[object], said: str
) -> None:
    kind = {"word": pl.String, "paid": pl.String}.get(column)
    write(tmp_path, **{column: pl.Series(values, dtype=kind)})
    made, whole = both(tmp_path, in_parts)
    assert made == whole and not made.ok
    assert any(said in problem for problem in [*made.problems, *made.sources[0].broken]), made


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 9), st.integers(60, 130), st.sampled_from([7, 40, 90]))
def test_any_rows_in_any_parts(tmp_path: Path, in_parts: pytest.MonkeyPatch, seed: int, rows: int, size: int) -> None:
    drawn = pl.Series(range(rows)).shuffle(seed=seed)
    write(tmp_path, rows, id=drawn // 2 * 2 if seed % 3 == 0 else drawn, x=(drawn - seed % 4).cast(pl.Float64))
    in_parts.setattr(parts, "PART", size * 40)
    made, whole = both(tmp_path, in_parts)
    assert made == whole


def test_without_a_contract_and_without_rows(tmp_path: Path, in_parts: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    (tmp_path / "treadle.yaml").write_text(TEXT.replace(", contract: orders.yaml", ""))
    made, whole = both(tmp_path, in_parts)
    assert made == whole and made.ok
    pl.read_parquet(tmp_path / "orders.parquet").clear().write_parquet(tmp_path / "orders.parquet")
    made, whole = both(tmp_path, in_parts)
    assert made == whole and not made.ok
