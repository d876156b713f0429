"""Where a time begins in the record, and the record itself, though clocks were wrong now and then."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

import pytest
from sqlalchemy import insert

from treadle.evidence import Reader
from treadle.plans.measuring import number_at, span
from treadle.store.catalog import open_catalog
from treadle.store.schema import entries

BEGUN = datetime(2026, 11, 20, tzinfo=UTC)
WRONG = ("1970-01-01T00:00:00.000000+00:00", "2099-01-01T00:00:00.000000+00:00")


@contextmanager
def record(times: Sequence[str]) -> Iterator[Reader]:
    """Entries of these times, the first one number 1."""
    engine = open_catalog("sqlite://")
    texts = dict.fromkeys((column.name for column in entries.columns), "x") | {"body": b"x"}
    with engine.connect() as connection:
        rows = [texts | {"seq": seq, "id": str(seq), "time": time} for seq, time in enumerate(times, 1)]
        if rows:
            connection.execute(insert(entries), rows)
        yield Reader(connection)
    engine.dispose()


def risen(count: int, step: timedelta) -> list[str]:
    return [(BEGUN + each * step).isoformat(timespec="microseconds") for each in range(count)]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", range(1, 20))
def test_one_entry_with_a_wrong_clock_loses_no_entry_and_no_day(wrong: str, place: int) -> None:
    """20 entries of 20 to 24 November, six hours from each other."""
    times = risen(20, timedelta(hours=6))
    times[place - 1] = wrong
    with record(times) as reader:
        for since, number in (("2026-11-01", 1), ("2026-11-22", 9), ("2026-12-01", 21)):
            found = number_at(reader.connection, since)
            assert number - 2 <= found <= number + (number == place), "where it may be either, nothing is lost"
        begun = span(reader)[0]
        assert begun == date(2026, 11, 20) or (place, begun) == (1, date(1970, 1, 1)), "the first one may be right"
        assert span(reader)[1] == 20


def test_of_many_a_whole_run_of_them_may_be_wrong() -> None:
    times = risen(9000, timedelta(minutes=10))
    for begin, wrong in ((100, WRONG[0]), (4480, WRONG[0]), (8000, WRONG[1])):
        times[begin : begin + 40] = [wrong] * 40
    right = risen(9000, timedelta(minutes=10))
    with record(times) as reader:
        for number in (1, 50, 101, 1000, 2250, 4500, 6000, 7000, 8900, 9000):
            assert abs(number_at(reader.connection, right[number - 1]) - number) <= 40
        for number in (1, 1000, 2250, 6000, 9000):
            assert number_at(reader.connection, right[number - 1]) == number


@pytest.mark.parametrize(("wrong", "count"), [(WRONG[1], 15), (WRONG[1], 1500), ("2026-12-05T00:00:00+00:00", 15)])
def test_a_record_that_begins_with_a_wrong_clock_is_as_old_as_it_is(wrong: str, count: int) -> None:
    times = [wrong] * count + risen(4000, timedelta(minutes=10))
    with record(times) as reader:
        assert span(reader) == (date(2026, 11, 20), len(times))


@pytest.mark.parametrize("wrong", WRONG)
def test_many_wrong_in_a_row_lose_nothing_that_lies_before_or_after_them(wrong: str) -> None:
    times = risen(10_000, timedelta(minutes=10))
    times[4500:5500] = [wrong] * 1000
    with record(times) as reader:
        for number in (1, 2, 999, 1000, 1001, 2000, 3400, 6600, 7499, 10_000):
            assert number_at(reader.connection, times[number - 1]) == number
        assert number_at(reader.connection, "2027-12-01") == 10_001


def test_it_is_where_fewest_lie_on_the_wrong_side() -> None:
    """Held to a count by hand, of clocks that are all wrong."""
    chance = random.Random(1)
    times = chance.choices(risen(40, timedelta(days=1)), k=2300)
    with record(times) as reader:
        for asked in (times[0], "2026-12-10", "2026-12-20", "2027"):
            sides = list(accumulate((-1 if each < asked else 1 for each in times), initial=0))
            assert number_at(reader.connection, asked) == 1 + sides.index(min(sides))


def test_of_nothing_and_of_one() -> None:
    with record([]) as reader:
        assert number_at(reader.connection, "2026") == 1 and span(reader) == (None, 0)
    with record(risen(1, timedelta())) as reader:
        assert (number_at(reader.connection, "2026-11-20"), number_at(reader.connection, "2026-11-21")) == (1, 2)
        assert span(reader) == (date(2026, 11, 20), 1)
