"""Whole numbers beyond what a float tells apart: they are never made floats, whatever stands beside them.

A column that holds such numbers and fractions too is whole numbers where the fractions are whole (7.0, 1e3), else text,
so that a contract can set the odd row aside, and every other row is what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

EXACT = 2**53
"""Up to it, and down to its negative, each whole number is a float of its own."""
Kept = Literal["fractions", "whole", "text"]
Path = tuple[str | None, ...]
"""The names of a field and of the objects that it is in; None: in each of a list."""


def beside(most: int, fractions: Iterable[pl.Series]) -> Kept:
    """What a column is whose whole numbers go up to `most`, or down to its negative, and which has fractions too.

    >>> import polars as pl
    >>> beside(2**53, [pl.Series([0.5])]), beside(2**53 + 1, [pl.Series([0.5])]), beside(2**53 + 1, [pl.Series([7.0])])
    ('fractions', 'text', 'whole')
    """
    if most <= EXACT:
        return "fractions"
    return "whole" if all(map(are_whole, fractions)) else "text"


def farthest(values: pl.Series) -> int:
    """How far whole numbers go from zero."""
    return max((abs(int(each)) for each in (values.min(), values.max()) if isinstance(each, int)), default=0)


def are_whole(values: pl.Series) -> bool:
    """Whether all floats that are not missing are whole numbers that a float holds to the last digit."""
    return bool(((values == values.round()) & (values.abs() <= EXACT)).fill_null(True).all())


def numbers_of(values: Sequence[int | float | None], name: str) -> pl.Series:
    """One column of whole numbers and fractions, of which each value has a type of its own."""
    import polars as pl

    most = max((abs(each) for each in values if isinstance(each, int)), default=0)
    fractions = pl.Series(name, [each for each in values if isinstance(each, float)], dtype=pl.Float64)
    kept = beside(most, [fractions])
    if kept == "fractions":
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if kept == "whole" and most < 2**63:
        return pl.Series(name, [None if each is None else int(each) for each in values], dtype=pl.Int64)
    return pl.Series(name, [None if each is None else str(each) for each in values], dtype=pl.String)


def in_one(parts: Sequence[pl.Series]) -> list[pl.Series]:
    """Parts of one column of numbers in a type that holds all of them."""
    import polars as pl

    wholes = [part for part in parts if part.dtype.is_integer()]
    fractions = [part for part in parts if part.dtype.is_float()]
    kept = beside(max(map(farthest, wholes), default=0), fractions) if fractions else "whole"
    if kept == "text":
        return [as_texts(part) for part in parts]
    if kept == "fractions":
        return [part.cast(pl.Float64) for part in parts]
    large = any(part.dtype in (pl.UInt64, pl.Int128, pl.UInt128) for part in parts)
    return [part.cast(pl.Int128 if large else pl.Int64) for part in parts]


def as_texts(values: pl.Series) -> pl.Series:
    """Numbers as they are written: of a whole number digits alone, whatever column it stood in."""
    import polars as pl

    if not values.dtype.is_float():
        return values.cast(pl.String)
    digits = pl.when(pl.lit((values == values.round()) & (values.abs() <= EXACT))).then(
        pl.lit(values.cast(pl.Int64, strict=False).cast(pl.String))
    )
    return pl.select(digits.otherwise(pl.lit(values.cast(pl.String)))).to_series().alias(values.name)


def far_floats(frame: pl.DataFrame) -> list[Path]:
    """Fields of JSON that were read as fractions, and hold what may be whole numbers beyond a float."""
    return [path for column in frame.iter_columns() for path in _far(column, (column.name,))]


def _far(values: pl.Series, path: Path) -> Iterator[Path]:
    import polars as pl

    if values.dtype.is_float():
        if (values.is_finite() & (values.abs() >= EXACT)).any():
            yield path
    elif isinstance(values.dtype, pl.Struct):
        for part in values.struct.unnest().iter_columns():
            yield from _far(part, (*path, part.name))
    elif isinstance(values.dtype, pl.List):
        yield from _far(values.explode(), (*path, None))


def kept_exact(records: list[Any], paths: Iterable[Path]) -> list[Any]:
    """The records with the numbers at these places such that no reader has to round them: all whole, or all texts."""
    for path in paths:
        places = [(holder, key) for record in records for holder, key in _places(record, path)]
        numbers = [holder[key] if type(holder[key]) in (int, float) else None for holder, key in places]
        exact = numbers_of(numbers, "")
        if not exact.dtype.is_float():
            for (holder, key), value in zip(places, exact, strict=True):
                holder[key] = holder[key] if value is None else value
    return records


def _places(value: Any, path: Path) -> Iterator[tuple[Any, Any]]:
    """Where in a record a field is: what holds it, and by which name or number."""
    name, rest = path[0], path[1:]
    if name is None:
        keys: Iterable[Any] = range(len(value)) if isinstance(value, list) else ()
    else:
        keys = (name,) if isinstance(value, dict) and name in value else ()
    for key in keys:
        if rest:
            yield from _places(value[key], rest)
        else:
            yield value, key
