"""From the bytes of one answer of an HTTP API to its rows: by the format it says, or the source does."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import msgspec

from treadle.sources.asking import Answer
from treadle.sources.dialects import Dialect
from treadle.sources.formats import ENDINGS, table
from treadle.sources.harmony import harmonised
from treadle.sources.packed import bare, whole
from treadle.sources.paging import Told
from treadle.sources.records import records_of, records_of_lines
from treadle.sources.unreadable import Unreadable
from treadle.sources.zoned import marked
from treadle.spec import Source

if TYPE_CHECKING:
    import polars as pl

RECORDS = ("json", "jsonl")
_TYPES = {
    "application/json": "json",
    "text/json": "json",
    "application/x-ndjson": "jsonl",
    "application/ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/json-lines": "jsonl",
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.file": "arrow",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "excel",
}
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "application/gzip", "application/x-gzip")
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,2000})", re.IGNORECASE)
_SAYS = ("message", "error_description", "detail", "title", "error", "reason")
"""Where APIs say in words what is wrong (RFC 9457 has `detail` and `title`)."""
Hide = Callable[[str], str]
"""Takes what is secret out of words from elsewhere: before they are cut, in the middle of a secret perhaps."""


@dataclass(frozen=True, eq=False)
class Page:
    """The rows of one answer, by whose `digest` they are known again. Of JSON they are `records`, each a line of it;
    of other formats a `frame` of texts, None where there is nothing at all, and how they are written (`dialect`).
    `size`: bytes.
    """

    kind: str
    digest: str
    records: tuple[bytes, ...] = ()
    size: int = 0
    frame: pl.DataFrame | None = None
    dialect: Dialect | None = None


def page_of(answer: Answer, source: Source, where: str, hide: Hide = str) -> tuple[Page, Told]:
    """The rows of an answer, unpacked, with nothing of their types told yet; and what it says of the next page.

    Raises:
        Unreadable: it is of another format, cut, or has no rows where they should be.
        DataError: it would take more memory than it may.
    """
    import polars as pl

    content = _unpacked(answer, source)
    kind = _kind(answer, content, source, hide)
    if kind in RECORDS:
        return _documents(answer, content, kind, source)
    if source.records is not None:
        raise Unreadable(f"`records` is of JSON, and it is {kind}", mend="leave records: out")
    frame, told = None, None
    if content.strip():
        name = bare(Path(unquote(urlsplit(answer.url).path)).name) or "answer"  # it is unpacked by now
        try:
            frame, told = table(content, kind, Path(name), source, where)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as bad:
            mend = bad.mend if isinstance(bad, Unreadable) else ""
            line = f" (line {bad.line:,})" if isinstance(bad, Unreadable) and bad.line else ""
            raise Unreadable(f"it is no {kind}: {(str(bad).splitlines() or ['?'])[0]}{line}", mend=mend) from bad
        frame = marked(harmonised(frame, where), frame, source)
    page = Page(kind, hashlib.sha256(content).hexdigest(), size=len(content), frame=frame, dialect=told)
    return page, Told(answer.url, answer.headers, None, frame.height if frame is not None else 0)


def _documents(answer: Answer, content: bytes, kind: str, source: Source) -> tuple[Page, Told]:
    found = records_of(content, source.records) if kind == "json" else records_of_lines(content)
    digest = hashlib.sha256(b"\n".join(found.lines)).hexdigest()
    told = Told(answer.url, answer.headers, found.rest, len(found.lines), found.last)
    return Page(kind, digest, found.lines, sum(map(len, found.lines))), told


def said_in(answer: Answer, hide: Hide = str) -> str:
    """What a refusal says in words, in one short line; empty where nothing does."""
    body = answer.body[: 1 << 14]
    title = _TITLE.search(body)
    if title:
        return _one_line(hide(title[1].decode("utf-8", "replace")))
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        text = body.decode("utf-8", "replace")
        return "" if "<" in text or "�" in text else _one_line(hide(text))
    for name in _SAYS:
        found = told.get(name) if isinstance(told, dict) else None
        found = found.get("message") if isinstance(found, dict) else found
        if isinstance(found, str) and found.strip():
            return _one_line(hide(found))
    return ""


def _one_line(text: str) -> str:
    """Words from elsewhere for a message: in one line, without what a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _unpacked(answer: Answer, source: Source) -> bytes:
    coding = answer.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip"):
        raise Unreadable(f"it is packed as {coding[:40]}, which was not asked for")
    return whole(answer.body, ".gz" if "gzip" in coding and answer.body else "", source)


def _kind(answer: Answer, content: bytes, source: Source, hide: Hide) -> str:
    """The format: as the source says; else as the answer does, if it says anything; else by the ending of the path."""
    told = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    head = content[:1000].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")) or (told == "text/html" and source.format is None):
        title = said_in(msgspec.structs.replace(answer, body=content), hide)
        shown = f', titled "{title}"' if title else ""
        raise Unreadable(
            f"it is a page of HTML{shown}, and no data",
            mend="is the URL that of the API, and is who asks let in? headers: {Authorization: ...}",
        )
    if source.format is not None:
        if source.format == "delta":
            raise Unreadable("a Delta table is a folder, which HTTP has none of", mend="read it from an object store")
        return source.format
    kind = _TYPES.get(told) or ("json" if told.endswith("+json") else None)
    if kind is None and (told in _VAGUE or (told == "text/plain" and not head.startswith((b"{", b"[")))):
        name = unquote(urlsplit(answer.url).path)
        kind = ENDINGS.get(PurePosixPath(bare(name)).suffix)
    if kind is None and not head:
        return "json"  # an answer without a body is of any format, and has no rows
    if kind is None:
        raise Unreadable(
            f"it says that it is {told[:80] or 'nothing at all'}, which is no format of a table",
            mend="if it is one all the same, say so with format: json or csv",
        )
    return kind
