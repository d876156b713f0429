"""GPU-seconds in prices and in the ledger: what has no price is said, and sums are those of the entries."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from sqlalchemy import Engine, select

from treadle.cli.show.evidence import show_costs
from treadle.costs import Part, PriceBook, costs, load_book
from treadle.costs.focus import focus
from treadle.errors import SpecError
from treadle.evidence import Chain, Price, Usage, verify
from treadle.evidence.decoding import read
from treadle.evidence.entry import Body, raw
from treadle.evidence.kinds.noted import Noted
from treadle.money import money, rates_of
from treadle.store import schema
from treadle.store.catalog import REVISION, migrate, open_catalog

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HELD = Usage(seconds=7200.0, cpu_seconds=3600.0, gpu_seconds=5400.0, gpu_busy_seconds=900.0, gpu_by="processes")
PRICES = "cpu_hour: 0.5, memory_gb_hour: 1, storage_gb_month: 1"


def book(folder: Path, more: str = "") -> PriceBook:
    file = folder / "prices.yaml"
    file.write_text(f"book: ours\ndate: 2026-11-01\ncurrency: EUR\nprices: {{{PRICES}{more}}}\n")
    return load_book(file)


def write(chain: Chain, usage: Usage, price: Price | None, subject: str = "shop", run: str = "r1") -> None:
    body = Body(
        seq=0, id="", kind="training.search", version=1, subject=subject, run=run, time="", actor="ada",
        status="done", usage=usage, price=price, payload=raw(Noted(text="x")),
    )  # fmt: skip
    with chain.alone() as alone:
        alone.write(body)


def test_a_gpu_is_priced_for_as_long_as_it_was_held_and_not_for_how_busy_it_was(tmp_path: Path) -> None:
    """0.5 an hour of one CPU, and an hour and a half of a GPU at 2.40."""
    assert book(tmp_path, ", gpu_hour: 2.40").price(HELD, NOW) == Price(money("4.10", "EUR"), "ours 2026-11-01")
    free = book(tmp_path, ", gpu_hour: 0").price(HELD, NOW)
    assert (free.money, free.lacks) == (money("0.50", "EUR"), ())


def test_a_book_without_a_price_of_gpus_says_so_where_one_was_held(tmp_path: Path) -> None:
    found = book(tmp_path).price(HELD, NOW)
    assert (found.money, found.lacks) == (money("0.50", "EUR"), ("gpu_hour",))
    assert book(tmp_path).price(msgspec.structs.replace(HELD, gpu_seconds=0.0), NOW).lacks == ()
    assert load_book().gpu_hour is None, "none is invented"


@pytest.mark.parametrize("given", ["-1", ".nan", "yes", "two", "1e300", "[1]"])
def test_a_wrong_price_of_gpus_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(SpecError, match="the price gpu_hour must be a number that is not negative"):
        book(tmp_path, f", gpu_hour: {given}")


def test_what_has_no_price_is_counted_and_shown_beside_the_sum(chain: Chain, tmp_path: Path) -> None:
    write(chain, HELD, book(tmp_path).price(HELD, NOW), run="before")
    write(chain, HELD, book(tmp_path, ", gpu_hour: 2").price(HELD, NOW), run="after")
    write(chain, msgspec.structs.replace(HELD, gpu_seconds=0.25), None, run="no price at all")
    found = costs(chain, rates_of("EUR", "", {}))
    assert (found.amount, found.unpriced) == (Decimal("4"), 1)
    assert (found.gpu_seconds, found.gpu_unpriced) == (10_800.25, 5400.25)
    assert {line.name: line.gpu_seconds for line in found.by_run} == {
        "before": 5400.0, "after": 5400.0, "no price at all": 0.25,
    }  # fmt: skip
    assert costs(chain, rates_of("EUR", "", {}), run="after").gpu_unpriced == 0.0
    shown = " ".join(drawn(found).split())
    assert "10,800 GPU-seconds" in shown and "besides, 5,400.2 GPU-seconds have no price" in shown
    assert "gpu_hour" in shown and "GPU-seconds peak MB" in shown


def test_where_no_gpu_was_held_nothing_is_said_of_any(chain: Chain, tmp_path: Path) -> None:
    usage = Usage(seconds=1.0, cpu_seconds=1.0)
    write(chain, usage, book(tmp_path).price(usage, NOW))
    assert "GPU" not in drawn(costs(chain, rates_of("EUR", "", {})))


def drawn(found: object) -> str:
    out = io.StringIO()
    show_costs(found, Console(file=out, width=160, no_color=True))
    return out.getvalue()


def test_the_export_says_the_gpu_seconds_of_a_charge(chain: Chain, tmp_path: Path) -> None:
    for usage in (HELD, msgspec.structs.replace(HELD, gpu_seconds=0.0)):
        write(chain, usage, book(tmp_path).price(usage, NOW))
    first, second = focus("shop", chain.find())[0].splitlines()[1:]
    assert '""gpu_seconds"":""5400""' in first and "gpu_seconds" not in second


USES = st.lists(
    st.tuples(
        st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(["r1", "r2", ""]), st.sampled_from([None, True, False])
    ),
    max_size=8,
)


@given(uses=USES)
@settings(max_examples=10, deadline=None)
def test_the_sums_are_those_of_the_entries_exactly(uses: Sequence[tuple[float, float, str, bool | None]]) -> None:
    """Added in their order, in each grouping; `verify` says the same by its own sum."""
    chain = Chain(engine=open_catalog("sqlite://"), actor="ada")
    for seconds, gpus, run, whole in uses:
        price = None if whole is None else Price(money(1, "EUR"), "b", () if whole else ("gpu_hour",))
        write(chain, Usage(seconds=seconds, gpu_seconds=gpus), price, run=run, subject=f"shop.{run or 'x'}")
    expected: dict[tuple[str, str, str], tuple[float, float]] = {}
    for _, gpus, run, whole in uses:
        currency = "" if whole is None else "EUR"
        for key in (("all", "", currency), ("run", run or "(no run)", currency)):
            held, lacking = expected.get(key, (0.0, 0.0))
            expected[key] = (held + gpus, lacking + (0.0 if whole else gpus))
    assert {key: sums for key, sums in view(chain.engine).items() if key[0] in ("all", "run")} == expected
    assert verify(chain).ok
    part = Part("r1", "shop.r1", "r1")
    mine = costs(chain, rates_of("EUR", "", {}), only=part).gpu_seconds
    assert mine == pytest.approx(sum(gpus for _, gpus, run, _ in uses if run == "r1"), abs=1e-2)
    chain.engine.dispose()


def view(engine: Engine) -> dict[tuple[str, str, str], tuple[float, float]]:
    with engine.connect() as connection:
        return {
            (row.by, row.name, row.currency): (row.gpu_seconds, row.gpu_unpriced)
            for row in connection.execute(select(schema.ledger))
        }


def test_an_edit_of_the_sums_is_found(chain: Chain, tmp_path: Path) -> None:
    write(chain, HELD, book(tmp_path).price(HELD, NOW))
    assert verify(chain).ok
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(schema.ledger.update().values(gpu_unpriced=0.0))
    assert any("view_ledger was edited" in fault for fault in verify(chain).faults)


OLD = (
    b'{"actor":"ada","cache_key":"","code":"","error":"","format":2,"id":"i","input":null,"kind":"note","made":[],'
    b'"parts":{},"payload":{"text":"x"},"prev":"' + b"0" * 64 + b'","price":{"book":"b","money":{"amount":"1",'
    b'"currency":"EUR"}},"run":"r","seq":1,"status":"done","subject":"s","time":"2026-11-01T00:00:00.000000+00:00",'
    b'"usage":{"cpu_seconds":1.0,"kept_bytes":0,"peak_mb":2.0,"read_bytes":0,"seconds":3.0,"written_bytes":0},'
    b'"uses":[],"version":1,"why":""}'
)


def test_an_entry_of_before_gpus_were_measured_held_none_and_keeps_its_hash() -> None:
    found = read(OLD, hashlib.sha256(OLD).hexdigest())
    assert found.usage == Usage(seconds=3.0, cpu_seconds=1.0, peak_mb=2.0)
    assert found.price is not None and found.price.lacks == ()


def test_a_catalog_of_before_gets_its_sums_of_gpus(chain: Chain, tmp_path: Path) -> None:
    """Also where it was taken back, and has entries with GPUs already; nothing that was kept differs."""
    write(chain, HELD, book(tmp_path).price(HELD, NOW))
    before, size = view(chain.engine), len(chain.find())
    migrate(chain.engine, REVISION, to="0003")
    chain.engine.dispose()
    again = replace(chain, engine=open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}"))
    assert verify(again).ok, "views that wait to be made are no edit"
    again.catch_up()
    assert view(again.engine) == before and before[("all", "", "EUR")] == (5400.0, 5400.0)
    assert verify(again).ok and len(again.find()) == size
    again.engine.dispose()


def test_no_costs_are_one_sentence(chain: Chain) -> None:
    assert drawn(costs(chain, rates_of("EUR", "", {}))).strip() == (
        "no costs are known yet: what is run or booked will be here"
    )
