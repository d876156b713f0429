"""A reading, and what a person made of it since: gone on with, or done again where the same delivery is read anew."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from treadle.contracts import Contract
from treadle.errors import DataError
from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.quarantine_changed import QuarantineChanged
from treadle.evidence.kinds.source_read import SourceRead
from treadle.stages.aside import parquet_of
from treadle.stages.quarantine import Head, ReplayAside, parts_of, replay, write_change
from treadle.store import Blob, EntryRef, File

if TYPE_CHECKING:
    import polars as pl

    from treadle.stages.work import Bench, Work
    from treadle.workspace import Workspace


def newest_after(work: Work, read: Entry[SourceRead]) -> Entry[SourceRead]:
    """What a person made of this very reading since, if they did: rows mended and replayed, or a snapshot brought back.

    It stands until something else is delivered, or is to be read anew.
    """
    newest = work.workspace.chain.last(SourceRead, subject=read.subject)
    done = newest.payload.followed if newest is not None else None
    if newest is None or done is None:
        return read
    with work.workspace.chain.reading() as record:
        behind = _behind(record, newest)
    if read.hash not in behind:
        return read
    if any(not work.workspace.chain.present(ref) for ref in newest.made):
        return read
    work.instead(newest)
    return newest


def passed(record: Reader, subject: str, read: str) -> str:
    """Why a reading, by its hash, is no longer how its source stands; "" where it is the newest one, or what a person
    made since goes on from it. What was delivered before and comes back is read again, and is the newest then: other
    sources, queries and replays go by the newest."""
    newest = record.last(SourceRead, subject=subject)
    if newest is None or newest.hash == read or read in _behind(record, newest):
        return ""
    return f"it came back: something else was read since (entry {newest.seq})"


def _behind(record: Reader, newest: Entry[SourceRead]) -> set[str]:
    """The entries that a snapshot goes on from, one after the other."""
    if newest.payload.followed is None:
        return {newest.hash}
    found, known = set[str](), dict[str, Entry[SourceRead]]()
    known = {each.hash: each for each in record.find(SourceRead, subject=newest.subject, status="done")}
    waiting = [newest.hash]
    while waiting:
        entry = known.get(waiting.pop())
        if entry is None or entry.hash in found:
            continue
        found.add(entry.hash)
        if entry.payload.followed is not None:
            waiting += [ref.digest for ref in entry.uses if isinstance(ref, EntryRef)]
    return found


_AGAIN = "as before; the same delivery was read anew"


def done_again(
    work: Work, name: str, read: Entry[SourceRead], before: Entry[SourceRead] | None, contract: Contract | None
) -> Entry[SourceRead]:
    """The same delivery was read anew, since a contract or the code is another: rows that had been mended and replayed
    are mended and replayed again. `before`: the newest entry until then. What was dropped is set aside once more."""
    old = _mended_before(work.workspace, read, before) if before is not None and before.seq < read.seq else []
    parts = parts_of(work.workspace.blobs, read.payload.aside, name) if old else []
    if contract is None or len(parts) != 1:
        return read
    made, rows = _as_before(parts[0], old)
    if not rows:
        return read
    blob = Blob(work.workspace.blobs.put(parquet_of(made)), "rows set aside")
    change = QuarantineChanged(
        source=name, done="mended", base=read.hash, rows=rows, left=made.height, aside=(blob,), reason=_AGAIN
    )
    write_change(work.workspace, Head(read, None), change)
    try:
        return replay(work, name, contract, _AGAIN)
    except DataError:  # none keeps the contract that there is now: they stay set aside, mended
        return read


def ever_aside(bench: Bench, head: Head, source: str) -> list[pl.DataFrame]:
    """The rows that were set aside since a source was begun, as they were delivered, a frame a reading: those too that
    a person mended, replayed or dropped since. Those that were removed from the workspace are left out."""
    reads = {each.hash: each for each in bench.chain.find(SourceRead, subject=head.read.subject, status="done")}
    changes = {each.hash: each for each in bench.chain.find(QuarantineChanged, subject=head.read.subject)}
    entry, found = head.read, list[Blob]()
    while True:
        behind = [ref.digest for ref in entry.uses if isinstance(ref, EntryRef)]
        done = entry.payload.followed
        base = reads.get(done.back if done is not None and done.back else next(filter(reads.__contains__, behind), ""))
        if done is None:  # what it set aside itself comes after what stood
            change = next((changes[each] for each in behind if each in changes), None)
            stood = change.payload.aside if change is not None else base.payload.aside if base is not None else ()
            found += entry.payload.aside[len(stood) :]
        if base is None:
            break
        entry = base
    rows: list[pl.DataFrame] = []
    for blob in found:
        with suppress(DataError):
            rows += parts_of(bench.blobs, (blob,), source)
    return rows


def begins_anew(workspace: Workspace, name: str) -> tuple[str, ...]:
    """What is to be told where a source that is read in increments is read whole: all that was decided about its rows
    set aside since that was done last counts no more."""
    reads = workspace.chain.find(SourceRead, subject=f"source/{name}", status="done")
    whole = [each for each in reads if each.payload.followed is None and (it := each.payload.increment) and it.anew]
    since = max((each.seq for each in whole), default=0)
    rows = Counter[str]()
    for change in workspace.chain.find(QuarantineChanged, subject=f"source/{name}", status="done"):
        rows[change.payload.done] += change.payload.rows if change.seq > since else 0
    for each in reads:
        done = each.payload.followed
        rows["replayed"] += done.rows if done is not None and done.done == "replayed" and each.seq > since else 0
    counts = ", ".join(f"{count:,} {done}" for done, count in rows.items() if count)
    if not counts:
        return ()
    said = f"it was read whole, so what was decided about its rows set aside begins anew ({counts} before)"
    return (f"{said}: treadle data quarantine show {name} {workspace.project.typed}",)


def _mended_before(workspace: Workspace, read: Entry[SourceRead], before: Entry[SourceRead]) -> list[pl.DataFrame]:
    """The rows set aside as they stood at each replay of the same delivery, the first one first."""
    known = {each.hash: each for each in workspace.chain.find(SourceRead, subject=read.subject, status="done")}
    entry = before
    found: list[pl.DataFrame] = []
    while (done := entry.payload.followed) is not None:
        if done.back:
            if done.back not in known:
                return []
            entry = known[done.back]
            continue
        if done.done == "laid out":  # the same rows, and the same set aside
            behind = [ref.digest for ref in entry.uses if isinstance(ref, EntryRef) and ref.digest in known]
            if not behind:
                return []
            entry = known[behind[0]]
            continue
        asked = msgspec.json.decode(entry.input, type=ReplayAside)
        found = parts_of(workspace.blobs, asked.aside, asked.name) + found
        if asked.read.digest not in known:
            return []
        entry = known[asked.read.digest]
    same = {ref.digest for ref in entry.uses if isinstance(ref, File)} & {
        ref.digest for ref in read.uses if isinstance(ref, File)
    }
    return found if same else []


def _as_before(part: pl.DataFrame, old: list[pl.DataFrame]) -> tuple[pl.DataFrame, int]:
    """The rows with the values that they were mended to, by their number in the delivery; and how many these are."""
    import polars as pl

    made = part.with_columns(pl.lit(False).alias("mended"))
    for each in old:
        if "mended" not in each.columns or each.schema["given"] != part.schema["given"]:
            continue
        values = each.filter("mended").select("row", pl.col("given").alias("then"), pl.lit(True).alias("hit"))
        found = made.join(values, on="row", how="left", maintain_order="left")
        hit = pl.col("hit").fill_null(False)
        made = found.select(
            "row",
            pl.when(hit).then("then").otherwise("given").alias("given"),
            "broke",
            (pl.col("mended") | hit).alias("mended"),
        )
    return made, int(made["mended"].sum())
