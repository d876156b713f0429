"""A source of a database's server, in a project that is trusted with it."""

from __future__ import annotations

import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from treadle.spec import Source
from treadle.spec.trust import Place, trust
from treadle.testing.sources import found


def asked_of(url: str, root: Path, monkeypatch: pytest.MonkeyPatch, **asked: str) -> tuple[Source, Path]:
    """A source of this database in a project that is trusted with it; its password is in the environment."""
    parts = urlsplit(url)
    monkeypatch.setenv("SHOP_PASSWORD", unquote(parts.password or ""))
    read = f"{parts.scheme}://{parts.username}:${{SHOP_PASSWORD}}@{parts.hostname}:{parts.port}{parts.path}"
    trust(root, (Place(read, "server"),))
    return Source(read=read, **asked), root


def ticks_while_read(held: tuple[Source, Path]) -> int:
    """How often another thread got its turn, in hundredths of a second, while the source was read."""
    ticks, ended = 0, threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not ended.wait(0.01):
            ticks += 1

    other = threading.Thread(target=tick)
    other.start()
    try:
        found(held)
    finally:
        ended.set()
        other.join()
    return ticks
