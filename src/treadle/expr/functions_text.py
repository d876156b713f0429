"""Strings and regular expressions. Positions count from 1, lengths are in characters."""

from __future__ import annotations

from typing import Any

from treadle.expr.casts import cast_polars, text_row
from treadle.expr.patterns import like_pattern, like_row_pattern, row_pattern, rust_pattern
from treadle.expr.table import Function
from treadle.expr.types import Type

_S: tuple[Type, ...] = ("str",)
_I: tuple[Type, ...] = ("int",)


def _pl() -> Any:
    import polars as pl

    return pl


def _known(value: Any, *needed: Any) -> Any:
    """The value, where all that it was made from is known: Polars reads a missing length as "to the end"."""
    return _pl().when(_pl().all_horizontal(n.is_not_null() for n in needed)).then(value)


def _substring_row(a: str, start: int, length: int | None = None) -> str:
    begin = start - 1 if start > 0 else (len(a) + start if start < 0 else -1)
    end = len(a) if length is None else begin + max(length, 0)
    return a[max(begin, 0) : max(end, 0)]


def _substring_polars(a: Any, start: Any, length: Any = None) -> Any:
    pl = _pl()
    size = a.str.len_chars().cast(pl.Int64)
    # no text is as long, and their sums fit 64 bits
    start, length = start.clip(-(2**40), 2**40), None if length is None else length.clip(0, 2**39)
    begin = pl.when(start > 0).then(start - 1).when(start < 0).then(size + start).otherwise(pl.lit(-1, pl.Int64))
    end = size if length is None else begin + length
    first, last = begin.clip(0), end.clip(0)
    return _known(a.str.slice(first, (last - first).clip(0)), start, *([] if length is None else [length]))


def _left_polars(a: Any, n: Any) -> Any:
    pl = _pl()
    size = a.str.len_chars().cast(pl.Int64)
    return _known(a.str.slice(0, pl.when(n >= 0).then(n).otherwise(size + n).clip(0)), n)


def _right_row(a: str, n: int) -> str:
    keep = n if n >= 0 else len(a) + n
    return a[max(len(a) - keep, 0) :] if keep > 0 else ""


def _right_polars(a: Any, n: Any) -> Any:
    pl = _pl()
    size = a.str.len_chars().cast(pl.Int64)
    keep = pl.when(n >= 0).then(n).otherwise(size + n).clip(0, None)
    keep = pl.min_horizontal(keep, size)
    return _known(a.str.slice(size - keep, keep), n)


def _pad(left: bool) -> tuple[Any, Any]:
    def row(a: str, n: int, fill: str) -> str:
        if n <= len(a):
            return a[: max(n, 0)]
        if not fill:
            return a
        more = (fill * ((n - len(a)) // len(fill) + 1))[: n - len(a)]
        return more + a if left else a + more

    def polars(a: Any, n: Any, fill: Any, *, values: list[Any]) -> Any:
        # no vectorised padding with a text in Polars: the row function is run on distinct values
        return a.map_elements(lambda v: row(v, values[1], values[2]), return_dtype=_pl().String, skip_nulls=True)

    return polars, row


_LPAD, _RPAD = _pad(True), _pad(False)


def _split_row(a: str, by: str, n: int) -> str:
    parts = a.split(by) if by else list(a)
    index = n - 1 if n > 0 else len(parts) + n if n < 0 else 0
    return parts[index] if 0 <= index < len(parts) else ""


def _split_polars(a: Any, by: Any, n: Any, *, values: list[Any]) -> Any:
    place = values[2]
    parts = a.str.split(values[1])
    index = place - 1 if place > 0 else place if place < 0 else 0
    return _pl().when(a.is_not_null()).then(parts.list.get(index, null_on_oob=True).fill_null(""))


def _strpos_polars(a: Any, part: Any, *, values: list[Any]) -> Any:
    pl = _pl()
    if not values[1]:
        return pl.when(a.is_not_null()).then(pl.lit(1, pl.Int64))
    at = a.str.find(values[1], literal=True)
    before = a.str.head(0).str.len_chars()  # typed zero with a's NULLs
    chars = a.str.slice(0).str.split_exact(values[1], 1).struct.field("field_0").str.len_chars()
    return (pl.when(at.is_not_null()).then(chars + 1).otherwise(before)).cast(pl.Int64)


def _matches_row(a: str, pattern: str) -> bool:
    return row_pattern(pattern).search(a.encode()) is not None


def _replace_pattern_row(a: str, pattern: str, by: str) -> str:
    text = a.encode()
    found = row_pattern(pattern).search(text)
    return a if found is None else (text[: found.start()] + by.encode() + text[found.end() :]).decode()


def _extract_row(a: str, pattern: str, group: int = 0) -> str:
    found = row_pattern(pattern).search(a.encode())
    return (found[group] or b"").decode() if found else ""


def _extract_polars(a: Any, pattern: Any, group: Any = None, *, values: list[Any]) -> Any:
    found = a.str.extract(rust_pattern(values[1]), values[2] if len(values) > 2 else 0)
    return _pl().when(a.is_not_null()).then(found.fill_null(""))


def _reverse_polars(a: Any) -> Any:
    # by characters, as everywhere here; Polars' own keeps a letter and its accent together
    return _pl().when(a.is_not_null()).then(a.str.split("").list.reverse().list.join(""))


def _concat_row(*parts: Any) -> str:
    return "".join(text_row(part) for part in parts if part is not None)


def _concat_polars(*parts: Any, kinds: list[str]) -> Any:
    texts = [cast_polars(part, kind, "str") for part, kind in zip(parts, kinds, strict=True)]
    return _pl().concat_str(texts, ignore_nulls=True)


def _like(case: bool) -> tuple[Any, Any]:
    # without regard to case: both in lower case, since each engine of patterns has its own idea of it
    def row(a: str, like: str) -> bool:
        text, like = (a, like) if case else (a.lower(), like.lower())
        return like_row_pattern(like).search(text.encode()) is not None

    def polars(a: Any, like: Any, *, values: list[Any]) -> Any:
        like = values[1] if case else values[1].lower()
        return (a if case else a.str.to_lowercase()).str.contains(like_pattern(like))

    return polars, row


_LIKE, _ILIKE = _like(True), _like(False)

FUNCTIONS = (
    Function(
        "||", (_S, _S), "str", lambda a, b: a + b, lambda a, b: a + b, "({0} || {1})", "joined; NULL if either is"
    ),
    Function(
        "concat",
        (("str", "int", "bool", "date", "timestamp"),),
        "str",
        _concat_polars,
        _concat_row,
        "concat({all})",
        "joined; NULLs are left out",
        many=True,
        strict=False,
    ),
    Function("lower", (_S,), "str", lambda a: a.str.to_lowercase(), str.lower, "lower({0})", "in lower case"),
    Function("upper", (_S,), "str", lambda a: a.str.to_uppercase(), str.upper, "upper({0})", "in upper case"),
    Function(
        "trim",
        (_S,),
        "str",
        lambda a: a.str.strip_chars(" "),
        lambda a: a.strip(" "),
        "trim({0}, ' ')",
        "without spaces at both ends",
    ),
    Function(
        "ltrim",
        (_S,),
        "str",
        lambda a: a.str.strip_chars_start(" "),
        lambda a: a.lstrip(" "),
        "trim(LEADING ' ' FROM {0})",
        "without spaces at the beginning",
    ),
    Function(
        "rtrim",
        (_S,),
        "str",
        lambda a: a.str.strip_chars_end(" "),
        lambda a: a.rstrip(" "),
        "trim(TRAILING ' ' FROM {0})",
        "without spaces at the end",
    ),
    Function("length", (_S,), "int", lambda a: a.str.len_chars().cast(int), len, "length({0})", "characters"),
    Function(
        "substring",
        (_S, _I, _I),
        "str",
        _substring_polars,
        _substring_row,
        "substring({all})",
        "from a position, so many characters (to the end if not given)",
        optional=2,
    ),
    Function(
        "left",
        (_S, _I),
        "str",
        _left_polars,
        lambda a, n: a[:n] if n else "",
        "left({0}, {1})",
        "the first n characters; all but the last -n",
    ),
    Function(
        "right",
        (_S, _I),
        "str",
        _right_polars,
        _right_row,
        "right({0}, {1})",
        "the last n characters; all but the first -n",
    ),
    Function(
        "replace",
        (_S, _S, _S),
        "str",
        lambda a, b, c, *, values: a.str.replace_all(values[1], values[2], literal=True) if values[1] else a,
        lambda a, b, c: a.replace(b, c) if b else a,
        "replace({0}, {1}, {2})",
        "each b by c",
        literal=(1, 2),
    ),
    Function(
        "starts_with",
        (_S, _S),
        "bool",
        lambda a, b: a.str.starts_with(b),
        str.startswith,
        "starts_with({0}, {1})",
        "does a begin with b?",
    ),
    Function(
        "ends_with",
        (_S, _S),
        "bool",
        lambda a, b: a.str.ends_with(b),
        str.endswith,
        "(right({0}, length({1})) = {1})",
        "does a end with b?",
    ),
    Function(
        "contains",
        (_S, _S),
        "bool",
        lambda a, b: a.str.contains(b, literal=True),
        lambda a, b: b in a,
        "(strpos({0}, {1}) > 0)",
        "does a hold b?",
    ),
    Function(
        "strpos",
        (_S, _S),
        "int",
        _strpos_polars,
        lambda a, b: a.find(b) + 1,
        "strpos({0}, {1})",
        "position of b in a; 0 if it is not there",
        literal=(1,),
    ),
    Function(
        "split_part",
        (_S, _S, _I),
        "str",
        _split_polars,
        _split_row,
        "split_part({0}, {1}, {2})",
        "the n-th part between separators; negative counts from the end",
        literal=(1, 2),
    ),
    Function(
        "lpad",
        (_S, _I, _S),
        "str",
        *_LPAD,
        "lpad({0}, {1}, {2})",
        "filled at the left, or cut, to n characters",
        literal=(1, 2),
    ),
    Function(
        "rpad",
        (_S, _I, _S),
        "str",
        *_RPAD,
        "rpad({0}, {1}, {2})",
        "filled at the right, or cut, to n characters",
        literal=(1, 2),
    ),
    Function("reverse", (_S,), "str", _reverse_polars, lambda a: a[::-1], "reverse({0})", "backwards"),
    Function(
        "repeat",
        (_S, _I),
        "str",
        lambda a, n: _known(a.repeat_by(n.clip(0)).list.join(""), a),
        lambda a, n: a * max(n, 0),
        "repeat({0}, {1})",
        "n times",
        literal=(1,),
    ),
    Function("like", (_S, _S), "bool", *_LIKE, "({0} LIKE {1})", "% is any text, _ any character", literal=(1,)),
    Function("ilike", (_S, _S), "bool", *_ILIKE, "({0} ILIKE {1})", "like, without regard to case", literal=(1,)),
    Function(
        "regexp_matches",
        (_S, _S),
        "bool",
        lambda a, p, *, values: a.str.contains(rust_pattern(values[1])),
        _matches_row,
        "regexp_matches({0}, {1})",
        "does the pattern occur?",
        literal=(1,),
    ),
    Function(
        "regexp_replace",
        (_S, _S, _S),
        "str",
        lambda a, p, b, *, values: a.str.replace(rust_pattern(values[1]), values[2].replace("$", "$$")),
        _replace_pattern_row,
        "regexp_replace({0}, {1}, {2})",
        "the first match replaced by a plain text",
        literal=(1, 2),
    ),
    Function(
        "regexp_extract",
        (_S, _S, _I),
        "str",
        _extract_polars,
        _extract_row,
        "regexp_extract({all})",
        "the first match, or its n-th group; empty if there is none",
        optional=2,
        literal=(1, 2),
    ),
)
