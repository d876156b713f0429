"""Which page follows which: what is asked next, and when there is nothing more to ask.

The sentence of theory behind it: a loop ends if something *strictly grows*. Pages and offsets grow; a cursor or a link
that was there before grows nothing, and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from msgspec import Struct

from treadle.errors import DataError
from treadle.sources.asking import joined
from treadle.sources.documents import Missing, at
from treadle.spec import Page

_LONGEST = 1 << 13
"""Letters of a cursor or a link."""
_LINK = re.compile(r'\s*<([^>]*)>((?:\s*;\s*[^\s=;,]+\s*(?:=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]*))?)*)\s*(?:,|$)')
_PARAMETER = re.compile(r';\s*([^\s=;,]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?')


class Told(Struct, frozen=True):
    """What an answer says that matters for the next: its URL and headers, its JSON (None of other formats), how many
    rows it has, and the last of them (None of other formats than JSON).
    """

    url: str
    headers: dict[str, str]
    tree: object
    rows: int
    last: dict[str, object] | None = None


class Paging:
    """The pages of an API, one after another. `most_rows`: as many as it says that there are, if it does."""

    def __init__(self, page: Page, url: str, fail: Callable[[str, str], DataError]) -> None:
        """url: of the API, with the parameters that every page is asked with; fail: makes an error."""
        self._page, self._fail = page, fail
        self._url = with_query(url, {page.size_parameter: page.size}) if page.size else url
        self._count = page.first if page.first is not None else (1 if page.by == "page" else 0)
        self._pages, self._rows = 0, 0
        self._seen, self._had_next = set[str](), False
        self.most_rows: int | None = None

    @property
    def first(self) -> str:
        """The URL of the first page."""
        if self._page.by in ("page", "offset"):
            return self._counted()
        self._seen.add(self._url)
        return self._url

    def after(self, told: Told) -> str | None:
        """The URL of the next page; None where there is none.

        Raises:
            DataError: the answer lacks what the next page is asked by; or it was asked for before.
        """
        self._pages += 1
        self._rows += told.rows
        total = self._number(self._page.total, told)
        self.most_rows = total if total is not None else self.most_rows
        following = self._counting(told, total) if self._page.by in ("page", "offset") else self._following(told)
        if following is not None and self._pages >= self._page.most:
            self._refuse(
                f"it has more than {self._page.most:,} pages",
                "ask for larger ones with size:; or lift the limit with most:",
            )
        return following

    def _counted(self) -> str:
        return with_query(self._url, {self._page.parameter or self._page.by: self._count})

    def _counting(self, told: Told, total: int | None) -> str | None:
        """Of pages and offsets: until a page has no rows, or as many were there as there are."""
        pages, more = self._number(self._page.pages, told), self._more(told)
        ended = not told.rows or more is False
        if ended or (total is not None and self._rows >= total) or (pages is not None and self._pages >= pages):
            return None
        self._count += 1 if self._page.by == "page" else told.rows
        return self._counted()

    def _following(self, told: Told) -> str | None:
        """Of cursors and links: until there is none."""
        if self._more(told) is False:
            return None
        found = self._next(told)
        if found is None:
            if self._page.more:
                self._refuse(f"{self._page.more} says that there is more, and no cursor leads to it", "check page:")
            return None
        if len(found) > _LONGEST:
            self._refuse(f"what leads to the next page has {len(found):,} letters", "check page:")
        by = self._page
        url = joined(told.url, found) if by.by == "link" else with_query(self._url, {by.parameter or "cursor": found})
        if url in self._seen:
            what = "link" if by.by == "link" else "cursor"
            self._refuse(f"page {self._pages} leads to a page that was read already, by the same {what}", "check page:")
        self._seen.add(url)
        return url

    def _next(self, told: Told) -> str | None:
        """The cursor or the link; a place that is missing, and never was there, is no end but a wrong name."""
        page = self._page
        if page.last is not None:
            if told.last is None:
                return None
            value = self._at(told.last, page.last)
        elif page.next is None:
            return next_link(told.headers.get("link", ""))
        else:
            try:
                value = at(told.tree, page.next)
            except Missing as bad:
                whole = page.size is not None and told.rows < page.size
                if not self._had_next and not whole:
                    self._refuse(
                        f"the answer has no {page.next}, so nothing says whether there is more",
                        bad.mend or "if an API leaves it out where there is one page alone, add size:",
                    )
                return None
        self._had_next = True
        if value is None or value is False or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            self._refuse(f"{page.last or page.next} is neither a text nor a whole number", "check page:")
        return str(value)

    def _more(self, told: Told) -> bool | None:
        if self._page.more is None:
            return None
        found = self._at(told.tree, self._page.more)
        if found is not None and not isinstance(found, bool):
            self._refuse(f"{self._page.more} is neither true nor false", "check page:")
        return bool(found)

    def _number(self, place: str | None, told: Told) -> int | None:
        if place is None:
            return None
        found = self._at(told.tree, place)
        if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 18:
            found = int(found)
        if isinstance(found, bool) or not isinstance(found, int) or found < 0:
            self._refuse(f"{place} is no count", "check page:")
        return found

    def _at(self, tree: object, place: str) -> object:
        try:
            return at(tree, place)
        except Missing as bad:
            self._refuse(f"the answer has no {place}", bad.mend or "check page:")

    def _refuse(self, what: str, mend: str) -> NoReturn:
        raise self._fail(what, mend)


def with_query(url: str, asked: Mapping[str, str | bool | float]) -> str:
    """A URL with these parameters, in place of those of the same name.

    >>> with_query("https://h/p?a=1&page=1", {"page": 2, "open": True})
    'https://h/p?a=1&page=2&open=true'
    """
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in asked]
    said = [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in asked.items()]
    return urlunsplit(parts._replace(query=urlencode(kept + said)))


def next_link(header: str) -> str | None:
    """The target of the relation `next` in a header Link (RFC 8288), which may be relative.

    >>> next_link('</items?page=1>; rel="prev", </items?a=1,2&page=3>; title="a, b"; rel="last next"')
    '/items?a=1,2&page=3'
    """
    at_sign = 0
    while found := _LINK.match(header, at_sign):
        at_sign = found.end()
        said = (each for each in _PARAMETER.finditer(found[2]) if each[1].lower() == "rel")
        relation = next(said, None)  # of several the first counts
        if relation and "next" in (relation[2] or relation[3] or "").lower().split():
            return found[1].strip()
        if at_sign >= len(header):
            break
    return None
