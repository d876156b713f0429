"""Rows of an HTTP API: page after page of JSON or CSV, or one file of any format, as one table.

An API has no moment that all pages are of. So what can be seen of a change is held to a rule: a row that a later page
repeats, by the source's key, is taken once, as it was last; and where the API says how many rows there are, so many
have to come.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn

from treadle.sources.answers import Page, page_of, said_in
from treadle.sources.asking import Line, Patience, origin_of
from treadle.sources.calling import Allowed, Caller, Tries
from treadle.sources.databases import Rows
from treadle.sources.limits import refuse_larger
from treadle.sources.pages import gathered
from treadle.sources.paging import Paging, with_query
from treadle.sources.room import ALONE, Share
from treadle.sources.sent import Api, api_of
from treadle.sources.servers import refuse_untrusted
from treadle.sources.unread import said_of_more
from treadle.sources.unreadable import Unreadable
from treadle.spec import Source, duration
from treadle.spec.apis import seconds_between

_ALL_OF_IT = "1h"
"""Unless `within` says another time."""


def find_rows_of_api(
    source: Source,
    root: Path,
    where: str,
    *,
    tries: Tries | None = None,
    patience: Patience | None = None,
    share: Share = ALONE,
) -> Rows:
    """Ask an HTTP API for all of its rows. They are named by a digest, as those of a database are.

    Raises:
        DataError: nobody trusted the project with it; it is away, refuses, answers with something else, never ends, or
            would take more memory or time than it may. Nothing of it is kept.
        SpecError: a secret is not there, or is none that can be sent.
    """
    return _asked(source, root, where, tries, patience, share, most=None)[0]


def first_rows_of_api(source: Source, root: Path, where: str) -> tuple[Rows, bool]:
    """The rows of the first page, and whether there is no other; raises as `find_rows_of_api` does."""
    return _asked(source, root, where, None, None, ALONE, most=1)


def _asked(
    source: Source,
    root: Path,
    where: str,
    tries: Tries | None,
    patience: Patience | None,
    share: Share,
    *,
    most: int | None,
) -> tuple[Rows, bool]:
    """The rows of all pages, or of `most`; and whether there are no others."""
    refuse_untrusted(source, root, where)
    api = api_of(source, where)
    until = time.monotonic() + duration(source.within or _ALL_OF_IT).total_seconds()
    with closing(Line(until, patience or Patience())) as line:
        allowed = Allowed(origin_of(api.url), frozenset(host.lower() for host in source.redirects), source.unencrypted)
        between = seconds_between(source.at_most) if source.at_most else 0.0
        caller = Caller(line, allowed, api.failed, between=between, tries=tries)
        pages, most_rows, whole, more = _pages(api, caller, allowed, _Unhurried(share, line), most)
    rows = gathered(api, pages, most_rows if whole else None)
    return replace(rows, notes=(f"{more}: docs/sources.md, HTTP APIs",) if more else ()), whole


class _Unhurried:
    """A share of memory whose waits are no time of the API's."""

    def __init__(self, share: Share, line: Line) -> None:
        self._share, self._line = share, line

    def grow(self, size: int) -> None:
        with self._line.paused():
            self._share.grow(size)


def _pages(
    api: Api, caller: Caller, allowed: Allowed, share: Share, most: int | None
) -> tuple[list[Page], int | None, bool, str]:
    """All pages, or `most`; how many rows there should be, if the API says so; whether there are no other pages; and
    what it says of others where nobody said that it has any."""
    source = api.source
    paging = Paging(source.page, api.url, api.failed) if source.page else None
    found, size, seen = list[Page](), 0, set[str]()
    url: str | None = paging.first if paging else api.url
    while url is not None:
        place = f"page {len(found) + 1:,} of " if paging else ""
        held = size

        def weigh(count: int, held: int = held, place: str = place) -> None:
            refuse_larger(held + count, source, f"{place}{source.read}", what="takes more than", where=api.where)
            share.grow(held + count)

        asked = with_query(url, api.own) if api.own and allowed.is_own(url) else url
        answer = caller.get(asked, api.headers, weigh)
        if answer.status == HTTPStatus.PARTIAL_CONTENT:
            what = "it answered 206: a part, though all was asked for"
            raise api.failed(what, "ask who runs it, or what is between; nothing of it was kept", place)
        if not 200 <= answer.status < 300:
            _refuse_status(api, answer.status, said_in(answer, api.hidden), place, bool(found))
        try:
            page, told = page_of(answer, source, api.where, api.hidden)
        except Unreadable as bad:
            raise api.failed(bad.what, bad.mend, place) from None
        size += page.size
        weigh(0, size, place)
        if paging is None:
            return [page], None, True, api.hidden(said_of_more(told))
        url = paging.after(told)
        if told.rows or not found:
            found.append(page)
        _refuse_again(api, page, told.rows, seen)
        if len(found) == most:
            break
    return found, paging.most_rows if paging else None, url is None, ""


def _refuse_again(api: Api, page: Page, rows: int, seen: set[str]) -> None:
    """An API that does not know the parameter answers each number with the same page, for ever."""
    counted = api.source.page is not None and api.source.page.by in ("page", "offset")
    if not rows or not counted:
        return
    if page.digest in seen:
        asked = api.source.page and (api.source.page.parameter or api.source.page.by)
        raise api.failed(
            "a page has the very rows of one before it",
            f"does the API know the parameter {asked}? if it repeats its last page, say where it ends: pages:, total: "
            "or more:",
        )
    seen.add(page.digest)


def _refuse_status(api: Api, status: int, said: str, place: str, later: bool) -> NoReturn:
    mends = {
        401: "check what is sent to be let in: headers: {Authorization: ...}",
        403: "check what is sent to be let in: headers: {Authorization: ...}, and what it may read",
        404: "check the path",
    }
    mend = mends.get(status, "check the URL and what it is asked with")
    if status == 404 and later:
        mend = "if it ends its pages so, say where they end: pages:, total: or more:, or read them by: link"
    raise api.failed(f"it answered {status}{f' ({said})' if said else ''}", mend, place)
