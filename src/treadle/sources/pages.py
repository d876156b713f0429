"""One table of the pages of an API: types told from all rows at once, and a row that moved between pages taken once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from treadle.sources.answers import RECORDS, Page
from treadle.sources.databases import Rows
from treadle.sources.documents import rows_of
from treadle.sources.echoes import MEND, echoed
from treadle.sources.figures import signs_of
from treadle.sources.formats import GUESSED
from treadle.sources.harmony import harmonised, joined
from treadle.sources.limits import refuse_larger
from treadle.sources.sent import Api
from treadle.sources.typing import typed
from treadle.sources.unreadable import Unreadable
from treadle.store import fingerprint

if TYPE_CHECKING:
    import polars as pl


def gathered(api: Api, pages: Sequence[Page], most_rows: int | None) -> Rows:
    """One table of all pages, its types told from all of them."""
    import polars as pl

    source = api.source
    try:
        frame, numbers = _one(api, pages)
        told = pages[0].dialect
        signs = signs_of(told is not None and told.decimal_comma, source.thousands)
        frame, _ = typed(frame, source, signs, guess=pages[0].kind in GUESSED)
    except (Unreadable, pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as bad:
        mend = getattr(bad, "mend", "")
        raise api.failed((str(bad).strip().splitlines() or ["?"])[0], mend) from bad
    repeats = echoed(frame, api.secrets)
    if repeats:
        raise api.failed(repeats, MEND)
    size = int(frame.estimated_size())
    refuse_larger(size, source, source.read, what="takes more than", where=api.where)
    frame = distinct(frame, numbers, source.keys)
    if most_rows is not None and frame.height != most_rows:
        raise api.failed(
            f"it says that there are {most_rows:,} rows, and gave {frame.height:,}",
            "rows came or went while it was read: run again; pages by a cursor, or sorted by when a row was made, "
            "bear that better",
        )
    return Rows(source.read, fingerprint(frame), size, frame)


def _one(api: Api, pages: Sequence[Page]) -> tuple[pl.DataFrame, pl.Series]:
    """The rows of all pages, with the number of the page that each is of."""
    import polars as pl

    kinds = {page.kind for page in pages}
    if len(kinds) > 1:
        raise Unreadable(f"some pages are {' and others '.join(sorted(kinds))}")
    if kinds <= set(RECORDS):
        counts = [len(page.records) for page in pages]
        if not sum(counts):
            raise Unreadable(
                "it has no rows, so nobody knows its columns", mend="ask for more, or leave the source out"
            )
        content = b"\n".join(record for page in pages for record in page.records)
        frame = harmonised(rows_of(content, "jsonl", noun="row"), api.where)
    else:
        frames = [page.frame for page in pages if page.frame is not None]
        if not frames:
            raise Unreadable(
                "it has no rows, so nobody knows its columns", mend="ask for more, or leave the source out"
            )
        counts = [each.height for each in frames]
        frame = joined(frames, [f"page {number:,}" for number in range(1, len(frames) + 1)], api.where)
    return frame, pl.Series(list(_repeated(counts)), dtype=pl.Int64)


def _repeated(counts: Sequence[int]) -> Iterator[int]:
    for number, count in enumerate(counts):
        yield from (number for _ in range(count))


def distinct(frame: pl.DataFrame, pages: pl.Series, keys: Sequence[str]) -> pl.DataFrame:
    """Of rows with one key that are on several pages, those of the last of these; a key that is missing is none.

    A key that stands twice on one page stays twice: that is no page that moved, and the contract tells of it.
    """
    import polars as pl

    if not keys or not set(keys) <= set(frame.columns) or not len(pages) or pages[0] == pages[-1]:
        return frame
    last = pl.select(pl.lit(pages).alias("page")).with_columns(frame.select(keys).rename(_numbered(keys)))
    keyed = [pl.col(name) for name in _numbered(keys).values()]
    kept = (pl.col("page") == pl.col("page").max().over(keyed)) | pl.any_horizontal(each.is_null() for each in keyed)
    return frame.filter(last.select(kept).to_series())


def _numbered(keys: Sequence[str]) -> dict[str, str]:
    return {name: f"key {number}" for number, name in enumerate(keys)}
