"""Days as they are written: 2026-11-28, and in no other form, so that their texts stand in their order."""

from __future__ import annotations

import re
from datetime import date

_OTHERWISE = re.compile(r"(?P<one>\d{1,4})(?P<sign>[./-])(?P<two>\d{1,2})(?P=sign)(?P<three>\d{1,4})")


def day_in(text: str) -> date:
    """The day that a text names. ISO 8601 has other forms, which Python reads; they would not compare as texts.

    >>> day_in("2026-11-28")
    datetime.date(2026, 11, 28)
    >>> day_in("20261128")
    Traceback (most recent call last):
        ...
    ValueError: 20261128 is not written as 2026-11-28

    Raises:
        ValueError: it is no day, or one in another form.
    """
    found = date.fromisoformat(text)
    if found.isoformat() != text:
        raise ValueError(f"{text} is not written as {found.isoformat()}")
    return found


def how_to_write(text: str) -> str:
    """What to write in place of a text that names no day: the days that it may mean.

    >>> how_to_write("24/12/2026"), how_to_write("10.12.2026"), how_to_write("soon")
    ('write 2026-12-24', 'write 2026-12-10', 'write a day as 2027-01-31')
    >>> how_to_write("10/12/2026")
    'write 2026-12-10, or 2026-10-12 if the month stands first'
    """
    found = _OTHERWISE.fullmatch(text.strip())
    if found is None:
        return "write a day as 2027-01-31"
    one, two, three = (int(found[name]) for name in ("one", "two", "three"))
    first = _iso(three, two, one) or _iso(one, two, three)
    second = _iso(three, one, two) if found["sign"] != "." else ""
    if first and second and first != second:
        return f"write {first}, or {second} if the month stands first"
    return f"write {first or second or 'a day as 2027-01-31'}"


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat() if year >= 1000 else ""
    except ValueError:
        return ""


def kept_day(text: str) -> str:
    """A day of the record, written 2026-11-28: earlier versions kept some as they were typed, such as 20261128."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return text
