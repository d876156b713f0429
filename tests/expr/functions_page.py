"""The list of functions in docs/expr.md, from the table of functions. Run this file to write it anew."""

from __future__ import annotations

from pathlib import Path

from grammar import signatures, written

from treadle.expr import functions_logic, functions_numbers, functions_text, functions_time
from treadle.expr.table import ANY, Function

PAGE = Path(__file__).parents[2] / "docs" / "expr.md"
BEGIN, END = "<!-- functions: written by tests/expr/functions_page.py -->", "<!-- end of functions -->"
KINDS = {
    "Numbers": functions_numbers.FUNCTIONS,
    "Comparison, logic and choice": functions_logic.FUNCTIONS,
    "Text": functions_text.FUNCTIONS,
    "Time": functions_time.FUNCTIONS,
}


def listed() -> str:
    """The lists, one table a kind."""
    lines = []
    for kind, functions in KINDS.items():
        lines += [f"### {kind}", "", "| write | takes | gives | what it is |", "|---|---|---|---|"]
        lines += [
            " | ".join(["", f"`{_call(f)}`", _takes(f), _gives(f), f.text, ""]).strip().replace("||", "\\|\\|")
            for f in functions
        ]
        lines.append("")
    return "\n".join(lines)


def _call(function: Function) -> str:
    args = [letter for letter, _ in zip("abcd", function.arguments, strict=False)]
    if function.name == "case":
        return "case when p then a else b end"
    if function.optional is not None:
        return f"{function.name}({', '.join(args[: function.optional])}[, {', '.join(args[function.optional :])}])"
    if function.many and function.name != "in":
        return f"{function.name}(a, …)"
    return written(function.name, [*args, "…"] if function.many else args)


def _takes(function: Function) -> str:
    """The types of each place; a place that must be a constant is marked."""
    places = []
    for number, kinds in enumerate(function.arguments):
        shown = "any" if set(kinds) >= set(ANY) else " or ".join(kinds)
        places.append(f"constant {shown}" if number in function.literal else shown)
    if len(set(places)) == 1:
        return places[0]
    return ", ".join(places)


def _gives(function: Function) -> str:
    if isinstance(function.result, str):
        return function.result
    found = {function.result_type(list(kinds)) for kinds in signatures(function)}
    if len(found) > 3:
        return "the same"
    return " or ".join(kind for kind in ("bool", "int", "float", "str", "date", "timestamp") if kind in found)


def page_with(text: str) -> str:
    """The page with the lists written anew."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{listed()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
