"""Dates in ISO 8601, read eight letters at a time, are those that strptime reads."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.sources.stamps import stamps

FORMS = {
    "%Y-%m-%d": "%Y-%m-%d",
    "%Y-%m-%d %H:%M": "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S%.f": "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S%.f%#z": "%Y-%m-%dT%H:%M:%S+00:00",
    "%Y-%m-%d %H:%M:%S%.f%#z": "%Y-%m-%d %H:%M:%S.%fZ",
}


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(FORMS)), st.lists(st.none() | st.datetimes(datetime(1000, 1, 1)), min_size=1, max_size=9))
def test_they_are_what_strptime_reads(form: str, moments: list[datetime | None]) -> None:
    texts = [None if at is None else at.strftime(FORMS[form]) for at in moments]
    values, wanted = pl.Series("at", texts, dtype=pl.String), list[object]()
    for text in texts:
        read = None if text is None else datetime.strptime(text, FORMS[form])
        wanted.append(read.date() if read is not None and "H" not in form else read)
    made = stamps(values, form)
    if not any(texts):
        assert made is None
        return
    assert made is not None and made.name == "at"
    assert (made.dt.replace_time_zone(None) if "H" in form else made).to_list() == wanted


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2024-02-29", "2023-02-29"], "%Y-%m-%d"),
        (["2024-01-01", "2024-1-01"], "%Y-%m-%d"),
        (["2024-01-01", "2024/01/01"], "%Y-%m-%d"),
        (["2024-01-01", "2024-0:-01"], "%Y-%m-%d"),
        (["2024-01-01", "202é-01-1"], "%Y-%m-%d"),
        (["2024-13-01"], "%Y-%m-%d"),
        (["0000-01-01"], "%Y-%m-%d"),
        (["2024-01-01 24:00"], "%Y-%m-%d %H:%M"),
        (["2024-01-01T23:59:60"], "%Y-%m-%dT%H:%M:%S%.f"),
        (["2024-01-01T10:00:00+01:00"], "%Y-%m-%dT%H:%M:%S%.f%#z"),
        (["2024-01-01T10:00:00+00:00", "2024-01-01T10:00:00+01:00"], "%Y-%m-%dT%H:%M:%S%.f%#z"),
        (["2024-01-02"], "%Y-%d-%m"),
        (["2024-01-01 10:00"], "%Y-%m-%dT%H:%M"),
    ],
)
def test_all_others_are_left_to_strptime(texts: list[str], form: str) -> None:
    assert stamps(pl.Series(texts), form) is None
