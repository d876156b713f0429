"""Sealed rows are known by their keys and by their content: nothing but other rows makes them new."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from treadle.training import Look, sealed_ids, split, times_opened


@pytest.fixture
def parts(table, spec):
    return split(table(), spec().predict)


def rows_of(names, parts, *, key=("order",), **columns):
    """Test rows with these keys, and other columns."""
    raw = pl.DataFrame({"order": list(names), **columns})
    return sealed_ids(raw, replace(parts, test=np.arange(raw.height)), key, "shop\norders")


def looked(*looks):
    return [Look.read(rows.key_file, rows.content_file) for rows in looks]


def test_a_name_follows_from_the_row_alone(parts):
    raw = pl.DataFrame({"order": range(600), "amount": np.linspace(0, 9, 600), "kind": ["a", None, "b"] * 200})
    found = sealed_ids(raw, parts, ["order"], "shop")
    assert sealed_ids(raw.select("kind", "order", "amount"), parts, ["order"], "shop").digest == found.digest
    back = sealed_ids(raw[::-1], replace(parts, test=599 - parts.test), ["order"], "shop")
    assert (back.digest, back.content_file) == (found.digest, found.content_file)
    assert sealed_ids(raw, replace(parts, test=parts.test[1:]), ["order"], "shop").digest != found.digest
    assert found.rows == len(parts.test) == len(found.content_file) / 8
    changed = raw.with_columns(amount=pl.col("amount") + 1)
    assert sealed_ids(changed, parts, ["order"], "shop").digest == found.digest
    assert sealed_ids(changed, parts).digest != sealed_ids(raw, parts).digest


def test_names_are_the_same_on_every_machine_and_day(parts):
    """Kept for years: a change of these figures makes every earlier look a stranger."""
    raw = pl.DataFrame(
        {"n": [1, None], "x": [0.5, 2.0], "t": ["é", ""], "b": [True, False], "d": [date(2024, 2, 9)] * 2}
    )
    found = sealed_ids(raw, replace(parts, test=np.arange(2)), ["n"], "shop")
    assert (list(found.keys), list(found.contents)) == (
        [17307918864147992208, 9160097854164486724],
        [10815448358075435596, 11570685079011222710],
    )


def test_what_is_no_difference_and_what_is(parts):
    def one(**columns):
        return int(sealed_ids(pl.DataFrame(columns), replace(parts, test=np.arange(1))).contents[0])

    assert one(a=[5]) == one(a=[5.0]) == one(a=pl.Series([5], dtype=pl.Int8)) == one(a=pl.Series([5], dtype=pl.UInt64))
    different = [one(a=[5]), one(b=[5]), one(a=["5"]), one(a=[None]), one(a=[""]), one(a=[0]), one(a=[True]),
                 one(a=[5.5]), one(a=[float("nan")]), one(a=[float("inf")]), one(a=[2**60]), one(a=[2**60 + 1]),
                 one(a=[[1, 2]]), one(a=[b"5"]), one(a=[5], b=[None])]  # fmt: skip
    assert len(set(different)) == len(different)


def test_twins_are_told_apart_by_number(parts):
    twice, once = rows_of("aa", parts), rows_of("a", parts)
    assert len(set(twice.keys.tolist())) == 2 and once.keys[0] in twice.keys


@pytest.mark.parametrize(("before", "now"), [(20_000, 100), (67_355, 200), (60_000, 600), (2000, 2000)])
def test_a_small_part_of_a_large_test_set_was_seen(parts, before, now):
    """By a sample of 256 names, 28 to 51 of a hundred such looks were lost."""
    random = np.random.default_rng(99)
    for _ in range(5):
        old = random.permutation(10**6)[:before]
        assert times_opened(rows_of(random.permutation(old)[:now], parts), looked(rows_of(old, parts))) == 2


def test_another_key_or_none_or_another_project_makes_no_new_rows(parts):
    raw = pl.DataFrame({"order": range(100), "kind": ["a", "b"] * 50})
    part = replace(parts, test=np.arange(100))
    first = looked(sealed_ids(raw, part, ["order"], "shop"))
    for key, project in ((["order", "kind"], "shop"), ([], "shop"), (["order"], "shop2"), ([], "other")):
        assert times_opened(sealed_ids(raw, part, key, project), first) == 2
    wider = raw.with_columns(region=pl.lit("x"))
    assert times_opened(sealed_ids(wider, part, ["order"], "shop"), first) == 2, "by the key"
    assert times_opened(sealed_ids(wider, part, ["order"], "shop2"), first) == 1, "keys are of one project"
    assert times_opened(sealed_ids(wider, part, ["order"], "shop"), looked(sealed_ids(raw, part))) == 1


def test_small_shares_add_up(parts):
    rows = rows_of(range(1000), parts)
    shares = [rows_of([*range(k * 30, k * 30 + 30), *range(10**6, 10**6 + 970)], parts) for k in range(30)]
    assert times_opened(rows, looked(*shares)) == 2, "ninety of a hundred rows were seen, each of them once"
    assert times_opened(rows, looked(*shares, *shares)) == 3
    assert times_opened(rows, looked(*[shares[0]] * 7)) == 8, "three in a hundred rows were seen seven times"


@pytest.mark.parametrize(("size", "need"), [(1, 1), (2, 2), (10, 2), (200, 2), (1000, 10), (1001, 11)])
def test_a_row_that_turns_up_everywhere_counts_for_none(parts, size, need):
    rows = rows_of(range(size), parts)
    assert times_opened(rows, looked(*[rows_of(range(need), parts)] * 4)) == 5
    if need > 1:
        assert times_opened(rows, looked(*[rows_of(range(need - 1), parts)] * 4)) == 1


def test_no_rows_and_no_looks(parts):
    nothing, rows = rows_of([], parts), rows_of(range(9), parts)
    assert times_opened(nothing, looked(rows)) == times_opened(rows, []) == times_opened(rows, looked(nothing)) == 1
    assert times_opened(rows, [Look(None, None)]) == 1
