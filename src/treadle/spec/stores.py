"""What a source may say of objects in a store: a URL and an endpoint without secrets."""

from __future__ import annotations

from collections.abc import Iterator

from treadle.spec.project import Source
from treadle.spec.shape import Problem
from treadle.spec.urls import bucket_and_key, called, in_the_open, is_api, is_store, parts_of

_OF_STORES = ("endpoint", "region", "anonymous")
_ASKS = ("table", "query", "columns", "where")


def of_stores(sources: dict[str, Source]) -> Iterator[Problem]:
    """What is wrong with sources that are objects in a store, or that speak of one and are none."""
    for name, source in sources.items():
        path = f"sources.{name}"
        if not is_store(source.read):
            for setting in _OF_STORES:
                if getattr(source, setting):
                    what = f"`{setting}` is of an object store, and {called(source.read)}"
                    yield Problem(f"{path}.{setting}", what, mend="leave it out, or read: s3://BUCKET/FOLDER/*.parquet")
            if source.unencrypted and not is_api(source.read):
                what = f"`unencrypted` is of a network, and {called(source.read)}"
                yield Problem(f"{path}.unencrypted", what, mend="leave it out")
            continue
        for setting in _ASKS:
            if getattr(source, setting):
                what = f"`{setting}` is of a database, and {called(source.read)}"
                yield Problem(f"{path}.{setting}", what, mend="leave it out")
        bucket, key = bucket_and_key(source.read)
        if not bucket or not key or "@" in bucket or ":" in bucket or "?" in bucket:
            what = "this URL names no objects"
            mend = "write s3://BUCKET/FOLDER/*.parquet; credentials are in the environment alone"
            yield Problem(f"{path}.read", what, mend=mend)
        if source.endpoint is not None:
            yield from _endpoint(f"{path}.endpoint", source)


def _endpoint(path: str, source: Source) -> Iterator[Problem]:
    url = source.endpoint or ""
    parts = parts_of(url)
    if not is_api(url) or parts is None or "@" in parts.netloc or parts.query or parts.fragment:
        yield Problem(path, "this is no endpoint", mend="write https://HOST or https://HOST:PORT, without credentials")
    elif in_the_open(url) and not source.unencrypted:
        mend = "write https:; or, if it is meant so, add unencrypted: true"
        yield Problem(path, "plain http: to another machine can be read, and changed, on the way", mend=mend)
