"""From SQL text to a typed tree. What the language does not have is refused, with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

from treadle.errors import ExpressionError, nearest
from treadle.expr.casts import ALLOWED_CASTS, cast_row
from treadle.expr.constants import wrong_constant
from treadle.expr.growth import GROWING, TOO_LONG, Growth, growth
from treadle.expr.names import ALIASES, BINARY, CLASS_NAMES, HINTS, TYPE_NAMES, WORDS
from treadle.expr.quietly import called, how_to_quote, in_brackets, trees, why_not
from treadle.expr.table import Function, wider
from treadle.expr.tree import Aggregate, Expression, Node, functions
from treadle.expr.types import SQL_TYPES, Type
from treadle.spec import duration

AGGREGATES = ("avg", "count", "first", "last", "max", "min", "stddev", "sum")
NONE_GROWN: Mapping[str, Growth] = MappingProxyType({})
DEEPEST = 150
"""Calls within calls; Python does not compile source with 200 brackets open."""


def parse(
    text: str, columns: Mapping[str, Type], *, where: str = "", grown: Mapping[str, Growth] = NONE_GROWN
) -> Expression:
    """Parse and type `text` over `columns`; `grown` are those that expressions made.

    Raises:
        ExpressionError: syntax, an unknown column or function, types that do not fit, texts that grow too long; with
            the place in the text.
    """
    return _expression(_Reader(text, columns, where, grown))


def parse_for_rows(text: str, columns: Mapping[str, Type], *, where: str = "") -> Expression:
    """As `parse`, of a text parsed before: where only single rows are run, as in a server, Polars is not loaded."""
    reader = _Reader(text, columns, where, NONE_GROWN)
    reader.rows_only = True
    return _expression(reader)


def parse_aggregate(
    text: str, columns: Mapping[str, Type], *, where: str = "", grown: Mapping[str, Growth] = NONE_GROWN
) -> Aggregate:
    """Parse `avg(expression)`, `count(*)` and so on: one aggregate around one scalar expression."""
    from sqlglot import exp

    reader = _Reader(text, columns, where, grown)
    found = reader.parsed()
    name = reader.function_name(found) if isinstance(found, exp.Func) else ""
    name = {"mean": "avg", "stddev_samp": "stddev", "std": "stddev", "any_value": "first"}.get(name, name)
    if name not in AGGREGATES:
        raise reader.error(found, "an aggregate is wanted here", mend=f"use one of: {', '.join(AGGREGATES)}")
    inner = [arg for arg in reader.arguments(found) if arg is not None]
    if name == "count" and (not inner or isinstance(inner[0], exp.Star)):
        return Aggregate("count", None, text, "int")
    if len(inner) != 1 or isinstance(inner[0], exp.Distinct):
        raise reader.error(found, f"{name} takes one expression", mend=f"write {name}(column)")
    tree = reader.node(inner[0])
    argument = Expression(in_brackets(text), tree.type, tuple(dict.fromkeys(reader.used)), tree)
    if name in ("avg", "sum", "stddev") and tree.type not in ("bool", "int", "float"):
        raise reader.error(found, f"{name} takes numbers, found {tree.type}", mend="")
    kinds: dict[str, Type] = {"avg": "float", "stddev": "float", "count": "int"}
    total: Type = "float" if tree.type == "float" else "int"
    return Aggregate(name, argument, text, kinds.get(name) or (total if name == "sum" else tree.type))


def _expression(reader: _Reader) -> Expression:
    tree = reader.node(reader.parsed())
    return Expression(reader.text, tree.type, tuple(dict.fromkeys(reader.used)), tree)


class _Reader:
    def __init__(self, text: str, columns: Mapping[str, Type], where: str, grown: Mapping[str, Growth]) -> None:
        self.text, self.columns, self.where, self.grown = text, columns, where, grown
        self.used: list[str] = []
        self.depth, self.rows_only = 0, False

    def parsed(self) -> Any:
        from sqlglot.errors import ParseError, TokenError

        if not isinstance(self.text, str) or not self.text.strip():
            raise ExpressionError("the expression is empty", where=self.where, mend="write a SQL expression")
        try:
            found = trees(self.text)
        except ParseError as bad:
            place, what = why_not(bad)
            raise self._at(place, f"not an expression: {what}") from bad
        except (TokenError, RecursionError) as bad:
            raise self._at("1:1", f"not an expression: {str(bad).splitlines()[0]}") from bad
        if len(found) != 1 or found[0] is None:
            raise self._at("1:1", "one expression is wanted")
        return found[0]

    def _at(self, place: str, what: str, mend: str = "") -> ExpressionError:
        shown = f"{self.where}: at {place}" if self.where else f"expression {place}"
        mend = mend or how_to_quote(self.text, self.columns) or "SQL scalar expressions are allowed"
        return ExpressionError(f"{what}, in: {self.text}", where=shown, mend=mend)

    def error(self, found: Any, what: str, mend: str = "") -> ExpressionError:
        return self._at(self._place(found), what, mend)

    def _place(self, found: Any) -> str:
        """Line and column of a part: from the parser where it kept them, else by looking its text up."""
        parts = list(found.walk())
        starts = [part.meta["start"] for part in parts if "start" in part.meta]
        if not starts:
            named = (re.search(rf"(?<!\w){re.escape(part.name)}(?!\w)", self.text) for part in parts if part.name)
            starts = [at.start() for at in named if at]
        start = min(starts, default=0)
        line = self.text.count("\n", 0, start) + 1
        return f"{line}:{start - (self.text.rfind(chr(10), 0, start) + 1) + 1}"

    # -- one method a kind of node

    def node(self, found: Any) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._at("1:1", f"more than {DEEPEST} operations stand within each other", "split it into two")
        try:
            made = self._node(found)
        finally:
            self.depth -= 1
        if made.op in GROWING and not growth(made, self.grown).fits:
            raise self.error(found, f"{made.op} makes a text too long", TOO_LONG)
        return made

    def _node(self, found: Any) -> Node:
        kind = type(found).__name__
        special = getattr(self, f"_{kind.lower()}", None)
        if special is not None:
            result: Node = special(found)
            return result
        if kind in BINARY:
            made = self.call(BINARY[kind], [self.node(found.this), self.node(found.expression)], found)
            return self._negated(found, made)
        from sqlglot import exp

        if isinstance(found, exp.Func):
            name = self.function_name(found)
            args = [self.node(a) for a in self.arguments(found) if a is not None]
            return self.call(name, args, found)
        raise self.error(found, f"{kind.lower()} is not part of the language: {found.sql()[:60]}")

    def _negated(self, found: Any, made: Node) -> Node:
        return self.call("not", [made], found) if found.args.get("negate") else made

    def _column(self, found: Any) -> Node:
        name = called(found)
        if name not in self.columns:
            near = found.name if found.name in self.columns else name
            raise self.error(found, f'there is no column "{name}"', nearest(near, self.columns))
        self.used.append(name)
        return Node("column", self.columns[name], value=name)

    def _literal(self, found: Any) -> Node:
        if found.is_string:
            return Node("literal", "str", value=found.this)
        text = found.this
        if re.fullmatch(r"\d+", text):
            if int(text) >= 2**63:
                raise self.error(found, f"the number {text} does not fit 64 bits")
            return Node("literal", "int", value=int(text))
        if not math.isfinite(float(text)):
            raise self.error(found, f"the number {text} does not fit 64 bits")
        return Node("literal", "float", value=float(text))

    def _boolean(self, found: Any) -> Node:
        return Node("literal", "bool", value=bool(found.this))

    def _null(self, found: Any) -> Node:
        return Node("literal", "null", value=None)

    def _paren(self, found: Any) -> Node:
        return self.node(found.this)

    def _neg(self, found: Any) -> Node:
        inner = self.node(found.this)
        if inner.op == "literal" and inner.type in ("int", "float"):
            return Node("literal", inner.type, value=-inner.value)
        return self.call("negate", [inner], found)

    def _not(self, found: Any) -> Node:
        return self.call("not", [self.node(found.this)], found)

    def _is(self, found: Any) -> Node:
        right = self.node(found.expression)
        left = self.node(found.this)
        if right.type == "null":
            return self._negated(found, self.call("is null", [left], found))
        same = self.call("is distinct from", [left, right], found)
        made = self.call("not", [same], found)
        return self._negated(found, made)

    def _nullsafeeq(self, found: Any) -> Node:
        return self.call("not", [self._nullsafeneq(found)], found)

    def _nullsafeneq(self, found: Any) -> Node:
        return self.call("is distinct from", [self.node(found.this), self.node(found.expression)], found)

    def _between(self, found: Any) -> Node:
        parts = [self.node(found.this), self.node(found.args["low"]), self.node(found.args["high"])]
        return self._negated(found, self.call("between", parts, found))

    def _in(self, found: Any) -> Node:
        if not found.expressions:
            raise self.error(found, "`in` takes a list of values", "write: x in ('a', 'b')")
        made = self.call("in", [self.node(found.this), *(self.node(o) for o in found.expressions)], found)
        return self._negated(found, made)

    def _case(self, found: Any) -> Node:
        subject = self.node(found.this) if found.this is not None else None
        parts: list[Node] = []
        for branch in found.args["ifs"]:
            condition = self.node(branch.this)
            if subject is not None:
                condition = self.call("=", [subject, condition], branch)
            parts += [condition, self.node(branch.args["true"])]
        default = found.args.get("default")
        parts.append(self.node(default) if default is not None else Node("literal", "null"))
        return self._choice(parts, found)

    def _if(self, found: Any) -> Node:
        otherwise = found.args.get("false")
        parts = [
            self.node(found.this),
            self.node(found.args["true"]),
            self.node(otherwise) if otherwise is not None else Node("literal", "null"),
        ]
        return self._choice(parts, found)

    def _choice(self, parts: list[Node], found: Any) -> Node:
        values = [*parts[1:-1:2], parts[-1]]
        common = self._common([v.type for v in values], found, "the branches of a choice")
        for condition in parts[:-1:2]:
            if condition.type not in ("bool", "null"):
                raise self.error(found, f"a condition must be true or false, found {condition.type}")
        last = len(parts) - 1
        args = tuple(_as(p, common) if i % 2 or i == last else _as(p, "bool") for i, p in enumerate(parts))
        return Node("case", common, args)

    def _cast(self, found: Any) -> Node:
        name = found.args["to"].sql(dialect="duckdb")
        target = TYPE_NAMES.get(name.upper())
        if target is None:
            raise self.error(found, f"there is no type {name}", nearest(name.lower(), SQL_TYPES))
        inner = self.node(found.this)
        if inner.op == "literal" and inner.type == "str" and target in ("date", "timestamp"):
            value = cast_row(inner.value, "str", target)
            if value is None and type(found).__name__ != "TryCast":
                raise self.error(
                    found, f"'{inner.value}' is no {target}", "write '2013-01-31' or '2013-01-31 05:00:00'"
                )
            return Node("literal", target, value=value)
        if inner.type not in (target, "null") and inner.type not in ALLOWED_CASTS[target]:
            raise self.error(
                found,
                f"{inner.type} cannot be cast to {target}",
                f"to {target} can be cast: {', '.join(ALLOWED_CASTS[target])}",
            )
        return Node("cast", target, (inner,), value=target)

    _trycast = _cast

    def _interval(self, found: Any) -> Node:
        amount = found.this.name if found.this is not None else ""
        unit = found.args.get("unit")
        text = f"{amount} {unit.name.lower() if unit is not None else ''}".strip()
        try:
            return Node("literal", "interval", value=duration(text))
        except Exception as bad:
            raise self.error(
                found, f"interval '{text}' has no fixed length", "use weeks, days, hours, minutes or seconds"
            ) from bad

    def _extract(self, found: Any) -> Node:
        return self.call(ALIASES.get(found.name.lower(), found.name.lower()), [self.node(found.expression)], found)

    def _regexplike(self, found: Any) -> Node:
        if "start" not in found.meta:
            raise self.error(
                found, "~ is the whole text in some databases, a part in others", "write regexp_matches(x, 'pattern')"
            )
        return self.call("regexp_matches", [self.node(arg) for arg in self.arguments(found)], found)

    def _timestamptrunc(self, found: Any) -> Node:
        unit = Node("literal", "str", value=found.args["unit"].name.lower())
        return self.call("date_trunc", [unit, self.node(found.this)], found)

    _datetrunc = _timestamptrunc

    def _log(self, found: Any) -> Node:
        base, value = found.this, found.expression
        if value is None:
            return self.call("log10", [self.node(base)], found)
        name = {"2": "log2", "10": "log10"}.get(base.name)
        if name is None:
            raise self.error(found, "logarithms are ln, log2 and log10", "write ln(x) / ln(base)")
        return self.call(name, [self.node(value)], found)

    def _trim(self, found: Any) -> Node:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(found.args.get("position")).upper(), "trim")
        return self.call(name, [self.node(arg) for arg in (found.this, found.expression) if arg is not None], found)

    def _pad(self, found: Any) -> Node:
        fill = found.args.get("fill_pattern")
        parts = [self.node(part) for part in (found.this, found.expression, fill) if part is not None]
        return self.call("lpad" if found.args.get("is_left") else "rpad", parts, found)

    # -- calls

    def function_name(self, found: Any) -> str:
        kind = type(found).__name__
        name = found.name.lower() if kind == "Anonymous" else CLASS_NAMES.get(kind) or found.sql_name().lower()
        return ALIASES.get(name, name)

    def arguments(self, found: Any) -> list[Any]:
        """A function's arguments in the order in which they were written."""
        if type(found).__name__ == "Anonymous":
            return list(found.expressions)
        out: list[Any] = []
        for name in found.arg_types:
            value = found.args.get(name)
            if isinstance(value, list):
                out += value
            elif value is not None and not isinstance(value, bool | str):
                out.append(value)
        return out

    def call(self, name: str, args: list[Node], found: Any) -> Node:
        types = [arg.type for arg in args]
        if name in ("+", "-") and any(kind in ("date", "timestamp", "interval") for kind in types):
            name, args = self._time_arithmetic(name, args, found)
            types = [arg.type for arg in args]
        function = functions().get(name)
        if function is None or name == "case":
            known = [other for other in functions() if other.isidentifier() and other not in WORDS]
            hint = "aggregates stand under `take` of a window" if name in AGGREGATES else HINTS.get(name)
            raise self.error(found, f'there is no function "{name}"', hint or nearest(name, known))
        self._check_count(function, len(args), found)
        if function.same:
            common = self._common(types, found, f"the arguments of {name}")
            args = [_as(arg, common) for arg in args]
        for position, arg in enumerate(args):
            allowed = function.takes(position)
            if arg.type not in (*allowed, "null"):
                raise self.error(
                    found,
                    f"{name} takes {' or '.join(allowed)} in place {position + 1}, found {arg.type}",
                    "cast it: cast(x as TYPE)",
                )
            if position in function.literal and (arg.op != "literal" or arg.value is None):
                raise self.error(found, f"{name} takes a constant in place {position + 1}")
        self._check_constants(function, args, found)
        args = [_as(arg, cast(Type, function.takes(i)[0])) if arg.type == "null" else arg for i, arg in enumerate(args)]
        result = function.result_type([arg.type for arg in args])
        return Node(name, result, tuple(args))

    def _time_arithmetic(self, name: str, args: list[Node], found: Any) -> tuple[str, list[Node]]:
        left, right = args[0].type, args[1].type
        if name == "-" and left in ("date", "timestamp") and right in ("date", "timestamp"):
            raise self.error(found, "the difference of two times needs a unit", "write minutes_between(a, b)")
        if "interval" not in (left, right):
            raise self.error(found, f"{left} {name} {right} has no meaning", "add a length: interval '1 hour'")
        return f"{name} interval", args

    def _check_count(self, function: Function, given: int, found: Any) -> None:
        most = function.most
        if given < function.least or (most is not None and given > most):
            wanted = str(function.least) if most == function.least else f"{function.least} to {most or 'many'}"
            raise self.error(found, f"{function.name} takes {wanted} arguments, found {given}")

    def _check_constants(self, function: Function, args: list[Node], found: Any) -> None:
        if wrong := wrong_constant(function.name, [arg.value for arg in args], rows_only=self.rows_only):
            raise self.error(found, *wrong)

    def _common(self, types: list[Type], found: Any, what: str) -> Type:
        known = set(types) - {"null"}
        if len(known) > 1 and known != {"int", "float"} and known != {"date", "timestamp"}:
            raise self.error(
                found,
                f"{what} must be of one type, found {' and '.join(sorted(known))}",
                "cast one of them: cast(x as TYPE)",
            )
        return "timestamp" if known == {"date", "timestamp"} else wider(types)


def _as(node: Node, kind: Type) -> Node:
    """The node as `kind`: literals are converted here, the rest by a cast."""
    if node.type == kind:
        return node
    if node.op == "literal":
        return Node("literal", kind, value=cast_row(node.value, node.type, kind) if node.value is not None else None)
    return Node("cast", kind, (node,), value=kind)
