"""A version of a table written: its blocks as files, then one commit in the log that names them.

    1. the codec is that of the version before, or is measured where there is none like it;
    2. each block's file is written, where none equal to it lies there;
    3. one commit of the log takes in what is new and leaves out what the version does not have.

Killed before the third nothing is seen of it. Rows of a type that Delta keeps as another (an unsigned number, a time in
nanoseconds) are written by delta-rs whole, which makes them what Delta can hold.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from treadle.backends.embedded import blocks, codecs
from treadle.store import Keeping, Part, Stored

if TYPE_CHECKING:
    import polars as pl
    from deltalake import DeltaTable, Schema

FINGERPRINT, WRITTEN = "treadle.fingerprint", "treadle.written"
_GROWN = 4
"""A table so many times as large is measured anew."""
_STATED = 32
"""Columns whose extremes the log has, as usual in Delta."""


class Written(Struct, frozen=True):
    """What the log's commit says beside the fingerprint. `parts`: the files in the order of the rows.

    `columns`: a digest of the schema; with `rows` it tells whether what was measured (`ratio`; all of it is in
    `tried`, where it was this time) is true of a later version too.
    """

    parts: tuple[str, ...]
    stored: Stored
    ratio: float
    rows: int
    columns: str
    tried: tuple[codecs.Tried, ...] = ()


def written_of(info: dict[str, Any]) -> Written | None:
    """What a commit says; None where another wrote it."""
    try:
        return msgspec.json.decode(str(info[WRITTEN]), type=Written)
    except (KeyError, msgspec.MsgspecError):
        return None


def direct(frame: pl.DataFrame) -> bool:
    """Whether Delta keeps each column as the type that it has."""
    return bool(frame.width) and all(_direct(dtype) for dtype in frame.dtypes)


def _direct(dtype: pl.DataType) -> bool:
    import polars as pl

    if isinstance(dtype, pl.List):
        return _direct(dtype.inner)  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return all(_direct(field.dtype) for field in dtype.fields)  # type: ignore[arg-type]
    if isinstance(dtype, pl.Datetime):
        return dtype.time_unit == "us" and dtype.time_zone in (None, "UTC")
    plain = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Float32, pl.Float64, pl.Boolean, pl.String, pl.Date, pl.Binary)
    return dtype in plain or isinstance(dtype, pl.Decimal)


def columns_of(frame: pl.DataFrame) -> str:
    from hashlib import sha256

    return sha256(repr(list(frame.schema.items())).encode()).hexdigest()


def codec_for(frame: pl.DataFrame, keeping: Keeping, before: Written | None) -> codecs.Chosen:
    """The codec of the version before, where that is of the same columns and about so many rows: equal blocks are then
    equal files."""
    if (
        before is not None
        and before.columns == columns_of(frame)
        and before.rows <= _GROWN * frame.height <= _GROWN**2 * before.rows
        and keeping.codec in ("", before.stored.codec)
    ):
        return codecs.Chosen(before.stored.codec, before.ratio)
    return codecs.choose(frame, keeping)


class Version(Struct, frozen=True):
    """A version's files, once they are written: to be taken into the log."""

    parts: tuple[Part, ...]
    written: Written
    adds: tuple[tuple[Part, str], ...]
    """Parts of the new rows with their statistics, as the log has them."""


def write_blocks(
    frame: pl.DataFrame,
    folder: Path,
    chosen: codecs.Chosen,
    base: Sequence[Part] = (),
    base_plain: int = 0,
    order: tuple[str, ...] = (),
) -> Version:
    """The files of `base`, and after them those of `frame`."""
    made = list(blocks.write(frame, folder, chosen.codec, [part.path for part in base]))
    parts = (*base, *(block.part for block in made))
    size = sum(block.part.size for block in made)
    written = Written(
        parts=tuple(part.path for part in parts),
        stored=Stored(
            codec=chosen.codec,
            plain=base_plain + int(size * chosen.ratio),
            fresh=sum(block.part.size for block in made if block.fresh),
            order=order,
        ),
        ratio=round(chosen.ratio, 4),
        rows=frame.height,
        columns=columns_of(frame),
        tried=chosen.tried,
    )
    adds = tuple((block.part, stats(frame.slice(block.start, block.rows))) for block in made)
    return Version(parts, written, adds)


def commit(
    place: str, table: DeltaTable | None, schema: Schema, version: Version, content: str, *, changes: bool = True
) -> None:
    """Take a version into the log. `table`: at the version before; None where there is none. changes: it has other rows
    than that, and not these in other files."""
    from deltalake import CommitProperties
    from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

    now = int(time.time() * 1000)

    def add(part: Part, told: str) -> AddAction:
        return AddAction(part.path, part.size, {}, now, changes, told)

    says = CommitProperties(custom_metadata=metadata(content, version.written))
    if table is None:
        adds = [add(part, told) for part, told in version.adds]
        create_table_with_add_actions(place, schema, adds, mode="overwrite", partition_by=[], commit_properties=says)
        return
    if table.schema().to_json() != schema.to_json():
        adds = [add(part, told) for part, told in version.adds]
        table.create_write_transaction(adds, mode="overwrite", schema=schema, commit_properties=says)
        return
    active, wanted = active_files(table), {part.path for part in version.parts}
    actions: list[AddAction | RemoveAction] = [
        add(part, told) for part, told in version.adds if part.path not in active
    ]
    actions += [RemoveAction(name, changes, now, size, {}) for name, size in active.items() if name not in wanted]
    table.create_write_transaction(actions, mode="append", schema=schema, commit_properties=says)


def metadata(content: str, written: Written) -> dict[str, str]:
    return {FINGERPRINT: content, WRITTEN: msgspec.json.encode(written).decode()}


def active_files(table: DeltaTable) -> dict[str, int]:
    """Names of the files of a version, with their sizes."""
    import polars as pl

    told = pl.DataFrame(table.get_add_actions(flatten=True))
    return {str(path): int(size) for path, size in told.select("path", "size_bytes").iter_rows()}


def stats(block: pl.DataFrame) -> str:
    """Rows, missing values and extremes of a file, as a log of Delta has them for whoever skips files."""
    import polars as pl

    told: dict[str, Any] = {"numRecords": block.height, "minValues": {}, "maxValues": {}, "nullCount": {}}
    for column in islice(block.iter_columns(), _STATED):
        dtype = column.dtype
        if not (dtype.is_integer() or dtype.is_float() or dtype in (pl.Date, pl.Datetime)):
            continue
        told["nullCount"][column.name] = column.null_count()
        if dtype.is_float() and not column.drop_nulls().is_finite().all():
            continue
        low, high = column.min(), column.max()
        if low is not None:
            told["minValues"][column.name], told["maxValues"][column.name] = _plain(low), _plain(high)
    return json.dumps(told)


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else value.isoformat().replace("+00:00", "Z")
