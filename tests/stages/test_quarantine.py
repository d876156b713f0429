"""Rows that a contract set aside: shown, mended, replayed, dropped, undone; two at once, and killed amid it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from ingest import begin, change, insert, row
from stage_shop import edit, opened

from treadle.errors import ContractBroken, DataError, ExpressionError, SpecError, TreadleError
from treadle.evidence.kinds.quarantine_changed import QuarantineChanged
from treadle.exploring.named import named
from treadle.exploring.quarantined import (
    drop_aside,
    list_aside,
    mend_aside,
    replay_aside,
    show_aside,
    undo_aside,
)
from treadle.exploring.snapshots import meant
from treadle.stages.beside import last_good
from treadle.stages.quarantine import _cast, standing
from treadle.stages.reading import contract_of, read_sources
from treadle.stages.work import Work
from treadle.store import File

sys.path.insert(0, str(Path(__file__).parent))

RULES = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
customProperties: [{property: maxBadShare, value: 1}]
schema:
- name: orders
  quality:
  - type: custom
    engine: treadle
    name: rows
    implementation: {metric: rowCountChange, mustBeLessThan: 60, unit: percent}
  properties:
  - {name: n, logicalType: integer, primaryKey: true}
  - {name: amount, logicalType: number, required: true, logicalTypeOptions: {minimum: 0}}
  - {name: kind, logicalType: string, relationships: [{to: kinds.kind}]}
  - {name: told, logicalType: timestamp}
  - {name: came_back, logicalType: string}
"""
KINDS = "\n  kinds: {read: kinds.csv, key: kind}"
WHOLE = "{read: orders.csv, key: n, contract: rules.yaml}" + KINDS
LITTLE = "{read: 'sqlite:shop.db', table: orders, key: n, new: {by: n}, contract: rules.yaml}" + KINDS
NO_KEY = LITTLE.replace("key: n, ", "")


def shop(folder: Path, said: str = WHOLE) -> Path:
    begin(folder, said)
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    (folder / "kinds.csv").write_text("kind\na\nb\né\n", encoding="utf-8")
    return folder


def deliver(folder: Path, rows: list[tuple[Any, ...]]) -> None:
    lines = ["n,told,amount,came_back,kind", *(",".join("" if v is None else str(v) for v in each) for each in rows)]
    (folder / "orders.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def some(*wrong: tuple[int, Any, str]) -> list[tuple[Any, ...]]:
    """Ten rows, of which some have another amount or kind."""
    rows = [list(row(n)) for n in range(10)]
    for n, amount, kind in wrong:
        rows[n][2], rows[n][4] = amount, kind
    return [tuple(each) for each in rows]


WRONG = some((3, "four", "a"), (5, "-1", "a"), (7, "10.5", "zz"))


class Shop:
    """A workspace, and the rows of its orders."""

    def __init__(self, folder: Path, actor: str = "ada") -> None:
        self.workspace = opened(folder, actor=actor) if actor != "ada" else opened(folder)

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, *_: object) -> None:
        self.workspace.chain.engine.dispose()

    def read(self, **options: Any) -> Any:
        return read_sources(Work(self.workspace, **options))["orders"]

    @property
    def kept(self) -> dict[int, float]:
        frame = self.workspace.tables.read(standing(self.workspace, "orders").read.payload.table)
        assert frame["n"].n_unique() == frame.height
        return dict(frame.select("n", "amount").sort("n").iter_rows())

    @property
    def aside(self) -> list[int]:
        return [int(str(each.values["n"])) for each in show_aside(self.workspace, "orders", None, 1000).rows]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = shop(tmp_path / "shop")
    deliver(folder, WRONG)
    return folder


def test_rows_are_shown_with_what_they_broke(place: Path) -> None:
    with Shop(place) as it:
        read = it.read().payload
        assert (read.rows, read.quarantined, read.table.rows) == (10, 3, 7)
        found = show_aside(it.workspace, "orders", None, 2)
        assert (found.all, found.more, [each.row for each in found.rows]) == (3, 1, [3, 5])
        assert found.rows[0].values["amount"] == "four" and found.rows[0].broke[0].rule == "amount_type"
        (one,) = show_aside(it.workspace, "orders", "kind_foreign_key", 9).rows
        assert one.values["kind"] == "zz" and one.broke[0].reason == "kind must stand in kind of kinds"
        with pytest.raises(DataError, match="breaks a rule amount_typ"):
            show_aside(it.workspace, "orders", "amount_typ", 9)
        listed = {each.source: each for each in list_aside(it.workspace).sources}
        assert listed["orders"].rows == 3 and listed["kinds"].rows == 0
        assert [(rule.rule, rule.rows) for rule in listed["orders"].rules] == [
            ("amount_range", 1),
            ("amount_type", 1),
            ("kind_foreign_key", 1),
        ]
        assert "four" not in str(listed["orders"])


def test_what_is_mended_is_replayed_into_a_new_snapshot_that_runs_use(place: Path) -> None:
    with Shop(place) as it:
        first = it.read()
        done = mend_aside(it.workspace, "orders", ("amount=replace(amount, 'four', '4.50')",), "n = 3", "spelled out")
        assert (done.rows, done.left, done.version) == (1, 3, first.payload.table.version)
        assert 3 not in it.kept and it.aside == [3, 5, 7]
        done = replay_aside(it.workspace, "orders", "mended")
        assert (done.rows, done.left, done.version) == (1, 2, first.payload.table.version + 1)
        assert it.kept[3] == 4.5 and it.aside == [5, 7] and len(it.kept) == 8
        work = Work(it.workspace)
        again = read_sources(work)["orders"]
        assert again.payload.table.version == done.version and all(line.cached for line in work.lines)
        assert "1 row replayed (mended)" in next(line.said for line in work.lines if line.subject == "source/orders")
        assert (again.payload.rows, again.payload.quarantined) == (10, 2)
        mine = it.workspace.chain.find(subject="source/orders")
        assert [(each.kind, each.actor) for each in mine[-2:]] == [
            ("quarantine.changed", "ada"),
            ("sources.read", "ada"),
        ]
    deliver(place, some())
    with Shop(place) as it:
        assert it.read().payload.table.rows == 10 and it.aside == []


def test_a_row_that_still_breaks_a_rule_stays_with_what_it_breaks_now(place: Path) -> None:
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount='-3'", "kind='é'"), "n in (3, 7)", "")
        mend_aside(it.workspace, "orders", ("amount='8'",), "n = 7", "")
        assert replay_aside(it.workspace, "orders", "").left == 2
        rows = {row.values["n"]: row for row in show_aside(it.workspace, "orders", None, 9).rows}
        assert rows["3"].mended and [each.rule for each in rows["3"].broke] == ["amount_range"]
        assert not rows["5"].mended and rows["5"].row == 5
        with pytest.raises(DataError, match="none of the 2 rows of orders"):
            replay_aside(it.workspace, "orders", "")
        assert it.kept[7] == 8 and len(it.kept) == 8


def test_a_replayed_row_may_not_have_the_key_of_one_that_is_kept(place: Path) -> None:
    deliver(place, [*some(), (4, "2024-01-01 00:00:00", "5", "no", "a")])
    with Shop(place) as it:
        it.read()
        assert it.aside == [4]
        with pytest.raises(DataError, match="no two rows may have the same n"):
            replay_aside(it.workspace, "orders", "")
        mend_aside(it.workspace, "orders", ("n=40",), "", "")
        assert replay_aside(it.workspace, "orders", "").left == 0 and it.kept[40] == 5.0 and it.kept[4] == 6.0


def test_a_replayed_row_may_point_to_one_that_is_kept(place: Path) -> None:
    own = "{name: came_back, logicalType: string, relationships: [{to: orders.kind}]}"
    rules = RULES.replace("{name: came_back, logicalType: string}", own)
    (place / "rules.yaml").write_text(rules, encoding="utf-8")
    at = "2024-01-01 00:00:00"
    deliver(place, [(0, at, "1", "a", "a"), (1, at, "-1", "a", "b"), (2, at, "-2", "c", "b")])
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount=2",), "", "")
        assert replay_aside(it.workspace, "orders", "").left == 1
        assert it.kept == {0: 1.0, 1: 2.0} and it.aside == [2]  # no row is of the kind c


@pytest.mark.parametrize(
    ("sets", "where", "error", "said"),
    [
        (("amount",), "", SpecError, "is no change of a column"),
        ((), "", SpecError, "nothing is set"),
        (("=1",), "", SpecError, "is no change of a column"),
        (("amount=1", "amount=2"), "", SpecError, "set twice"),
        (("amont=1",), "", DataError, 'no column "amont"'),
        (("amount=nul",), "", ExpressionError, 'no column "nul"'),
        (("n='x'",), "", ExpressionError, "of type int"),
        (("amount=amount",), "amount", ExpressionError, "true or false"),
        (("amount=amount",), "n = 99", DataError, "fits"),
        (("amount=cast('2024-01-01' as dat)",), "", ExpressionError, "dat"),
    ],
)
def test_a_mend_that_cannot_be_is_one_clear_error_and_changes_nothing(
    place: Path, sets: tuple[str, ...], where: str, error: type[TreadleError], said: str
) -> None:
    with Shop(place) as it:
        it.read()
        before = standing(it.workspace, "orders").hash
        with pytest.raises(error, match=said):
            mend_aside(it.workspace, "orders", sets, where, "")
        assert standing(it.workspace, "orders").hash == before


def test_rows_are_dropped_with_a_reason_only(place: Path) -> None:
    with Shop(place) as it:
        it.read()
        with pytest.raises(SpecError, match="without a reason"):
            drop_aside(it.workspace, "orders", "", " ")
        done = drop_aside(it.workspace, "orders", "amount like '-%'", "a refund")
        assert (done.rows, done.left, it.aside) == (1, 2, [3, 7])
        assert it.workspace.chain.find(subject="source/orders")[-1].payload.reason == "a refund"  # type: ignore[attr-defined]
        assert drop_aside(it.workspace, "orders", "", "old").left == 0
        with pytest.raises(DataError, match="no row of orders is set aside"):
            drop_aside(it.workspace, "orders", "", "x")
        with pytest.raises(DataError, match="no row of orders is set aside"):
            mend_aside(it.workspace, "orders", ("n=1",), "", "x")
        with pytest.raises(DataError, match="no row of orders is set aside"):
            replay_aside(it.workspace, "orders", "")


def test_a_source_that_is_not_there_or_not_read_is_said(place: Path) -> None:
    with Shop(place) as it:
        with pytest.raises(DataError, match="was not read yet"):
            show_aside(it.workspace, "orders", None, 1)
        with pytest.raises(DataError, match='no source "order"') as caught:
            drop_aside(it.workspace, "order", "", "x")
        assert "orders" in caught.value.mend
        assert [each.version for each in list_aside(it.workspace).sources if each.source == "orders"] == [None]


def test_what_was_done_is_undone_by_version(place: Path) -> None:
    with Shop(place) as it:
        first = it.read().payload.table.version
        mend_aside(it.workspace, "orders", ("amount='1'", "kind='a'"), "", "")
        replay_aside(it.workspace, "orders", "")
        assert len(it.kept) == 10 and it.aside == []
        done = undo_aside(it.workspace, "orders", f"@{first}", "too hasty")
        assert done.version == first + 2 and len(it.kept) == 7 and it.aside == [3, 5, 7]
        assert show_aside(it.workspace, "orders", None, 1).rows[0].values["amount"] == "four"
        assert it.read().payload.table.version == done.version  # a run uses what was brought back
        assert undo_aside(it.workspace, "orders", f"orders@{first + 1}", "after all").left == 0 and len(it.kept) == 10
        for wrong, said in (("9", "no version 9"), ("x", "is no version"), (str(first + 3), "nothing to undo")):
            with pytest.raises(DataError, match=said if wrong != str(first + 3) else "is at version"):
                undo_aside(it.workspace, "orders", wrong, "y")
        with pytest.raises(SpecError, match="without a reason"):
            undo_aside(it.workspace, "orders", str(first), "")


def test_a_mend_alone_is_undone_too(place: Path) -> None:
    with Shop(place) as it:
        version = it.read().payload.table.version
        mend_aside(it.workspace, "orders", ("amount='1'",), "", "")
        assert undo_aside(it.workspace, "orders", str(version), "no").left == 3
        assert show_aside(it.workspace, "orders", None, 1).rows[0].values["amount"] == "four"


@pytest.mark.parametrize("said", [LITTLE, NO_KEY])
def test_of_a_source_that_is_read_in_increments(tmp_path: Path, said: str) -> None:
    folder = shop(tmp_path / "shop", said)
    (folder / "rules.yaml").write_text(RULES.replace("LessThan: 60", "LessThan: 200"), encoding="utf-8")
    insert(folder, [row(n, amount=-1.0 if n in (2, 4) else None) for n in range(5)])
    with Shop(folder) as it:
        it.read()
        assert it.aside == [2, 4]
    insert(folder, [row(n, amount=-9.0 if n == 7 else None) for n in range(5, 8)])
    with Shop(folder) as it:
        it.read()
        assert it.aside == [2, 4, 7]
        mend_aside(it.workspace, "orders", ("amount=-amount",), "n in (2, 7)", "")
        assert replay_aside(it.workspace, "orders", "").left == 1
        assert it.kept == {0: 0.0, 1: 1.5, 2: 1.0, 3: 4.5, 5: 7.5, 6: 9.0, 7: 9.0} and it.aside == [4]
        replayed = it.read()
        assert replayed.payload.followed is not None  # nothing new: what was replayed is what there is
        assert (replayed.payload.rows, replayed.payload.quarantined) == (3, 0)  # of the last delivery, 7 was set aside
    insert(folder, [row(8)])
    with Shop(folder) as it:
        it.read()
        assert 8 in it.kept and it.kept[2] == 1.0 and it.aside == [4]
    change(folder, "update orders set amount = 3 where n = 2")
    with Shop(folder) as it:
        it.read()
        assert len(it.kept) == 8  # rows before the cursor are not asked for


def test_of_two_readings_each_value_that_must_not_repeat_comes_back_once(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", NO_KEY)
    (folder / "rules.yaml").write_text(RULES.replace("LessThan: 60", "LessThan: 200"), encoding="utf-8")
    insert(folder, [row(n, amount=-1.0 if n == 4 else None) for n in range(5)])
    with Shop(folder) as it:
        it.read()
    insert(folder, [row(4, amount=-9.0)])
    with Shop(folder) as it:
        it.read()
        assert it.aside == [4, 4]
        mend_aside(it.workspace, "orders", ("amount=-amount",), "", "")
        assert replay_aside(it.workspace, "orders", "").left == 1
        assert it.kept[4] == 1.0 and it.aside == [4]


def test_a_replayed_row_brings_the_column_that_came_with_it(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", LITTLE)
    insert(folder, [row(n) for n in range(5)])
    with Shop(folder) as it:
        it.read()
    change(folder, "alter table orders add column more text")
    change(folder, "insert into orders values (5, '2024-01-01 00:05:00', -1, 'no', 'a', 'gift')")
    with Shop(folder) as it:
        it.read()
        assert it.aside == [5]
        mend_aside(it.workspace, "orders", ("amount=1.0",), "", "")
        replay_aside(it.workspace, "orders", "")
        table = it.workspace.tables.read(standing(it.workspace, "orders").read.payload.table)
        assert table.sort("n")["more"].to_list() == [None] * 5 + ["gift"]


def test_of_several_readings_of_one_version_the_last_is_brought_back(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", LITTLE)
    for rows in ([row(n) for n in range(5)], [row(5, amount=-1.0)], [row(6)]):
        insert(folder, rows)
        with Shop(folder) as it:
            version = it.read().payload.table.version
    assert version == 1  # the second reading kept no row, and made none
    with Shop(folder) as it:
        undo_aside(it.workspace, "orders", "0", "too early")
        assert sorted(it.kept) == list(range(5)) and it.aside == [5]
    insert(folder, [row(7)])
    with Shop(folder) as it:
        it.read()
        assert sorted(it.kept) == [0, 1, 2, 3, 4, 6, 7] and it.aside == [5]


def test_of_a_source_that_merges_by_key_the_replayed_row_takes_its_place(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", LITTLE.replace("{by: n}", "{by: told}"))
    insert(folder, [row(1, amount=5.0)])
    with Shop(folder) as it:
        it.read()
    insert(folder, [(1, "2024-01-02 00:00:00", -6.0, "yes", "a")])
    with Shop(folder) as it:
        it.read()
        assert it.kept == {1: 5.0} and it.aside == [1]
        mend_aside(it.workspace, "orders", ("amount=6.0",), "", "")
        replay_aside(it.workspace, "orders", "")
        assert it.kept == {1: 6.0} and it.aside == []


def test_two_at_once_leave_each_row_once(place: Path) -> None:
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount='1'", "kind='b'"), "", "")

    def act(number: int) -> str:
        with Shop(place) as mine:
            try:
                replay_aside(mine.workspace, "orders", str(number))
            except TreadleError as bad:
                return bad.what
            return "done"

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(act, range(4)))
    with Shop(place) as it:
        assert said.count("done") == 1, said
        assert len(it.kept) == 10 and it.aside == []
    assert all(any(part in each for part in ("done", "meanwhile", "no row of orders")) for each in said)


def test_a_change_that_was_overtaken_is_not_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import treadle.stages.mending as mending

    with Shop(place) as it:
        it.read()
        real, other = mending.parts_of, Shop(place)

        def meanwhile(*given: Any) -> Any:
            monkeypatch.setattr(mending, "parts_of", real)
            drop_aside(other.workspace, "orders", "n = 3", "first")
            return real(*given)

        monkeypatch.setattr(mending, "parts_of", meanwhile)
        with pytest.raises(TreadleError, match="meanwhile"):
            mend_aside(it.workspace, "orders", ("amount='1'",), "", "")
        assert it.aside == [5, 7] and show_aside(it.workspace, "orders", None, 1).rows[0].values["amount"] == "-1"
        other.workspace.chain.engine.dispose()


def test_a_killed_replay_leaves_each_row_once(place: Path) -> None:
    drawn = random.Random(7)
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount='1'", "kind='b'"), "", "")
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, __file__, str(place)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()  # it has imported all, and begins
            time.sleep(drawn.uniform(0, 0.25))
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        with Shop(place) as it:
            counts = Counter([*it.kept, *it.aside])
            assert counts == Counter(range(10))
            if not it.aside:
                break
    with Shop(place) as it:
        if it.aside:
            replay_aside(it.workspace, "orders", "")
        assert sorted(it.kept) == list(range(10)) and it.aside == []


def test_rows_under_a_changed_contract_are_held_to_the_new_one(place: Path) -> None:
    with Shop(place) as it:
        it.read()
    text = (place / "rules.yaml").read_text(encoding="utf-8").replace("minimum: 0", "minimum: -5")
    (place / "rules.yaml").write_text(text, encoding="utf-8")
    with Shop(place) as it:
        assert replay_aside(it.workspace, "orders", "refunds are fine").rows == 1 and it.kept[5] == -1.0
    (place / "rules.yaml").write_text(text.replace("{name: came_back", "{name: new}\n  - {name: came_back"), "utf-8")
    with Shop(place) as it, pytest.raises(DataError, match="have no new that the contract knows"):
        replay_aside(it.workspace, "orders", "")


def test_rows_that_were_mended_are_mended_again_where_the_same_delivery_is_read_anew(place: Path) -> None:
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount='4.5'",), "n = 3", "")
        replay_aside(it.workspace, "orders", "one")
        mend_aside(it.workspace, "orders", ("kind='b'",), "n = 7", "")
        replay_aside(it.workspace, "orders", "two")
        drop_aside(it.workspace, "orders", "", "a refund")
        assert it.kept[3] == 4.5 and it.kept[7] == 10.5 and it.aside == []
        first, newest = 0, it.read().payload.table.version
        undo_aside(it.workspace, "orders", str(first), "no")
        undo_aside(it.workspace, "orders", str(newest), "yes")
    text = (place / "rules.yaml").read_text(encoding="utf-8").replace("LessThan: 60", "LessThan: 600")
    (place / "rules.yaml").write_text(text, encoding="utf-8")
    with Shop(place) as it:
        read = it.read()
        assert it.kept[3] == 4.5 and it.kept[7] == 10.5 and len(it.kept) == 9 and it.aside == [5]
        assert read.payload.followed is not None and "as before" in read.payload.followed.reason
        assert it.read().hash == read.hash
    (place / "rules.yaml").write_text(text.replace("minimum: 0", "maximum: 1"), encoding="utf-8")
    with Shop(place) as it:
        it.read()
        assert {3, 7} <= set(it.aside)  # what keeps the new contract no more stays set aside
    deliver(place, some((3, "five", "a")))
    with Shop(place) as it:
        (place / "rules.yaml").write_text(text, encoding="utf-8")
        assert it.read().payload.followed is None and it.aside == [3]  # another delivery has rows of its own


def test_the_last_good_snapshot_is_the_newest_that_held_and_was_not_rolled_back(place: Path) -> None:
    with Shop(place) as it:
        contract = contract_of(it.workspace, it.workspace.project.spec.sources["orders"])
        first = it.read()
        assert last_good(it.workspace, "orders", contract) is not None
        assert any("no snapshot is good yet" in each for each in first.payload.unasked)
    deliver(place, [row(n) for n in range(11)])
    with Shop(place) as it:
        second = it.read()  # 57 % more rows
        assert second.payload.unasked == ()
    deliver(place, [row(n) for n in range(40)])
    with Shop(place) as it:
        with pytest.raises(ContractBroken, match=r"11 rows in orders@1, 40 now, which is \+263.6 %"):
            it.read()
        good = last_good(it.workspace, "orders", contract, "another delivery")
        assert good is not None and good.name == "orders@1"  # the refused batch made none
        undo_aside(it.workspace, "orders", "0", "the second delivery was a test")
        good = last_good(it.workspace, "orders", contract, "another delivery")
        assert good is not None and good.snapshot.rows == 7
        with pytest.raises(ContractBroken, match=r"7 rows in orders@2, 40 now"):
            it.read()
    deliver(place, WRONG)
    with Shop(place) as it:
        # the delivery at hand is no measure of itself
        asked = it.workspace.chain.find(subject="source/orders")[0].uses[0].digest  # type: ignore[union-attr]
        good = last_good(it.workspace, "orders", contract, asked)
        assert good is None or good.name != "orders@0"


def test_a_delivery_is_no_measure_of_itself_and_one_that_was_rolled_back_of_none(place: Path) -> None:
    with Shop(place) as it:
        contract = contract_of(it.workspace, it.workspace.project.spec.sources["orders"])
        first = it.read()
    (place / "rules.yaml").write_text(RULES.replace("LessThan: 60", "LessThan: 61"), encoding="utf-8")
    with Shop(place) as it:
        assert any("no snapshot is good yet" in each for each in it.read().payload.unasked)
    deliver(place, [row(n) for n in range(11)])
    with Shop(place) as it:
        it.read()
        undo_aside(it.workspace, "orders", str(first.payload.table.version), "a test")
        (asked,) = (ref.digest for ref in first.uses if isinstance(ref, File))
        assert last_good(it.workspace, "orders", contract, asked) is None


@pytest.mark.parametrize(
    ("values", "kind", "fine"),
    [
        ([1.0, None, -3.0], pl.Int64(), True),
        ([1.0, 2.5], pl.Int64(), False),
        ([datetime(2024, 5, 1), None], pl.Date(), True),
        ([datetime(2024, 5, 1, 10)], pl.Date(), False),
    ],
)
def test_a_replayed_value_is_never_cut_to_fit_its_column(values: list[Any], kind: pl.DataType, fine: bool) -> None:
    made = pl.Series("x", values)
    if fine:
        assert _cast(made, kind).dtype == kind and _cast(made, kind).null_count() == made.null_count()
        return
    with pytest.raises(pl.exceptions.InvalidOperationError, match="x holds more than"):
        _cast(made, kind)


def test_a_circle_and_a_source_that_is_not_there_are_said_before_anything_is_read(place: Path) -> None:
    (place / "kinds.yaml").write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: kinds\nschema:\n- name: kinds\n  properties:\n"
        "  - {name: kind, logicalType: string, relationships: [{to: orders.kind}]}\n",
        encoding="utf-8",
    )
    edit(place, "kinds: {read: kinds.csv, key: kind}", "kinds: {read: kinds.csv, key: kind, contract: kinds.yaml}")
    with Shop(place) as it, pytest.raises(SpecError, match=r"orders to kinds to orders") as bad:
        it.read()
    assert ".yaml:" in bad.value.where
    text = (place / "kinds.yaml").read_text(encoding="utf-8")
    (place / "kinds.yaml").write_text(text.replace("orders.kind", "order.kind"), encoding="utf-8")
    with Shop(place) as it, pytest.raises(SpecError, match='no source "order"'):
        it.read()
    with Shop(place) as it:
        assert it.workspace.chain.last(subject="source/orders") is None


def test_an_increment_is_held_against_the_last_snapshot_with_its_rows_put_to_it(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", LITTLE)
    insert(folder, [row(n) for n in range(5)])
    with Shop(folder) as it:
        it.read()
    insert(folder, [row(n) for n in range(5, 9)])
    with Shop(folder) as it, pytest.raises(ContractBroken, match=r"5 rows in orders@0, 9 now, which is \+80 %"):
        it.read()


def test_a_delivery_that_comes_back_is_not_taken_for_another_that_was_mended(place: Path) -> None:
    with Shop(place) as it:
        first = it.read()
    deliver(place, some((3, "four", "a")))
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount='4'",), "", "")
        replay_aside(it.workspace, "orders", "")
    deliver(place, WRONG)
    with Shop(place) as it:
        again = it.read()
        assert again.uses == first.uses and again.payload.followed is None and again.payload.table.rows == 7
        assert again.hash == standing(it.workspace, "orders").read.hash, "what is mended goes on from it"
        mend_aside(it.workspace, "orders", ("amount='4'",), "n = 3", "")
        replay_aside(it.workspace, "orders", "")
        assert it.read().payload.table.rows == 8


def test_rows_that_point_to_what_is_gone_again_are_set_aside_again(place: Path) -> None:
    """Kinds are put back to what they were: orders are held to these, and not to those that were read last."""
    deliver(place, some())
    with Shop(place) as it:
        it.read()
    first = (place / "kinds.csv").read_text(encoding="utf-8")
    (place / "kinds.csv").write_text(first + "zz\n", encoding="utf-8")
    deliver(place, some((7, 10.5, "zz")))
    with Shop(place) as it:
        it.read()
        assert 7 in it.kept and it.aside == []
    (place / "kinds.csv").write_text(first, encoding="utf-8")
    with Shop(place) as it:
        it.read()
        assert 7 not in it.kept and it.aside == [7]
        assert meant(it.workspace, named("kinds")).snapshot.rows == 3
    with Shop(place) as it:
        work = Work(it.workspace)
        read_sources(work)
        assert [line.cached for line in work.lines] == [True, True]


def test_what_was_mended_of_one_delivery_is_not_put_into_another(place: Path) -> None:
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount='4.5'",), "n = 3", "")
        replay_aside(it.workspace, "orders", "")
    deliver(place, some((3, "five", "a"), (5, "-1", "a"), (7, "10.5", "zz")))
    with Shop(place) as it:
        assert it.read().payload.followed is None and it.aside == [3, 5, 7]


def test_of_a_row_that_was_mended_twice_the_last_word_is_said_again(place: Path) -> None:
    with Shop(place) as it:
        it.read()
        mend_aside(it.workspace, "orders", ("amount='4.5'",), "n = 3", "")
        mend_aside(it.workspace, "orders", ("amount='-3'",), "n = 5", "")
        replay_aside(it.workspace, "orders", "")
        mend_aside(it.workspace, "orders", ("amount='8'",), "n = 5", "")
        replay_aside(it.workspace, "orders", "")
        assert it.kept[5] == 8.0
    (place / "rules.yaml").write_text(RULES.replace("LessThan: 60", "LessThan: 600"), encoding="utf-8")
    with Shop(place) as it:
        it.read()
        assert (it.kept[3], it.kept[5], it.aside) == (4.5, 8.0, [7])
        assert it.workspace.chain.find(QuarantineChanged, status="done")[-1].payload.rows == 2


def test_kept_rows_that_break_a_changed_contract_are_set_aside_whole(tmp_path: Path) -> None:
    folder = shop(tmp_path / "shop", LITTLE)
    insert(folder, [row(n) for n in range(5)])
    with Shop(folder) as it:
        it.read()
    (folder / "rules.yaml").write_text(RULES.replace("minimum: 0", "minimum: 0, maximum: 5"), encoding="utf-8")
    insert(folder, [row(5, amount=-1.0)])
    with Shop(folder) as it:
        it.read()
        assert sorted(it.kept) == [0, 1, 2, 3] and sorted(it.aside) == [4, 5]


def test_what_was_replayed_and_is_gone_is_not_taken_for_what_there_is(place: Path) -> None:
    with Shop(place) as it:
        first = it.read()
        mend_aside(it.workspace, "orders", ("amount='1'",), "n = 3", "")
        replay_aside(it.workspace, "orders", "")
        table = standing(it.workspace, "orders").read.payload.table
        more = str(set(table.parts) - set(first.payload.table.parts))
        (part,) = [file for file in (place / ".treadle").rglob("*.parquet") if file.name in more]
        part.unlink()
        again = it.read().payload
        assert again.followed is None and it.workspace.tables.read(again.table).height == 7


def test_a_source_is_checked_again_when_the_one_it_points_to_changes(place: Path) -> None:
    with Shop(place) as it:
        it.read()
    (place / "kinds.csv").write_text("kind\na\nzz\n", encoding="utf-8")
    with Shop(place) as it:
        work = Work(it.workspace)
        assert list(read_sources(work)) == ["orders", "kinds"]  # as in the project, in whatever order they are read
        assert [line.subject for line in work.lines] == ["source/kinds", "source/orders"]
        assert it.aside == [3, 5]


if __name__ == "__main__":
    with Shop(Path(sys.argv[1])) as started:
        print("begins", flush=True)
        replay_aside(started.workspace, "orders", "in a process")
