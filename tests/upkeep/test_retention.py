"""Which snapshots go and which stay, for which reason; and that what is gone is said to be gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept_shop import keep, opened, orders, train, write_shop
from rich.console import Console

from treadle.cli.show.evidence import show_why
from treadle.errors import DataError, SpecError, TreadleError
from treadle.evidence import verify
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.decision_reviewed import DecisionReviewed
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.snapshots_removed import SnapshotsRemoved
from treadle.evidence.kinds.source_read import SourceRead
from treadle.evidence.kinds.version_signed import VersionSigned
from treadle.exploring.named import named
from treadle.exploring.snapshots import history_of, meant
from treadle.history import lineage
from treadle.history.lineage import explain
from treadle.spec.settings import Keep
from treadle.store import Ref, Snapshot
from treadle.upkeep.found import Retained
from treadle.upkeep.retaining import retain
from treadle.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def kept_daily(workspace: Workspace, several: int, source: str = "orders") -> list[Snapshot]:
    """The oldest first; the newest is of `NOW`."""
    return [keep(workspace, source, orders(5 + n), days_ago(several - 1 - n)) for n in range(several)]


def at_now(workspace: Workspace) -> Workspace:
    return replace(workspace, chain=replace(workspace.chain, clock=lambda: NOW))


def asked(workspace: Workspace, last: int | None = None, days: float | None = None, *, apply: bool = False) -> Retained:
    return retain(at_now(workspace), last=last, days=days, apply=apply)


def versions(lines: list) -> list[int]:
    return [line.version for line in lines if line.table == "shop/source/orders"]


def release(workspace: Workspace, model: str) -> None:
    packing = workspace.chain.last(ModelPacked, subject=f"model/{model}")
    bundle = packing.payload.bundle
    request = workspace.chain.append(ReviewRequested(model=model, bundle=bundle, gates=()), f"model/{model}")
    approval = workspace.chain.append(ReviewApproved(model=model, bundle=bundle, request=request.ref), f"model/{model}")
    workspace.chain.append(
        ReleaseMade(model=model, bundle=bundle, packing=packing.ref, approval=approval.ref), "endpoint/back"
    )


@pytest.mark.parametrize(
    ("last", "days", "kept"),
    [
        (1, None, [4]),
        (2, None, [3, 4]),
        (9, None, [0, 1, 2, 3, 4]),
        (None, 0, [4]),
        (None, 1.5, [3, 4]),
        (None, 2, [2, 3, 4]),
        (1, 2, [2, 3, 4]),
        (4, 0, [1, 2, 3, 4]),
        (None, None, [0, 1, 2, 3, 4]),
    ],
)
def test_the_rules_keep_the_newest_and_the_young(
    workspace: Workspace, last: int | None, days: float | None, kept: list[int]
) -> None:
    kept_daily(workspace, 5)
    found = asked(workspace, last, days)
    assert versions(found.kept) == kept and versions(found.removed) == [v for v in range(5) if v not in kept]
    assert not found.applied and all(line.why for line in found.kept)


def test_a_dry_run_prices_what_it_would_free_and_frees_nothing(workspace: Workspace) -> None:
    snapshots = kept_daily(workspace, 3)
    found, entries = asked(workspace, 1), len(workspace.chain.find())
    size = sum(part.size for each in snapshots[:2] for part in each.parts)
    assert (found.files, found.bytes) == (2, size) and sum(line.bytes for line in found.removed) == size
    assert found.monthly == pytest.approx(size / 2**30 * 0.023, abs=1e-9) and found.currency == "USD"
    assert found.before == sum(part.size for each in snapshots for part in each.parts)
    assert found.next.endswith("--last 1 --apply") and found.entry is None
    assert all(workspace.tables.present(each) for each in snapshots) and len(workspace.chain.find()) == entries


def test_what_was_removed_is_said_to_be_removed_wherever_it_is_asked_for(workspace: Workspace) -> None:
    snapshots = kept_daily(workspace, 3)
    before = verify(workspace.chain, check=workspace.check, everything=True)
    found = asked(workspace, 1, apply=True)
    assert found.applied and found.next == "" and found.waiting == [] and versions(found.removed) == [0, 1]
    assert [workspace.tables.present(each) for each in snapshots] == [False, False, True]
    entry = workspace.chain.last(SnapshotsRemoved)
    assert entry.seq == found.entry and entry.actor == "ada" and entry.payload.bytes == found.bytes
    assert [each.version for each in entry.payload.snapshots] == [0, 1]
    with pytest.raises(DataError, match="version 0 of orders was removed by retention on 2024-06-01 by ada") as bad:
        meant(workspace, named("orders@0"))
    assert bad.value.mend == "still there: 2"
    lines = history_of(workspace, "orders", 9).snapshots
    assert [(line.here, line.removed[:22]) for line in lines] == [(True, "")] + [(False, "was removed by retenti")] * 2
    told = explain(workspace, "source/orders")
    assert [node.removed for node in told.nodes] == [[]]
    first = explain(workspace, str(workspace.chain.find(SourceRead)[0].seq)).nodes[0]
    assert first.removed == [f"shop/source/orders version 0 {lines[2].removed}"]
    after = verify(workspace.chain, check=workspace.check, everything=True)
    assert before.ok and after.ok and after.artifacts == before.artifacts - 2
    assert len(after.removed) == 1 and "with 1 more, was removed by retention on 2024-06-01 by ada" in after.removed[0]


def test_files_that_go_without_a_word_in_the_record_are_still_a_fault(workspace: Workspace) -> None:
    snapshots = kept_daily(workspace, 4)
    asked(workspace, 2, apply=True)
    workspace.tables.files(snapshots[2])[0].unlink()
    found = verify(workspace.chain, check=workspace.check, everything=True)
    assert not found.ok and len(found.faults) == 1 and "version 2" in found.faults[0]


def test_a_snapshot_that_is_made_again_is_held_again(workspace: Workspace) -> None:
    first = keep(workspace, "orders", orders(5), days_ago(3))
    keep(workspace, "orders", orders(6), days_ago(2))
    asked(workspace, 1, apply=True)
    again = keep(workspace, "orders", orders(5), NOW)
    assert again.fingerprint == first.fingerprint and again.version != first.version
    assert meant(workspace, named("orders")).snapshot == again
    with pytest.raises(DataError, match="removed by retention") as bad:
        meant(workspace, named("orders@0"))
    assert bad.value.mend == f"version {again.version} has equal rows"
    assert verify(workspace.chain, check=workspace.check, everything=True).ok
    workspace.tables.files(again)[0].unlink()
    assert not verify(workspace.chain, check=workspace.check, everything=True).ok


def test_what_a_released_version_rests_on_stays_and_says_so(workspace: Workspace) -> None:
    snapshots = kept_daily(workspace, 5)
    for n in range(3):
        train(workspace, snapshots[n], f"shop:{n}")
        release(workspace, f"shop:{n}")
    found = asked(workspace, 1)
    assert versions(found.removed) == [0, 3]
    why = {line.version: line.why for line in found.kept if line.table == "shop/source/orders"}
    assert why[2] == ["shop:2 is served at back"] and why[1] == ["shop:1 was released before at back"]
    assert {line.table for line in found.kept} >= {"shop/training-1", "shop/training-2"}
    only = replace(workspace, keep=Keep(last=1, releases=1))
    assert versions(asked(only).removed) == [0, 1, 3]


def test_however_long_the_walk_what_a_version_rests_on_stays_and_why_says_where_it_ends(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = kept_daily(workspace, 3)
    train(workspace, snapshots[0], "shop:1")
    release(workspace, "shop:1")
    whole, was = explain(workspace, "endpoint/back"), asked(workspace, 1)
    monkeypatch.setattr(lineage, "_MOST", 2)
    found, out = asked(workspace, 1), StringIO()
    assert versions(found.removed) == [1] and found == was
    told = explain(workspace, "endpoint/back")
    assert whole.more == 0 and len(told.nodes) < len(whole.nodes) and told.nodes == whole.nodes[: len(told.nodes)]
    show_why(told, Console(file=out, width=300))
    assert told.more == 2
    assert f"{len(told.nodes)} entries are told, and not what led to the last: 2 more" in out.getvalue()


def test_of_sources_with_equal_rows_a_version_rests_on_its_own(workspace: Workspace) -> None:
    table, aside = (workspace.tables.replace(f"shop/{each}/orders", orders(5)) for each in ("source", "quarantine"))
    workspace.chain.append(
        SourceRead(table=table, rows=10, quarantined=5, rules=0, bytes=1, quarantine=aside), "source/orders"
    )
    keep(workspace, "cities", orders(5), NOW)
    train(workspace, table, "shop:1")
    release(workspace, "shop:1")
    subjects = {node.subject for node in explain(workspace, "shop:1").nodes}
    assert "source/orders" in subjects and "source/cities" not in subjects
    held = list[Ref]()
    assert verify(workspace.chain, check=lambda ref: held.append(ref) or []).ok  # type: ignore[func-returns-value]
    assert aside in held and all(ref.table != "shop/source/cities" for ref in held if isinstance(ref, Snapshot))


def test_what_waits_was_signed_or_is_undecided_stays(workspace: Workspace) -> None:
    snapshots = kept_daily(workspace, 6)
    for n in range(4):
        train(workspace, snapshots[n], f"shop:{n}")
    packings = [workspace.chain.last(ModelPacked, subject=f"model/shop:{n}") for n in range(4)]
    bundles = [each.payload.bundle for each in packings]
    chain = workspace.chain
    chain.append(ReviewRequested(model="shop:0", bundle=bundles[0], gates=()), "model/shop:0")
    request = chain.append(ReviewRequested(model="shop:1", bundle=bundles[1], gates=()), "model/shop:1")
    chain.append(ReviewApproved(model="shop:1", bundle=bundles[1], request=request.ref), "model/shop:1")
    chain.append(VersionSigned(model="shop:2", bundle=bundles[2], request=request.ref, role="expert"), "model/shop:2")
    options = (Option("yes"), Option("no"))
    said = DecisionOpened(decision="late", question="?", options=options, decides="ada", evidence=(packings[3].ref,))
    opened_ = chain.append(said, "decision/late")
    found = asked(workspace, 1)
    why = {line.version: line.why for line in found.kept if line.table == "shop/source/orders"}
    assert versions(found.removed) == [4]
    assert why[0] == ["shop:0 waits for its review"] and why[3] == ["decision late is open"]
    # its request is what the signature rests on, and so is that of the version before
    assert why[2] == ["shop:2 was signed by ada"] and why[1] == ["shop:2 was signed by ada"]
    chain.append(DecisionClosed(decision="late", opened=opened_.ref, option="yes", because="so"), "decision/late")
    assert versions(asked(workspace, 1).removed) == [3, 4]


def test_what_is_cited_on_an_open_decision_stays_until_it_is_closed_and_when_it_is_opened_again(
    workspace: Workspace,
) -> None:
    snapshots, chain, about = kept_daily(workspace, 4), workspace.chain, "decision/late"
    for n in range(2):
        train(workspace, snapshots[n], f"shop:{n}")
    asked_by, said_by = (chain.last(ModelPacked, subject=f"model/shop:{n}").ref for n in range(2))
    options = (Option("yes"), Option("no"))
    opening = DecisionOpened(decision="late", question="?", options=options, decides="ada", evidence=(asked_by,))
    first = chain.append(opening, about)
    position = PositionStated(decision="late", opened=first.ref, option="yes", because="so", evidence=(said_by,))
    chain.acting("grace").append(position, about)
    why = {line.version: line.why for line in asked(workspace, 1).kept if line.table == "shop/source/orders"}
    assert why[0] == why[1] == ["decision late is open"]
    end = chain.append(DecisionClosed(decision="late", opened=first.ref, option="yes", because="so"), about)
    assert versions(asked(workspace, 1).removed) == [0, 1, 2]
    chain.append(DecisionReviewed(decision="late", closed=end.ref, holds=False, because="no"), about)
    assert versions(asked(workspace, 1).removed) == [2]


def test_a_version_waits_until_its_own_target_is_released_whatever_others_release(workspace: Workspace) -> None:
    snapshots, chain = kept_daily(workspace, 5), workspace.chain
    names = ("shop:1", "shop:2", "shop.days:3")
    for snapshot, name in zip(snapshots[:3], names, strict=True):
        train(workspace, snapshot, name)
    bundles = {name: chain.last(ModelPacked, subject=f"model/{name}").payload.bundle for name in names}
    release(workspace, "shop:2")
    for name in ("shop:1", "shop.days:3"):
        chain.append(ReviewRequested(model=name, bundle=bundles[name], gates=()), f"model/{name}")
    release(workspace, "shop:2")
    one = replace(workspace, keep=Keep(last=1, releases=1))
    why = {line.version: line.why for line in asked(one).kept if line.table == "shop/source/orders"}
    # what shop:2 was released by names no other request, and shop:1 was passed over by it
    assert why[2] == ["shop.days:3 waits for its review"] and why[1] == ["shop:2 is served at back"]
    assert versions(asked(one).removed) == [0, 3]


def test_rows_set_aside_go_and_stay_with_the_reading_that_set_them_aside(workspace: Workspace) -> None:
    for n in range(3):
        table = workspace.tables.replace("shop/source/orders", orders(5 + n))
        aside = workspace.tables.replace("shop/quarantine/orders", orders(1 + n))
        workspace.chain.append(
            SourceRead(table=table, rows=9, quarantined=1, rules=0, bytes=1, quarantine=aside), "source/orders"
        )
        if n == 0:
            train(workspace, table, "shop:1")
            release(workspace, "shop:1")
    found = asked(workspace, 1)
    assert sorted((line.table, line.version) for line in found.removed) == [
        ("shop/quarantine/orders", 1),
        ("shop/source/orders", 1),
    ]
    (why,) = [line.why for line in found.kept if line.table == "shop/quarantine/orders" and line.version == 0]
    assert why == ["shop:1 is served at back", "goes with shop/source/orders version 0"]


def test_files_that_a_kept_snapshot_has_too_stay(workspace: Workspace) -> None:
    first = keep(workspace, "orders", orders(5), days_ago(3))
    second = workspace.tables.extend(first, orders(2, first=5))
    workspace.chain.append(SourceRead(table=second, rows=2, quarantined=0, rules=0, bytes=1), "source/orders")
    found = asked(workspace, 1, apply=True)
    assert versions(found.removed) == [0] and (found.files, found.bytes) == (0, 0)
    assert workspace.tables.read(second).equals(orders(7))
    with pytest.raises(DataError, match="removed by retention"):
        meant(workspace, named("orders@0"))


def test_what_a_writer_made_that_has_not_told_the_record_stays(workspace: Workspace) -> None:
    kept_daily(workspace, 3)
    made = [workspace.tables.replace("shop/source/orders", orders(20 + n)) for n in range(2)]
    asked(workspace, 1, apply=True)
    assert [workspace.tables.read(each).height for each in made] == [20, 21]


def test_what_writers_left_who_died_goes_too(workspace: Workspace) -> None:
    (snapshot,) = kept_daily(workspace, 1)
    left = workspace.tables.files(snapshot)[0].with_name("left.parquet")
    left.write_bytes(b"half a file")
    assert (asked(workspace, 1).files, asked(workspace, 1).bytes) == (1, 11)
    found = asked(workspace, 1, apply=True)
    assert not left.exists() and found.files == 1 and found.entry is None and workspace.tables.present(snapshot)


def test_what_writers_had_not_named_goes_once_nobody_can_still_write_it(workspace: Workspace) -> None:
    kept_daily(workspace, 1)
    folder = workspace.root / "tables" / "shop" / "source" / "orders"
    dead, young = folder / ".0a.part", folder / ".0b.part"
    for each in (dead, young):
        each.write_bytes(b"half a file")
    os.utime(dead, (0, 0))
    told, done = asked(workspace, 1), asked(workspace, 1, apply=True)
    assert (told.files, told.bytes) == (done.files, done.bytes) == (1, 11)
    assert young.exists() and not dead.exists()


def test_nothing_goes_while_somebody_reads_and_it_is_gone_on_with_later(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    import treadle.backends.embedded.sweeping as sweeping

    snapshots = kept_daily(workspace, 2)
    monkeypatch.setattr(sweeping, "_WAIT", 0.2)
    with workspace.tables.held("shop/source/orders"):
        found = asked(workspace, 1, apply=True)
        assert len(found.waiting) == 1 and "somebody is reading" in found.waiting[0] and found.bytes == 0
        assert workspace.tables.present(snapshots[0]) and found.next.endswith("--apply")
    assert verify(workspace.chain, check=workspace.check, everything=True).ok
    found = asked(workspace, 1, apply=True)
    assert found.files == 1 and not workspace.tables.present(snapshots[0]) and found.entry is None


def test_a_reader_that_is_soon_done_is_waited_for(workspace: Workspace) -> None:
    kept_daily(workspace, 2)
    inside, leave = threading.Event(), threading.Event()

    def read() -> None:
        with workspace.tables.held("shop/source/orders"):
            inside.set()
            leave.wait(30)

    reader = threading.Thread(target=read)
    reader.start()
    inside.wait(30)
    threading.Timer(0.2, leave.set).start()
    assert asked(workspace, 1, apply=True).waiting == []
    reader.join()


def test_two_at_once_remove_each_snapshot_once(shop: Path) -> None:
    first, second = opened(shop), opened(shop, actor="grace")
    kept_daily(first, 6)
    found: list[Retained] = []
    several = [threading.Thread(target=lambda w=w: found.append(asked(w, 1, apply=True))) for w in (first, second)]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert sorted(len(each.removed) for each in found) == [0, 5]
    assert verify(first.chain, check=first.check, everything=True).ok


KILLED = """
import os, signal, sys
sys.path[:0] = [{exploring!r}, {here!r}]
from pathlib import Path
from kept_shop import opened
from test_retention import asked
unlink, count = Path.unlink, [0]
def killed(self, missing_ok=False):
    count[0] += 1
    if count[0] > {after}:
        os.kill(os.getpid(), signal.SIGKILL)
    unlink(self, missing_ok=missing_ok)
Path.unlink = killed
asked(opened(Path({shop!r})), 1, apply=True)
"""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_killed_in_the_middle_nothing_is_lost_and_the_next_time_goes_on(shop: Path, after: int) -> None:
    workspace = opened(shop)
    snapshots = kept_daily(workspace, 5)
    here = Path(__file__).parent
    text = KILLED.format(exploring=str(here.parent / "exploring"), here=str(here), shop=str(shop), after=after)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert workspace.tables.read(snapshots[-1]).equals(orders(9))
    assert verify(workspace.chain, check=workspace.check, everything=True).ok
    found = asked(workspace, 1, apply=True)
    assert found.files == 4 - after and found.removed == []
    assert len(list((shop / ".treadle/tables/shop/source/orders").glob("*.parquet"))) == 1


def test_a_file_that_cannot_be_removed_is_told_and_tried_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_daily(workspace, 3)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        found = asked(workspace, 1, apply=True)
    assert found.waiting == ["shop/source/orders: a file cannot be removed: Permission denied"]
    assert verify(workspace.chain, check=workspace.check, everything=True).ok
    assert asked(workspace, 1, apply=True).files == 2


@pytest.mark.parametrize(("last", "days"), [(0, None), (-3, None), (None, -1), (None, float("nan")), (None, 1e9)])
def test_a_rule_that_is_none_is_refused(workspace: Workspace, last: int | None, days: float | None) -> None:
    with pytest.raises(SpecError):
        asked(workspace, last, days)


def test_without_a_rule_nothing_is_removed(workspace: Workspace) -> None:
    kept_daily(workspace, 3)
    found = asked(workspace)
    assert found.removed == [] and "no rule" in found.rules and "--last 5" in found.next
    with pytest.raises(SpecError, match="no rule says which snapshots may go"):
        asked(workspace, apply=True)


def test_of_nothing_nothing_is_told(workspace: Workspace) -> None:
    found = asked(workspace, 1, apply=True)
    assert (found.removed, found.kept, found.bytes, found.monthly, found.entry) == ([], [], 0, 0.0, None)


def test_the_settings_say_the_rules(shop: Path) -> None:
    workspace = opened(shop)
    kept_daily(workspace, 4)
    (shop / ".treadle/settings.yaml").write_text("keep: {last: 2}\n", encoding="utf-8")
    found = asked(opened(shop))
    assert versions(found.removed) == [0, 1] and found.next.endswith("shop --apply")
    assert versions(asked(opened(shop), 3).removed) == [0]


def test_another_projects_tables_are_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    kept_daily(workspace, 2)
    for name in ("shopping/source/orders", "other/source/orders"):
        for n in (1, 2):
            table = workspace.tables.replace(name, orders(n))
            workspace.chain.append(SourceRead(table=table, rows=n, quarantined=0, rules=0, bytes=1), "source/orders")
    assert {line.table for line in asked(workspace, 1).removed} == {"shop/source/orders"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=7),
    last=st.none() | st.integers(1, 8),
    days=st.none() | st.integers(0, 8),
    trained=st.sets(st.integers(0, 6), max_size=2),
)
def test_whatever_is_kept_can_be_read_and_whatever_is_gone_is_said(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    last: int | None,
    days: int | None,
    trained: set[int],
) -> None:
    workspace = opened(write_shop(tmp_path_factory.mktemp("kept") / "shop"))
    frames = [orders(size) for size in sizes]
    snapshots = [keep(workspace, "orders", frame, days_ago(len(sizes) - 1 - n)) for n, frame in enumerate(frames)]
    for n in sorted(trained & set(range(len(sizes)))):
        train(workspace, snapshots[n], f"shop:{n}")
        release(workspace, f"shop:{n}")
    planned = asked(workspace, last, days)
    if last is None and days is None:
        assert planned.removed == []
        return
    done = asked(workspace, last, days, apply=True)
    assert (planned.removed, planned.bytes) == (done.removed, done.bytes)
    gone = {(line.table, line.version) for line in done.removed}
    for snapshot, frame in zip(snapshots, frames, strict=True):
        if (snapshot.table, snapshot.version) in gone:
            with pytest.raises(TreadleError, match="removed by retention"):
                meant(workspace, named(f"orders@{snapshot.version}"))
        else:
            assert workspace.tables.read(snapshot).equals(frame)
    assert verify(workspace.chain, check=workspace.check, everything=True).ok
    assert asked(workspace, last, days).removed == []
    workspace.chain.engine.dispose()
