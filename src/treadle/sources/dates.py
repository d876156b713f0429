"""Dates and times in text: the form they are written in, told where it can be told, and said where it cannot.

ISO 8601, with or without a time and a zone; the year last, with the day or the month first. Which of the two goes
first is told by a number above 12, or by points between them (31.12.2024 is never written month first).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.sources.stamps import stamps

if TYPE_CHECKING:
    import polars as pl

_SAMPLE, _FORMS, _LONGEST = 200, 5, 48
_DATE = r"(\d{4})([-/.])(\d{1,2})[-/.](\d{1,2})|(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4})"
_SHAPE = re.compile(
    rf"(?:{_DATE})(?:(T|\s+)\d{{1,2}}:\d{{2}}(:\d{{2}}([.,]\d+)?)?(\s*[AaPp][Mm])?\s*(Z|UTC|[+-]\d{{2}}(?::?\d{{2}})?)?)?"
)
_ZONE = re.compile(r"(?<!%)(?:%%)*%[#:]*z")
_LEAD = r"^(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}"


class Form(Struct, frozen=True):
    """How the dates of a column are written: `format` for strptime; or `either`, where two would do."""

    format: str
    either: str = ""

    @property
    def iso(self) -> bool:
        return self.format.startswith("%Y-%m-%d") and "%p" not in self.format


def says_zone(form: str) -> bool:
    """Whether a form of strptime says how far a time is from UTC; a letter z that stands in it says nothing.

    >>> [says_zone(form) for form in ("%d.%m.%Y %H:%M %z", "%H:%M%#z", "%d.%m.%Y Uhrzeit %H:%M", "%H:%M %%z")]
    [True, True, False, False]
    """
    return _ZONE.search(form) is not None


def form_of(values: pl.Series) -> Form | None:
    """The one form in which all texts of a column are dates, if there is one. `values`: none is missing.

    A sample is looked at first, so that a column of other texts costs next to nothing.
    """
    step = max(1, len(values) // _SAMPLE)
    for text in values.head(_SAMPLE).to_list() + values.gather_every(step).to_list():
        if len(text) > _LONGEST or not _SHAPE.fullmatch(text.strip()):
            return None
    first = _SHAPE.fullmatch(values[0].strip())
    if first is None:
        return None
    tail = _tail(first)
    if first[1]:
        return Form(f"%Y{first[2]}%m{first[2]}%d{tail}")
    sign = first[6]
    days = f"%d{sign}%m{sign}%Y{tail}"
    if sign == ".":
        return Form(days)
    months = f"%m{sign}%d{sign}%Y{tail}"
    lead = values.str.strip_chars().str.extract_groups(_LEAD).struct.unnest()
    most = [int(str(lead.to_series(place).cast(int, strict=False).max() or 0)) for place in (0, 1)]
    if most[0] <= 12 and most[1] <= 12:
        return Form(days, months)
    return Form(days if most[0] > 12 else months)


def _tail(shape: re.Match[str]) -> str:
    """The format of what follows the date."""
    between, seconds, half, zone = shape[9], shape[10], shape[12], shape[13]
    if between is None:
        return ""
    hours = "%I:%M" if half else "%H:%M"
    clock = hours + (":%S%.f" if seconds else "")
    blank = " " if half and half[0].isspace() else ""
    after = "" if not zone else " %#z" if shape[0][: shape.start(13)][-1:].isspace() else "%#z"
    return ("T" if between == "T" else " ") + clock + (f"{blank}%p" if half else "") + after


def form_of_most(values: pl.Series) -> Form | None:
    """The form in which most of those texts are dates that look like one. `values`: none is missing."""
    import polars as pl

    dated = values.filter(values.str.strip_chars().str.contains(f"^(?:{_SHAPE.pattern})$"))
    step = max(1, len(dated) // _FORMS)
    firsts = dated.gather_every(step).head(_FORMS)
    forms = {form_of(pl.concat([firsts[at : at + 1], dated])) for at in range(len(firsts))}
    found = [(parsed(dated, form.format).null_count(), form.format, form) for form in forms if form is not None]
    return min(found)[-1] if found else None


def as_text(values: pl.Series, *, zoned: bool = False) -> pl.Series:
    """Dates, or times in UTC, as a contract reads them from texts. zoned: their texts said a zone, and do so here."""
    import polars as pl

    form = "%Y-%m-%d" if values.dtype == pl.Date else "%Y-%m-%d %H:%M:%S%.f" + "Z" * zoned
    return values.dt.to_string(form)


def parsed(values: pl.Series, form: str) -> pl.Series:
    """Dates, or times in UTC, of texts in this form; NULL where one is in another.

    Raises:
        ValueError: no form of a date.
    """
    import polars as pl

    alike = stamps(values, form)
    if alike is not None:
        return alike
    try:
        found = _of_texts(values, form)
        if found.null_count() == values.null_count():
            return found
        text = values.str.strip_chars().str.replace_all(r"\s+", " ")
        return _of_texts(text.str.replace("UTC$", "Z") if says_zone(form) else text, form)
    except (pl.exceptions.PolarsError, ValueError) as bad:
        reason = (str(bad).strip().splitlines() or ["?"])[0]
        raise ValueError(reason) from bad


def at_once(values: pl.Series, form: str) -> pl.Series | None:
    """As `parsed`, of texts of which each looks like a date and is one in this very form; None where one is not.

    So it is of any part of a column as it is of the whole.
    """
    found = stamps(values, form)
    if found is not None:
        return found
    text = values.str.strip_chars()
    if not text.str.contains(f"^(?:{_SHAPE.pattern})$").all() or not (values.str.len_bytes() <= _LONGEST).all():
        return None
    found = _of_texts(values, form)
    return found if found.null_count() == values.null_count() else None


def _of_texts(text: pl.Series, form: str) -> pl.Series:
    if not re.search("%[-#_0]?[HIklTRsX+]", form):
        return text.str.to_date(form, strict=False)
    if says_zone(form):
        return text.str.to_datetime(form, time_unit="us", time_zone="UTC", strict=False)
    return text.str.to_datetime(form, time_unit="us", strict=False).dt.replace_time_zone("UTC")
