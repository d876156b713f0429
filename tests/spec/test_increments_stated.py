"""What a project file may say of reading in increments, and of when rows are late."""

from __future__ import annotations

import pytest

from treadle.errors import SpecError
from treadle.spec import Brief, New, People, Predict, ProjectSpec, Source, check_spec


def spec(source: Source) -> ProjectSpec:
    return ProjectSpec(
        project="shop",
        brief=Brief(people=People(owner="ada")),
        sources={"orders": source},
        predict=Predict(name="y", each="orders", label="paid"),
    )


@pytest.mark.parametrize(
    "source",
    [
        Source(read="in", new="files"),
        Source(read="in", new=New(when_changed="read"), key="id"),
        Source(read="sqlite:x.db", table="t", new=New(by="id", overlap=10.0)),
        Source(read="sqlite:x.db", table="t", columns=("id",), new=New(by="id", overlap="1h", time_zone="Asia/Tokyo")),
        Source(read="x.csv", key="id", new=New(by="n", when_seen="keep", deleted="gone")),
        Source(read="x.csv", every="1h", late_after="15m", when_late="stop"),
    ],
)  # fmt: skip
def test_what_may_be_said(source: Source) -> None:
    check_spec(spec(source))


@pytest.mark.parametrize(
    ("source", "path", "said"),
    [
        (Source(read="sqlite:x.db", table="t", new="files"), "new", "folders of this machine alone"),
        (Source(read="d", format="delta", new="files"), "new", "by rows, and not by files"),
        (Source(read="in", new=New(overlap="1h")), "new.overlap", "is of a column that rows are read by"),
        (Source(read="in", new=New(time_zone="UTC")), "new.time_zone", "is of a column that rows are read by"),
        (Source(read="in", new=New(when_seen="keep")), "new.when_seen", "needs a key"),
        (Source(read="in", new=New(by="n", deleted="gone")), "new.deleted", "needs a key"),
        (Source(read="in", new=New(when_changed="read")), "new.when_changed", "needs a key"),
        (Source(read="in", key="id", new=New(by="n", when_changed="read")), "new.when_changed", "is of files"),
        (Source(read="in", new=New(by="n", overlap="soon")), "new.overlap", "not a length of time"),
        (Source(read="in", new=New(by="n", overlap="0s")), "new.overlap", "no time at all"),
        (Source(read="in", new=New(by="n", time_zone="Europe/Berlinn")), "new.time_zone", "no time zone"),
        (Source(read="in", new=New(by="n", time_zone="../x")), "new.time_zone", "no time zone"),
        (Source(read="in", new=New(by="n", ambiguous="later")), "new.ambiguous", "without a `time_zone`"),
        (Source(read="sqlite:x", table="t", columns=("a",), new=New(by="n")), "new.by", "not among the `columns`"),
        (Source(read="x.csv", late_after="1h"), "late_after", "needs `every`"),
        (Source(read="x.csv", when_late="wait"), "when_late", "needs `every`"),
        (Source(read="x.csv", every="often"), "every", "not a length of time"),
    ],
)
def test_what_may_not(source: Source, path: str, said: str) -> None:
    with pytest.raises(SpecError) as told:
        check_spec(spec(source))
    assert said in told.value.what and told.value.where == f"sources.orders.{path}"


def test_short_and_long_forms_are_one() -> None:
    assert Source(read="in", new="files").only_new == Source(read="in", new=New()).only_new == New()
    assert Source(read="in").only_new is None
