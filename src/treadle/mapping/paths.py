"""A place in the rows of a source: a column, a field of an object, an element of a list, or of JSON that is a text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from treadle import expr
from treadle.errors import DataError, nearest

if TYPE_CHECKING:
    import polars as pl

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d{1,6})\]")

_ODD = re.compile(r"[\\*\"']")
_DEEPEST = 32


class NotMade(DataError):
    """A column of the target, `target`, cannot be made of the rows. `others`: of other columns, the same."""

    def __init__(self, what: str, target: str, *, where: str, mend: str) -> None:
        self.target = target
        self.others = tuple[NotMade, ...]()
        super().__init__(what, where=where, mend=mend)


class NotThere(NotMade):
    """What a column is made of is not in the source, or not as it was. `origin`: the column of the source, or its
    place in one; `gone`: there is no column at all that it begins in; `near`: one of a like name; `rows`: what the
    source has that nothing else is made of.
    """

    def __init__(
        self, what: str, target: str, origin: str, *, where: str, mend: str, gone: bool = False, near: str = ""
    ) -> None:
        self.origin, self.gone, self.near = origin, gone, near
        self.rows: pl.DataFrame | None = None
        super().__init__(what, target, where=where, mend=mend)


class Found:
    """A place: the column that it begins in, and an expression that reads it. `zoned`: it goes on within that column,
    to times that came with a zone; of a column itself its type does not tell, since all are in UTC."""

    def __init__(self, column: str, values: pl.Expr, *, zoned: bool = False) -> None:
        self.column, self.values, self.zoned = column, values, zoned


def root_of(place: str, columns: Any) -> str:
    """The column that a place begins in: itself, or the longest one that it goes on from; empty where none is there.

    >>> root_of("address.city", {"address.city": 1, "address": 1}), root_of("items[0].sku", {"items": 1})
    ('address.city', 'items')
    """
    if place in columns:
        return place
    ends = [at for at, sign in enumerate(place) if sign in ".["]
    return next((place[:at] for at in reversed(ends) if place[:at] in columns), "")


def find(place: str, schema: pl.Schema, target: str, where: str) -> Found:
    """Where a place is in rows of this schema. Of JSON in a text a part is a text; it is missing where it is not there.

    Raises:
        NotThere: there is no such column or field; it is in a list, or an object itself.
    """
    column = root_of(place, schema)
    if not column:
        mend = nearest(place, schema)
        raise NotThere(f'the source has no column "{place}"', target, place, where=where, mend=mend)
    values, kind = expr.named(column), schema[column]
    rest = place[len(column) :]
    steps = _STEP.findall(rest)
    if "".join(f".{name}" if name else f"[{at}]" for name, at in steps) != rest:
        raise NotThere(
            f'"{place}" is no place in a row: the source has a column "{column}", and no "{place}"',
            target,
            place,
            where=where,
            mend="write a.b for a field of an object, and a[0] for an element of a list",
        )
    if len(steps) > _DEEPEST:
        what = f'"{place[:80]}…" goes {len(steps)} steps deep'
        raise NotThere(what, target, column, where=where, mend=f"a place is at most {_DEEPEST} steps deep")
    for number, (name, index) in enumerate(steps):
        if _is_text(kind):
            odd = next((each for each, _ in steps[number:] if _ODD.search(each)), None)
            if odd is not None:  # Polars' paths have no such names, or mean something else by them
                what = f'"{odd}" in "{place}" is no name of a field in JSON that is a text'
                mend = "such a name has none of \\ * \" ' in it; read the text as an object, or by an expression"
                raise NotThere(what, target, column, where=where, mend=mend)
            return Found(column, values.str.json_path_match(_json_path(steps[number:])))
        values, kind = _step(values, kind, name, index, place, target, where)
    if kind.is_nested():
        what = "an object" if _is_object(kind) else "a list"
        raise NotThere(f"{place} is {what}", target, column, where=where, mend=_mend(kind, place))
    zoned = bool(steps) and getattr(kind, "time_zone", None) is not None
    return Found(column, _as_usual(values, kind), zoned=zoned)


def _step(
    values: pl.Expr, kind: Any, name: str, index: str, place: str, target: str, where: str
) -> tuple[pl.Expr, pl.DataType]:
    import polars as pl

    if name and _is_object(kind):
        fields = {field.name: field.dtype for field in kind.fields}
        if name in fields:
            return values.struct.field(name), fields[name]
        raise NotThere(
            f'"{place}" is not there: no field is called {name}', target, place, where=where, mend=nearest(name, fields)
        )
    if index and isinstance(kind, pl.List | pl.Array):
        inner: Any = kind.inner
        number = int(index)
        if isinstance(kind, pl.List):
            return values.list.get(number, null_on_oob=True), inner
        return values.arr.get(number, null_on_oob=True), inner
    what = "a list" if kind.is_nested() and not _is_object(kind) else "an object" if kind.is_nested() else "no object"
    raise NotThere(f"{place} is not there: it goes through {what}", target, place, where=where, mend=_mend(kind, place))


def _mend(kind: Any, place: str) -> str:
    if not kind.is_nested():
        return "its values are plain: name the column alone"
    if _is_object(kind):
        return f"name one of its fields: {', '.join(f'{place}.{field.name}' for field in kind.fields[:3])}"
    return "say which element, such as items[0].sku, where the first counts"


def _json_path(steps: list[tuple[str, str]]) -> str:
    """As Polars takes it: `$['city'][0]`."""
    return "$" + "".join(f"[{json.dumps(name, ensure_ascii=False)}]" if name else f"[{at}]" for name, at in steps)


def _as_usual(values: pl.Expr, kind: Any) -> pl.Expr:
    """What came out of a list in a type that is known here, as sources make of columns."""
    import polars as pl

    if isinstance(kind, pl.Datetime):
        values = values.dt.cast_time_unit("us")
        return values.dt.replace_time_zone("UTC") if kind.time_zone is None else values.dt.convert_time_zone("UTC")
    if isinstance(kind, pl.Decimal):
        return values.cast(pl.Float64)
    return values.cast(pl.String) if kind == pl.Null or kind in (pl.Categorical, pl.Enum) else values


def _is_text(kind: Any) -> bool:
    import polars as pl

    return bool(kind == pl.String)


def _is_object(kind: Any) -> bool:
    import polars as pl

    return isinstance(kind, pl.Struct)
