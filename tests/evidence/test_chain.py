"""The chain: facts, steps that are not run twice, and the proof that nothing was edited."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from steps import Made, Make

from treadle.errors import EvidenceError
from treadle.evidence import Chain, Unknown, verify
from treadle.evidence.kinds.noted import Noted
from treadle.evidence.kinds.of_version import OfVersion
from treadle.evidence.kinds.release_made import ReleaseMade
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.store import Blob, EntryRef, Snapshot
from treadle.store.catalog import open_catalog


def run_step(chain: Chain, asked: Make | None = None, code: str = "treadle.spec.durations") -> tuple[bool, str]:
    with chain.step(asked or Make(), "shop", code=code) as step:
        if not step.cached:
            step.made(Made())
    assert step.payload.answer == 42
    return step.cached, step.why


def test_a_step_is_not_run_again_and_says_why(chain: Chain) -> None:
    assert run_step(chain, Make(settings={"a": 1})) == (False, "never run before")
    cached, why = run_step(chain, Make(settings={"a": 1}))
    assert cached
    assert why.startswith("nothing changed since")
    assert run_step(chain, Make(settings={"a": 2})) == (False, "changed: settings")
    assert run_step(replace(chain, fresh=True), Make(settings={"a": 2})) == (False, "a fresh run was asked for")


def test_an_input_counts_by_its_content_and_not_by_its_version(chain: Chain) -> None:
    run_step(chain)
    assert run_step(chain, Make(table=Snapshot("t", 7, "f1", 3)))[0]
    assert run_step(chain, Make(table=Snapshot("t", 0, "f2", 3))) == (False, "changed: table")


def test_a_step_runs_again_when_code_that_it_reaches_is_another(chain: Chain) -> None:
    run_step(chain)
    assert run_step(chain, code="treadle.spec.project") == (False, "changed: code")


def test_what_changed_in_the_code_is_named_where_the_list_was_kept(chain: Chain, tmp_path: Path) -> None:
    from treadle.backends.embedded import FolderBlobs

    kept = replace(chain, library=FolderBlobs(tmp_path / "blobs"))
    run_step(kept)
    _, why = run_step(kept, code="treadle.expr.names")
    assert why.startswith("changed: code (") and "treadle." in why


def test_a_failed_step_is_kept_as_failed_and_run_again(chain: Chain) -> None:
    with pytest.raises(ValueError, match="broken"), chain.step(Make(), "s") as step:
        step.made(Made())
        raise ValueError("broken")
    (entry,) = chain.find(subject="s")
    assert (entry.status, entry.error, entry.made) == ("failed", "broken", ())
    assert isinstance(entry.payload, Unknown) and entry.said() == "failed: broken"
    with chain.step(Make(), "s") as step:
        assert not step.cached
        step.made(Made())


def test_a_step_that_makes_nothing_has_failed(chain: Chain) -> None:
    with pytest.raises(EvidenceError, match="made nothing"), chain.step(Make(), "s"):
        pass
    assert chain.find(subject="s")[0].status == "failed"


def test_a_step_whose_product_is_gone_is_run_again(chain: Chain) -> None:
    here = {"there": True}
    chain = replace(chain, present=lambda ref: here["there"])
    for expected in (False, True):
        with chain.step(Make(), "s") as step:
            step.made(Made(blob=Blob("d" * 64, "bundle")))
        assert step.cached is expected
    here["there"] = False
    with chain.step(Make(), "s") as step:
        assert not step.cached
        assert step.why == "its earlier product is gone: bundle"
        step.made(Made())


def test_usage_counts_cpu_memory_bytes_and_children(chain: Chain, tmp_path: Path) -> None:
    script = "s = sum(i * i for i in range(2_000_000)); b = bytearray(60_000_000); open(r'%s', 'wb').write(b)"
    with chain.step(Make(), "s", cache=False) as step:
        subprocess.run([sys.executable, "-c", script % (tmp_path / "f")], check=True)
        step.made(Made())
    usage = step.entry.usage
    assert usage.cpu_seconds > 0.05
    assert usage.written_bytes >= 60_000_000
    assert usage.peak_mb > 20
    assert usage.seconds > 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="orphans are adopted on Linux alone")
def test_a_detached_child_of_a_child_costs_too(chain: Chain, tmp_path: Path) -> None:
    """A worker that outlives its parent in a session of its own is still counted."""
    done = tmp_path / "done"
    work = f"import time; t = time.process_time()\nwhile time.process_time() - t < 0.4: pass\nopen(r'{done}', 'w')"
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {work!r}], start_new_session=True)"
    with chain.step(Make(), "s", cache=False) as step:
        subprocess.run([sys.executable, "-c", start], check=True)
        until = time.monotonic() + 30
        while not done.exists() and time.monotonic() < until:
            time.sleep(0.02)
        step.made(Made())
    assert step.entry.usage.cpu_seconds >= 0.4


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "update entries set body = cast(replace(cast(body as text), 'first', 'forged') as blob) where seq = 1",
            "entry 1 was edited",
        ),
        ("update entries set body = cast(body as text) where seq = 2", "entry 2 was edited: its content is str"),
        ("update entries set actor = 'eve' where seq = 2", "its column actor differs"),
        ("delete from entries where seq = 2", "entry 2 is missing"),
        ("delete from entries where seq = 3", "missing at the end"),
        ("update log_tiles set hashes = zeroblob(96) where level = 0", "entry 1 is not the one that the log's tree"),
        (
            "; ".join(f"update entries set seq = {new} where seq = {old}" for old, new in ((1, 99), (2, 1), (99, 2))),
            "put in another order",
        ),
    ],
)
def test_verify_finds_what_was_edited_dropped_or_reordered(chain: Chain, damage: str, said: str) -> None:
    for name in ("first", "second", "third"):
        chain.append(Noted(text=name), name)
    assert verify(chain).ok
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        for statement in damage.split(";"):
            connection.execute(text(statement))
    verdict = verify(chain)
    assert not verdict.ok
    assert any(said in fault for fault in verdict.faults), verdict.faults


@pytest.mark.parametrize("content", ["", "no number", "12 x", "é"])
def test_a_damaged_head_file_is_a_fault_and_no_crash(chain: Chain, content: str) -> None:
    chain.append(Noted(text="one"), "s")
    chain.head_file.write_text(content, encoding="utf-8")
    assert not verify(chain).ok


def test_an_edited_entry_is_not_believed_by_who_reads_it(chain: Chain) -> None:
    chain.append(Noted(text="first"), "s")
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        connection.execute(text("update entries set body = cast(replace(cast(body as text),'first','other') as blob)"))
    with pytest.raises(EvidenceError, match="edited"):
        chain.find(Noted)


def test_a_head_noted_down_elsewhere_shows_a_rewritten_chain(chain: Chain) -> None:
    head = chain.append(Noted(text="one"), "one").hash
    assert verify(chain, expect=head).ok
    assert "not in the chain" in verify(chain, expect="0" * 64).faults[0]


def test_verify_holds_what_a_released_model_rests_on_to_its_hashes(chain: Chain) -> None:
    """The bundle, and what it was made from, are asked for; with `everything` what no release rests on too."""
    table, bundle, other = Snapshot("t", 0, "f1", 3), Blob("b" * 64, "bundle"), Blob("c" * 64, "other")
    with chain.step(Make(table=table), "shop") as step:
        step.made(Made(blob=bundle))
    chain.append(ReviewApproved(model="shop:1", bundle=bundle, request=EntryRef("0" * 64)), "model/shop:1")
    with chain.step(Make(settings={"x": 1}), "shop", cache=False) as unreleased:
        unreleased.made(Made(blob=other))
    release = ReleaseMade(model="shop:1", bundle=bundle, packing=step.entry.ref, approval=EntryRef("0" * 64))
    chain.append(release, "endpoint/shop")
    asked: list[str] = []
    verdict = verify(chain, check=lambda ref: asked.append(ref.content) or ([f"{ref.content[:3]} is gone"]))
    assert set(asked) == {"f1", bundle.digest}
    assert verdict.artifacts == 2 and not verdict.ok and any("f1 is gone (entry 1)" in f for f in verdict.faults)
    asked.clear()
    verify(chain, check=lambda ref: asked.append(ref.content) or [], everything=True)
    assert set(asked) == {"f1", bundle.digest, other.digest}


def _append_many(url: str, head: str, name: str) -> None:
    engine = open_catalog(url)
    chain = Chain(engine=engine, actor=name, head_file=Path(head))
    for number in range(40):
        chain.append(Noted(text="x"), f"{name}-{number}")
    engine.dispose()


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    url, head = f"sqlite:///{tmp_path / 'catalog.db'}", str(tmp_path / "head")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_many, args=(url, head, name)) for name in ("a", "b", "c")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    engine = open_catalog(url)
    verdict = verify(Chain(engine=engine, actor="x", head_file=Path(head)))
    engine.dispose()
    assert (verdict.entries, verdict.faults) == (120, [])


def test_entries_are_found_by_kind_subject_and_run(chain: Chain) -> None:
    bundle = Blob("b" * 64)
    chain.append(ReviewApproved(model="a:1", bundle=bundle, request=EntryRef("0" * 64)), "model/a:1")
    made = ReleaseMade(model="a:1", bundle=bundle, packing=EntryRef("1" * 64), approval=EntryRef("2" * 64))
    chain.append(made, "endpoint/a")
    both: list[object] = chain.find(ReviewApproved, ReleaseMade)
    assert len(both) == 2
    last = chain.last(ReleaseMade, subject="endpoint/a")
    assert last.payload == made and isinstance(last.payload, OfVersion)
    with chain.reading() as reader:
        assert [e.kind for e in reader.find(prefix="release.")] == ["release.made"]
        assert reader.by_hash(last.hash)[0].seq == last.seq == 2
    assert len(chain.find(run="run1", limit=1)) == 1
    assert chain.find(run="other") == []


def test_what_is_appended_together_is_written_together_or_not_at_all(chain: Chain) -> None:
    with pytest.raises(RuntimeError), chain.alone() as alone:
        alone.append(Noted(text="half"), "s")
        raise RuntimeError
    assert chain.find() == [] and verify(chain).ok
    with chain.alone() as alone:
        alone.append(Noted(text="one"), "s")
        alone.append(Noted(text="two"), "s")
    assert [e.payload.text for e in chain.find(Noted)] == ["one", "two"] and verify(chain).ok


def _number(url: str, out: str) -> None:
    engine = open_catalog(url)
    given = []
    for _ in range(30):
        with Chain(engine=engine, actor="a").alone() as alone:
            given.append(alone.number("shop"))
    Path(out).write_text(" ".join(map(str, given)))
    engine.dispose()


def test_a_number_is_given_once_also_to_two_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    context = multiprocessing.get_context("spawn")
    outs = [str(tmp_path / f"{name}.txt") for name in "ab"]
    workers = [context.Process(target=_number, args=(url, out)) for out in outs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    given = [int(n) for out in outs for n in Path(out).read_text().split()]
    assert sorted(given) == list(range(1, 61))


def test_a_time_before_that_of_the_entry_before_is_remarked_on_and_no_fault(chain: Chain) -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    backs = [timedelta(0), timedelta(minutes=59), timedelta(days=31), timedelta(0), timedelta(hours=1)]
    for back in backs:
        replace(chain, clock=lambda back=back: now - back).append(Noted(text="x"), "shop")
    found = verify(chain)
    assert found.ok and [each.partition(": ")[0] for each in found.remarks] == [
        "entry 3 says 2026-10-29T12:00:00, which is 30 days before entry 2",
        "entry 5 says 2026-11-29T11:00:00, which is 1 hour before entry 4",
    ]
    for back in (timedelta(0), timedelta(days=2)) * 6:
        replace(chain, clock=lambda back=back: now - back).append(Noted(text="x"), "shop")
    assert verify(chain).remarks[5:] == ("and 3 more whose time lies so",)
