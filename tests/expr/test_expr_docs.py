"""The table of functions, and the page on it."""

from __future__ import annotations

from functions_page import KINDS, PAGE, page_with

from treadle.expr import functions_table
from treadle.expr.tree import functions


def test_the_language_has_functions_enough() -> None:
    assert len(functions()) >= 60


def test_every_function_says_what_it_is() -> None:
    assert [name for name, _, _ in functions_table()] == list(functions())
    assert all(text for _, _, text in functions_table())
    assert len({function.text for function in functions().values()}) == len(functions()), "one text for two functions"


def test_every_function_stands_in_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page_with(text) == text, "run tests/expr/functions_page.py"
    assert sum(len(found) for found in KINDS.values()) == len(functions())
