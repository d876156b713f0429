"""A comparison as a comment: what it says, and that nothing that it quotes breaks it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from treadle.history.commenting import MARK, _code, markdown
from treadle.history.found import Comparison, Side, StepChange

ONE = Side("r1", "flights:1", "linear", 0.50, 0.40, 0.60, 0.0010, "USD")
TWO = Side("r2", "flights:2", "lightgbm", 0.62, 0.55, 0.70, 0.0025, "USD")
CHANGE = StepChange("training.searched", ["rows: a → b"], ["src/x.py changed"], ["seed: 7 → 8"])
FOUND = Comparison(
    metric="average_precision", first=ONE, second=TWO, changes=[CHANGE], gain=0.12, low=0.01, high=0.23, same_rows=True,
    verdict="better", text="the second is better: +0.12 (+0.01 to +0.23) on the same sealed rows",
)  # fmt: skip


def test_score_money_and_changes_are_told() -> None:
    text = markdown(FOUND, "flights")
    assert text.startswith(f"{MARK}\n### `flights`: better\n")
    assert "| before | `flights:1` | `linear` | 0.50 | 0.40 to 0.60 | 0.001000 USD |" in text
    assert "the second is better: +0.12 (+0.01 to +0.23) on the same sealed rows." in text
    assert "Making it cost +0.001500 USD against before." in text
    assert "<summary>`training.searched` (3)</summary>" in text and "- settings: `seed: 7 → 8`" in text


@pytest.mark.parametrize(("one", "two"), [
    (replace(ONE, cost=None, currency=""), TWO), (replace(ONE, currency="EUR"), TWO),
])  # fmt: skip
def test_what_has_no_price_is_said(one: Side, two: Side) -> None:
    text = markdown(replace(FOUND, first=one, second=two, changes=[]), "flights")
    assert "cannot be told" in text and "Nothing differs in data, code or settings." in text


@given(st.text(max_size=60))
def test_what_is_quoted_stays_in_its_fence(text: str) -> None:
    code = _code(text)
    fence = re.match("`+", code)
    assert fence is not None and code.endswith(fence[0]) and "\n" not in code
    inner = code[len(fence[0]) : len(code) - len(fence[0])]
    assert fence[0] not in inner.split() and fence[0] not in re.findall("`+", inner)
    assert not re.search(r"(?<!\\)\|", inner)
