"""How rows that experts are asked about are shown."""

from __future__ import annotations

from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from treadle.cli.show.experts import show_queue


def shown(values: list[str]) -> str:
    item = SimpleNamespace(row="r1", key="k", at="", mine="", why=["uncertain"], values=values)
    columns = [f"column_{place}" for place in range(len(values))]
    asked = {
        "said": "asked",
        "time": "2026-01-01T00:00:00",
        "left": 1,
        "labels": ["yes"],
        "target": "late",
        "rows": 1,
        "next": "go",
        "cannot": "",
    }
    out = StringIO()
    show_queue(SimpleNamespace(columns=columns, items=[item], **asked), Console(file=out, width=120))
    return out.getvalue()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_values_are_all_shown(count: int) -> None:
    text = shown([f"{place}.5" for place in range(count)])
    assert all(f"column_{place} {place}.5" in text for place in range(count)) and "more in the sheet" not in text


def test_no_value_is_cut_in_its_middle() -> None:
    text = shown(["-0.3181818"] * 60)
    kept = text.count("column_")
    assert text.count(" -0.3181818") == kept and 5 < kept < 60
    assert f"and {60 - kept} more in the sheet" in text


def test_one_long_value_is_shown_whole() -> None:
    assert "x" * 900 in shown(["x" * 900])
