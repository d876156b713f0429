"""What `read:` of a source names, told from its text alone: a file, a database, an HTTP API, objects in a store."""

from __future__ import annotations

import re
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from treadle.spec.secrets import NAMED

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+-]+)://|sqlite:")
_API = re.compile(r"https?://", re.IGNORECASE)
_STORE = re.compile(r"(s3|gs|az)://", re.IGNORECASE)


def is_url(read: str) -> bool:
    """Whether it is a URL, or the name of one that the environment holds, and no path."""
    return _URL.match(read) is not None or NAMED.fullmatch(read) is not None


def is_api(read: str) -> bool:
    return _API.match(read) is not None


def is_store(read: str) -> bool:
    """Whether it names objects in a store: `s3:`, `gs:`, `az:`."""
    return _STORE.match(read) is not None


def called(read: str) -> str:
    """What it is, for a sentence. A URL is not repeated: something may stand in it that should not."""
    if is_api(read):
        return "this is an HTTP API"
    if is_store(read):
        return "these are objects in a store"
    return "this is a database" if is_url(read) else f"{read[:80]} is a file"


def parts_of(url: str) -> SplitResult | None:
    """A URL taken apart; None where it is none."""
    with suppress(ValueError):
        parts = urlsplit(url)
        _ = parts.port
        return parts if parts.hostname else None
    return None


def bucket_and_key(read: str) -> tuple[str, str]:
    """The bucket and the key of objects. A key may hold any sign: what URLs write otherwise stands as it is.

    >>> bucket_and_key("s3://shop/2024/*.parquet")
    ('shop', '2024/*.parquet')
    """
    bucket, _, key = read.partition("://")[2].partition("/")
    return bucket, key


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nobody listens on the way to it."""
    with suppress(ValueError):
        return ip_address(host.strip("[]")).is_loopback
    return host.lower().rstrip(".") == "localhost"


def in_the_open(url: str) -> bool:
    """Whether what goes to a URL can be read by others on the way: plain HTTP to another machine."""
    with suppress(ValueError):
        parts = urlsplit(url)
        return parts.scheme.lower() == "http" and not is_loopback(parts.hostname or "")
    return True
