"""Rows of two sources as the persons that they tell of: right, whatever their order, and told where they are odd."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_people import MATCH, entity, found_in, groups, pairs, rows_of, table, tables

from treadle.errors import DataError, SpecError
from treadle.matching import Decision, as_tables, draw, explain, reconcile
from treadle.spec.drawn import of_source

PARTS = ("rows", "members", "links", "choices")


def test_people_are_found_again() -> None:
    frames, true = tables(400)
    found = found_in(entity(), frames)
    got = pairs(found)
    assert len(got & true) / len(got) > 0.99 and len(got & true) / len(true) > 0.95
    assert found.notes == () and found.rows.height == len(groups(found))
    assert found.rows["entity_id"].to_list() == found.rows["entity_id"].unique(maintain_order=True).to_list()


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_rows_in_any_order_are_the_same_things(seed: int) -> None:
    frames, _ = tables(60)
    mixed = {name: frame.sample(fraction=1, shuffle=True, seed=seed) for name, frame in frames.items()}
    one, other = found_in(entity(), frames), found_in(entity(), mixed)
    for part in PARTS:
        assert getattr(one, part).equals(getattr(other, part)), part
    assert one.weights == other.weights


def test_what_blocks_cover_is_what_all_pairs_would_find() -> None:
    """300 rows, each pair of them weighed one by one by the same weights."""
    frames, _ = tables(195, seed=5)
    said = entity(match={**MATCH, "exact": []})
    rows = rows_of(said, frames)
    found = reconcile("customer", said, rows)
    assert found.weights is not None and len(rows) >= 300
    records, least = rows.frame["record"].to_list(), found.weights.bits_of(said.match.perhaps)
    links = {(a, b): weight for a, b, weight in found.links.select("one", "other", "weight").iter_rows()}
    some = np.random.default_rng(1).choice(len(records) * (len(records) - 1) // 2, 400, replace=False)
    every = list(combinations(records, 2))
    for one, other in [*links, *(every[n] for n in some)]:
        told = explain("customer", said, rows, found.weights, one, other)
        # a pair that no block forms is nothing alike here: zip, birthday, and name with year would all have to differ
        assert (told.weight >= least) == ((one, other) in links), (one, other)
        if (one, other) in links:
            assert told.weight == pytest.approx(links[(one, other)], abs=2e-3)


def test_names_stay_as_rows_are_added() -> None:
    frames, _ = tables(200)
    before = found_in(entity(), frames).members.select("record", "entity_id")
    more, _ = tables(260)
    after = found_in(entity(), more).members.select("record", "entity_id")
    both = before.join(after, on="record", suffix=" after")
    assert (both["entity_id"] == both["entity_id after"]).mean() > 0.98


def some(**frames: pl.DataFrame) -> dict[str, pl.DataFrame]:
    whole, _ = tables(40)
    return {**whole, **frames}


@pytest.mark.parametrize(
    ("frames", "rows"),
    [
        (some(web=some()["web"].clear()), 40),
        (some(crm=some()["crm"].clear(), web=some()["web"].clear()), 0),
        (some(crm=some()["crm"].head(1), web=some()["web"].clear()), 1),
    ],
)
def test_empty_sources_and_a_single_row(frames: dict[str, pl.DataFrame], rows: int) -> None:
    found = found_in(entity(), frames)
    assert found.members.height == rows == found.rows.height
    assert {"entity_id", "rows", "name", "born", "zip", "mail"} == set(found.rows.columns)
    assert found.links.height == 0 and found.choices.height == 0


def test_rows_without_any_value_are_things_of_their_own() -> None:
    blank = some()["web"].with_columns(pl.lit(None).cast(pl.String).alias(n) for n in ("full", "zip", "mail"))
    found = found_in(entity(), some(web=blank.with_columns(born=pl.lit(None, pl.Date), full=pl.lit("  "))))
    assert all(len(each) == 1 for each in groups(found) if any(name.startswith("web") for name in each))


def test_one_block_of_all_rows_is_cut_and_told() -> None:
    frames, _ = tables(400)
    same = {name: frame.with_columns(zip=pl.lit("10115")) for name, frame in frames.items()}
    found = found_in(entity(), same)
    rows = sum(frame.height for frame in frames.values())
    assert f"{rows:,} rows are equal in zip: each was compared with the next 20" in found.notes[0]
    assert found.pairs < rows * 25


def test_blocks_that_form_no_pair_are_told() -> None:
    frames, _ = tables(40)
    none = {name: frame.with_columns(mail=pl.lit(None, pl.String)) for name, frame in frames.items()}
    said = entity(match={"compare": {"name": "jaro_winkler"}, "block": ["mail"]})
    found = found_in(said, none)
    assert found.notes == ("no two rows are equal in any block, so that none were compared",)
    assert found.rows.height == found.members.height


def test_an_exact_key_that_very_many_share_is_told() -> None:
    frames, _ = tables(200)
    same = {name: frame.with_columns(mail=pl.lit("none@example.org")) for name, frame in frames.items()}
    found = found_in(entity(), same)
    assert len(groups(found)) == 1 and "rows are equal in the exact key mail, and are one" in found.notes[0]


def test_keys_that_come_twice_or_are_missing_name_each_row_once() -> None:
    crm = table(id=[7, 7, None], first=["Anna", "Anna", "Bruno"], last=["Koch", "Koch", "Wolf"], zip=["1", "2", "3"])
    crm = crm.with_columns(born=pl.lit(None, pl.Date), mail=pl.lit(None, pl.String))
    drawn = rows_of(entity(), some(crm=crm)).frame.filter(source="crm")
    names = drawn["record"].to_list()
    assert names[:2] == ["crm:7", "crm:7#2"] and names[2].startswith("crm:#") and len(names[2]) == len("crm:#") + 12
    assert drawn.equals(rows_of(entity(), some(crm=crm.reverse())).frame.filter(source="crm"))
    clash = table(id=["7", "7", "7#2"], **{n: crm[n].to_list() for n in ("first", "last", "zip", "born", "mail")})
    with pytest.raises(DataError, match="two rows would be called crm:7#2"):
        rows_of(entity(), some(crm=clash.cast({"born": pl.Date, "mail": pl.String})))


def test_fields_of_unlike_types_are_refused_and_numbers_are_put_together() -> None:
    frames = {"crm": table(id=[1], v=["a"], n=[1]), "web": table(id=[1], v=[2], n=[1.5])}
    fields = {"v": "v", "n": "n"}
    said = entity(**{"from": {"crm": fields, "web": fields}, "match": {"exact": ["n"]}})
    with pytest.raises(SpecError, match="the field v is of unlike types: str in crm, int in web"):
        rows_of(said, frames)
    cast = entity(**{"from": {"crm": fields, "web": {"v": "cast(v as varchar)", "n": "n"}}, "match": {"exact": ["n"]}})
    assert rows_of(cast, frames).frame.schema["n"] == pl.Float64
    with pytest.raises(SpecError, match=r"no column|entities.customer.from.crm.v"):
        rows_of(entity(**{"from": {"crm": {"v": "nothing"}}, "match": {"exact": ["v"]}}), frames)
    with pytest.raises(SpecError, match='source crm has no column "no"'):
        draw("customer", cast, frames, {"crm": ("no",), "web": ("id",)})


def test_keys_of_several_parts_are_told_apart_whatever_is_in_these() -> None:
    keys = [("a/1", "2"), ("a", "1/2"), ("a\\/1", "2"), ("a\\", "1/2"), ("plain", "7")]
    frame = pl.DataFrame({"a": [a for a, _ in keys], "b": [b for _, b in keys], "n": range(len(keys))})
    said = entity(**{"from": {"crm": {"n": "n"}}, "match": {"exact": ["n"]}})
    rows = draw("customer", said, {"crm": frame}, {"crm": ("a", "b")})
    assert rows.frame["key"].n_unique() == len(keys) and "crm:plain/7" in rows.frame["record"]
    found = as_tables("customer", reconcile("customer", said, rows), {"crm": frame.select("a", "b")})
    looked_up = found[of_source("customer", "crm")]
    assert sorted(looked_up.select("a", "b", "n").rows()) == sorted(frame.rows())


def test_of_rows_with_one_key_a_lookup_takes_the_first() -> None:
    frame = table(id=[7, 7], n=["b", "a"])
    said = entity(**{"from": {"crm": {"n": "n"}}, "match": {"exact": ["n"]}})
    found = as_tables("customer", found_in(said, {"crm": frame}), {"crm": frame.select("id")})
    assert found[of_source("customer", "crm")].rows() == [(7, "crm:7", "a")]


def test_fields_may_be_called_as_columns_are_called_within() -> None:
    names = ("row", "thing", "value", "same", "best", "group", "field", "key 0", "key of it", "block")
    said = entity(**{"from": {"crm": dict.fromkeys(names, "n")}, "match": {"exact": ["row"]}})
    frame = table(id=[1, 2, 3], n=["b", "a", "b"])
    found = found_in(said, {"crm": frame})
    assert found.rows.select(names).rows() == [("b",) * len(names), ("a",) * len(names)]
    keyed = frame.rename({"id": "key of it"})
    said = entity(**{"from": {"crm": {"n": "n"}}, "match": {"exact": ["n"]}})
    rows = draw("customer", said, {"crm": keyed}, {"crm": ("key of it",)})
    made = as_tables("customer", reconcile("customer", said, rows), {"crm": keyed.select("key of it")})
    assert made[of_source("customer", "crm")]["key of it"].to_list() == [1, 2, 3]


def test_whole_numbers_that_would_be_rounded_beside_fractions_are_refused() -> None:
    far = 2**53
    said = entity(**{"from": {"crm": {"n": "n"}, "web": {"n": "n"}}, "match": {"exact": ["n"]}})
    frames = {"crm": table(id=[1, 2], n=[far, -far]), "web": table(id=[1], n=[float(far)])}
    assert groups(found_in(said, frames)) == {frozenset({"crm:1", "web:1"}), frozenset({"crm:2"})}
    for wide in (far + 1, -far - 1):
        with pytest.raises(DataError, match=f"entities.customer.from.crm.n: n has fractions .* holds {wide} here"):
            rows_of(said, {**frames, "crm": table(id=[1, 2], n=[0, wide])})
    cast = entity(**{"from": {"crm": {"n": "n"}, "web": {"n": "cast(n as bigint)"}}, "match": {"exact": ["n"]}})
    assert len(groups(found_in(cast, {**frames, "crm": table(id=[1, 2], n=[far, far + 1])}))) == 2


def test_nan_and_infinity_are_missing_and_match_nothing() -> None:
    values = [float("nan"), float("inf"), None, 1.0, 1.0]
    frames = {"crm": table(id=list(range(5)), n=values)}
    found = found_in(entity(**{"from": {"crm": {"n": "n"}}, "match": {"exact": ["n"]}}), frames)
    assert sorted(map(len, groups(found))) == [1, 1, 1, 2]


def test_persons_join_and_split() -> None:
    frames, _ = tables(100)
    free = found_in(entity(), frames)
    one, other = next(sorted(each) for each in groups(free) if len(each) == 2)
    apart = found_in(entity(), frames, [Decision("split", one, other, by="ada", reason="no")])
    assert not any({one, other} <= each for each in groups(apart))
    assert apart.links.filter(one=one, other=other)["done"].to_list() == ["split"]
    single = [next(iter(each)) for each in groups(free) if len(each) == 1][:2]
    joined = found_in(entity(), frames, [Decision("joined", *single, by="ada", reason="yes")])
    assert any(set(single) <= each for each in groups(joined))
    told = joined.links.filter(rule="said").select("one", "other", "done").rows()
    assert told == [(*sorted(single, key=free.members["record"].to_list().index), "same")]


def test_of_rows_that_cannot_all_be_one_the_pair_that_lost_is_said_to_be_cut() -> None:
    crm, web = table(id=[1, 2], n=["a", "a"]), table(id=[1], n=["a"])
    fields = {"n": "n"}
    said = entity(**{"from": {"crm": fields, "web": fields}, "match": {"exact": ["n"]}, "distinct": ["crm"]})
    found = found_in(said, {"crm": crm, "web": web})
    assert groups(found) == {frozenset({"crm:1", "web:1"}), frozenset({"crm:2"})}
    done = {(one, other): done for one, other, done in found.links.select("one", "other", "done").iter_rows()}
    assert done == {("crm:1", "crm:2"): "cut", ("crm:1", "web:1"): "same", ("crm:2", "web:1"): "cut"}
    assert found.doubts == 2


def test_words_that_contradict_each_other_are_refused_with_all_of_them() -> None:
    said: list[Any] = [
        Decision("joined", "crm:1", "crm:2", by="ada"),
        Decision("joined", "crm:2", "crm:3", by="grace"),
        Decision("split", "crm:3", "crm:1", by="lin"),
    ]
    with pytest.raises(DataError) as told:
        found_in(entity(), some(), said)
    for word in ("crm:1 is crm:2 (ada)", "crm:2 is crm:3 (grace)", "crm:3 is not crm:1 (lin)"):
        assert word in told.value.what
