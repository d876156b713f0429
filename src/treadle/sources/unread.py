"""What an answer of an HTTP API says of rows that it does not have, where nobody said that it comes in pages."""

from __future__ import annotations

from collections.abc import Iterator

from treadle.sources.paging import Told, next_link

_TOTALS = ("total", "total_count", "totalcount", "total_results", "totalresults", "total_items", "totalitems", "count")
_NEXT = ("next", "next_cursor", "nextcursor", "next_page", "nextpage", "next_page_token", "nextpagetoken", "next_url")
_MORE = ("has_more", "hasmore", "has_next", "hasnext", "has_next_page", "hasnextpage")
_LONGEST = 80


def said_of_more(told: Told) -> str:
    """A sentence, with the `page:` to write; empty where the answer may be all there is.

    >>> said_of_more(Told("https://h/items", {}, {"total": 250}, 50))
    'it says at total that there are 250 rows, and 50 came: write page: {by: page, total: total}, or {by: offset, ...}'
    """
    if next_link(told.headers.get("link", "")):
        return "its header Link leads to a next page, which was not read: write page: {by: link}"
    places = list(_places(told.tree))
    for place, name, value in places:
        if name in _NEXT or place.endswith(("next.href", "next.url")):
            page = _page_of(place, name, value)
            if page:
                return f"it leads at {place} to a next page, which was not read: write page: {page}"
    for place, name, value in places:
        if name in _MORE and value is True:
            said = f"write page: {{by: page, more: {place}}}, or {{by: offset, ...}}"
            return f"it says at {place} that there is more, which was not read: {said}"
    for place, name, value in places:
        if name in _TOTALS and isinstance(value, int) and value > told.rows:
            said = f"write page: {{by: page, total: {place}}}, or {{by: offset, ...}}"
            return f"it says at {place} that there are {value:,} rows, and {told.rows:,} came: {said}"
    return ""


def _places(tree: object, before: str = "", levels: int = 3) -> Iterator[tuple[str, str, object]]:
    """The values of objects in objects, each with its place and its name in small letters."""
    for name, value in tree.items() if isinstance(tree, dict) else ():
        place = f"{before}{name}"
        if isinstance(value, dict) and levels > 1:
            yield from _places(value, f"{place}.", levels - 1)
        elif len(place) <= _LONGEST and place.isprintable() and "." not in name:
            yield place, str(name).lower(), value


def _page_of(place: str, name: str, value: object) -> str:
    """What `page:` is to say of a cursor, a link or a number; empty where there is no next page."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value in ("", 0):
        return ""
    if isinstance(value, str) and value.startswith(("http://", "https://", "/", "?")):
        return f"{{by: link, next: {place}}}"
    if name in ("next_page", "nextpage", "next") and str(value).isdigit():
        return "{by: page}"
    return f"{{by: cursor, next: {place}, parameter: AS_THE_API_CALLS_IT}}"
