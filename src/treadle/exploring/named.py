"""How a snapshot is named: `flights`, `flights@12`, `flights@2026-11-28`, `flights@2026-11-28T10:00`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from treadle.errors import DataError

WHEN = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?|\d+"
"""A version, a day, or a moment; without a zone it is UTC."""
_LONGEST = 12
_MEND = "write NAME, NAME@12, NAME@2026-11-28 or NAME@2026-11-28T10:00 (UTC)"


class Named(Struct, frozen=True):
    """A source, and which of its snapshots: `version`, or the newest that was read before `before`, or the newest."""

    source: str
    version: int | None = None
    before: datetime | None = None
    text: str = ""
    """As it was written."""


def named(text: str, where: str = "") -> Named:
    """What a text names.

    >>> named("flights@12").version, named("flights@2026-11-28").before.isoformat()
    (12, '2026-11-29T00:00:00+00:00')

    Raises:
        DataError: what follows the @ is neither a version nor a time.
    """
    source, at, when = text.partition("@")
    if not at:
        return Named(source, text=text)
    if not source or not re.fullmatch(WHEN, when) or (when.isdigit() and len(when) > _LONGEST):
        raise DataError(f'"{text}" names no snapshot', where=where, mend=_MEND)
    if when.isdigit():
        return Named(source, version=int(when), text=text)
    return Named(source, before=_end_of(when, text, where), text=text)


def _end_of(when: str, text: str, where: str) -> datetime:
    """The first moment that is too late: a day counts whole, and so do a minute and a second."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError as bad:
        raise DataError(f'"{text}" names no time: {bad}', where=where, mend=_MEND) from bad
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = re.search(r"\d\d:\d\d:\d\d", when) is not None
    whole = timedelta(days=1) if len(when) == 10 else timedelta(seconds=1 if seconds else 60)
    try:
        return moment.astimezone(UTC) + whole
    except OverflowError as bad:
        raise DataError(f'"{text}" names no time that can be', where=where, mend=_MEND) from bad
