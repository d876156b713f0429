"""A table in parts is judged as the whole is: the same rows kept and set aside, the same words."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import buffers
from treadle.contracts import Beside, Contract, PartedCheck, check, load, needs_all_rows
from treadle.contracts import repeated as contracts_repeated
from treadle.contracts.planned import planned
from treadle.errors import DataError
from treadle.store import buckets

NOW = datetime(2026, 1, 10, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples"
RULES = """- {name: n, logicalType: integer, required: true, unique: true}
- {name: t, logicalType: string, logicalTypeOptions: {maxLength: 2}}
- {name: f, logicalType: number, logicalTypeOptions: {minimum: -1}, quality: [{metric: nullValues, unit: percent, mustBeLessThan: 30}]}
- {name: a, logicalType: timestamp}
- {name: b, logicalType: boolean}
"""  # noqa: E501


@dataclass
class InMemory:
    frame: pl.DataFrame
    size: int

    @property
    def rows(self) -> int:
        return self.frame.height

    @property
    def schema(self) -> pl.Schema:
        return self.frame.schema

    def read(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        chosen = self.frame if columns is None else self.frame.select(columns)
        for start in range(0, max(1, self.frame.height), self.size):
            yield chosen.slice(start, self.size)


def same(frame: pl.DataFrame, contract: Contract, size: int, beside: Beside | None = None) -> PartedCheck:
    whole = check(frame, contract, now=NOW, keys=("n",), beside=beside)
    parted = PartedCheck(InMemory(frame, size), contract, now=NOW, keys=("n",), beside=beside)
    with TemporaryDirectory() as scratch:
        found = list(parted.checked(Path(scratch)))
    judged = parted.judged
    for name in ("rows", "results", "bad_rows", "broken", "newest", "warnings", "unasked", "unfit"):
        assert getattr(judged, name) == getattr(whole, name), name
    assert pl.concat([part.good for part in found]).equals(whole.good)
    assert pl.concat([part.lines for part in found]).sort("row", "rule").equals(whole.quarantine.sort("row", "rule"))
    aside = [part.aside for part in found if part.aside is not None]
    assert (whole.aside is None) == (not aside)
    if whole.aside is not None:
        assert pl.concat(aside).equals(whole.aside)
    return parted


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    height = draw(st.integers(0, 24))

    def column(values: st.SearchStrategy[object], kind: pl.DataType) -> pl.Series:
        return pl.Series(draw(st.lists(st.none() | values, min_size=height, max_size=height)), dtype=kind, strict=False)

    texts = st.sampled_from(["1", "2", "x", "", " 3", "abc", "é"])
    return pl.DataFrame(
        {
            "n": column(st.integers(-2, 4), pl.Int64())
            if draw(st.booleans())
            else column(st.floats(-2, 4) | st.sampled_from([0.0, -0.0, float("nan"), 1.0]), pl.Float64()),
            "t": column(texts, pl.String()),
            "f": column(texts, pl.String()) if draw(st.booleans()) else column(st.floats(), pl.Float64()),
            "a": column(st.sampled_from(["2020-01-01", "no"]), pl.String()),
            "b": column(st.sampled_from([0, 1, 2]), pl.Int64()),
        }
    )


@given(tables(), st.integers(1, 9), st.integers(1, 5), st.sampled_from([0, 40, 1 << 20]))
def test_any_table_in_any_parts(made: Contract, frame: pl.DataFrame, size: int, bucket: int, held: int) -> None:
    """Values of a key that fit into memory, that never do, and that do for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "ROWS", bucket)
        patch.setattr(contracts_repeated, "_HELD", held)
        same(frame, made, size)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    file = tmp_path_factory.mktemp("contract") / "orders.yaml"
    table = "".join(f"      {line}\n" for line in RULES.splitlines())
    file.write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: orders\nversion: 1.0.0\nstatus: active\nschema:\n"
        f"  - name: orders\n    properties:\n{table}"
        "    quality:\n      - {metric: duplicateValues, arguments: {properties: [t, b]}, mustBeLessThan: 3}\n"
        "      - {metric: rowCount, mustBeGreaterThan: 3}\n"
        "customProperties: [{property: maxBadShare, value: 0.4}]\n",
        encoding="utf-8",
    )
    return load(file)


def test_the_flights_of_the_example() -> None:
    frame = pl.read_parquet(EXAMPLES / "flights" / "data" / "flights.parquet").head(30_000)
    contract = load(EXAMPLES / "flights" / "contracts" / "flights.yaml")
    name = contract.columns and next(iter(contract.columns))
    damaged = frame.with_columns(pl.when(pl.int_range(pl.len()) % 1_000 == 0).then(None).otherwise(name).alias(name))
    assert same(damaged, contract, 7_001).judged.bad_rows > 0


def test_floats_that_are_no_numbers_are_wrong_or_missing_and_in_no_range(contract) -> None:  # type: ignore[no-untyped-def]
    made = contract("- {name: f, logicalType: number, required: true, logicalTypeOptions: {minimum: 0, maximum: 9}}")
    masks = " ".join(str(mask) for mask in planned(made, pl.Schema({"f": pl.Float64})).masks)
    assert "is_finite" not in masks  # the column is so already
    frame = pl.DataFrame({"f": [1.0, float("inf"), float("-inf"), float("nan"), None, -1.0, 10.0]})
    failing = {result.rule: result.failing for result in same(frame, made, 2).judged.results}
    assert sorted(failing.values()) == [2, 2, 2], failing


def test_a_missing_column_and_one_of_another_type_altogether(made: Contract) -> None:
    frame = pl.DataFrame({"n": [[1], [2], [3]], "t": ["a", "b", "c"], "extra": [1, 2, 3]})
    assert same(frame, made, 2).judged.unfit


def test_a_foreign_key_is_asked_of_each_part(contract) -> None:  # type: ignore[no-untyped-def]
    made = contract(
        "- {name: n, logicalType: integer, relationships: [{type: foreignKey, to: shops.id}]}",
        more="customProperties: [{property: maxBadShare, value: 1}]\n",
    )
    beside = Beside("orders", {"shops": pl.DataFrame({"id": [1, 2]})})
    frame = pl.DataFrame({"n": [1, 2, 3, None, 1, 4]})
    assert needs_all_rows(made, "orders") == []
    assert same(frame, made, 2, beside).judged.bad_rows == 2
    assert same(frame, made, 2).judged.unasked == ["n_foreign_key was not asked: the rows of shops are not at hand"]


def test_the_newest_time_may_be_in_any_part(contract) -> None:  # type: ignore[no-untyped-def]
    sla = "slaProperties: [{property: latency, value: 2, unit: d, element: t.at}]\n"
    made = contract("- {name: at, logicalType: timestamp}", more=sla)
    times = [datetime(2020, 1, 1), datetime(2026, 1, 9), None, datetime(2019, 1, 1)]
    assert same(pl.DataFrame({"at": times}), made, 1).judged.ok


def test_rules_that_see_all_rows_at_once_are_told(contract) -> None:  # type: ignore[no-untyped-def]
    made = contract("- {name: n, logicalType: integer, relationships: [{type: foreignKey, to: orders.id}]}")
    assert [rule.kind for rule in needs_all_rows(made, "orders")] == ["foreign_key"]
    assert needs_all_rows(made, "elsewhere") == []


@pytest.mark.parametrize(("numbers", "passes"), [([3, 1, None, 2, None], 1), ([3, 1, 3, 2, 1], 2)])
def test_values_are_kept_of_those_alone_whose_hash_stands_twice(
    contract, numbers: list[int | None], passes: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    made = contract("- {name: n, logicalType: integer, unique: true}")
    held, read = list[pl.DataFrame](), list[Sequence[str] | None]()
    real, real_read = contracts_repeated._together, InMemory.read

    def watched(parts: Iterator[pl.DataFrame], *rest: object) -> Iterator[pl.DataFrame]:
        held.extend(parts)
        return real(iter(held), *rest)  # type: ignore[arg-type]

    def counted(self: InMemory, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        read.append(columns)
        return real_read(self, columns)

    monkeypatch.setattr(contracts_repeated, "_together", watched)
    monkeypatch.setattr(InMemory, "read", counted)
    frame = pl.DataFrame({"n": numbers, "m": [1, 2, 3, 4, 5]})
    list(PartedCheck(InMemory(frame, 2), made, now=NOW).checked(tmp_path))
    assert read == [["n"]] * passes + [None]
    assert sum(part.height for part in held) == (4 if passes > 1 else 0)


def test_a_part_is_let_go_when_it_is_checked(contract, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """What was checked is as large, and while that is written the two are not both in memory."""
    made = contract("- {name: n, logicalType: integer, logicalTypeOptions: {minimum: 1}}")
    frame, parts = pl.DataFrame({"n": [0, 1, 2, 3]}), list[weakref.ref[pl.DataFrame]]()

    class Watched(InMemory):
        def read(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
            for start in range(0, frame.height, 2):
                yield self.part(start)

        def part(self, start: int) -> pl.DataFrame:
            part = frame.slice(start, 2)
            parts.append(weakref.ref(part))
            return part

    alive = []
    for checked in PartedCheck(Watched(frame, 2), made, now=NOW).checked(tmp_path):
        gc.collect()
        alive.append((checked.good.height, sum(part() is not None for part in parts)))
    assert alive == [(1, 0), (2, 0)]


def test_texts_that_stand_once_are_not_held_with_the_one_that_stands_twice(
    contract, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    made = contract("- {name: t, logicalType: string, unique: true}")
    sizes, real = list[int](), contracts_repeated._together

    def watched(parts: Iterator[pl.DataFrame], *rest: object) -> Iterator[pl.DataFrame]:
        kept = list(parts)
        sizes.extend(buffers.held(part.select("t")) for part in kept)
        return real(iter(kept), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(contracts_repeated, "_together", watched)
    frame = pl.DataFrame({"t": [f"an id that is long: {n % 999}" for n in range(1000)]})
    parted = PartedCheck(InMemory(frame, 500), made, now=NOW)
    list(parted.checked(tmp_path))
    assert parted.judged.bad_rows == 1 and len(sizes) == 2 and max(sizes) < 1000, "of 500 ids of 22 bytes one is held"


def test_equal_hashes_of_unlike_values_are_no_proof(made: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pl.DataFrame, "hash_rows", lambda frame, *_: pl.Series([7] * frame.height, dtype=pl.UInt64))
    frame = pl.DataFrame({"n": [1, 2, 1, 3], "t": ["a"] * 4, "f": [1.0] * 4, "a": ["2020-01-01"] * 4, "b": [0] * 4})
    assert same(frame, made, 3).judged.bad_rows > 0


def test_a_disk_that_cannot_be_written_is_told(made: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracts_repeated, "_HELD", 0)
    frame = pl.DataFrame({"n": [1, 2], "t": ["a", "b"], "f": [1.0, 2.0], "a": ["2020-01-01"] * 2, "b": [0, 1]})
    parted = PartedCheck(InMemory(frame, 1), made, now=NOW)
    (tmp_path / "0").write_text("in the way")
    for number in range(len(made.rules)):
        (tmp_path / f"{number}").write_text("in the way")
    with pytest.raises(DataError, match="cannot be checked"):
        list(parted.checked(tmp_path))
