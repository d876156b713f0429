"""What bodies of requests have in common: the value that a refusal names, found in linear time; times in UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw

from treadle.errors import RequestError

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


def in_utc(moment: datetime, field: str) -> datetime:
    """A time without a zone is taken as UTC, as the sources' times are; RequestError if UTC has no such time."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as bad:  # the last hours of the year 9999 west of Greenwich, the first of year 1 east of it
        raise RequestError(
            f"{field} is {moment.isoformat()}, which no calendar has in UTC",
            field=field,
            value=moment.isoformat(),
            rule="a time in the years 1 to 9999 UTC",
            mend="correct the value",
        ) from bad
