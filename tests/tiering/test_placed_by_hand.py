"""Where a file belongs and what reading it back cost, worked by hand: files of several snapshots, tiers without prices,
a process that died between the record and its notes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import polars as pl
import pytest
from priced import figure

from treadle.evidence.kinds.files_retrieved import FilesRetrieved
from treadle.plans.measuring import Held
from treadle.plans.storing import Tier
from treadle.plans.tiers import Placed, _answering, placed, priced_tiers
from treadle.store import Part, Retrieved, Snapshot
from treadle.tiering.retrieved import settle
from treadle.workspace import Workspace

RESTED = "2024-05-25T00:00:00+00:00"
OLD = "2024-05-24T23:59:59+00:00"
GB = 10**9
FIRST, SECOND, THIRD = (Part(f"{name}.parquet", GB, name * 64) for name in "abc")


def tier(name: str, month: str, back: str) -> Tier:
    return Tier(figure("storage", month, tier=name), Decimal(month), Decimal(back))


TIERS = (tier("hot", "0.020", "0"), tier("cool", "0.010", "0.010"))


def held(version: int, *parts: Part, reads: float = 0.0, made: str = OLD, used: str = "", pinned: str = "") -> Held:
    snapshot = Snapshot("orders", version, "0" * 64, 1, parts)
    return Held(snapshot, made, used, reads, [pinned] if pinned else [])


def found(*several: Held, lies: dict[str, str] | None = None) -> dict[str, Placed]:
    return {each.part.path[0]: each for each in placed(several, {"orders": lies or {}}, TIERS, RESTED, 7)}


def test_a_file_of_several_snapshots_is_of_the_newest_and_stays_where_one_of_them_does() -> None:
    """The newest has `a` and `b`; the one before `b` and `c`: `c` alone may go."""
    files = found(held(2, FIRST, SECOND), held(1, SECOND, THIRD))
    assert {name: (each.of.version, each.to, each.why) for name, each in files.items()} == {
        "a": (2, "hot", "the newest"), "b": (2, "hot", "the newest"), "c": (1, "cool", ""),
    }  # fmt: skip
    assert [each.every for each in files.values()] == [("orders@2",), ("orders@2", "orders@1"), ("orders@1",)]


def test_an_older_snapshot_that_must_stay_keeps_what_it_shares() -> None:
    files = found(held(2, FIRST), held(1, SECOND), held(0, SECOND, THIRD, pinned="shop:1 is served at shop"))
    assert [(name, each.of.version, each.to, each.why) for name, each in files.items() if name != "a"] == [
        ("b", 1, "hot", "shop:1 is served at shop"), ("c", 0, "hot", "shop:1 is served at shop"),
    ]  # fmt: skip


def test_reads_of_every_snapshot_that_has_a_file_count() -> None:
    """0.02 at hand, 0.01 and 0.01 a read: two snapshots that are read 0.6 times a month each are read 1.2 times."""
    files = found(held(3, FIRST), held(2, SECOND, reads=0.6), held(1, SECOND, THIRD, reads=0.6))
    assert files["b"].reads == pytest.approx(1.2) and files["b"].to == "hot" and files["b"].why == ""
    assert (files["c"].reads, files["c"].to) == (0.6, "cool")


def test_what_lies_in_a_tier_without_a_price_stays_there() -> None:
    files = found(held(1, FIRST), held(0, SECOND, THIRD), lies={"b.parquet": "archive"})
    assert [(each.lies, each.to) for each in files.values()] == [
        ("hot", "hot"), ("archive", "archive"), ("hot", "cool"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("made", "used", "why"),
    [
        (RESTED, "", "made within 7 days"),
        (OLD, RESTED, "used within 7 days"),
        (RESTED, RESTED, "made within 7 days"),
        (OLD, OLD, ""),
    ],
)
def test_what_was_made_or_used_since_stays(made: str, used: str, why: str) -> None:
    files = found(held(1, FIRST), held(0, SECOND, made=made, used=used))
    assert (files["b"].why, files["b"].to) == (why, "hot" if why else "cool")


def note(workspace: Workspace, name: str, size: int, table: str = "orders", tier: str = "cool") -> None:
    assert workspace.tiers is not None
    said = Retrieved(name, table, tier, 2, size, "2024-06-01T00:00:00+00:00")
    folder = workspace.root / "tables" / ".retrieved"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_bytes(msgspec.json.encode(said))


def test_what_was_read_back_is_paid_once_by_the_billion_bytes(workspace: Workspace) -> None:
    """0.010 a GB: 3 GB of two readings are 0.03; of another tier there is no price, and it is told on its own."""
    shop = replace(workspace, chain=replace(workspace.chain, clock=lambda: datetime(2024, 6, 1, tzinfo=UTC)))
    note(shop, "n1", GB)
    note(shop, "n2", 2 * GB)
    note(shop, "n3", 5 * GB, tier="archive")
    assert len(settle(shop)) == 2 and shop.tiers is not None
    assert shop.tiers.retrieved() == [], "what stands in the record is no note any more"
    entries = {entry.payload.tier: entry for entry in shop.chain.find(FilesRetrieved)}
    cool, archive = entries["cool"], entries["archive"]
    assert (cool.payload.files, cool.payload.bytes, cool.payload.reads) == (4, 3 * GB, ("n1", "n2"))
    assert cool.price is not None and cool.price.money.amount == Decimal("0.03")
    assert (archive.payload.bytes, archive.price) == (5 * GB, None)
    note(shop, "n1", GB)  # as one that was killed between the two leaves it
    assert settle(shop) == [] and len(shop.chain.find(FilesRetrieved)) == 2 and shop.tiers.retrieved() == []


def test_what_is_at_hand_costs_what_the_price_book_says_of_so_many_bytes(workspace: Workspace) -> None:
    """The book prices a GiB and a plan counts billions of bytes."""
    shop = replace(workspace, chain=replace(workspace.chain, clock=lambda: datetime(2024, 1, 1, tzinfo=UTC)))
    with shop.chain.reading() as reader:
        tiers, unknown = priced_tiers(shop, reader)
    a_gib = Decimal(str(shop.book.prices["storage_gb_month"]))
    assert [each.figure.tier for each in tiers] == ["hot"] and len(unknown) == 1
    assert tiers[0].month * 2**30 == pytest.approx(a_gib * GB)


def test_a_version_that_answered_on_the_first_of_the_days_did_and_its_last_day_is_told(workspace: Workspace) -> None:
    several = [("back:1", 25), ("back:2", 24), ("back:3", 25), ("back:3", 28), ("back:3", 26)]
    rows = {
        "prediction_id": [str(number) for number in range(len(several))],
        "answered": [datetime(2024, 5, day, 1, tzinfo=UTC) for _, day in several],
        "model": [model for model, _ in several],
    }
    workspace.tables.append(workspace.names.ledger("predictions"), pl.DataFrame(rows))
    assert _answering(workspace, "2024-05-25") == {"back:1": "2024-05-25", "back:3": "2024-05-28"}
