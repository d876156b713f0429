"""A source that is not what it was: what breaks is told by name, before anything is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from stage_shop import edit, opened, write_shop

from treadle.drafting.checking import check_project
from treadle.errors import DataError, Fault, SpecError, TreadleError
from treadle.evidence import Entry
from treadle.evidence.kinds.source_read import SourceRead
from treadle.stages.reading import read_sources
from treadle.stages.work import Work

CONTRACT = "contract: orders.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Read once, without a contract."""
    write_shop(tmp_path)
    edit(tmp_path, f", {CONTRACT}", "")
    read(tmp_path)
    return tmp_path


def read(folder: Path) -> Entry[SourceRead]:
    workspace = opened(folder)
    try:
        return read_sources(Work(workspace))["orders"]
    finally:
        workspace.chain.engine.dispose()


def change(folder: Path, how: Callable[[str], str]) -> None:
    file = folder / "orders.csv"
    file.write_text(how(file.read_text(encoding="utf-8")), encoding="utf-8")


def checked(folder: Path) -> tuple[list[str], list[str]]:
    workspace = opened(folder)
    try:
        found = check_project(workspace, data=False)
    finally:
        workspace.chain.engine.dispose()
    return found.problems, found.warnings


def test_a_column_that_was_renamed_is_told_with_its_new_name_and_mended_by_a_line(shop: Path) -> None:
    before = read(shop)
    change(shop, lambda text: text.replace("amount", "AmountTotal", 1))
    with pytest.raises(DataError, match="orders no longer has amount: feature amount reads it") as told:
        read(shop)
    assert "probably called AmountTotal now" in told.value.what and "ask ada, grace" in told.value.mend
    assert "write map: {amount: AmountTotal} under sources.orders" in told.value.mend
    workspace = opened(shop)
    assert workspace.chain.last(SourceRead, subject="source/orders").payload.table == before.payload.table  # type: ignore[union-attr]
    workspace.chain.engine.dispose()
    problems, _ = checked(shop)
    assert "orders no longer has amount: feature amount reads it" in problems[0]
    edit(shop, "key: order", "key: order, map: {amount: AmountTotal}")
    assert checked(shop)[0] == []
    after = read(shop).payload
    workspace = opened(shop)
    was, now = (workspace.tables.read(each.table) for each in (before.payload, after))
    workspace.chain.engine.dispose()
    assert now.select(was.columns).equals(was) and now.width == was.width


def test_a_label_a_key_and_a_rule_break_too(shop: Path) -> None:
    edit(shop, "key: order", f"key: order, {CONTRACT}")
    read(shop)
    change(shop, lambda text: text.replace("order,amount,kind,came_back,told", "nr,amount,kind,back,told", 1))
    with pytest.raises(DataError) as told:
        read(shop)
    assert "key of orders" in told.value.what and "role label" in told.value.what and "the rule" in told.value.what
    assert len(told.value.faults) == 2 and "the last good snapshot stands" in told.value.what


def test_another_type_breaks_what_reads_it_unless_the_contract_states_it(shop: Path) -> None:
    change(shop, lambda text: text.replace("\n0,", "\n0,cheap", 1))
    with pytest.raises(DataError, match="amount of orders holds texts now, and held numbers"):
        read(shop)
    edit(shop, "key: order", f"key: order, {CONTRACT}")
    assert read(shop).payload.quarantined == 3  # it is the contract's matter then


def test_what_breaks_nothing_is_told_and_not_refused(shop: Path) -> None:
    change(shop, lambda text: "\n".join(f"{line},{n or 'new'}" for n, line in enumerate(text.splitlines())))
    assert "new columns: new" in read(shop).payload.warnings
    assert checked(shop) == ([], [])
    change(shop, lambda text: text.replace("told", "said", 1))
    assert "orders no longer has told, which nothing reads" in read(shop).payload.warnings


def test_a_column_that_a_mapping_takes_is_told_with_what_it_makes(shop: Path) -> None:
    edit(shop, "key: order", "key: order, map: {amount: {from: amount, type: float}, kind: kind}")
    read(shop)
    change(shop, lambda text: text.replace("amount,kind", "amounts,sort", 1))
    with pytest.raises(DataError) as told:
        read(shop)
    said = str(told.value)
    assert 'no column "amount", of which amount is made: feature amount reads it' in said
    assert "write from: amounts" in said and 'no column "kind"' in said and "ask ada, grace" in said
    assert "sources.orders.map.kind" in said and "treadle.yaml:7:" in said


def mapped(shop: Path, amount: str = "{from: amount, type: float}", told: str = "told") -> None:
    edit(shop, "key: order", f"key: order\n    map:\n      kind: kind\n      amount: {amount}\n      told: {told}\n   ")
    text = (shop / "treadle.yaml").read_text(encoding="utf-8")
    (shop / "treadle.yaml").write_text(text.replace("{read: orders.csv", "\n    read: orders.csv").replace(
        "orders.csv, key", "orders.csv\n    key").replace("   }", ""), encoding="utf-8")  # fmt: skip


def refused(folder: Path) -> str:
    """What a run says; `check` has to say the same of the same line."""
    with pytest.raises(TreadleError) as told:
        read(folder)
    wrong = [*told.value.faults] or [Fault(told.value.what, told.value.where)]
    problems = checked(folder)[0]
    assert len(problems) == len(wrong), problems
    for fault in wrong:
        assert any(problem.startswith(fault.where.split(" at ")[0].rstrip(":")) for problem in problems), problems
    return str(told.value)


def test_a_slip_of_the_pen_in_a_mapping_is_told_by_what_it_was_made_of(shop: Path) -> None:
    mapped(shop)
    read(shop)
    edit(shop, "from: amount", "from: amuont")
    said = refused(shop)
    assert "treadle.yaml:" in said and ":7: sources.orders.map.amount: the source has no column" in said
    assert "it was made of amount when it was read last, and that is there: write from: amount" in said
    assert "probably called" not in said


def test_a_slip_in_a_mapping_that_was_never_read_names_the_column_that_is_near(tmp_path: Path) -> None:
    shop = write_shop(tmp_path)
    edit(shop, f", {CONTRACT}", "")
    mapped(shop, "{from: amuont, type: float}", "{expression: toldd}")
    said = refused(shop)
    assert 'did you mean "amount"?' in said and 'did you mean "told"?' in said
    assert "sources.orders.map.told: the source has no column" in said


def test_a_column_that_something_else_is_made_of_is_not_proposed(shop: Path) -> None:
    mapped(shop)
    edit(shop, "      amount:", "      euros: {from: amount, type: float}\n      amount:")
    edit(shop, "amount: {from: amount", "amount: {from: sum_of_it")
    assert "probably called amount" not in refused(shop)


def test_a_mapped_column_that_became_text_is_told_with_what_breaks(shop: Path) -> None:
    mapped(shop, told="told\n      order: {from: order, type: int}")
    read(shop)
    change(shop, lambda text: text.replace("\n0,", "\nfirst,cheap", 1))
    said = refused(shop)
    assert 'amount: "cheap' in said and "is no number (row 1): feature amount reads amount" in said
    assert 'order: "first" is no whole number (row 1): key of orders, role key read order' in said, "all at once"
    assert "otherwise: missing" in said and "ask ada, grace" in said


def test_an_expression_that_is_wrong_is_told_at_its_own_line(shop: Path) -> None:
    mapped(shop, told="{expression: kind || amount}")
    said = refused(shop)
    assert "treadle.yaml:13:14: sources.orders.map.told.expression: at 1:1: || takes str" in said


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("key: odrer", 'sources.orders.key: source orders has no column "odrer"'),
        ("key: [order, kk]", 'sources.orders.key[1]: source orders has no column "kk"'),
        ("key: order, happened: att", 'sources.orders.happened: at 1:1: there is no column "att"'),
        ("key: order, happened: amount, every: 1h", "a time is wanted here, and amount is"),
    ],
)
def test_a_reading_refuses_what_a_check_refuses_with_the_same_words(shop: Path, new: str, said: str) -> None:
    edit(shop, "key: order", new)
    with pytest.raises(SpecError) as told:
        read(shop)
    problems, _ = checked(shop)
    assert said in str(told.value) and str(told.value).splitlines()[0] in "".join(problems)
    edit(shop, new, f"{new}, new: {{by: order}}")
    with pytest.raises(TreadleError) as told:
        read(shop)
    assert "happened" not in new or said in str(told.value)  # of a key what is new of the source tells


def test_a_table_that_lost_most_of_its_rows_is_told_of(shop: Path) -> None:
    rows = [0]

    def first(most: int) -> tuple[str, ...]:
        change(shop, lambda text: "".join(text.splitlines(keepends=True)[: most + 1]))
        taken = read(shop).payload
        rows[0] = taken.table.rows
        return taken.warnings

    assert first(200) == () and rows == [200]
    assert first(99) == ("it had 200 rows before and has 99 now",) and rows == [99]
    assert first(60) == ()
