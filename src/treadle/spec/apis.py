"""What a source may say of an HTTP API: its URL and headers without secrets, and how pages follow one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from treadle.errors import SpecError
from treadle.spec.durations import duration
from treadle.spec.project import Page, Source
from treadle.spec.secrets import NAMED, names_in
from treadle.spec.shape import Problem
from treadle.spec.urls import called, in_the_open, is_api, parts_of

_OF_APIS = ("records", "page", "parameters", "headers", "at_most", "within", "redirects")
_ASKS = ("table", "query", "columns", "where")
_SECRET = re.compile(
    r"authori[sz]ation|authenticat|^auth$|[-_]auth|^auth[-_]|token$|secret|passw|credential|cookie|session|signature|^sig$|^key$"
    r"|(api|access|subscription|private|auth)[-_]?key|^x-.*key$",
    re.IGNORECASE,
)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "range", "if-range"}
)
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")
_RATE = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*/\s*(s|m|min|h|d)\s*")
_PER = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_FITS = {
    "page": {"parameter", "first", "size", "total", "pages", "more"},
    "offset": {"parameter", "first", "size", "total", "more"},
    "cursor": {"parameter", "size", "next", "last", "total", "more"},
    "link": {"size", "next", "total"},
}
_KEEP = "the environment holds NAME, or the keyring by ${keyring:NAME}"


def seconds_between(at_most: str) -> float:
    """The seconds from one request to the next, of a rate such as `5/s`, `100/m`, `1000/h`.

    >>> seconds_between("5/s"), seconds_between("90/m")
    (0.2, 0.6666666666666666)

    Raises:
        SpecError: it is no rate.
    """
    found = _RATE.fullmatch(at_most)
    if found is None or float(found[1]) == 0:
        raise SpecError(f'"{at_most[:40]}" is no rate', mend="write requests in a time: 5/s, 100/m, 1000/h")
    return _PER[found[2]] / float(found[1])


def of_apis(sources: dict[str, Source]) -> Iterator[Problem]:
    """What is wrong with sources that are HTTP APIs, or that speak of pages and are none."""
    for name, source in sources.items():
        path = f"sources.{name}"
        if not is_api(source.read):
            for setting in _OF_APIS:
                if getattr(source, setting):
                    what = f"`{setting}` is of an HTTP API, and {called(source.read)}"
                    yield Problem(f"{path}.{setting}", what, mend="leave it out, or read: https://HOST/PATH")
            continue
        for setting in _ASKS:
            if getattr(source, setting):
                mend = "leave it out; parameters: {NAME: VALUE} are asked of an API"
                yield Problem(f"{path}.{setting}", f"`{setting}` is of a database, and this is an HTTP API", mend=mend)
        yield from _url(f"{path}.read", source)
        yield from _headers(path, source)
        yield from _times(path, source)
        if source.page is not None:
            yield from _page(f"{path}.page", source.page)


def _url(path: str, source: Source) -> Iterator[Problem]:
    """No sentence here may quote the URL: it may hold what should not stand in it."""
    parts = parts_of(source.read)
    odd = parts is None or parts.fragment or "@" in parts.path or any(c.isspace() for c in source.read)
    if parts is None or odd:
        yield Problem(path, "this URL cannot be understood", mend="write https://HOST/PATH, without a fragment (#)")
        return
    named = NAMED.fullmatch(parts.password or "") or not parts.password
    if not named or (parts.username and not parts.password and not NAMED.fullmatch(parts.username)):
        yield Problem(path, "a password stands in the URL", mend=f"change it, and write USER:${{NAME}}@HOST: {_KEEP}")
    for option, value in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET.search(option) and not names_in(value):
            what = f"`{option[:40]}` stands in the URL with its value, which looks like a secret"
            yield Problem(path, what, mend=f"change it, and write {option[:40]}=${{NAME}}: {_KEEP}")
    if in_the_open(source.read) and not source.unencrypted:
        mend = "write https:; or, if it is meant so, add unencrypted: true"
        yield Problem(path, "plain http: to another machine can be read, and changed, on the way", mend=mend)


def _headers(path: str, source: Source) -> Iterator[Problem]:
    for kind, given in (("headers", source.headers), ("parameters", source.parameters)):
        for name, value in given.items():
            here = f"{path}.{kind}.{name[:40]}"
            if _SECRET.search(name) and not names_in(str(value)):
                mend = f'change it, and write "${{NAME}}" for it: {_KEEP}'
                yield Problem(here, f"the value of {name[:40]} stands in the file, and looks like a secret", mend=mend)
            elif any(ord(character) < 32 or ord(character) == 127 for character in f"{name}{value}"):
                yield Problem(here, f"{name[:40]!r} holds a control character", mend="write it in one line")
    for name in source.headers:
        if name.lower() in _OURS:
            yield Problem(f"{path}.headers.{name}", f"{name} is set by Treadle", mend="leave it out")
        elif not _HEADER.fullmatch(name):
            mend = "write letters, digits and -, as in Accept-Language"
            yield Problem(f"{path}.headers.{name[:40]}", f"{name[:40]!r} is no name of a header", mend=mend)


def _times(path: str, source: Source) -> Iterator[Problem]:
    for setting, read in (("at_most", seconds_between), ("within", _positive)):
        value = getattr(source, setting)
        try:
            _ = read(value) if value else None
        except SpecError as bad:
            yield Problem(f"{path}.{setting}", bad.what, mend=bad.mend)
    for host in source.redirects:
        if not _HOST.fullmatch(host):
            what = f'"{host[:80]}" is no host'
            yield Problem(f"{path}.redirects", what, mend="write a host, with its port if it has one: cdn.example.org")


def _positive(text: str) -> float:
    seconds = duration(text).total_seconds()
    if not seconds:
        raise SpecError("no time at all is given", mend="write a number and s, m or h: 90s, 15m, 1h")
    return seconds


def _page(path: str, page: Page) -> Iterator[Problem]:
    given = ("parameter", "first", "size", "next", "last", "total", "pages", "more")
    for setting in given:
        if getattr(page, setting) is not None and setting not in _FITS[page.by]:
            fitting = ", ".join(each for each in given if each in _FITS[page.by])
            mend = f"leave it out; with it go {fitting}"
            yield Problem(f"{path}.{setting}", f"`{setting}` says nothing of pages by {page.by}", mend=mend)
    if page.by == "cursor" and (page.next is None) == (page.last is None):
        both = "both `next` and `last` are given" if page.next else "where the cursor comes from is not said"
        mend = "add one: next: meta.next_cursor, a place in the answer; or last: id, a column of its last row"
        yield Problem(path, both, mend=mend)
