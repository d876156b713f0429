"""Texts with an offset are the instants that they say, whatever stands beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.mapping import apply
from treadle.spec import Mapped

ZONES = st.one_of(st.none(), st.integers(-14 * 60, 14 * 60))
MOMENTS = st.datetimes(datetime(1900, 1, 2), datetime(2100, 1, 1))


def made(texts: list[str | None], **said: str) -> list[datetime | None]:
    mapped = Mapped(origin="t", type="timestamp", **said)  # type: ignore[arg-type]
    rows = pl.DataFrame({"t": texts}, schema={"t": pl.String})
    found = apply(rows, {"at": mapped}, keep=False, rates={}).rows.get_column("at")
    assert found.dtype == pl.Datetime("us", "UTC")
    return [None if each is None else each.replace(tzinfo=UTC) for each in found.to_list()]


@given(st.lists(st.one_of(st.none(), st.tuples(MOMENTS, ZONES, st.sampled_from("T "))), max_size=8))
def test_what_python_writes_is_read_as_python_means_it(moments: list[tuple[datetime, int | None, str] | None]) -> None:
    texts, wanted = list[str | None](), list[datetime | None]()
    for each in moments:
        if each is None:
            texts.append(None)
            wanted.append(None)
            continue
        moment, minutes, between = each
        zone = UTC if minutes is None else timezone(timedelta(minutes=minutes))
        there = moment.replace(tzinfo=zone)
        texts.append((moment if minutes is None else there).isoformat(between))
        wanted.append(there.astimezone(UTC))
    assert made(texts) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:00:00Z", "2024-05-01T10:00:00z", "2024-05-01 10:00:00 UTC", "2024-05-01T12:00+02:00",
        "2024-05-01T12:00:00.000+0200", "2024-05-01T12:00:00 +02", "2024-05-01T04:30:00-05:30", " 2024-05-01T10:00Z ",
    ],
)  # fmt: skip
def test_ways_to_write_one_instant(text: str) -> None:
    assert made([text, "2024-05-01"]) == [datetime(2024, 5, 1, 10, tzinfo=UTC), datetime(2024, 5, 1, tzinfo=UTC)]


def test_a_zone_is_of_those_that_do_not_say_their_own() -> None:
    ten = datetime(2024, 5, 1, 10, tzinfo=UTC)
    texts: list[str | None] = ["2024-05-01T10:00:00Z", "2024-05-01T12:00:00", None]
    assert made(texts, zone="Europe/Berlin") == [ten, ten, None]
    assert made(["2024-03-31T02:30:00+01:00"], zone="Europe/Berlin") == [datetime(2024, 3, 31, 1, 30, tzinfo=UTC)]


@pytest.mark.parametrize(
    "text", ["2024-05-01T10:00:00+25:00", "2024-05-01T10:00+01:75", "2024-05-01+02:00", "2024-13-01T10:00:00Z", "noonZ"]
)
def test_what_is_none_is_refused_as_it_stands(text: str) -> None:
    with pytest.raises(DataError) as caught:
        made(["2024-05-01T10:00:00Z", text])
    assert f'"{text}" is no time (row 2)' in str(caught.value)
