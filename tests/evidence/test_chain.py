from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from sqlalchemy import text

from treadle.evidence import Chain, verify
from treadle.store.catalog import open_catalog


def run_step(chain: Chain, **settings: object) -> tuple[bool, str]:
    with chain.step(
        "features.build",
        "shop",
        uses=[{"kind": "table", "table": "t", "fingerprint": "f1"}],
        settings=settings,
        code=["spec"],
    ) as step:
        if not step.cached:
            step.value("answer", 42)
    assert step.outputs["answer"]["value"] == 42
    return step.cached, step.why


def test_a_step_is_not_run_again_and_says_why(chain: Chain) -> None:
    assert run_step(chain, a=1) == (False, "never run before")
    cached, why = run_step(chain, a=1)
    assert cached
    assert why.startswith("nothing changed since")
    assert run_step(chain, a=2) == (False, "changed: settings")


def test_changed_input_is_named(chain: Chain) -> None:
    run_step(chain)
    with chain.step(
        "features.build", "shop", uses=[{"kind": "table", "table": "t", "fingerprint": "f2"}], code=["spec"]
    ) as step:
        pass
    assert step.why == "changed: input t"


def test_a_failed_step_is_kept_as_failed_and_run_again(chain: Chain) -> None:
    with pytest.raises(ValueError, match="broken"), chain.step("k", "s", code=["spec"]) as step:
        step.value("half", 1)
        raise ValueError("broken")
    entry = chain.entries(kind="k")[0]
    assert (entry.status, entry.detail["error"], entry.made) == ("failed", "broken", {})
    with chain.step("k", "s", code=["spec"]) as step:
        assert not step.cached


def test_a_step_whose_product_is_gone_is_run_again(tmp_path: Path) -> None:
    here = {"blob": True}
    chain = Chain(
        engine=open_catalog(f"sqlite:///{tmp_path / 'c.db'}"), actor="a", present=lambda ref: here[str(ref["kind"])]
    )
    for expected in (False, True):
        with chain.step("k", "s", code=["spec"]) as step:
            step.made("bundle", {"kind": "blob", "digest": "d"})
        assert step.cached is expected
    here["blob"] = False
    with chain.step("k", "s", code=["spec"]) as step:
        assert not step.cached
        assert step.why == "its earlier product is gone: bundle"


def test_usage_counts_cpu_memory_bytes_and_children(chain: Chain, tmp_path: Path) -> None:
    import subprocess
    import sys

    script = "s = sum(i * i for i in range(2_000_000)); b = bytearray(60_000_000); open(r'%s', 'wb').write(b)"
    with chain.step("k", "s", cache=False) as step:
        subprocess.run([sys.executable, "-c", script % (tmp_path / "f")], check=True)
    usage = step.entry.usage
    assert usage.cpu_seconds > 0.05
    assert usage.written_bytes >= 60_000_000
    assert usage.peak_mb > 20
    assert usage.seconds > 0


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "update entries set body = cast(replace(cast(body as text), 'first', 'forged') as blob) where seq = 1",
            "entry 1 was edited",
        ),
        ("update entries set actor = 'eve' where seq = 2", "its column actor differs"),
        ("delete from entries where seq = 2", "entry 2 is missing"),
        ("delete from entries where seq = 3", "missing at the end"),
        (
            "; ".join(f"update entries set seq = {new} where seq = {old}" for old, new in ((1, 99), (2, 1), (99, 2))),
            "put in another order",
        ),
    ],
)
def test_verify_finds_what_was_edited_dropped_or_reordered(chain: Chain, damage: str, said: str) -> None:
    for name in ("first", "second", "third"):
        chain.append("note", name, detail={"text": name})
    assert verify(chain).ok
    with chain.engine.connect().execution_options(treadle_write=True) as connection, connection.begin():
        for statement in damage.split(";"):
            connection.execute(text(statement))
    verdict = verify(chain)
    assert not verdict.ok
    assert any(said in fault for fault in verdict.faults), verdict.faults


def test_a_head_noted_down_elsewhere_shows_a_rewritten_chain(chain: Chain) -> None:
    head = chain.append("note", "one").hash
    assert verify(chain, expect=head).ok
    assert "not in the chain" in verify(chain, expect="0" * 64).faults[0]


def _append_many(url: str, head: str, name: str) -> None:
    engine = open_catalog(url)
    chain = Chain(engine=engine, actor=name, head_file=Path(head))
    for number in range(40):
        chain.append("note", f"{name}-{number}")
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


def test_entries_are_found_by_kind_prefix_subject_and_run(chain: Chain) -> None:
    chain.append("release.made", "endpoint/a")
    chain.append("release.rolled_back", "endpoint/a")
    chain.append("review.approved", "model/a:1")
    assert len(chain.entries(kind="release.")) == 2
    assert chain.last(kind="release.", subject="endpoint/a").kind == "release.rolled_back"
    assert len(chain.entries(run="run1", limit=2)) == 2
    assert chain.entries(run="other") == []
