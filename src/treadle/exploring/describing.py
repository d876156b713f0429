"""A snapshot or a file of one's own, profiled; the label of the project is known where its source is asked about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import DataError, ExpressionError, nearest
from treadle.exploring.holding import held, read_plainly
from treadle.exploring.named import named
from treadle.exploring.snapshots import Kept
from treadle.profiling.found import Profile
from treadle.spec import all_tables

if TYPE_CHECKING:
    import polars as pl

    from treadle.profiling import Label
    from treadle.spec import Layout
    from treadle.workspace import Workspace

Say = Callable[[str], None]


def profile_snapshot(workspace: Workspace, text: str, label: str | None, say: Say) -> Profile:
    """The profile of `SOURCE[@WHEN]`. `label`: a column or an expression; the project's, where there is one for this
    source.

    Raises:
        DataError: there is no such snapshot, or no such column. EvidenceError: it is not what the record says.
    """
    return profile_kept(workspace, held(workspace, named(text)), label, say)


def profile_kept(
    workspace: Workspace, found: Kept, label: str | None, say: Say, *, like: Profile | None = None
) -> Profile:
    """The profile of a snapshot that was held to the record. `like`: the profile of another, for bins that are alike.

    Raises:
        DataError: there is no such column. EvidenceError: its rows cannot be read.
    """
    from treadle.profiling import Asked, profile

    source = named(found.read.subject.partition("/")[2]).source
    how = "its files held to the record by their " + ("hashes" if found.held == "content" else "sizes alone")
    with read_plainly(workspace, [found]):
        frame = workspace.tables.rows(found.snapshot)
        asked = Asked(
            name=f"{source}@{found.snapshot.version}",
            bytes=found.bytes,
            snapshot=f"version {found.snapshot.version}, read {found.read.time[:16]} UTC by {found.read.actor}, "
            f"fingerprint {found.snapshot.fingerprint}, {how}",
            label=_label(frame, label) if label else _of_project(workspace, source, frame),
            key=all_tables(workspace.project.spec)[source].keys,
            like=like,
            say=say,
        )
        return profile(frame, asked)


def profile_file(file: str, layout: Layout, label: str | None, say: Say) -> Profile:
    """The profile of a file that the user named. Parquet is scanned; what is text is read whole, and held to be what
    sources would take it for.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """
    import polars as pl

    from treadle.profiling import Asked, profile
    from treadle.sources import find_own, tabled

    found = find_own(file, layout, where="FILE")
    plain = found.format == "parquet" and all(each.suffix.lower() in (".parquet", ".pq") for each in found.files)
    try:
        frame = pl.scan_parquet(list(found.files), glob=False) if plain else tabled(found, "FILE").frame.lazy()
        asked = Asked(
            name=Path(file).name,
            bytes=found.bytes,
            snapshot=f"files with the digest {found.digest}",
            label=_label(frame, label) if label else None,
            say=say,
        )
        return profile(frame, asked)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as bad:
        if not plain:
            raise
        reason = (str(bad).strip().splitlines() or ["it is damaged"])[0]
        raise DataError(f"{Path(file).name} cannot be read: {reason}", where="FILE", mend="check the file") from bad


def _of_project(workspace: Workspace, source: str, frame: pl.LazyFrame) -> Label | None:
    """The label of the one target that is asked of this source. One that cannot be told from its rows alone is none."""
    texts = {one.spec.predict.label for one in workspace.project.each() if one.spec.predict.each == source}
    if len(texts) != 1:
        return None
    try:
        return _made(frame, texts.pop())
    except ExpressionError:
        return None


def _label(frame: pl.LazyFrame, text: str) -> Label:
    """A column by its name, whatever signs it has; else an expression over the columns."""
    import polars as pl

    from treadle.profiling import Label

    names = frame.collect_schema().names()
    if text in names:
        return Label(text, pl.col(text), frozenset((text,)))
    try:
        return _made(frame, text)
    except ExpressionError as bad:
        hint = nearest(text, names) if text.replace("_", "").isalnum() else bad.mend
        raise DataError(f"{text} is no label: {bad.what}", where="--label", mend=hint) from bad


def _made(frame: pl.LazyFrame, text: str) -> Label:
    from treadle import expr
    from treadle.profiling import Label

    found = expr.parse(text, expr.column_types(frame.collect_schema()), where="--label")
    return Label(text, expr.to_polars(found), frozenset(found.columns))
