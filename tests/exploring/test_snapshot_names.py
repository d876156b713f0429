"""`flights@12` and its like: what they mean, and what is no name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import DataError
from treadle.exploring.named import named


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("a@2026-11-28", datetime(2026, 11, 29, tzinfo=UTC)),
        ("a@2026-11-28T10:00", datetime(2026, 11, 28, 10, 1, tzinfo=UTC)),
        ("a@2026-11-28 10:00", datetime(2026, 11, 28, 10, 1, tzinfo=UTC)),
        ("a@2026-11-28T10:00:05", datetime(2026, 11, 28, 10, 0, 6, tzinfo=UTC)),
        ("a@2026-11-28T10:00Z", datetime(2026, 11, 28, 10, 1, tzinfo=UTC)),
        ("a@2026-11-28T10:00+02:00", datetime(2026, 11, 28, 8, 1, tzinfo=UTC)),
    ],
)
def test_a_time_counts_whole_and_is_utc_without_a_zone(text: str, before: datetime) -> None:
    assert named(text).before == before and named(text).version is None


def test_a_version_and_the_newest() -> None:
    assert (named("a@0").version, named("a@12").version, named("a").version, named("a").before) == (0, 12, None, None)
    assert named("my-stock@3").source == "my-stock"


@pytest.mark.parametrize(
    "text", ["a@", "@1", "a@b", "a@-1", "a@1.5", "a@2026-13-01", "a@2026-02-30", "a@1@2", "a@9999-12-31", f"a@{10**40}"]
)
def test_what_names_nothing_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(DataError) as bad:
        named(text, "SQL")
    assert ("@2026-11-28" in bad.value.mend and bad.value.where == "SQL") or "can be" in bad.value.what


@given(st.text(max_size=30))
def test_any_text_names_something_or_is_refused(text: str) -> None:
    try:
        found = named(text)
    except DataError:
        return
    assert text.startswith(found.source)
