"""The value that a refusal names, found in a body of JSON in time linear in it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

_PATH = re.compile(r"(?:\[(?P<index>\d{1,9})\])?\.?(?P<name>.*)", re.DOTALL)
_SHOWN = 500
_COSTLY = 200_000  # values: finding one among more of them would take longer than it is worth


def value_at(body: bytes, path: str) -> Any:
    """What stands at `[2].origin`, or at `origin`: of a long value its beginning, as text; None where there is none."""
    found = _PATH.fullmatch(path)
    if found is None or body.count(b",") > _COSTLY:
        return None
    try:
        part = Raw(body)
        if found["index"] is not None:
            part = msgspec.json.decode(part, type=list[Raw])[int(found["index"])]
        if found["name"]:
            part = msgspec.json.decode(part, type=dict[str, Raw])[found["name"]]
        content = bytes(part)
        if len(content) > _SHOWN:
            return content[:_SHOWN].decode(errors="ignore").strip('"') + "…"
        return msgspec.json.decode(content)
    # refused before its end was read, of another shape, or a number that nothing holds
    except (msgspec.MsgspecError, ValueError, RecursionError, KeyError, IndexError):
        return None
