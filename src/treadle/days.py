"""Days as they are written: 2026-11-28, and in no other form, so that their texts stand in their order."""

from __future__ import annotations

from datetime import date


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


def kept_day(text: str) -> str:
    """A day of the record, written 2026-11-28: earlier versions kept some as they were typed, such as 20261128."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return text
