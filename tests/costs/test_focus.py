"""The ledger as FOCUS 1.4, held to the validator of another project, and to the ledger's own sum."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from treadle.costs.booking import Booked, book
from treadle.costs.focus import HEADER, focus
from treadle.evidence import Chain, Price, Usage
from treadle.evidence.kinds.cost_booked import CATEGORIES, CostBooked
from treadle.evidence.kinds.noted import Noted
from treadle.money import money


def rows(chain: Chain) -> list[dict[str, str]]:
    text, count = focus("shop", chain.find())
    found = list(csv.DictReader(io.StringIO(text)))
    assert len(found) == count and tuple(found[0]) == HEADER
    return found


def test_rows_are_valid_and_sum_to_the_ledger(chain: Chain, tmp_path: Path):
    chain.append(Noted(text="costs nothing"), "note")
    chain.append(
        Noted(text='a "step", with commas'), "note", price=Price(money("0.000000001", "USD"), "book 2026-11-01")
    )
    for number, category in enumerate(CATEGORIES):
        cost = CostBooked(
            category=category, text="déjà vu", day="2026-11-30", vendor="ACME" if number else "", invoice=f"I{number}",
            person="lin" if number == 1 else "", quantity=Decimal("2.50") if number % 2 else None, unit="hours",
        )  # fmt: skip
        book(chain, "shop", Booked(cost, money(number - 2, "EUR")))
    found = rows(chain)
    assert len(found) == 1 + len(CATEGORIES)
    assert sum(Decimal(each["BilledCost"]) for each in found) == Decimal("0.000000001") + sum(
        n - 2 for n in range(len(CATEGORIES))
    )
    file = tmp_path / "focus.csv"
    file.write_text(focus("shop", chain.find())[0], encoding="utf-8", newline="")
    done = subprocess.run(
        [sys.executable, "-m", "focus_data_toolkit", "validate", "--dataset", "cost-and-usage", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "STRUCTURAL_VALID, SEMANTIC_VALID" in done.stdout, done.stdout + done.stderr


def test_a_row_says_which_entry_it_is_of_and_when(chain: Chain):
    entry = book(chain, "shop", Booked(CostBooked(category="data", text="x", day="2026-12-31"), money("-1.50", "USD")))
    (found,) = rows(chain)
    assert (found["ResourceId"], found["ResourceType"]) == (entry.id, "cost.booked")
    assert (found["ChargePeriodStart"], found["ChargePeriodEnd"]) == ("2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z")
    assert (found["BillingPeriodStart"], found["BillingPeriodEnd"]) == ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z")
    assert (found["BilledCost"], found["ChargeCategory"]) == ("-1.5", "Credit")
    assert found["Tags"] == '{"run":"run1","person":"ada","status":"done"}'


def test_what_was_metered_is_charged_for_the_time_that_it_took(chain: Chain):
    from treadle.evidence.entry import Body

    with chain.alone() as alone:
        alone.write(
            Body(
                seq=0, id="", kind="training.fit", version=1, subject="shop", run="run1", time="", actor="ada",
                status="failed", error="no", usage=Usage(seconds=3600.0, cpu_seconds=1.25),
                price=Price(money("0.01", "USD"), "book 2026-11-01"),
            )
        )  # fmt: skip
    (found,) = rows(chain)
    assert (found["ConsumedQuantity"], found["ConsumedUnit"], found["ChargeCategory"]) == ("1.25", "Seconds", "Usage")
    assert found["InvoiceIssuerName"] == "book 2026-11-01" and '"status":"failed"' in found["Tags"]
    assert found["ChargePeriodStart"] < found["ChargePeriodEnd"]
