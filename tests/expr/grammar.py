"""The language as text: how a call of each function is written, and random expressions of any type."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

from hypothesis import strategies as st
from oracle import COLUMNS

from treadle.expr import Type
from treadle.expr.casts import ALLOWED_CASTS
from treadle.expr.table import Function
from treadle.expr.tree import functions

# ruff: noqa: E501
INFIX = {"+", "-", "*", "/", "//", "%", "=", "<>", "<", "<=", ">", ">=", "and", "or", "||", "like", "ilike"}
LITERALS: dict[Type, tuple[str, ...]] = {
    "int": ("0", "1", "-1", "2", "3"),
    "float": ("0.5", "-1.5"),
    "str": ("''", "'a'", "'ab'", "','", "'日'", "'%'", "'o'''"),
    "bool": ("true", "false"),
    "date": ("date '2016-02-29'",),
    "timestamp": ("timestamp '2000-02-29 12:30:00.000001'",),
    "interval": ("interval '36 hours'", "interval '90 seconds'"),
    "null": (),
}
# second arguments that have a grammar of their own
CONSTANTS: dict[tuple[str, int], tuple[str, ...]] = {
    ("like", 1): ("''", "'%'", "'_'", "'a%'", "'%b'", "'a_b'", "'%,%'", "'a.b'", "'a+b'", "'\\'", "'%\\%'", "'Ä%'", "'__'"),
    ("regexp_matches", 1): (
        "''", "'a'", "'^a'", "'b$'", "'^a$'", "'^$'", "'[a-z]+'", "'a.b'", "'\\d'", "'\\w\\W'", "'\\s'", "'(a|b)c'",
        "'(?i)ä'", "'(?s)a.b'", "'(?m)^b$'", "'\\bab\\b'", "'[^a]'", "'日'", "'a{2}'", "'\\.'", "'[[:alpha:]]'", "'\\$'",
    ),
    ("round", 1): ("0", "1", "2", "-1", "-2", "3"),
    ("date_trunc", 0): tuple(f"'{u}'" for u in ("minute", "hour", "day", "week", "month", "quarter", "year", "DAY")),
    ("split_part", 1): ("','", "'a'", "'-'", "'日'", "'xx'"),
    ("split_part", 2): ("1", "2", "3", "-1", "-2", "9"),
    ("regexp_replace", 2): ("''", "'z'", "'$1'", "'日'"),
    ("regexp_extract", 2): ("0", "1"),
    ("lpad", 1): ("0", "1", "3", "6"),
    ("lpad", 2): ("' '", "'ab'", "'日'"),
    ("replace", 2): ("''", "'z'", "'$1'", "'日'"),
    ("repeat", 1): ("0", "1", "3", "-1"),
}  # fmt: skip
CONSTANTS[("ilike", 1)] = CONSTANTS[("like", 1)]
CONSTANTS[("rpad", 1)], CONSTANTS[("rpad", 2)] = CONSTANTS[("lpad", 1)], CONSTANTS[("lpad", 2)]
CONSTANTS[("regexp_replace", 1)] = CONSTANTS[("regexp_matches", 1)]
CONSTANTS[("regexp_extract", 1)] = tuple(f"'({p[1:-1]})'" for p in CONSTANTS[("regexp_matches", 1)] if "(?" not in p)


def written(name: str, args: list[str]) -> str:
    """The call as a user would write it. The conditions of a choice are the columns p and q."""
    if name in INFIX:
        return f"{args[0]} {name} {args[1]}"
    if name in ("+ interval", "- interval"):
        return f"{args[0]} {name[0]} {args[1]}"
    match name:
        case "negate":
            return f"-({args[0]})"
        case "not":
            return f"not {args[0]}"
        case "between":
            return f"{args[0]} between {args[1]} and {args[2]}"
        case "in":
            return f"{args[0]} in ({', '.join(args[1:])})"
        case "is null":
            return f"{args[0]} is null"
        case "is distinct from":
            return f"{args[0]} is distinct from {args[1]}"
        case "case":
            return f"case when p then {args[0]} when q then {args[1]} else {args[-1]} end"
    return f"{name}({', '.join(args)})"


def fits(function: Function, kinds: tuple[Type, ...]) -> bool:
    """May arguments of these types stand together?"""
    known = set(kinds)
    if function.same or function.name == "case":
        return len(known) == 1 or known in ({"int", "float"}, {"date", "timestamp"})
    if function.name == "+ interval":
        return len(known) == 2 and "interval" in known
    return function.name != "- interval" or kinds[0] != "interval"


def signatures(function: Function) -> Iterator[tuple[Type, ...]]:
    """Every combination of argument types, of three arguments where there may be many."""
    most = len(function.arguments) if not function.many else max(3, len(function.arguments))
    for count in range(3 if function.name == "case" else function.least, most + 1):
        for kinds in itertools.product(*(function.takes(i) for i in range(count))):
            if fits(function, kinds):  # type: ignore[arg-type]
                yield kinds  # type: ignore[misc]


@functools.cache
def makers() -> dict[Type, list[tuple[str, tuple[Type, ...]]]]:
    """For each type: the functions and argument types that give it. A cast is named "cast TYPE"."""
    from treadle.expr import parse

    found: dict[Type, list[tuple[str, tuple[Type, ...]]]] = {kind: [] for kind in LITERALS}
    for function in functions().values():
        for kinds in signatures(function):
            args = [_constant(function, i, kind) or LITERALS[kind][0] for i, kind in enumerate(kinds)]
            made = parse(written(function.name, args), COLUMNS)
            found[made.type].append((function.name, kinds))
    for target, sources in ALLOWED_CASTS.items():
        found[target] += [(f"cast {target}", (source,)) for source in sources]  # type: ignore[index,arg-type]
    return found


def _constant(function: Function, place: int, kind: Type) -> str | None:
    options = CONSTANTS.get((function.name, place)) or (LITERALS[kind] if place in function.literal else None)
    return options[0] if options else None


@st.composite
def expressions(draw: st.DrawFn, kind: Type, depth: int) -> str:
    """A well-typed expression of this type; `depth` calls deep at most."""
    columns = [name for name, of in COLUMNS.items() if of == kind]
    if depth == 0 or not makers()[kind]:
        return draw(st.sampled_from([*columns, *columns, *LITERALS[kind]]))
    # the function first, then its types, so that one with many types is not drawn more often
    name = draw(st.sampled_from(sorted({made for made, _ in makers()[kind]})))
    kinds = draw(st.sampled_from([of for made, of in makers()[kind] if made == name]))
    function = functions().get(name)
    args = []
    for place, of in enumerate(kinds):
        constants = function and (CONSTANTS.get((name, place)) or (LITERALS[of] if place in function.literal else None))
        if constants:
            args.append(draw(st.sampled_from(constants)))
        else:
            inner = draw(expressions(of, draw(st.integers(0, depth - 1)) if place else depth - 1))
            args.append(f"({inner})" if " " in inner else inner)
    if name.startswith("cast "):
        if args[0].startswith("'"):  # a constant that is no date would be refused
            args[0] = "s"
        return f"cast({args[0]} as {name.removeprefix('cast ').replace('str', 'varchar')})"
    if name == "case":
        conditions = [draw(expressions("bool", draw(st.integers(0, depth - 1)))) for _ in args[1:]]
        branches = " ".join(f"when {c} then {a}" for c, a in zip(conditions, args, strict=False))
        return f"case {branches} else {args[-1]} end"
    return written(name, args)
