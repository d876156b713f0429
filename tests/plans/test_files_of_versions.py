"""A file that several versions have: read whenever one of them is, and at hand where one of them has to be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from priced import figure

from treadle.evidence.entry import Body
from treadle.plans.measuring import Held, held_of, stored_of
from treadle.plans.storing import Tier, place
from treadle.plans.tiers import placed
from treadle.store import Part, Snapshot
from treadle.workspace import Workspace

GB = 10**9
BIG, SMALL = Part("f", 100 * GB, "0" * 64), Part("g", GB, "1" * 64)
OLD, NEW = Snapshot("orders", 1, "a" * 64, 10, (BIG,)), Snapshot("orders", 2, "b" * 64, 11, (BIG, SMALL))
TIERS = [
    Tier(figure("storage", month, tier=tier), Decimal(month), Decimal(back))
    for tier, month, back in (("hot", "0.02", "0"), ("cool", "0.01", "0.01"), ("archive", "0.001", "0.05"))
]


def test_the_plan_keeps_a_file_where_a_move_keeps_it():
    """100 GB are read 20 times a month by the older version, which is served: 0.001 + 20 x 0.05 a GB is no archive."""
    made = "2026-10-01T00:00:00+00:00"
    held = [Held(NEW, made, "", 0.0, []), Held(OLD, made, made, 20.0, ["shop:1 is served"])]
    found = {each.bytes: each for each in stored_of(held)}
    assert (found[100 * GB].reads, found[100 * GB].pinned, found[GB].reads, found[GB].pinned) == (
        20.0, "shop:1 is served", 0.0, "",
    )  # fmt: skip
    assert {each.name for each in found.values()} == {"orders@2"}
    tiers = {size: chosen.figure.tier for size, each in found.items() if (chosen := place(each, TIERS)) is not None}
    assert tiers == {100 * GB: "hot", GB: "archive"}
    moved = {each.part.size: each.to for each in placed(held, {}, TIERS, "2026-11-22T00:00:00+00:00", 7.0)}
    assert moved[100 * GB] == "hot"


def test_files_that_are_read_and_pinned_alike_are_one_thing():
    (found,) = stored_of([Held(NEW, "2026-10-01", "", 2.0, [])])
    assert (found.bytes, found.reads, found.pinned) == (101 * GB, 2.0, "")
    assert sum(each.bytes for each in stored_of([Held(NEW, "", "", 1.0, []), Held(OLD, "", "", 3.0, [])])) == 101 * GB


def test_versions_with_equal_rows_have_each_the_reads_of_their_own(workspace: Workspace):
    """Version 1 is read twice, and version 2 with the same rows once; 3 days measured: a third of 30.4375 a read."""
    again = Snapshot("orders", 2, OLD.fingerprint, 10, (SMALL,))
    with workspace.chain.alone() as alone:
        for made, uses in (((OLD,), ()), ((again,), ()), ((), (OLD,)), ((), (OLD, again))):
            alone.write(
                Body(seq=0, id="", kind="test.did", version=1, subject="shop", run="r", time="", actor="ada",
                     status="done", made=made, uses=uses)
            )  # fmt: skip
    with workspace.chain.reading() as reader:
        reads = {each.snapshot.version: each.reads for each in held_of(reader, "2000-01-01", 3.0)}
    assert reads == pytest.approx({1: 2 * 30.4375 / 3, 2: 30.4375 / 3})
