"""Which server a source asks, and what it is told: the line that a person trusts."""

from __future__ import annotations

from treadle.spec.databases import file_of, is_database
from treadle.spec.project import Source
from treadle.spec.secrets import names_in
from treadle.spec.urls import is_api, is_store


def server_of(source: Source) -> str:
    """The server as it is written, with the names of secrets that it is told, and where else these rows may come from.

    An edit that sends another secret, follows to another host or asks another server makes another line. Empty of what
    is no server.

    >>> server_of(Source(read="https://api.example.org/items", headers={"Authorization": "Bearer ${TOKEN}"}))
    'https://api.example.org/items, with ${TOKEN}'
    """
    if is_database(source.read):
        return "" if file_of(source.read) else source.read
    if not is_api(source.read) and not is_store(source.read):
        return ""
    texts = [*source.headers.values(), *(each for each in source.parameters.values() if isinstance(each, str))]
    told = sorted({name for text in texts for name in names_in(text)})
    said = [f"at {source.endpoint}"] if source.endpoint else []
    said += [f"with {' and '.join(told)}"] if told else []
    said += [f"also at {' and '.join(sorted(source.redirects))}"] if source.redirects else []
    said += ["unencrypted"] if source.unencrypted else []
    return ", ".join([source.read, *said])
