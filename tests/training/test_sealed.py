"""Sealed rows are known by their keys: other features, another order or more rows do not make them new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from treadle.training import sealed_digest, sealed_ids, split
from treadle.training.sealed import SKETCH, sealed_rows


def test_the_same_rows_are_the_same_whatever_the_features(table, spec):
    rows, predict = table(), spec().predict
    parts = split(rows, predict)
    other = replace(rows, frame=rows.frame.select("flag").with_columns(new=pl.lit(1)), features=())
    mixed = np.random.default_rng(0).permutation(len(rows))
    shuffled = rows.rows(mixed)
    digest = sealed_digest(rows, parts)
    assert sealed_digest(other, parts) == digest
    assert sealed_digest(shuffled, split(shuffled, predict)) == digest
    assert sealed_digest(rows, replace(parts, test=parts.test[1:])) != digest
    assert sealed_ids(rows, parts).rows == len(parts.test)


def test_rows_without_a_key_are_known_by_their_content(table, spec):
    rows = table(timed=False)
    parts = split(rows, spec(by="random").predict)
    raw = rows.frame.with_columns(y=pl.Series(rows.label))
    digest = sealed_digest(rows, parts, raw)
    assert sealed_digest(rows, parts, raw.select(reversed(raw.columns))) == digest
    back = np.arange(len(rows))[::-1]
    assert sealed_digest(rows.rows(back), replace(parts, test=len(rows) - 1 - parts.test), raw[back]) == digest
    changed = raw.with_columns(count=pl.when(pl.int_range(pl.len()) == int(parts.test[0])).then(-1).otherwise("count"))
    assert sealed_digest(rows, parts, changed) != digest
    assert sealed_digest(rows, parts, raw.with_columns(pl.all().repeat_by(1).list.first())) == digest


def test_twins_are_counted():
    assert sealed_rows(["a", "a"]).digest != sealed_rows(["a"]).digest
    assert sealed_rows(["a", "b"]).digest == sealed_rows(["b", "a"]).digest


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
@pytest.mark.parametrize("size", [100, 20_000])
def test_overlap_is_estimated_from_two_sketches(share, size):
    start = size - round(size * share)
    one, two = sealed_rows(map(str, range(size))), sealed_rows(map(str, range(start, start + size)))
    assert len(one.sketch) == min(size, SKETCH) and list(one.sketch) == sorted(one.sketch)
    if size <= SKETCH:
        assert one.overlap(two) == share
    assert one.overlap(two) == pytest.approx(share, abs=0.06)
    assert (one.overlap(two) > 0) == (share > 0)


def test_a_part_of_larger_sealed_rows_was_seen_whole():
    part, whole = sealed_rows(map(str, range(2000))), sealed_rows(map(str, range(10_000)))
    assert part.overlap(whole) == 1.0
    assert whole.overlap(part) == pytest.approx(0.2, abs=0.06)
    assert sealed_rows([]).overlap(whole) == 0.0
