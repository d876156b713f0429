"""Rows that were set aside mended by expressions of the project's own language, or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from treadle import expr
from treadle.errors import DataError, ExpressionError, SpecError, nearest
from treadle.evidence import Entry
from treadle.evidence.kinds.quarantine_changed import QuarantineChanged
from treadle.stages.aside import parquet_of
from treadle.stages.quarantine import parts_of, standing, write_change
from treadle.store import Blob

if TYPE_CHECKING:
    import polars as pl

    from treadle.workspace import Workspace


def sets_of(texts: tuple[str, ...]) -> dict[str, str]:
    """`column=expression`, each once.

    Raises:
        SpecError: one has no `=`, or no column before it, or two are about one column.
    """
    found = dict[str, str]()
    for text in texts:
        column, sign, made = text.partition("=")
        column = column.strip().strip('"')
        if not sign or not column or not made.strip():
            raise SpecError(f"{text!r} is no change of a column", where="--set", mend='write --set "column=expression"')
        if column in found:
            raise SpecError(f"{column} is set twice", where="--set", mend="say one expression a column")
        found[column] = made.strip()
    if not found:
        raise SpecError("nothing is set", where="--set", mend='write --set "column=expression"')
    return found


def mend(
    workspace: Workspace, source: str, sets: Mapping[str, str], where: str, reason: str
) -> Entry[QuarantineChanged]:
    """Change values of the rows of a source that are set aside. They stay set aside until they are replayed.

    Raises:
        DataError: none are set aside, none fits, or a column is not there.
        ExpressionError: an expression is wrong, or its values cannot be the column's.
        Overtaken: something else was done about the source meanwhile.
    """
    head = standing(workspace, source)
    parts, concerned, aside = parts_of(workspace.blobs, head.aside, source), 0, list[Blob]()
    if not parts:
        raise DataError(f"no row of {source} is set aside", where=source, mend="there is nothing to mend")
    for blob, part in zip(head.aside, parts, strict=True):
        changed, rows = _mended(part, sets, where, source)
        concerned += rows
        aside.append(Blob(workspace.blobs.put(parquet_of(changed)), blob.name) if rows else blob)
    if not concerned:
        raise DataError(f"no row of {source} that is set aside fits", where=f"--where {where}", mend="look: show")
    made = QuarantineChanged(
        source=source,
        done="mended",
        base=head.hash,
        rows=concerned,
        left=sum(part.height for part in parts),
        aside=tuple(aside),
        sets=dict(sets),
        where=where,
        reason=reason,
    )
    return write_change(workspace, head, made)


def drop(workspace: Workspace, source: str, where: str, reason: str) -> Entry[QuarantineChanged]:
    """Rows that are set aside are no longer wanted: all, or those that fit.

    Raises:
        DataError: none are set aside, none fits, or no reason is given.
        Overtaken: something else was done about the source meanwhile.
    """
    if not reason.strip():
        raise SpecError("rows are not dropped without a reason", where="--reason", mend="say why: --reason TEXT")
    head = standing(workspace, source)
    parts, gone, aside = parts_of(workspace.blobs, head.aside, source), 0, list[Blob]()
    if not parts:
        raise DataError(f"no row of {source} is set aside", where=source, mend="there is nothing to drop")
    for blob, part in zip(head.aside, parts, strict=True):
        stays = part.filter(~_fits(part["given"].struct.unnest(), where, source))
        gone += part.height - stays.height
        if stays.height:
            same = stays.height == part.height
            aside.append(blob if same else Blob(workspace.blobs.put(parquet_of(stays)), blob.name))
    if not gone:
        raise DataError(f"no row of {source} that is set aside fits", where=f"--where {where}", mend="look: show")
    made = QuarantineChanged(
        source=source,
        done="dropped",
        base=head.hash,
        rows=gone,
        left=sum(part.height for part in parts) - gone,
        aside=tuple(aside),
        where=where,
        reason=reason,
    )
    return write_change(workspace, head, made)


def _fits(given: pl.DataFrame, where: str, source: str) -> pl.Series:
    """True in rows of which `where` is true; in all where it is empty."""
    import polars as pl

    if not where.strip():
        return pl.repeat(True, given.height, dtype=pl.Boolean, eager=True)
    found = expr.parse(where, expr.column_types(given), where="--where")
    if found.type not in ("bool", "null"):
        raise ExpressionError(
            f"rows are chosen by what is true or false, and this is of type {found.type}: {where}",
            where="--where",
            mend="compare it with something",
        )
    return given.select(expr.to_polars(found).fill_null(False).alias("fits")).to_series()


def _mended(part: pl.DataFrame, sets: Mapping[str, str], where: str, source: str) -> tuple[pl.DataFrame, int]:
    """All expressions see a row as it was, as in SQL's UPDATE."""
    import polars as pl

    given = part["given"].struct.unnest()
    fits = _fits(given, where, source)
    made = [_column(given, column, text, fits, source) for column, text in sets.items()]
    changed = given.with_columns(made)
    before = part["mended"] if "mended" in part.columns else pl.Series([False] * part.height, dtype=pl.Boolean)
    return (
        part.with_columns(changed.to_struct("given"), (before | fits).alias("mended")),
        int(fits.sum()),
    )


def _column(given: pl.DataFrame, column: str, text: str, fits: pl.Series, source: str) -> pl.Series:
    """The new values of a column. In a column of texts they become text, to be cast as the contract declares."""
    import polars as pl

    from treadle.sources import are_whole

    if column not in given.columns:
        raise DataError(
            f'the rows of {source} have no column "{column}"', where="--set", mend=nearest(column, given.columns)
        )
    types, place = expr.column_types(given), f"--set {column}"
    found, dtype = expr.parse(text, types, where=place), given.schema[column]
    kind = types.get(column)
    if kind == "str" and found.type not in ("str", "null", "float"):
        found = expr.parse(f"cast(({text}) as varchar)", types, where=place)
    # of a row that is not to be changed nothing is asked: neither that its value fits, nor that it can be had
    values = given.select(pl.when(pl.lit(fits)).then(expr.to_polars(found)).alias(column)).to_series()
    fine = (
        found.type in (kind, "null") or dtype == pl.Null or (kind, found.type) in (("float", "int"), ("str", "float"))
    )
    if not fine and (kind, found.type) != ("int", "float"):
        raise ExpressionError(
            f"{column} is of type {kind or dtype}, and this is of type {found.type}: {text}",
            where=place,
            mend="cast it: cast(... as TYPE)",
        )
    target = values.dtype if dtype == pl.Null else dtype
    if (kind, found.type) == ("int", "float") and not are_whole(values):
        target = pl.Float64()
        _refuse_loss(given[column].filter(~fits), text, place)
    try:
        return values.cast(target).zip_with(fits, given[column].cast(target)).alias(column)
    except pl.exceptions.PolarsError as bad:
        raise ExpressionError(
            f"{column} is of type {dtype}, and cannot hold what comes of it: {text}",
            where=place,
            mend="set a value that it can hold",
        ) from bad


def _refuse_loss(others: pl.Series, text: str, place: str) -> None:
    """A column that comes to hold fractions must tell the whole numbers of the other rows to the last digit.

    Raises:
        ExpressionError: it could not.
    """
    from treadle.sources import EXACT

    large = others.filter((others > EXACT) | (others < -EXACT))
    if len(large):
        raise ExpressionError(
            f"{others.name} would come to hold fractions, and lose digits of rows that are not to be changed, "
            f"such as {large[0]}: {text}",
            where=place,
            mend="set a whole number: cast(round(...) as bigint)",
        )
