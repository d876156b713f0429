"""Views and tiles follow from the entries: each row by hand, the same when they are made anew, and read by who asks."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from sqlalchemy import event, select, text
from steps import Made, Make

from treadle.evidence import Chain, Payload, Price, StepInput, Usage, verify, views
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.models_searched import ModelsSearched, TrialLine
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.merkle import HASH_BYTES, TileHashes, head_of, leaf_hash, tree_head
from treadle.evidence.tiles import CatalogTiles, FolderTiles, grow, lay_out, log_size
from treadle.money import money
from treadle.store import Blob, EntryRef, Snapshot, schema


class Pack(StepInput[Made], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = Made

    model: Blob


TABLE, BUNDLE = Snapshot("orders", 3, "f" * 64, 3), Blob("b" * 64, "bundle")


def write_some(chain: Chain) -> None:
    """A step with its usage and price, a search, a packing, an approval, and money without a machine."""
    priced = replace(chain, price=lambda usage, at: Price(money("0.25", "EUR"), "book 1"))
    with priced.step(Make(table=TABLE), "shop") as step:
        step.made(Made(blob=BUNDLE))
    trial = TrialLine(4, "linear", {"c": 1}, (0.5, 0.7), 0.6, 1.5, "done")
    chain.append(
        ModelsSearched(
            found=Blob("c" * 64, "found"), metric="ap", family="linear", value=0.6, stopped="", trials=(trial,)
        ),
        "shop",
    )
    packed = ModelPacked(
        model="shop:1", bundle=BUNDLE, family="linear", metric="ap", value=0.5, low=None, high=None, mb=0.1, p99_ms=0.1
    )
    chain.append(packed, "shop")
    chain.append(ReviewApproved(model="shop:1", bundle=BUNDLE, request=EntryRef("d" * 64)), "model/shop:1")
    replace(chain, run="").append(Noted(text="labels bought"), "labels", price=Price(money("10.5", "EUR")))


def rows(chain: Chain, table: Any, *columns: str) -> list[tuple[Any, ...]]:
    with chain.engine.connect() as connection:
        query = select(*(table.c[name] for name in columns)) if columns else select(table)
        return sorted(tuple(row) for row in connection.execute(query))


def test_what_each_entry_used_and_made_is_in_the_view_of_edges(chain: Chain) -> None:
    write_some(chain)
    assert rows(chain, schema.refs, "seq", "made", "content", "name") == [
        (1, 0, "f" * 64, "orders"),
        (1, 1, "b" * 64, ""),
        (2, 1, "c" * 64, ""),
        (3, 1, "b" * 64, ""),
        (4, 0, "b" * 64, ""),
        (4, 0, "d" * 64, ""),
    ]


def test_a_fact_rests_on_what_it_names_and_a_step_made_it(chain: Chain) -> None:
    write_some(chain)
    step, searched, packed, approved, _ = chain.find()
    assert (step.uses, step.made) == ((TABLE,), (BUNDLE,))
    assert (searched.uses, searched.made) == ((), (Blob("c" * 64, "found"),))
    assert (packed.uses, packed.made) == ((), (BUNDLE,))
    assert (approved.uses, approved.made) == ((BUNDLE, EntryRef("d" * 64)), ())


def test_the_maker_of_a_content_is_the_newest_before(chain: Chain) -> None:
    write_some(chain)
    entry = chain.find()[1]
    with chain.engine.connect() as connection:
        found, itself = Blob("c" * 64, "found"), EntryRef(entry.hash)
        assert views.makers(connection, [BUNDLE], 4) == [3]
        assert views.makers(connection, [BUNDLE, found, BUNDLE], 3) == [1, 2]
        assert views.makers(connection, [BUNDLE], 1) == [] == views.makers(connection, [Blob("d" * 64)], 9)
        assert views.makers(connection, [itself], 3) == [2], "an entry is used by its own hash"
        assert views.makers(connection, [itself], 2) == []


def test_money_and_use_are_summed_under_each_name(chain: Chain) -> None:
    write_some(chain)
    used = chain.find()[0].usage
    assert used is not None and used.seconds > 0
    machines = ("seconds", "cpu_seconds", "written_bytes", "peak_mb")
    columns = ("by", "name", "currency", "steps", "unpriced", "nanos", "last", *machines)
    found = {row[:2]: row[2:] for row in rows(chain, schema.ledger, *columns)}
    day = chain.find()[0].time[:10]
    machine = (used.seconds, used.cpu_seconds, used.written_bytes, used.peak_mb)
    subjects = {
        "shop": ("EUR", 1, 0, 250_000_000, 1, *machine),
        "labels": ("EUR", 1, 0, 500_000_000, 5, 0.0, 0.0, 0, 0.0),
    }
    assert found == {
        ("run", "run1"): ("EUR", 1, 0, 250_000_000, 1, *machine),
        ("step", "test.made"): ("EUR", 1, 0, 250_000_000, 1, *machine),
        ("book", "book 1"): ("EUR", 1, 0, 250_000_000, 1, *machine),
        ("run", "(no run)"): ("EUR", 1, 0, 500_000_000, 5, 0.0, 0.0, 0, 0.0),
        ("step", "note"): ("EUR", 1, 0, 500_000_000, 5, 0.0, 0.0, 0, 0.0),
        ("day", day): ("EUR", 2, 0, 750_000_000, 5, *machine),
        ("all", ""): ("EUR", 2, 0, 750_000_000, 5, *machine),
        ("who", f"{day[:7]} ada"): ("EUR", 2, 0, 750_000_000, 5, *machine),
        **{("what", f"{day[:7]} {name}"): sums for name, sums in subjects.items()},
    }


def test_use_without_a_price_is_counted_as_that(chain: Chain) -> None:
    for seconds, memory in ((1.5, 30.0), (2.0, 20.0)):
        with chain.alone() as alone:
            entry = alone.append(Noted(text="x"), "s")
            used = Usage(seconds=seconds, cpu_seconds=seconds / 2, peak_mb=memory, written_bytes=7)
            views.add_money(alone.connection, replace(entry, usage=used))
    (whole,) = [row for row in rows(chain, schema.ledger) if row[0] == "all"]
    assert whole == ("all", "", "", 2, 2, 3.5, 1.75, 30.0, 14, 0, 0, 2, 0.0, 0.0), "the peak is the largest and no sum"


def test_a_search_is_a_row_a_trial_and_a_packing_a_row_a_version(chain: Chain) -> None:
    write_some(chain)
    assert rows(chain, schema.trials) == [(2, 4, "shop", "run1", "linear", "ap", 0.6, "done", 1.5)]
    assert rows(chain, schema.versions) == [("shop:1", "shop", BUNDLE.digest, 3)]


def test_views_made_anew_are_what_they_were(chain: Chain) -> None:
    """As an upgrade makes them, from the entries alone; in a catalog of any size, and where an entry is unreadable."""
    write_some(chain)
    before = [rows(chain, table) for table in (*schema.VIEWS, schema.tiles, schema.projected)]
    assert all(before)
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        views.empty(connection)
        connection.execute(schema.projected.delete())
        connection.execute(schema.tiles.delete())
    assert not any(rows(chain, table) for table in schema.VIEWS)
    with chain.reading() as reader:
        assert reader.behind()
    chain.catch_up()
    assert [rows(chain, table) for table in (*schema.VIEWS, schema.tiles, schema.projected)] == before
    with chain.reading() as reader:
        assert not reader.behind()
    assert verify(chain).ok


def test_a_catalog_of_many_entries_catches_up_from_any_place(chain: Chain) -> None:
    with chain.alone() as alone:
        for number in range(1100):
            alone.append(Noted(text=str(number)), "s", price=Price(money(1, "EUR")))
    before = [rows(chain, table) for table in (schema.ledger, schema.tiles, schema.projected)]
    for done in (1, 1100):
        with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
            connection.execute(text(f"update projected set size = {done}"))
            if done == 1:
                views.empty(connection)
                first = chain.find(limit=1)[0]
                views.fold(connection, first)
        chain.append(Noted(text="free"), "s") if done == 1100 else chain.catch_up()
        if done == 1:
            assert [rows(chain, table) for table in (schema.ledger, schema.tiles, schema.projected)] == before
    assert verify(chain).ok and rows(chain, schema.projected) == [("views", 1101)]


def test_an_edited_entry_is_in_no_view_and_stops_no_upgrade(chain: Chain) -> None:
    write_some(chain)
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        views.empty(connection)
        connection.execute(text("update projected set size = 0"))
        connection.execute(text("update entries set body = x'7b' where seq = 3"))
    chain.catch_up()
    assert rows(chain, schema.versions) == [] and len(rows(chain, schema.trials)) == 1
    assert any("entry 3 was edited" in fault for fault in verify(chain).faults)


@pytest.mark.parametrize("each", [1, 3, 256, 300, 1000])
@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, 800])
def test_tiles_that_grew_by_some_leaves_at_a_time_are_the_tree(
    chain: Chain, tmp_path: Path, size: int, each: int
) -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    with chain.engine.connect() as connection:
        for first in range(0, size, each):
            grow(connection, first, [b"%d" % number for number in range(first, min(first + each, size))])
        tiles = CatalogTiles(connection)
        assert head_of(TileHashes(tiles, size), size) == tree_head(leaves)
        held = {(level, number): len(bytes(hashes)) // HASH_BYTES
                for level, number, hashes in connection.execute(select(schema.tiles))}  # fmt: skip
        expected = {(0, number): min(256, size - 256 * number) for number in range((size + 255) // 256)}
        assert held == expected | ({(1, 0): size // 256} if size >= 256 else {})
        assert tiles.tile(0, 0, 1) == leaves[0] and tiles.tile(0, 0, 300) == tiles.tile(0, 0)
        assert tiles.tile(0, 9) == b"" == tiles.tile(5, 0)
        lay_out(tiles, size, tmp_path / "laid")
    laid = FolderTiles(tmp_path / "laid")
    assert head_of(TileHashes(laid, size), size) == tree_head(leaves)
    assert laid.tile(0, 99) == b"" and laid.tile(0, 0, min(size, 256))[:HASH_BYTES] == leaves[0]
    if size >= 256:
        assert laid.tile(0, 0, 1) == leaves[0], "a part of a tile is read from the whole one"


def test_a_tree_of_more_levels_grows_too(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """With tiles of four hashes, so that a third level needs no 65,536 entries."""
    monkeypatch.setattr("treadle.evidence.tiles.TILE_WIDTH", 4)
    leaves = [leaf_hash(b"%d" % number) for number in range(70)]
    with chain.engine.connect() as connection:
        for number in range(70):
            grow(connection, number, [b"%d" % number])
        tiles = CatalogTiles(connection)
        for level, count in ((0, 70), (1, 17), (2, 4), (3, 1)):
            width = 4**level
            whole = b"".join(tiles.tile(level, number, 4) for number in range((count + 3) // 4))
            assert whole == b"".join(tree_head(leaves[at * width : (at + 1) * width]) for at in range(count))
        assert tiles.tile(4, 0) == b""


def test_the_log_is_as_long_as_what_its_tiles_hold(chain: Chain) -> None:
    for expected in (0, 1, 2):
        with chain.engine.connect() as connection:
            assert log_size(connection) == expected
        chain.append(Noted(text="x"), "s")


def test_the_head_file_names_the_last_of_what_was_written_together(chain: Chain) -> None:
    with chain.alone() as alone:
        alone.append(Noted(text="one"), "s")
        last = alone.append(Noted(text="two"), "s")
        assert chain.head_file is not None and not chain.head_file.exists(), "not before it is in the catalog"
    assert chain.head_file.read_text() == f"2 {last.hash}\n"
    assert list(chain.head_file.parent.glob("*.part")) == []
    with chain.alone():
        pass
    assert chain.head_file.read_text() == f"2 {last.hash}\n"


def test_a_record_that_could_not_be_committed_leaves_the_head_file_as_it_was(chain: Chain) -> None:
    """A head file ahead of its chain would say that entries were dropped."""
    first = chain.append(Noted(text="one"), "s")

    def fails(_: object) -> None:
        raise OSError(28, "No space left on device")

    event.listen(chain.engine, "commit", fails)
    with pytest.raises(OSError, match="No space"):
        chain.append(Noted(text="two"), "s")
    event.remove(chain.engine, "commit", fails)
    assert chain.head_file is not None and chain.head_file.read_text() == f"1 {first.hash}\n"
    assert [e.seq for e in chain.find()] == [1] and verify(chain).ok


def test_a_release_rests_on_what_made_its_bundle_last(chain: Chain) -> None:
    """A product that was made twice, of other things each time: the newest making before the release counts."""
    tables = [Snapshot("t", n, f"f{n}", 3) for n in range(3)]
    for table in tables[:2]:
        with chain.step(Make(table=table), "shop") as step:
            step.made(Made(blob=BUNDLE))
    packing = chain.find()[-1].ref
    release = ReleaseMade(model="shop:1", bundle=BUNDLE, packing=packing, approval=EntryRef("0" * 64))
    chain.append(release, "endpoint/shop")
    with chain.step(Make(table=tables[2]), "shop") as step:
        step.made(Made(blob=BUNDLE))
    asked: list[str] = []
    verdict = verify(chain, check=lambda ref: asked.append(ref.content) or [])
    assert sorted(asked) == [BUNDLE.digest, "f1"] and verdict.artifacts == 2 and verdict.ok


def test_a_release_rests_on_what_its_products_were_made_of_in_turn(chain: Chain) -> None:
    """From the bundle over the model to the table: each is found by its content."""
    model, other = Blob("a" * 64, "model"), Blob("e" * 64, "model")
    for table, made in ((TABLE, model), (Snapshot("unused", 0, "f9", 3), other)):
        with chain.step(Make(table=table), "shop") as step:
            step.made(Made(blob=made))
    with chain.step(Pack(model=model), "shop") as step:
        step.made(Made(blob=BUNDLE))
    packing = step.entry
    assert packing is not None
    release = ReleaseMade(model="shop:1", bundle=BUNDLE, packing=packing.ref, approval=EntryRef("0" * 64))
    chain.append(release, "endpoint/shop")
    asked: list[str] = []
    assert verify(chain, check=lambda ref: asked.append(ref.content) or []).artifacts == 3
    assert sorted(asked) == sorted([BUNDLE.digest, model.digest, TABLE.content])


def test_an_endpoint_rests_on_all_that_it_was_released(chain: Chain) -> None:
    bundles = [Blob(f"{n}" * 64, "bundle") for n in range(3)]
    for endpoint, bundle in (("a", bundles[0]), ("a", bundles[1]), ("b", bundles[2])):
        release = ReleaseMade(model="x:1", bundle=bundle, packing=EntryRef("0" * 64), approval=EntryRef("0" * 64))
        chain.append(release, f"endpoint/{endpoint}")
    asked: list[str] = []
    verify(chain, check=lambda ref: asked.append(ref.content) or [])
    assert sorted(asked) == [bundle.digest for bundle in bundles], "a rollback may serve an earlier one again"


def test_a_gap_of_several_entries_is_named_from_its_first_to_its_last(chain: Chain) -> None:
    for number in range(6):
        chain.append(Noted(text=str(number)), "s")
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("delete from entries where seq in (2, 3, 4)"))
    faults = verify(chain).faults
    assert faults[0] == "entry 2 to 4 is missing (dropped)"
    assert faults[1].startswith("entry 5 does not follow") and len(faults) == 2


def test_a_head_file_that_is_gone_is_a_fault_once_something_was_written(chain: Chain) -> None:
    assert chain.head_file is not None and not chain.head_file.exists() and verify(chain).ok
    chain.append(Noted(text="one"), "s")
    chain.head_file.unlink()
    assert verify(chain).faults == ["the head file catalog.head is missing: the end cannot be checked"]
    assert verify(replace(chain, head_file=None)).ok
    chain.head_file.write_text(f"1 {'e' * 64}\n")
    assert verify(chain).faults == ["entry 1 is not the one that was written last: the chain was rewritten"]
    chain.head_file.write_text(f"4 {'e' * 64}\n")
    assert verify(chain).faults == ["entries 2 to 4 are missing at the end (dropped)"]


def sealed(chain: Chain, content: bytes) -> None:
    """Bytes of any kind as entry 2, with their right hash: as whoever may write to the catalog can put them there."""
    row = dict.fromkeys(("id", "kind", "subject", "run", "time", "actor", "status", "cache_key"), "")
    row |= {"seq": 2, "prev": chain.find()[0].hash, "hash": hashlib.sha256(content).hexdigest(), "body": content}
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(schema.entries.insert().values(**row))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"format": 9}', b'{"format": 2}', b'{"format": 1}', b"{}"]
)
def test_what_is_sealed_and_no_entry_is_named_and_stops_nobody(chain: Chain, content: bytes) -> None:
    chain.append(Noted(text="one"), "s")
    sealed(chain, content)
    faults = verify(chain).faults
    assert any(fault.startswith("entry 2: an entry ") for fault in faults), faults
    chain.catch_up()
    assert chain.append(Noted(text="three"), "s").seq == 3
    assert [e.seq for e in chain.find(Noted)] == [1, 3]


def test_an_entry_of_a_newer_format_says_so(chain: Chain) -> None:
    first = chain.append(Noted(text="one"), "s")
    with chain.engine.connect() as connection:
        body = bytes(connection.execute(select(schema.entries.c.body)).scalar() or b"")
    sealed(chain, body.replace(b'"format":2', b'"format":9').replace(b'"seq":1', b'"seq":2'))
    assert "entry 2: an entry has format 9, and 2 is the newest known here" in verify(chain).faults
    assert chain.find(limit=1) == [first]


def test_an_empty_record_is_not_behind(chain: Chain) -> None:
    """So that who only reads takes no lock."""
    with chain.reading() as reader:
        assert not reader.behind()


def test_a_catalog_of_before_gets_its_sums_by_month(chain: Chain, tmp_path: Path) -> None:
    """They are made anew from the entries, when the catalog is next opened to be written to."""
    from treadle.store.catalog import REVISION, migrate, open_catalog

    write_some(chain)
    before = rows(chain, schema.ledger)
    assert {"who", "what"} <= {row[0] for row in before}
    migrate(chain.engine, REVISION, to="0002")
    assert not {"who", "what"} & {row[0] for row in rows(chain, schema.ledger, "by")}
    chain.engine.dispose()
    again = replace(chain, engine=open_catalog(f"sqlite:///{tmp_path / 'catalog.db'}"))
    again.catch_up()
    assert rows(again, schema.ledger) == before and verify(again).ok
    again.engine.dispose()
