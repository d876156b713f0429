"""What a stage reads is in its input and held to its hash; what it does not read does not run it again."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from stage_shop import NEWEST, edit, opened

from treadle.errors import ContractBroken, EvidenceError
from treadle.evidence import verify
from treadle.evidence.kinds.features_built import FeaturesBuilt
from treadle.evidence.kinds.sealed_opened import SealedOpened
from treadle.evidence.kinds.source_read import SourceRead
from treadle.evidence.kinds.source_stale import SourceStale
from treadle.loop import RunResult
from treadle.store import Snapshot

Runs = Callable[..., RunResult]


def ran_again(result: RunResult) -> list[str]:
    return [line.kind for line in result.steps if not line.cached]


def file_of(shop: Path, table: Snapshot) -> Path:
    return shop / ".treadle" / "tables" / table.table / table.parts[0].path


def flip_labels(file: Path) -> None:
    """Every label turned round by hand, in a file of the same size as far as can be."""
    frame = pl.read_parquet(file)
    label = next(name for name in frame.columns if name.startswith("__label"))
    changed = io.BytesIO()
    frame.with_columns(1 - pl.col(label)).write_parquet(changed)
    file.write_bytes(changed.getvalue())


def test_a_second_run_runs_nothing_again(runs: Runs) -> None:
    first, second = runs(), runs()
    assert len(ran_again(first)) == len(first.steps) and ran_again(second) == []
    assert second.model == first.model == "shop:1" and second.bundle == first.bundle
    assert second.spent.amounts == ()


def test_bad_rows_are_kept_with_their_reason(shop: Path, runs: Runs) -> None:
    result = runs()
    workspace = opened(shop)
    read = workspace.chain.last(SourceRead).payload
    assert (read.rows, read.quarantined, read.table.rows) == (400, 2, 398)
    kept = workspace.tables.read(read.quarantine)
    assert kept["key"].to_list() == ["5", "6"] and kept["column"].unique().to_list() == ["amount"]
    assert all("at least 0" in reason for reason in kept["reason"])
    assert result.without_label == 3


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        # the report and the bundle show the decision; nothing else reads it
        ("before an order comes back", "after an order came back", {"brief.stated", "report.written", "model.packed"}),
        ("seed: 7", "seed: 8", {"training.search", "training.fit", "training.evaluate"}),
        ("missed: 3", "missed: 30", {"brief.stated", "training.search", "training.fit", "training.evaluate"}),
        ("request: [amount, kind]", "request: [amount]", {"features.build", "training.search", "model.packed"}),
        ("endpoint: shop", "endpoint: other", set()),
        ("reviewers: [grace]", "reviewers: [grace, bob]", {"brief.stated", "model.packed"}),
    ],
)
def test_an_edit_runs_again_what_reads_it(shop: Path, runs: Runs, old: str, new: str, again: set[str]) -> None:
    first = runs()
    edit(shop, old, new)
    second = runs()
    found = set(ran_again(second))
    assert found >= again and "sources.read" not in found
    assert second.report == first.report
    if "report.written" in again:
        assert new in Path(second.report).read_text(encoding="utf-8")


def test_a_contract_is_read_by_the_source_step(shop: Path, runs: Runs) -> None:
    runs()
    edit(shop, "minimum: 0", "minimum: -5", "orders.yaml")
    second = runs()
    assert "sources.read" in ran_again(second)
    assert opened(shop).chain.last(SourceRead).payload.quarantined == 0


def test_labels_that_were_flipped_by_hand_are_not_learned_from(shop: Path, runs: Runs) -> None:
    """The next run once trained on them, and cited the fingerprint of the table as it was."""
    runs()
    table = opened(shop).chain.last(FeaturesBuilt).payload.table
    place = file_of(shop, table)
    changed = bytearray(place.read_bytes())
    changed[len(changed) // 2] ^= 1
    stamp = place.stat()
    place.write_bytes(changed)
    os.utime(place, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # its size and its time are as they were
    edit(shop, "seed: 7", "seed: 8")
    with pytest.raises(EvidenceError, match="changed on disk"):
        runs()
    workspace = opened(shop)
    found = verify(workspace.chain, check=workspace.check, everything=True)
    assert any("shop/training" in fault and "changed on disk" in fault for fault in found.faults)
    assert runs(fresh=True).model == "shop:2", "made again, and whole"


def test_a_table_that_was_changed_is_not_taken_for_the_equal_one(shop: Path, runs: Runs) -> None:
    """Delta's own note still says that the newest version is equal; its rows are asked."""
    runs()
    table = opened(shop).chain.last(FeaturesBuilt).payload.table
    flip_labels(file_of(shop, table))
    again = opened(shop, fresh=True)
    from treadle.loop import run

    run(again)
    made = again.chain.last(FeaturesBuilt).payload.table
    assert made.fingerprint == table.fingerprint and made.version == table.version + 1
    # a file is named by its content: what was written whole has mended the one that was changed
    assert again.tables.check(made) == [] and made.parts == table.parts


def test_a_table_of_another_size_is_made_again(shop: Path, runs: Runs) -> None:
    first = runs()
    flip_labels(file_of(shop, opened(shop).chain.last(FeaturesBuilt).payload.table))
    edit(shop, "missed: 3", "missed: 4")
    second = runs()
    assert "features.build" in ran_again(second)
    assert second.evaluation.value == first.evaluation.value


def test_a_table_whose_file_is_gone_is_made_again(shop: Path, runs: Runs) -> None:
    runs()
    table = opened(shop).chain.last(FeaturesBuilt).payload.table
    file_of(shop, table).unlink()
    second = runs()
    why = {line.kind: line.why for line in second.steps}
    assert why["features.build"] == "its earlier product is gone: shop/training"
    assert ran_again(second) == ["features.build"]


def test_a_stopped_source_is_noticed_while_its_file_is_as_it_was(shop: Path, runs: Runs) -> None:
    """The rule looks at the clock, so it is asked at every run."""
    runs()
    with pytest.raises(ContractBroken, match="has the source stopped"):
        runs(now=NEWEST + timedelta(days=3, hours=1))
    stale = opened(shop).chain.last(SourceStale)
    assert stale.payload.source == "orders" and "3.0 days old" in stale.said()
    assert runs(now=NEWEST + timedelta(days=2)).model == "shop:1"


def test_looks_at_the_sealed_rows_are_counted_by_the_rows(shop: Path, runs: Runs) -> None:
    """Whatever features were made of them: five looks once said "opened 1 time" each."""
    features = ("[amount, kind]", "[amount]", "[kind]", "[kind, amount]")
    counts = []
    for before, after in zip(("", *features), features, strict=False):
        if before:
            edit(shop, f"request: {before}", f"request: {after}")
        counts.append(runs().opened)
    assert counts == [1, 2, 3, 4]
    said = opened(shop).chain.find(SealedOpened)
    assert len({e.payload.sealed for e in said}) == 1 and [e.payload.opened for e in said] == counts
    assert "opened 4 times" in Path(runs().report).read_text(encoding="utf-8")


def test_a_look_at_some_of_the_rows_is_a_look(shop: Path, runs: Runs) -> None:
    assert runs().opened == 1
    edit(shop, "seed: 7", "seed: 8")
    assert runs().opened == 2, "a quarter of the rows that another seed seals were seen before"
    said = opened(shop).chain.find(SealedOpened)
    assert len({e.payload.sealed for e in said}) == 2


def test_rows_that_nobody_saw_are_counted_by_themselves(shop: Path, runs: Runs) -> None:
    assert runs().opened == 1
    head, *lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    others = [f"{int(line.partition(',')[0]) + 5000},{line.partition(',')[2]}" for line in lines]
    (shop / "orders.csv").write_text("\n".join([head, *others]), encoding="utf-8")
    assert runs().opened == 1
    edit(shop, "missed: 3", "missed: 4")
    assert runs().opened == 2


def test_rows_without_a_key_are_counted_by_their_content(shop: Path, runs: Runs) -> None:
    edit(shop, "key: order, ", "")
    assert runs().opened == 1
    edit(shop, "[amount, kind]", "[amount]")
    assert runs().opened == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [("key: order, ", ""), ("key: order", "key: [order, kind]"), ("project: shop\n", "project: shop2\n")],
)
def test_words_of_the_project_file_make_no_rows_new(shop: Path, runs: Runs, before: str, after: str) -> None:
    assert runs().opened == 1
    edit(shop, before, after)
    assert runs().opened == 2


def test_a_smaller_test_set_of_seen_rows_was_seen(shop: Path, runs: Runs) -> None:
    assert runs().opened == 1
    edit(shop, "test: 0.25", "test: 0.05")
    assert runs().opened == 2


def test_a_look_whose_rows_are_lost_still_counts(shop: Path, runs: Runs) -> None:
    assert runs().opened == 1
    workspace = opened(shop)
    looked = workspace.chain.last(SealedOpened).payload
    kept = workspace.blobs.path(looked.contents.digest)
    kept.chmod(0o600)
    kept.unlink()
    edit(shop, "test: 0.25", "test: 0.2")
    assert runs().opened == 2


def test_rows_without_a_key_are_named_by_their_own_content(shop: Path, runs: Runs) -> None:
    """And not by that of another row, where some rows before them have no label."""
    edit(shop, "key: order, ", "")
    assert runs().opened == 1
    head, *lines = (shop / "orders.csv").read_text(encoding="utf-8").splitlines()
    known = [line for line in lines if line.split(",")[3]]
    assert len(lines) - len(known) == 3
    (shop / "orders.csv").write_text("\n".join([head, *known]), encoding="utf-8")
    edit(shop, "request: [amount, kind]", "request: [amount]")
    assert runs().opened == 2
    assert len({e.payload.sealed for e in opened(shop).chain.find(SealedOpened)}) == 1, "the same rows"


def test_a_look_that_died_counts_too(shop: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle import training

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(training, "evaluate", dies, raising=False)
        with pytest.raises(KeyboardInterrupt):
            runs()
    assert runs().opened == 2
