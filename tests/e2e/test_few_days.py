"""Four days of test rows say nothing of other days: a person answers for that by argument, or there is no release."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from terminal import answer, refusal, treadle

GAIN = "gain over the trivial baseline"
SHOP = """\
project: shop
brief:
  decision: Call a customer before an order comes back.
  mistakes: {missed: 5.00, false_alarm: 1.00, currency: USD}
  people: {owner: ada, reviewers: [grace], approve: reviewer}
access: {trust: local, logins: {"*": ada}}
sources:
  orders: {read: orders.csv, key: order}
predict:
  name: back
  each: orders
  at: told
  label: "back = 'yes'"
  label_known: told
  kind: classification
  metric: average_precision
  split: {by: time, test: 0.2, folds: 3}
features: {request: [amount]}
train: {families: [linear], search: none, seed: 7}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Twenty days of sixty orders, of which the dear ones come back; the last four days are the test rows."""
    draw, first = random.Random(5), datetime(2026, 1, 1, tzinfo=UTC)
    lines = ["order,told,amount,back"]
    for n in range(1200):
        told, amount = first + timedelta(minutes=24 * n), draw.gauss(50, 20)
        back = draw.random() < (0.8 if amount > 65 else 0.1)
        lines.append(f"{n},{told:%Y-%m-%dT%H:%M:%SZ},{amount:.2f},{'yes' if back else 'no'}")
    (tmp_path / "orders.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "treadle.yaml").write_text(SHOP, encoding="utf-8")
    return tmp_path


def test_four_days_are_released_by_an_argument_and_by_nothing_else(shop: Path) -> None:
    run = answer("run", shop)
    (gate,) = (g for g in run["gates"] if g["name"] == GAIN)
    assert not gate["holds"] and gate["acceptable"] and "6 days are needed, 4 there" in gate["text"]
    assert not run["released"] and "models accept" in run["next"] and f'--finding "{GAIN}"' in run["next"]
    assert "cannot be told" in run["verdict"] and "within noise" not in run["verdict"]
    said = " ".join(treadle("run", shop).stdout.split())
    assert "6 days are needed, 4 there" in said and "models accept" in said
    assert "6 days are needed, 4 there" in refusal("models", "release", shop, "--as", "grace")

    words = ("models", "accept", shop, "--finding", GAIN)
    assert "because" in refusal(*words, "--as", "grace")
    assert "reason" in refusal(*words, "--because", " ", "--as", "grace")
    assert "ada" in refusal(*words, "--because", "it is plain", "--as", "ada"), "nobody answers for their own model"
    refusal("models", "release", shop, "--as", "grace")
    assert answer(*words, "--because", "a pilot of one week, looked at daily", "--as", "grace")["open"] == []
    assert answer("models", "release", shop, "--as", "grace")["approved_by"] == "grace"
    assert "a pilot of one week" in treadle("models", "show", shop).stdout
    assert answer("verify", shop)["ok"]
