"""Files move to where they are kept for less, and back; what must stay at hand does; nothing is lost by a kill."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from kept_shop import keep, opened, orders, train
from test_retention import release

from services.s3 import Server
from treadle.address import Address
from treadle.api.concern import ListConcernsRequest, RaiseRequest, concern_list, concern_raise
from treadle.api.operation import Context
from treadle.api.team import CheckinRequest, team_checkin
from treadle.backends.embedded import FolderShelf, TieredTables
from treadle.backends.s3.shelf import BucketShelf
from treadle.errors import EvidenceError, SpecError, StoreError
from treadle.evidence import verify
from treadle.evidence.kinds.files_moved import FilesMoved
from treadle.evidence.kinds.files_retrieved import FilesRetrieved
from treadle.evidence.kinds.source_read import SourceRead
from treadle.plans.measures import storage_tiers, window_of
from treadle.principal import Principal
from treadle.store import Snapshot
from treadle.tiering.found import Moved
from treadle.tiering.moving import bring_back, lying, move
from treadle.tiering.retrieved import settle
from treadle.upkeep.retaining import retain
from treadle.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)
GB = Decimal(10**9)


def at_now(workspace: Workspace) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW))


def monthly(workspace: Workspace, several: int = 3) -> list[Snapshot]:
    """The oldest first, 20 days from each other; the newest is of today."""
    return [
        keep(workspace, "orders", orders(2000 + n), NOW - timedelta(days=20 * (several - 1 - n)))
        for n in range(several)
    ]


def asked(workspace: Workspace, *, days: int = 30, unused: float = 7, apply: bool = False) -> Moved:
    return move(at_now(workspace), days=days, unused=unused, apply=apply)


def hot(workspace: Workspace, snapshot: Snapshot) -> bool:
    folder = workspace.root / "tables" / snapshot.table
    return all((folder / part.path).is_file() for part in snapshot.parts)


def test_what_nobody_uses_is_told_moved_read_and_priced(workspace: Workspace, cool: Path):
    """Two of three snapshots were not read for 20 days and more: at half the price each GB."""
    old, older_than, newest = monthly(workspace)
    size = Decimal(sum(each.bytes for each in (old, older_than)))
    told = asked(workspace)
    assert [(each.version, each.lies, each.to) for each in told.moves] == [(0, "hot", "cool"), (1, "hot", "cool")]
    assert [(each.version, each.why) for each in told.stays] == [(2, "the newest")]
    assert told.entry is None and hot(workspace, old) and not list(cool.rglob("*.parquet"))
    before = Decimal("0.02") * (size + newest.bytes) / GB
    assert abs(told.before - before) < Decimal("2e-9") and abs(told.before - told.after - size / GB / 100) < Decimal(
        "2e-9"
    )
    assert abs(told.once - size / GB / 100) < Decimal("2e-9") and told.next.endswith("--days 30 --unused 7 --apply")

    done = asked(workspace, apply=True)
    assert done.applied and done.entry and not done.waiting
    assert not hot(workspace, old) and not hot(workspace, older_than) and hot(workspace, newest)
    said = workspace.chain.last(FilesMoved)
    assert {each.sha256 for each in said.payload.files} == {p.sha256 for s in (old, older_than) for p in s.parts}
    assert workspace.tables.present(old) and workspace.tables.check(old) == []
    assert not asked(workspace, apply=True).moves
    sums = {each.tier: each for each in lying(at_now(workspace))}
    assert sums["cool"].bytes == int(size) and sums["hot"].bytes == newest.bytes
    assert abs(sums["cool"].monthly - size / GB / 100) < Decimal("2e-9")

    rows = workspace.tables.read(old)
    assert rows.equals(orders(2000)) and hot(workspace, old) and not hot(workspace, older_than)
    assert len(list(cool.rglob("*.parquet"))) == len(older_than.parts)
    (text, *_) = settle(at_now(workspace))
    assert "read out of cool" in text and not settle(at_now(workspace))
    entries = workspace.chain.find(FilesRetrieved)
    # once as each copy was held to its hash, once by `check`, and once to come back
    assert sum(each.payload.bytes for each in entries) == int(size) + 2 * old.bytes
    assert all(each.price.money.currency == "USD" and each.price.money.amount > 0 for each in entries)
    verify(workspace.chain)


def test_a_saving_by_tiers_is_measured_twice(workspace: Workspace):
    monthly(workspace)
    window = window_of(30, "2024-06-01")
    before = storage_tiers(at_now(workspace), window)
    asked(workspace, apply=True)
    after = storage_tiers(at_now(workspace), window)
    assert before.now - after.now == before.proposal.expected > 0 and after.proposal.expected == 0


def test_all_comes_back_by_one_command(workspace: Workspace, cool: Path):
    several = monthly(workspace)
    asked(workspace, apply=True)
    with pytest.raises(SpecError, match="no snapshot is called"):
        bring_back(at_now(workspace), ["shop/source/orders@9"], apply=True)
    one = bring_back(at_now(workspace), ["shop/source/orders@1"], apply=True)
    assert [each.version for each in one.moves] == [1] and hot(workspace, several[1]) and not hot(workspace, several[0])
    told = bring_back(at_now(workspace), [], apply=False)
    assert [each.version for each in told.moves] == [0] and told.next.endswith("--back --apply")
    bring_back(at_now(workspace), [], apply=True)
    assert all(hot(workspace, each) for each in several) and not list(cool.rglob("*.parquet"))
    assert not list((workspace.root / "tables").rglob(".moved/*"))


def test_what_was_read_out_of_a_tier_is_told_once_and_at_its_price(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where whoever told it was killed before the notes of it were taken away."""
    old, *_ = monthly(workspace)
    asked(workspace, apply=True)
    workspace.tables.read(old)
    with monkeypatch.context() as killed:
        killed.setattr(workspace.tiers, "told", lambda names: None)
        assert settle(at_now(workspace))
    entries = workspace.chain.find(FilesRetrieved)
    price = Decimal("0.010") * sum(each.payload.bytes for each in entries) / GB
    assert abs(sum(each.price.money.amount for each in entries) - price) < Decimal("5e-9") < price
    assert workspace.tiers.retrieved() and not settle(at_now(workspace)) and not workspace.tiers.retrieved()
    assert len(workspace.chain.find(FilesRetrieved)) == len(entries)


def test_to_bring_it_back_costs_what_is_read_out_of_the_tier(workspace: Workspace):
    several = monthly(workspace)
    asked(workspace, apply=True)
    told = bring_back(at_now(workspace), [], apply=False)
    size = Decimal(sum(each.bytes for each in several[:2]))
    assert abs(told.once - size * Decimal("0.010") / GB) < Decimal("2e-9") < told.once


def test_a_snapshot_whose_files_a_later_one_has_too_comes_back_by_its_name(workspace: Workspace):
    """As older versions of a source that is read in increments do; what the later one has alone stays where it is."""
    first = keep(workspace, "orders", orders(2000), NOW - timedelta(days=60))
    more = workspace.tables.extend(first, orders(50))
    past = replace(workspace.chain, clock=lambda: NOW - timedelta(days=40))
    past.append(SourceRead(table=more, rows=2050, quarantined=0, rules=0, bytes=1), "source/orders")
    keep(workspace, "orders", orders(70), NOW)
    asked(workspace, apply=True)
    assert not hot(workspace, first)
    told = bring_back(at_now(workspace), [f"{first.table}@{first.version}"], apply=True)
    assert told.applied and hot(workspace, first) and not hot(workspace, more)


def test_what_a_released_version_rests_on_stays_and_comes_back_where_it_was_moved(workspace: Workspace):
    old, _, _ = monthly(workspace)
    asked(workspace, apply=True)
    assert not hot(workspace, old)
    chain = replace(workspace.chain, clock=lambda: NOW - timedelta(days=19))
    past = replace(workspace, chain=chain)
    train(past, old, "back:1")
    release(past, "back:1")
    told = asked(workspace, apply=True)
    assert [(each.version, each.lies, each.to) for each in told.moves if "orders" in each.table] == [(0, "cool", "hot")]
    assert hot(workspace, old)
    assert any("back:1 is served at back" in each.why for each in asked(workspace).stays if each.version == 0)


def test_a_version_that_still_answers_needs_its_rows(workspace: Workspace):
    old, _, _ = monthly(workspace)
    past = replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW - timedelta(days=19)))
    train(past, old, "back:1")
    workspace.tables.append(
        workspace.names.ledger("predictions"),
        pl.DataFrame({"answered": [NOW - timedelta(days=1)], "model": ["back:1"], "prediction_id": ["a"]}),
    )
    told = asked(workspace, days=60)
    assert 0 not in [each.version for each in told.moves if "source" in each.table]
    assert any("back:1 answered on 2024-05-31" in each.why for each in told.stays)
    assert any(each.version == 0 for each in asked(workspace, days=60, unused=0).moves)  # it did not answer since


def test_what_is_read_often_stays_where_that_is_cheaper(workspace: Workspace):
    """0.02 at hand; 0.01 and 0.01 for each read: up to one read a month."""
    old, *_ = monthly(workspace)
    for days in (29, 25, 20):
        past = replace(workspace, chain=replace(workspace.chain, clock=lambda days=days: NOW - timedelta(days=days)))
        train(past, old, f"back:{days % 9}")
    told = asked(workspace)
    assert [each.version for each in told.moves if "source" in each.table] == [1]
    assert any(each.version == 0 and each.why == "" for each in told.stays)


def test_a_copy_that_was_changed_is_told_and_takes_nothing_with_it(workspace: Workspace, cool: Path):
    old, second, _ = monthly(workspace)
    asked(workspace, apply=True)
    path = old.parts[0].path
    (copy,) = cool.rglob(path)
    kept = copy.read_bytes()
    copy.write_bytes(kept[:-1] + b"!")
    with pytest.raises(EvidenceError, match="was changed in file://"):
        workspace.tables.read(old)
    assert any("was changed in" in each for each in workspace.tables.check(old))
    assert workspace.tables.read(second).height == 2001
    copy.unlink()
    assert not workspace.tables.present(old)
    with pytest.raises(EvidenceError, match="is gone"):
        workspace.tables.read(old)
    copy.write_bytes(kept)
    assert workspace.tables.read(old).equals(orders(2000))


def test_a_place_that_is_away_is_no_loss(workspace: Workspace, cool: Path, tmp_path: Path):
    old, *_ = monthly(workspace)
    asked(workspace, apply=True)
    cool.rename(tmp_path / "away")
    for act in (lambda: workspace.tables.read(old), lambda: workspace.tables.present(old)):
        with pytest.raises(StoreError, match="the colder place is not there"):
            act()
    (tmp_path / "home" / "settings.yaml").unlink()
    bare = opened(tmp_path / "shop")
    with pytest.raises(StoreError, match="no setting says where that is"):
        bare.tables.read(old)
    bare.chain.engine.dispose()
    (tmp_path / "away").rename(cool)
    assert workspace.tables.read(old).equals(orders(2000))


def test_nothing_moves_to_a_place_that_is_not_there_and_nothing_says_it_did(workspace: Workspace, cool: Path):
    old, *_ = monthly(workspace)
    cool.rmdir()
    assert asked(workspace).moves, "it is told all the same"
    before = len(workspace.chain.find())
    with pytest.raises(StoreError) as bad:
        asked(workspace, apply=True)
    assert bad.value.where == str(cool) and "make the folder" in bad.value.mend
    assert len(workspace.chain.find()) == before and hot(workspace, old)
    cool.mkdir()
    assert asked(workspace, apply=True).applied and not hot(workspace, old)


def test_who_reads_is_waited_for_and_the_next_time_goes_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    old, *_ = monthly(workspace)
    monkeypatch.setattr("treadle.backends.embedded.sweeping._WAIT", 0.05)
    with workspace.tables.held(old.table):
        done = asked(workspace, apply=True)
        assert len(done.waiting) == 1 and "somebody is reading" in done.waiting[0] and hot(workspace, old)
        assert workspace.tables.read(old).equals(orders(2000))
    assert asked(workspace, apply=True).moves and not hot(workspace, old)


def test_retention_takes_what_lies_elsewhere_too(workspace: Workspace, cool: Path):
    old, second, newest = monthly(workspace)
    asked(workspace, apply=True)
    told = retain(at_now(workspace), last=1, days=None, apply=False)
    assert told.files == 2 and told.bytes == old.bytes + second.bytes
    retain(at_now(workspace), last=1, days=None, apply=True)
    assert not list(cool.rglob("*.parquet")) and not list((workspace.root / "tables").rglob(".moved/*"))
    assert workspace.tables.read(newest).height == 2002


def test_a_file_that_a_killed_move_left_in_both_places_is_counted_once(workspace: Workspace, cool: Path):
    old, second, _ = monthly(workspace)
    (file,) = workspace.tables.files(old)
    content = file.read_bytes()
    asked(workspace, apply=True)
    file.write_bytes(content)
    told, done = (retain(at_now(workspace), last=1, days=None, apply=apply) for apply in (False, True))
    assert (told.files, told.bytes) == (done.files, done.bytes) == (2, old.bytes + second.bytes)
    assert not file.exists() and not list(cool.rglob("*.parquet"))


def test_without_a_place_or_a_price_it_says_so(workspace: Workspace, tmp_path: Path, cool: Path):
    monthly(workspace)
    (tmp_path / "home" / "settings.yaml").write_text(
        f"tiers: {{vendor: acme, region: eu, cool: 'file://{cool}', archive: 'file://{tmp_path}/archive'}}"
    )
    more = opened(tmp_path / "shop")
    told = asked(more)
    assert any("no price known of archive storage at acme eu" in each for each in told.unknown)
    more.chain.engine.dispose()
    (tmp_path / "home" / "settings.yaml").write_text("tiers: {vendor: acme, cool: 'file:///x'}")
    with pytest.raises(SpecError, match="region"):
        opened(tmp_path / "shop")
    (tmp_path / "home" / "settings.yaml").unlink()
    none = opened(tmp_path / "shop")
    with pytest.raises(SpecError, match="name no colder place"):
        asked(none)
    assert lying(none) == []
    none.chain.engine.dispose()


def test_a_file_goes_from_one_colder_place_to_another_and_two_that_are_one_are_refused(tmp_path: Path):
    cool, archive = tmp_path / "cool", tmp_path / "archive"
    for folder in (cool, archive):
        folder.mkdir()
    places = {"cool": "cool", "archive": "archive"}
    tables = TieredTables(tmp_path / "tables", {"cool": FolderShelf(cool), "archive": FolderShelf(archive)}, places)
    old, _ = tables.replace("t", orders(50)), tables.replace("t", orders(60))
    for tier in places:
        assert tables.move("t", old.parts, tier, 1).files == len(old.parts)
    assert not list(cool.rglob("*.parquet")) and len(list(archive.rglob("*.parquet"))) == len(old.parts)
    (tmp_path / "link").symlink_to(archive)
    shelves = {"cool": FolderShelf(tmp_path / "link"), "archive": FolderShelf(archive)}
    one = TieredTables(tmp_path / "tables", shelves, places)
    for act in (lambda: one.move("t", old.parts, "cool", 1), lambda: one.refuse_away([("cool", "archive")])):
        with pytest.raises(StoreError, match="the tiers cool and archive are one place"):
            act()
    assert one.read(old).equals(orders(50))


class Mounted(FolderShelf):
    """One that says another place than it is, as a folder does that is mounted twice."""

    @property
    def place(self) -> str:
        return "elsewhere"


def test_two_names_of_one_place_are_told_by_asking_it(tmp_path: Path):
    (tmp_path / "cool").mkdir()
    places = {"cool": "cool", "archive": "archive"}
    shelves = {"cool": FolderShelf(tmp_path / "cool"), "archive": Mounted(tmp_path / "cool")}
    tables = TieredTables(tmp_path / "tables", {"cool": shelves["cool"]}, places)
    old, _ = tables.replace("t", orders(50)), tables.replace("t", orders(60))
    tables.move("t", old.parts, "cool", 1)
    both = TieredTables(tmp_path / "tables", shelves, places)
    for act in (lambda: both.move("t", old.parts, "archive", 1), lambda: both.refuse_away([("cool", "archive")])):
        with pytest.raises(StoreError, match="the tiers cool and archive are one place"):
            act()
    assert both.read(old).equals(orders(50))
    away = {"cool": FolderShelf(tmp_path / "not mounted"), "archive": Mounted(tmp_path / "cool")}
    other = TieredTables(tmp_path / "tables", away, places)
    assert other.move("t", old.parts, "archive", 1).files == len(old.parts), "nothing lies in the one that is away"
    assert not list((tmp_path / "cool").rglob(".asked-*"))


class Counted(FolderShelf):
    """One that keeps what was asked of it, by its folder."""

    def __init__(self, root: Path, asked: list[str]) -> None:
        super().__init__(root)
        self.asked = asked

    def put(self, key: str, file: Path) -> None:
        self.asked.append(f"put {self.root.name}")
        super().put(key, file)

    def size(self, key: str) -> int | None:
        self.asked.append(f"size {self.root.name}")
        return super().size(key)


def test_places_are_asked_before_the_record_is_locked_and_those_that_are_away_only_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monthly(workspace)
    tiers, ways, moves = workspace.tiers, [], []
    gone, refuse_away, carry = StoreError("the place is away", where="x", mend="y"), tiers.refuse_away, tiers.move

    def asks(several):
        ways.append([*several])
        return {way: answers.get(way, answer) for way, answer in refuse_away(several).items()}

    def moved(*args):
        moves.append(args[-1])
        return carry(*args)

    monkeypatch.setattr(tiers, "refuse_away", asks)
    monkeypatch.setattr(tiers, "move", moved)
    answers = {("hot", "cool"): gone}
    told = asked(workspace, apply=True)
    assert told.waiting == ["shop/source/orders: the place is away"] and moves == []
    assert ways == [[("hot", "cool")], []], "under the lock only of what is new"
    answers.clear()
    assert not asked(workspace, apply=True).waiting and moves == [{"hot"}]


def test_only_places_that_files_come_from_are_asked_and_once_for_a_move(tmp_path: Path):
    places, asked = {each: each for each in ("cool", "cold", "archive")}, list[str]()
    for each in places:
        (tmp_path / each).mkdir()
    tables = TieredTables(tmp_path / "tables", {each: Counted(tmp_path / each, asked) for each in places}, places)
    old, _ = tables.replace("t", orders(50)), tables.replace("t", orders(60))
    assert tables.refuse_away([("hot", "cool")]) == {("hot", "cool"): None} and asked == ["size cool"]
    asked.clear()
    tables.move("t", old.parts, "cool", 1)
    assert "put cool" in asked and {each.split()[1] for each in asked} == {"cool"}
    asked.clear()
    assert tables.refuse_away([("cool", "cold")]) == {("cool", "cold"): None}
    assert asked == ["size cold", "put cold", "size cool"]
    asked.clear()
    tables.move("t", old.parts, "cold", 1, {"cool"})
    assert asked.count("put cold") == len(old.parts) and not {"size cool", "size archive"} & {*asked}
    (tmp_path / "cold").rename(tmp_path / "gone")
    away = tables.refuse_away([("cold", "archive"), ("hot", "archive")])
    assert away["hot", "archive"] is None and isinstance(away["cold", "archive"], StoreError)
    with pytest.raises(StoreError, match="the colder place is not there"):
        tables.move("t", old.parts, "archive", 1)


@pytest.mark.needs("s3")
def test_a_bucket_is_a_place_too(s3_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    s3_server.bucket("first")
    url = f"s3://first/{secrets.token_hex(8)}?endpoint={s3_server.endpoint}&region=us-east-1"
    shelf = BucketShelf(Address(url, "settings.yaml:1:1"))
    tables = TieredTables(tmp_path / "tables", {"archive": shelf}, {"archive": "a bucket"})
    rows = orders(500)
    snapshot = tables.replace("shop/source/orders", rows)
    tables.replace(snapshot.table, rows.head(1))
    assert tables.move(snapshot.table, snapshot.parts, "archive", 9).bytes == snapshot.bytes
    assert not any(path.is_file() for path in (tmp_path / "tables").rglob(snapshot.parts[0].path))
    assert tables.present(snapshot) and tables.check(snapshot) == []
    assert tables.rows(snapshot).collect().equals(rows) and tables.lies(snapshot.table) == {}


BUSY = """
import sys
from pathlib import Path
from treadle.backends.embedded import FolderShelf, TieredTables
from treadle.store import Snapshot
import msgspec
root, cool, said = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]).read_bytes()
snapshot = msgspec.json.decode(said, type=Snapshot)
tables = TieredTables(root, {"cool": FolderShelf(cool)}, {"cool": "cool"})
print("begun", flush=True)
while True:
    tables.move(snapshot.table, snapshot.parts, "cool", 9)
    tables.bring_back(snapshot.table, snapshot.parts)
"""


def _killed(process: subprocess.Popen[bytes]) -> bytes:
    """What it complained of before."""
    process.send_signal(signal.SIGKILL)
    return process.communicate()[1]


def test_killed_at_any_moment_nothing_is_lost(tmp_path: Path):
    """Two that move and bring back without end, one of them killed; whoever reads meanwhile has every row."""
    import msgspec

    (tmp_path / "cool").mkdir()
    tables = TieredTables(tmp_path / "tables", {"cool": FolderShelf(tmp_path / "cool")}, {"cool": "cool"})
    rows = pl.DataFrame({"key": range(30_000)})
    snapshot = tables.replace("t", rows)
    tables.replace("t", rows.head(1))  # so that none of its files is of the newest version
    (tmp_path / "said").write_bytes(msgspec.json.encode(snapshot))
    words = [sys.executable, "-c", BUSY, str(tmp_path / "tables"), str(tmp_path / "cool"), str(tmp_path / "said")]
    for number in range(2):
        busy = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        try:
            for each in busy:
                assert each.stdout is not None and each.stdout.readline() == b"begun\n"
            time.sleep(0.02 * number)
            busy[0].send_signal(signal.SIGKILL)
            assert tables.read(snapshot).equals(rows)
        finally:
            said = [_killed(each) for each in busy]
        assert said == [b"", b""]
        assert tables.read(snapshot).equals(rows) and tables.check(snapshot) == []
    tables.bring_back("t", snapshot.parts)
    tables.move("t", snapshot.parts, "cool", 9)
    assert tables.lies("t").keys() == {part.path for part in snapshot.parts}
    assert tables.read(snapshot).equals(rows)


def test_what_killed_moves_left_is_cleared_and_what_is_being_written_stays(tmp_path: Path):
    cool = tmp_path / "cool"
    cool.mkdir()
    tables = TieredTables(tmp_path / "tables", {"cool": FolderShelf(cool)}, {"cool": "cool"})
    snapshot = tables.replace("t", pl.DataFrame({"a": [1, 2, 3]}))
    tables.replace("t", pl.DataFrame({"a": [9]}))
    tables.move("t", snapshot.parts, "cool", 9)
    (away,) = cool.rglob("*.parquet")
    told = tmp_path / "tables" / ".retrieved"
    left = [away.parent / ".x.parquet.12345678.part", told / "abc.part"]
    young = [away.parent / ".y.parquet.12345678.part", told / "def.part"]
    for each in (*left, *young):
        each.write_text("half")
    for each in left:
        os.utime(each, (0, 0))
    FolderShelf(cool).put(away.relative_to(cool).as_posix(), away)
    tables.bring_back("t", snapshot.parts)
    assert not any(each.exists() for each in left) and all(each.exists() for each in young)


def test_who_raises_a_concern_is_named_by_no_reading_of_before(workspace: Workspace):
    """What was read out of a colder place waits to be told; told by this command it would say who sat there."""
    old, *_ = monthly(workspace)
    asked(workspace, apply=True)
    workspace.tables.read(old)
    before, place = [entry.seq for entry in workspace.chain.find()], str(workspace.project.root)
    assert workspace.tiers is not None and workspace.tiers.retrieved()
    grace, ada = (Context(Principal("person", who), hear=lambda prompt: "we hurry") for who in ("grace", "ada"))
    concern_raise(RaiseRequest(project=place), grace)
    assert [entry.seq for entry in workspace.chain.find()] == before and workspace.tiers.retrieved()
    concern_list(ListConcernsRequest(project=place), ada)
    after = workspace.chain.find()[len(before) :]
    assert {(entry.kind, entry.actor) for entry in after} == {("files.retrieved", "ada")}
    assert not workspace.tiers.retrieved()


def test_who_checks_in_is_named_by_no_reading_of_before(workspace: Workspace):
    """The record has the check-in without a name, and so not beside an entry with one."""
    old, *_ = monthly(workspace)
    asked(workspace, apply=True)
    workspace.tables.read(old)
    before, place = len(workspace.chain.find()), str(workspace.project.root)
    grace = Context(Principal("person", "grace"), hear=lambda prompt: "4 some, waiting for labels")
    team_checkin(CheckinRequest(project=place), grace)
    assert workspace.tiers is not None and workspace.tiers.retrieved()
    kept = workspace.chain.find()[before:]
    assert [entry.kind for entry in kept] == ["checkin.kept"] and "grace" not in {entry.actor for entry in kept}
