"""Lengths of time as people write them: `90s`, `3h`, `1 day`."""

from __future__ import annotations

import re
from datetime import timedelta

from treadle.errors import SpecError

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST = 1e4 * 366 * 86400
"""Seconds; from the first year that there is to the last."""
_WORDS = {
    "microsecond": 1e-6,
    "millisecond": 1e-3,
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86400,
    "week": 604800,
}
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+?)(s?)\s*", re.IGNORECASE)


def duration(text: str) -> timedelta:
    """A length of time: `90s`, `15m`, `3h`, `1d`, `2w`, or in words, `1 hour`, `30 minutes`.

    >>> duration("3h"), duration("30 minutes")
    (datetime.timedelta(seconds=10800), datetime.timedelta(seconds=1800))

    Raises:
        SpecError: anything else; months and years, whose length varies, among it.
    """
    found = _LENGTH.fullmatch(text)
    if found:
        unit, plural = found[2].lower(), found[3]
        seconds = _UNITS.get(unit + plural.lower()) or _WORDS.get(unit) or (_UNITS.get(unit) if not plural else None)
        if seconds is not None:
            if float(found[1]) * seconds > _LONGEST:
                raise SpecError(f'"{text}" is too long a time', mend="give at most some thousand years")
            return timedelta(microseconds=round(float(found[1]) * seconds * 1e6))
    raise SpecError(
        f'"{text}" is not a length of time', mend="write a number and s, m, h, d or w: 90s, 15m, 3h, 1d, 2w"
    )


def spoken(length: timedelta) -> str:
    """A length as a person says it, in its two largest units.

    >>> spoken(timedelta(minutes=135)), spoken(timedelta(seconds=42))
    ('2 h 15 min', '42 s')
    """
    left, said = max(0, int(length.total_seconds())), list[str]()
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= seconds:
            said.append(f"{left // seconds} {unit}")
            left %= seconds
    return " ".join(said[:2]) or "0 s"
