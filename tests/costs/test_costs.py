from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from treadle.costs import costs, load_book
from treadle.errors import SpecError
from treadle.evidence import Chain, Usage

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_price_of_an_hour_of_one_cpu_and_one_gib() -> None:
    book = load_book()
    price = book.price(Usage(seconds=3600, cpu_seconds=3600, peak_mb=1024), NOW)
    assert price["amount"] == pytest.approx(book.prices["cpu_hour"] + book.prices["memory_gb_hour"])
    assert price["currency"] == "USD"
    assert book.date in price["book"]


def test_the_ledger_sums_by_run_step_and_day(chain: Chain) -> None:
    book = load_book()
    priced = replace(chain, price=book.price)
    for kind in ("a", "a", "b"):
        with priced.step(kind, "s", cache=False):
            sum(range(100_000))
    with pytest.raises(ValueError, match="x"), priced.step("b", "s", cache=False):
        raise ValueError("x")
    found = costs(chain)
    assert {line.name: line.steps for line in found.by_step} == {"a": 2, "b": 2}
    assert [line.name for line in found.by_run] == ["run1"]
    assert found.amount == pytest.approx(sum(line.amount for line in found.by_step), abs=2e-6)
    assert found.unpriced == 0


@pytest.mark.parametrize("text", ["prices: {cpu_hour: -1}", "prices: {cpu_hour: yes}", "[]", "a: ["])
def test_a_wrong_price_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=r"prices\.yaml"):
        load_book(file)
    with pytest.raises(SpecError, match="no price file"):
        load_book(tmp_path / "none.yaml")
