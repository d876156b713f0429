"""What is new of a source that was read before: rows from the last value of a column on, or files not read yet.

Nothing is kept here: what is found says how far it goes (`Mark`), and whoever keeps the rows keeps that with them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.errors import DataError, nearest
from treadle.evidence import digest
from treadle.evidence.kinds.source_read import Mark
from treadle.mapping import column_at_source
from treadle.sources import cursors, seen
from treadle.sources.cursors import Above, Value
from treadle.sources.databases import find_rows
from treadle.sources.files import of_files
from treadle.sources.found import Found
from treadle.sources.known_files import as_seen, listed
from treadle.sources.mapped import MappedRows, RatesRead, digests_of_rates, find_mapped, notes_of, read_rates
from treadle.sources.merging import batch, marked
from treadle.sources.opening import find
from treadle.sources.room import ALONE, Share
from treadle.sources.zoned import clocked, has_clock, is_placed, with_clocks
from treadle.spec.databases import is_database
from treadle.store import Blob, fingerprint

if TYPE_CHECKING:
    import polars as pl

    from treadle.spec import New, Source

_DEFINES = ("read", "table", "query", "columns", "where", "key", "format", "separator", "encoding", "decimal")
_WRITTEN = ("thousands", "quote_char", "skip_rows", "null_values", "date_format", "sheet")
_OF_SERVERS = ("records", "parameters", "endpoint")
_DEFINES_NEW = ("by", "deleted", "time_zone", "ambiguous")
HOW_ZONES = "how zones are read"
_ZONES = "what says its zone is left"
"""How times are read of which a clock is said: another sentence where that changes."""
_SEEN = "rows and files that were read"
_AT, _NEW, _GONE, _FIRST = "\x00at", "\x00new", "\x00gone", "\x00first"


class Known(Struct, frozen=True):
    """How far a source was read, and the content of what `mark.seen` names; `mark` is None where nothing was read."""

    mark: Mark | None = None
    seen: bytes = b""


@dataclass(frozen=True)
class _Place:
    """Of the project, and in its file; and the memory that rows may take."""

    root: Path
    where: str
    share: Share


@dataclass(frozen=True, eq=False)
class Newer:
    """What was found. `mark`: how far it goes, and `seen` the content that it names; `nothing`: as far as before.

    `reached`: the newest time that the files tell. `rates`: those that currencies were converted by. `told`: a sentence
    for each thing to be told of the columns that were mapped, once the rows were made. `again`: of each of these
    whether it is of a file that was read before, and changed since; None where none is.
    """

    name: str
    size: int
    mark: Mark
    seen: bytes
    nothing: bool
    rows: Callable[[], pl.DataFrame]
    notes: tuple[str, ...] = ()
    reached: datetime | None = field(default=None)
    rates: tuple[RatesRead, ...] = ()
    told: list[str] = field(default_factory=list)
    again: Callable[[], pl.Series | None] = lambda: None


def definition_of(source: Source, root: Path) -> dict[str, str]:
    """What is asked of which place, a digest for each part that is stated: when one changes, reading begins anew.

    So it does when rates are others: what was kept would have been converted by those before.
    """
    stated = {name: getattr(source, name) for name in (*_DEFINES, *_WRITTEN, *_OF_SERVERS)}
    stated |= {f"new.{name}": getattr(source.only_new, name) for name in _DEFINES_NEW}
    stated |= {"map": source.map, "unmapped": source.unmapped if source.map else ""}
    stated |= {HOW_ZONES: _ZONES if has_clock(source) else ""}
    return {name: digest(value)[:16] for name, value in stated.items() if value} | digests_of_rates(source, root)


def find_new(
    source: Source, root: Path, known: Known, contract: str, *, where: str = "", share: Share = ALONE
) -> Newer:
    """What is new since `known`. `contract`: a digest of the rules that the rows will be held to.

    Raises:
        DataError: it cannot be read; a file changed that was read; rows have no value to read them by; the source went
            back behind what was read.
    """
    new = source.only_new
    assert new is not None
    if new.by is not None:
        return _new_rows(source, new, _Place(root, where, share), known, contract)
    return _new_files(source, new, root, known, contract, where)


def _mark(source: Source, root: Path, contract: str, name: str, content: bytes, **progress: str) -> Mark:
    blob = Blob(hashlib.sha256(content).hexdigest(), _SEEN)
    return Mark(definition=definition_of(source, root), contract=contract, digest=name, seen=blob, **progress)


def _new_rows(source: Source, new: New, place: _Place, known: Known, contract: str) -> Newer:
    where = place.where
    mark, by = known.mark, str(new.by)
    last = cursors.of_text(mark.kind, mark.last) if mark is not None and mark.last else None
    start = _start(last, mark, source, new, where)
    found, rows = _delivered(source, new, place, start)
    values = rows.get_column(by)
    if mark is not None and last is not None:
        cursors.refuse_other_kind(values, mark.kind, mark.last, where)
    if rows.height:  # a column without values may be of any type
        rows = rows if start is None else rows.filter(values >= start)
        rows = rows.sort(by, maintain_order=True)
    if last is not None and not rows.height:
        cursors.refuse_going_back(values if len(values) else _all_values(source, new, place), last, where)
    fresh = rows
    if last is not None and rows.height:
        unseen = _unseen(rows, source, known, last)
        if start is not None and (rows.get_column(by) < last).all():
            _refuse_beginning_anew(values, unseen, source, place, known, start)
        fresh = _fresh(rows, source, new, unseen, where)
    nothing = mark is not None and not fresh.height
    if nothing or not rows.height:
        content = known.seen if mark is not None else b""
        made = mark or _mark(source, place.root, contract, digest([]), b"", by=by)
        return _rows_of(found, made, content, nothing, fresh)
    newest: Value = rows.get_column(by).max()  # type: ignore[assignment]
    newest = newest if last is None else max(newest, last)
    since = cursors.back_from(newest, new, where)
    since = since if start is None else max(since, start)
    window = seen.packed(seen.names_of(rows.filter(rows.get_column(by) >= since)))
    made = _mark(
        source,
        place.root,
        contract,
        digest([mark.digest if mark else "", fingerprint(fresh)]),
        window,
        by=by,
        kind=cursors.kind_of(values, where),
        last=cursors.as_text(newest),
        since=cursors.as_text(since),
    )
    return _rows_of(found, made, window, False, fresh)


def _rows_of(found: MappedRows, mark: Mark, content: bytes, nothing: bool, fresh: pl.DataFrame) -> Newer:
    return Newer(
        found.name, found.bytes, mark, content, nothing, lambda: fresh, rates=found.rates, told=[*notes_of(found)]
    )


def _start(last: Value | None, mark: Mark | None, source: Source, new: New, where: str) -> Value | None:
    """From where on rows are read again. Without a key, not before what is known by its content."""
    if last is None or mark is None:
        return None
    start = cursors.back_from(last, new, where)
    since = cursors.of_text(mark.kind, mark.since)
    return start if source.keys else max(start, since)


def _delivered(source: Source, new: New, place: _Place, start: Value | None) -> tuple[MappedRows, pl.DataFrame]:
    """What was found, and its rows from `start` on, and perhaps older ones."""
    root, where, share, above = place.root, place.where, place.share, _asked_above(source, new, start)

    def ask(asked: Source) -> Found:
        if is_database(asked.read):
            return find_rows(asked, root, where, above, share=share)
        return find(asked, root, where=where, share=share)

    asked = clocked(source)
    found = find_mapped(asked, root, where, ask)
    rows = found.rows(where).collect()
    return found, _placed(rows, new, where, placed=is_placed(asked, frozenset(found.instants)))


def _placed(rows: pl.DataFrame, new: New, where: str, *, placed: bool = False) -> pl.DataFrame:
    """The rows with the column that they are read by as an order: numbers, dates or instants, none of them missing.

    placed: its times are instants as they are.
    """
    by = str(new.by)
    if by not in rows.columns:
        raise DataError(f'there is no column "{by}" to read rows by', where=where, mend=nearest(by, rows.columns))
    if rows.height:
        cursors.kind_of(rows.get_column(by), where)
        cursors.refuse_unordered(rows.get_column(by), where)
    return rows if placed else rows.with_columns(cursors.in_zone(rows.get_column(by), new, where))


def refuse_increment(
    source: Source, rows: pl.DataFrame, mark: Mark | None, *, instants: frozenset[str] = frozenset(), where: str = ""
) -> None:
    """Refuse rows that a reading of what is new would refuse, for what `new` says of them. Nothing is read here.

    rows: the first of the source, or all. instants: as `look` has them. mark: how far it was read before; None where a
    reading would begin anew.

    Raises:
        DataError: the column that rows are read by is not there, has no order, lacks values, or is of another kind than
            `overlap` or than it was; a key, or the mark of deleted rows, is not there; two rows have one key, and the
            rule is to refuse that.
    """
    new = source.only_new
    assert new is not None
    if new.by is not None:
        rows = _placed(rows, new, where, placed=is_placed(clocked(source), instants))
        values = rows.get_column(new.by)
        if mark is not None and mark.last:
            cursors.refuse_other_kind(values, mark.kind, mark.last, where)
        if rows.height:
            cursors.back_from(values.max(), new, where)  # type: ignore[arg-type]
    batch(rows, source.keys, new, where)


def _asked_above(source: Source, new: New, start: Value | None) -> Above | None:
    """What a database may leave out. Nothing, where its values are texts there that are times here."""
    by = column_at_source(source, str(new.by))
    if start is None or by is None or by in source.date_format or source.null_values:
        return None
    if new.time_zone is not None and isinstance(start, datetime):
        # of a clock there: no zone is more than a day away
        return Above(by, start - timedelta(days=1) if start.year > 1 else start)
    return Above(by, start)


def _all_values(source: Source, new: New, place: _Place) -> pl.Series:
    """The values that rows are read by, also of those that a database left out."""
    by = str(new.by)
    alone = msgspec.structs.replace(source, columns=(by,), date_format={}, null_values=())
    if is_database(source.read) and not source.date_format.get(by) and not source.map:
        _, rows = _delivered(alone, new, place, None)
    else:
        _, rows = _delivered(source, new, place, None)
    return rows.get_column(by)


def _refuse_beginning_anew(
    values: pl.Series, unseen: pl.Series, source: Source, place: _Place, known: Known, start: Value
) -> None:
    """Of rows all of which lie below the cursor some are as high as is read again: are they others than were read?

    Where one of them was read before, rows at the end were deleted, which is no beginning. Lower ones are not known by
    their content any more; a database left them out, and is asked for them.

    values: of all that was delivered. unseen: as `_unseen` has it, of the rows from `start` on.

    Raises:
        DataError: the source begins anew, and what lies below `start` would be missed.
    """
    new, mark = source.only_new, known.mark
    assert new is not None and mark is not None
    if not unseen.all():
        return
    if is_database(source.read):
        values = _all_values(source, new, place)
    if (values < start).any():
        cursors.refuse_going_back(values, cursors.of_text(mark.kind, mark.last), place.where)


def _unseen(rows: pl.DataFrame, source: Source, known: Known, last: Value) -> pl.Series:
    """Which rows, in the order of `by`, lie above `last`, or up to it and were not read before.

    Before `since` none is known by its content: there a key tells what was read, and a row without one is taken to be.
    """
    import polars as pl

    mark = known.mark
    assert mark is not None
    values = rows.get_column(str(mark.by))
    old = rows.filter(values <= last)
    keep = seen.unseen(seen.names_of(old), seen.unpacked(known.seen))
    found = pl.Series([*keep, *[True] * (rows.height - old.height)], dtype=pl.Boolean)
    keys = [key for key in source.keys if key in rows.columns]
    if not keys:
        return found
    nameless = rows.select(pl.any_horizontal(pl.col(key).is_null() for key in keys)).to_series()
    return found & ~(nameless & (values < cursors.of_text(mark.kind, mark.since)))


def _fresh(rows: pl.DataFrame, source: Source, new: New, unseen: pl.Series, where: str) -> pl.DataFrame:
    """The rows not read before. What deleted their keys at the source after them is told with them once more: no
    deletion is kept, and a row that comes late would else bring back what was deleted after it. Where the first row
    counts, so is all that came after them, which follows where a late deletion takes the first away.
    """
    import polars as pl

    keys = source.keys
    if new.deleted is None or not keys or not {new.deleted, *keys} <= {*rows.columns}:
        return rows.filter(unseen)
    gone = marked(rows.get_column(new.deleted), where)
    told = rows.select(keys).with_columns(pl.int_range(pl.len()).alias(_AT), unseen.alias(_NEW), gone.alias(_GONE))
    first = told.filter(_NEW).unique(keys, keep="first", maintain_order=True).select(*keys, pl.col(_AT).alias(_FIRST))
    old = told.filter(~pl.col(_NEW))
    if new.when_seen != "keep":
        old = old.unique(keys, keep="last", maintain_order=True).filter(_GONE)
    again = old.join(first, on=keys, how="inner").filter(pl.col(_AT) > pl.col(_FIRST)).get_column(_AT)
    return rows.filter(unseen | told.get_column(_AT).is_in(again.implode()))


def _new_files(source: Source, new: New, root: Path, known: Known, contract: str, where: str) -> Newer:
    before = seen.unpacked_files(known.seen) if known.mark is not None else {}
    files = listed(source, root, bool(before), where)
    stands = {file.name: as_seen(file, before.get(file.name), where) for file in files}
    changed = [name for name, found in stands.items() if name in before and found.sha256 != before[name].sha256]
    if changed and new.when_changed == "refuse":
        raise DataError(
            f"{_few(changed)} changed after {'it was' if len(changed) == 1 else 'they were'} read",
            where=where,
            mend="bring new rows in new files; or write new: {when_changed: read} to take its rows again, by their key",
        )
    fresh = [file for file in files if file.name not in before or file.name in changed]
    gone = sorted(before.keys() - stands.keys())
    notes = [f"{_few(gone)} {'is' if len(gone) == 1 else 'are'} gone, what was read of it is kept"] if gone else []
    notes += [f"{_few(changed)} changed, and {'is' if len(changed) == 1 else 'are'} read again"] if changed else []
    kept = [*{**before, **stands}.values()]
    content = seen.packed_files(sorted(kept, key=lambda each: each.name))
    name = digest(sorted((each.name, each.size, each.sha256) for each in kept))
    if known.mark is not None and not fresh:
        return Newer(source.read, 0, known.mark, known.seen, True, _no_rows, tuple(notes))
    reading = of_files(fresh, with_clocks(source, source), [stands[file.name].sha256 for file in fresh], where)
    made = MappedRows(reading, source, read_rates(source, root, where))
    newest = max((each.changed_ns for each in kept), default=0)
    return Newer(
        name=reading.name,
        size=reading.bytes,
        mark=_mark(source, root, contract, name, content, last=f"{len(kept):,} file{'s' * (len(kept) != 1)}"),
        seen=content,
        nothing=False,
        rows=lambda: made.rows(where).collect(),
        notes=tuple(notes),
        reached=datetime.fromtimestamp(newest / 1e9, UTC) if kept else None,
        rates=made.rates,
        told=made.notes,
        again=lambda: seen.rows_of([file.name in changed for file in fresh], reading.heights) if changed else None,
    )


def _no_rows() -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame()


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
