"""A door of the small project, and what is tried at it."""

from __future__ import annotations

from typing import Any

import pytest
from projects import NOW, spec

from treadle.access import tokens
from treadle.access.door import Door, Refused
from treadle.evidence import Chain
from treadle.spec import Serve

JSON = (b"content-type", b"application/json")


def door(
    chain: Chain, *, loopback: bool = True, now: list[float] | None = None, serve: Serve | None = None, **access: Any
) -> Door:
    now = now or [NOW.timestamp()]
    return Door(spec(serve=serve, **access), loopback=loopback, tokens=tokens.book(chain, "shop"), clock=lambda: now[0])


def enter(
    at: Door,
    permission: Any = "predict",
    *headers: tuple[bytes, bytes],
    method: str = "POST",
    host: str = "localhost:1",
) -> Any:
    given = [(b"host", host.encode()), *([JSON] if method == "POST" else []), *headers]
    return at.enter(method, given, f"{method} /{permission}", permission, "10.0.0.1")


def status(at: Door, *given: Any, **more: Any) -> int:
    with pytest.raises(Refused) as refused:
        enter(at, *given, **more)
    assert refused.value.what and refused.value.mend
    return refused.value.status


def bearer(text: str) -> tuple[bytes, bytes]:
    return b"authorization", f"Bearer {text}".encode()
