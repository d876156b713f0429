"""Small breakages of Python source, one at a time, as a tired programmer would make them.

A mutant is a span of the source and what stands there instead, so that its diff is as small as the breakage. Left
alone: type annotations, docstrings, text of messages, what only type checkers read, and decorators.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_COMPARE: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(), ast.LtE: ast.Lt(), ast.Gt: ast.GtE(), ast.GtE: ast.Gt(), ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(), ast.In: ast.NotIn(), ast.NotIn: ast.In(), ast.Is: ast.IsNot(), ast.IsNot: ast.Is(),
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Div(), ast.Div: ast.Mult(), ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.Mult(), ast.BitAnd: ast.BitOr(), ast.BitOr: ast.BitAnd(),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`source[start:end]` becomes `new`. `line` counts from 1; `what` is the kind of breakage."""

    line: int
    what: str
    start: int
    end: int
    new: str

    def apply(self, source: str) -> str:
        return source[: self.start] + self.new + source[self.end :]


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = source.splitlines()

    def place(row: int, column: int) -> int:  # the tree counts columns in UTF-8
        return starts[row - 1] + len(lines[row - 1].encode()[:column].decode())

    found = []
    for node, what, new in _of(ast.parse(source)):
        assert node.end_lineno is not None and node.end_col_offset is not None
        text = (
            new if isinstance(new, str) else f"({ast.unparse(new)})" if isinstance(new, ast.expr) else ast.unparse(new)
        )
        found.append(
            Mutant(
                node.lineno,
                what,
                place(node.lineno, node.col_offset),
                place(node.end_lineno, node.end_col_offset),
                text,
            )
        )
    return sorted(found, key=lambda m: (m.line, m.start, m.what))


Change = tuple[ast.expr | ast.stmt, str, ast.AST | str]


def _of(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.expr):
        yield from _of_expression(node)
    elif isinstance(node, ast.stmt):
        yield from _of_statement(node)
    for child in _children(node):
        yield from _of(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.JoinedStr) or _for_types_only(node):
        return
    left_out = {"annotation", "returns", "decorator_list", "type_comment"}
    for name, value in ast.iter_fields(node):
        if name in left_out:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield child


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _of_expression(node: ast.expr) -> Iterator[Change]:
    match node:
        case ast.Compare(left=left, ops=[op, *others], comparators=right) if type(op) in _COMPARE:
            yield node, "comparison", ast.Compare(left, [_COMPARE[type(op)], *others], right)
        case ast.BoolOp(op=op, values=values):
            yield node, "and/or", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, "negation", operand
        case ast.IfExp(test=test, body=body, orelse=other):
            yield node, "negation", ast.IfExp(ast.UnaryOp(ast.Not(), test), body, other)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC and not _text(left, right):
            yield node, "arithmetic", ast.BinOp(left, _ARITHMETIC[type(op)], right)
        case ast.Constant(value=bool(value)):
            yield node, "constant", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield node, "constant", ast.Constant(value + 1)
        case ast.Call(func=func, args=[one, two, *others], keywords=keywords) if ast.dump(one) != ast.dump(two):
            ends = isinstance(func, ast.Name) and func.id in ("max", "min")  # their order means nothing
            if not ends and not isinstance(one, ast.Starred) and not isinstance(two, ast.Starred):
                yield node, "arguments", ast.Call(func, [two, one, *others], keywords)


def _text(*sides: ast.expr) -> bool:
    return any(
        isinstance(s, ast.JoinedStr) or (isinstance(s, ast.Constant) and isinstance(s.value, str)) for s in sides
    )


def _of_statement(node: ast.stmt) -> Iterator[Change]:
    match node:
        case ast.If(test=test) | ast.While(test=test) if not _for_types_only(node):
            yield test, "negation", ast.UnaryOp(ast.Not(), test)
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield node, "return", "return None"
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.AugAssign() | ast.Continue() | ast.Break():
            yield node, "dropped", "pass"


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
