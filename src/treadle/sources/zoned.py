"""Times that come with a zone, in columns of which the project file says what clock wrote the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from treadle.errors import DataError
from treadle.mapping import as_instants, column_at_source, instants_in, offsets_of
from treadle.sources.dates import form_of, parsed, says_zone
from treadle.sources.expected import Expected, of_clocks, types_expected
from treadle.spec import Layout, Source

if TYPE_CHECKING:
    import polars as pl


def with_clocks(asked: Source, source: Source) -> Source:
    """What a source is asked for (`asked`), with the columns that are placed by a clock's zone in `source`."""
    found = [mapped.origin for mapped in clocked(source).mapped.values() if mapped.zone and mapped.origin]
    new = source.only_new
    if new is not None and new.by is not None and new.time_zone is not None:
        found += [name for name in [column_at_source(source, new.by)] if name is not None]
    if not found:
        return asked
    stated = {name: getattr(asked, name) for name in Source.__struct_fields__}
    return Expected(**stated, types=dict(types_expected(asked)), clocks=frozenset(found))


def clocked(source: Source) -> Source:
    """The source, its clock said of the column that it is read by, too, where that is mapped as a time: each of its
    texts tells whether it says its offset."""
    new = source.only_new
    by = new.by if new is not None else None
    mapped = source.mapped.get(by) if by is not None else None
    if new is None or new.time_zone is None or mapped is None or mapped.type != "timestamp" or mapped.zone is not None:
        return source
    placed = replace(mapped, zone=new.time_zone, ambiguous=new.ambiguous)
    return replace(source, map={**source.map, str(by): placed})


def is_placed(source: Source, instants: frozenset[str]) -> bool:
    """Whether what a source (`clocked`) is read by is placed already. instants: columns there of times with a zone."""
    new = source.only_new
    by = str(new.by) if new is not None else ""
    mapped = source.mapped.get(by)
    return column_at_source(source, by) in instants or (mapped is not None and mapped.zone is not None)


def has_clock(source: Source) -> bool:
    """Whether a clock is said of any of its columns."""
    new = source.only_new
    return (new is not None and new.time_zone is not None) or any(mapped.zone for mapped in source.mapped.values())


def marked(made: pl.DataFrame, given: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Rows that were made of `given`, the times marked that have a zone by their type there."""
    clocks = of_clocks(layout)
    return as_instants(made, clocks & {*columns_with_zones(given.schema)}) if clocks else made


def columns_with_zones(schema: Mapping[str, object], before: str = "") -> list[str]:
    """Columns whose type says a zone, those in objects by their place: `address.since`."""
    import polars as pl

    found = list[str]()
    for name, dtype in schema.items():
        if isinstance(dtype, pl.Struct):
            found += columns_with_zones(dtype.to_schema(), f"{before}{name}.")
        elif isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            found.append(before + name)
    return found


def told(made: pl.Series, text: pl.Series, layout: Layout) -> pl.Series:
    """Values that were told from texts, marked where these say their zone."""
    import polars as pl

    if made.name not in of_clocks(layout) or not isinstance(made.dtype, pl.Datetime) or not made.count():
        return made
    like, form = text.drop_nulls()[:1], layout.date_format.get(made.name)
    if form is None or not parsed(like, form).count():  # times in another form than is stated are in one of ISO 8601
        found = form_of(like)
        form = found.format if found else ""
    if says_zone(form) or offsets_of(text) is not None:
        return as_instants(made.to_frame(), [made.name]).to_series()
    return made


def refuse_mixed(frames: Sequence[pl.DataFrame], names: Sequence[str], layout: Layout, where: str) -> None:
    """Refuse a column of times with a zone in one file and without in another: one column is of one kind. A file in
    which it has no value says nothing of it.

    Raises:
        DataError: both are named.
    """
    import polars as pl

    for column in sorted(of_clocks(layout)):
        found: dict[bool, str] = {}
        for frame, name in zip(frames, names, strict=True):
            kind = frame.schema.get(column)
            if isinstance(kind, pl.Datetime | pl.Date) and frame.get_column(column).count():  # days are a clock's, too
                found.setdefault(column in instants_in(frame), name)
        if len(found) > 1:
            raise mixed(column, found[True], found[False], where)


def mixed(column: str, zoned: str, other: str, where: str) -> DataError:
    what = f"{column} says its zone in {zoned}, and not in {other}, and a clock's zone is said of it"
    return DataError(what, where=where, mend="write it alike in all files, or make two sources of them")
