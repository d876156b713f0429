"""A source that is read in increments: each row once, whatever comes late, twice, changed, or not at all."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ingest import AGAIN, BY_FILES, BY_NUMBER, BY_TIME, Reading, begin, change, deliver, held, insert, row
from stage_shop import edit, opened

from treadle.errors import ContractBroken, DataError
from treadle.evidence.kinds.source_read import SourceRead
from treadle.sources import increments as of_increments
from treadle.spec import load
from treadle.stages import contract_of, increments
from treadle.stages.mending import drop, mend
from treadle.stages.quarantine import bring_back, replay
from treadle.stages.work import Work


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "shop"


def read(folder: Path, **options: object) -> Reading:
    return Reading(folder, **options)


@pytest.mark.parametrize("said", [BY_TIME, BY_NUMBER])
def test_only_new_rows_are_read_and_nothing_new_is_no_version(place: Path, said: str) -> None:
    begin(place, said)
    insert(place, map(row, range(50)))
    first = read(place)
    assert (first.numbers, first.added, first.cached) == (list(range(50)), 50, False)
    again = read(place)
    assert again.cached and again.entry.hash == first.entry.hash
    insert(place, map(row, range(50, 60)))
    more = read(place)
    assert (more.numbers, more.added) == (list(range(60)), 10)
    assert more.payload.rows == 10 and more.payload.table.rows == 60
    assert more.payload.table.parts[:1] == first.payload.table.parts  # what was there is not rewritten
    assert "10 new" in more.said and read(place).cached
    assert more.payload.increment is not None and first.payload.mark is not None
    assert more.payload.increment.start == first.payload.mark.last


def test_new_rows_are_named_by_where_they_end(place: Path) -> None:
    begin(place, BY_TIME)
    insert(place, map(row, range(3)))
    mark = read(place).payload.mark
    assert mark is not None and (mark.by, mark.kind, mark.last) == ("told", "time", "2024-01-01T00:02:00.000000+00:00")


@pytest.mark.parametrize("key", ["key: n, ", ""])
def test_rows_with_the_very_value_of_the_last_one_are_not_lost(place: Path, key: str) -> None:
    begin(place, BY_TIME.replace("key: n, ", key))
    insert(place, [row(1, minutes=5), row(2, minutes=5)])
    assert read(place).numbers == [1, 2]
    insert(place, [row(3, minutes=5), row(4, minutes=5)])
    assert read(place).numbers == [1, 2, 3, 4]
    assert read(place).cached


def test_without_a_key_equal_rows_are_as_many_as_there_are(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, [row(1), row(1)])
    assert read(place).numbers == [1, 1]
    insert(place, [row(1)])
    assert read(place).numbers == [1, 1, 1] and read(place).cached


def test_rows_that_are_committed_late_are_read_within_the_overlap(place: Path) -> None:
    begin(place, BY_TIME.replace("by: told", "by: told, overlap: 10m"))
    insert(place, map(row, range(0, 100, 2)))
    read(place)
    insert(place, [row(91), row(85)])  # 7 and 13 minutes before the last
    assert 91 in (late := read(place)).numbers and 85 not in late.numbers
    assert read(place).cached


def test_an_overlap_of_numbers(place: Path) -> None:
    begin(place, BY_NUMBER.replace("by: n", "by: n, overlap: 5"))
    insert(place, map(row, [1, 2, 3, 4, 9, 10]))
    read(place)
    insert(place, [row(5), row(4)])  # 4 is below the overlap
    assert read(place).numbers == [1, 2, 3, 4, 5, 9, 10]
    edit(place, "overlap: 5", "overlap: 1h")
    with pytest.raises(DataError, match="`overlap` is a time, and n holds numbers"):
        read(place)


@pytest.mark.parametrize(
    ("rule", "amount", "said"), [("replace", 99.0, "1 replaced"), ("keep", 1.5, "0 new"), ("refuse", None, "")]
)
def test_a_key_that_is_there_already(place: Path, rule: str, amount: float | None, said: str) -> None:
    begin(place, BY_TIME.replace("by: told", f"by: told, when_seen: {rule}"))
    insert(place, map(row, range(3)))
    read(place)
    insert(place, [row(1, amount=99.0, minutes=30)])
    if amount is None:
        with pytest.raises(DataError, match="1 rows have a key that is there already, such as n 1"):
            read(place)
        return
    found = read(place)
    assert found.numbers == [0, 1, 2] and said in found.said
    assert found.rows.filter(n=1)["amount"].to_list() == [amount]
    assert read(place).cached


def test_what_comes_late_does_not_undo_what_came_after_it(place: Path) -> None:
    begin(place, BY_TIME.replace("by: told", "by: told, overlap: 1d"))
    insert(place, [row(1, amount=2.0, minutes=20)])
    read(place)
    insert(place, [row(1, amount=1.0, minutes=10)])
    assert read(place).rows["amount"].to_list() == [2.0]


def test_rows_that_are_marked_as_deleted_go(place: Path) -> None:
    begin(place, BY_TIME.replace("by: told", "by: told, deleted: gone"))
    change(place, "alter table orders add column gone boolean")
    for n in range(1, 6):
        change(place, f"insert into orders values ({n}, '2024-01-01 00:0{n}:00', 1.0, 'yes', 'a', 0)")
    assert read(place).numbers == [1, 2, 3, 4, 5]
    change(place, "update orders set gone = 1, told = '2024-01-02 00:00:00' where n in (2, 4)")
    found = read(place)
    assert found.numbers == [1, 3, 5] and "2 deleted" in found.said
    assert read(place).cached


def test_rows_that_are_deleted_at_the_source_stay(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(5)))
    read(place)
    change(place, "delete from orders where n = 2")
    insert(place, [row(7)])
    assert read(place).numbers == [0, 1, 2, 3, 4, 7]


def test_an_empty_table_is_nothing_new(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(5)))
    first = read(place)
    change(place, "delete from orders")
    assert read(place).entry.hash == first.entry.hash
    insert(place, [row(8)])
    assert read(place).numbers == [0, 1, 2, 3, 4, 8]


def test_a_source_that_goes_back_is_refused_and_full_begins_anew(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(50)))
    read(place)
    change(place, "delete from orders where n > 9")
    with pytest.raises(DataError, match="the newest n is 9, and rows up to 49 were read") as told:
        read(place)
    assert "--full" in told.value.mend
    whole = read(place, full=True)
    assert whole.numbers == list(range(10)) and "read whole: it was asked for" in whole.said
    insert(place, [row(10)])
    assert read(place).numbers == list(range(11))


def test_a_source_that_goes_back_to_what_was_read_once_is_gone_on_from_there(place: Path) -> None:
    """What the first reading made is no answer to one that begins anew: the newest entry would be that of another."""
    begin(place, BY_NUMBER)
    insert(place, map(row, range(5)))
    first = read(place)
    insert(place, map(row, range(5, 8)))
    read(place)
    change(place, "delete from orders where n > 4")
    whole = read(place, full=True)
    assert whole.numbers == list(range(5)) and whole.entry.hash != first.entry.hash
    insert(place, [row(9)])
    assert read(place).numbers == [*range(5), 9]


def test_how_far_rows_reach_is_not_undone_by_those_that_come_late(place: Path) -> None:
    begin(place, BY_NUMBER.replace("new: {by: n}", "new: {by: n}, happened: told"))
    insert(place, map(row, range(5)))
    reached = read(place).payload.reached
    late = (9, "2023-06-01 00:00:00", 1.0, "no", "a")
    insert(place, [late])
    assert read(place).payload.reached == reached and reached is not None and reached.year == 2024


def test_late_rows_alone_do_not_take_the_cursor_back(place: Path) -> None:
    begin(place, BY_TIME.replace("{by: told}", "{by: told, overlap: 10m}"))
    insert(place, map(row, range(5)))
    mark = read(place).payload.mark
    change(place, "delete from orders where n = 4")
    insert(place, [row(10, minutes=2.5)])
    late = read(place)
    assert late.numbers == [0, 1, 2, 3, 4, 10]
    assert late.payload.mark is not None and mark is not None and late.payload.mark.last == mark.last


def test_a_database_whose_clock_is_behind_utc_is_asked_for_all_that_is_new(place: Path) -> None:
    begin(place, BY_TIME.replace("{by: told}", "{by: told, time_zone: America/New_York}"))
    insert(place, map(row, range(5)))
    assert read(place).numbers == list(range(5))
    insert(place, map(row, range(5, 9)))
    assert read(place).numbers == list(range(9))


def test_where_what_was_kept_is_gone_all_is_read_again(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(5)))
    kept = read(place).payload.table
    insert(place, [row(5)])
    (part,) = [file for file in (place / ".treadle").rglob("*.parquet") if file.name in str(kept.parts)]
    part.unlink()
    again = read(place)
    assert again.numbers == list(range(6)) and "read whole: what was kept of it is gone" in again.said


@pytest.mark.parametrize(
    ("value", "said"), [("null", "1 rows have no value in amount"), ("9e999", "no finite number in amount")]
)
def test_rows_without_a_place_in_the_order_are_refused(place: Path, value: str, said: str) -> None:
    begin(place, BY_TIME.replace("by: told", "by: amount"))
    insert(place, map(row, range(3)))
    read(place)
    change(place, f"insert into orders values (9, '2024-01-01', {value}, 'yes', 'a')")
    with pytest.raises(DataError, match=said):
        read(place)


def test_a_cursor_of_another_type_than_before_is_refused(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(3)))
    read(place)
    change(place, "update orders set n = n + 0.5")
    with pytest.raises(DataError, match="kind number, and was read by the kind whole"):
        read(place)


def test_texts_are_no_cursor(place: Path) -> None:
    begin(place, BY_NUMBER.replace("by: n", "by: kind"))
    insert(place, [row(1)])
    with pytest.raises(DataError, match="not a number, a date or a time"):
        read(place)


def test_no_such_cursor(place: Path) -> None:
    begin(place, BY_NUMBER.replace("by: n", "by: tolt"))
    insert(place, [row(1)])
    with pytest.raises(DataError, match='no column "tolt"') as told:
        read(place)
    assert "told" in told.value.mend


def test_a_new_column_is_missing_before(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(3)))
    read(place)
    change(place, "alter table orders add column colour text")
    change(place, "insert into orders values (7, '2024-01-02 00:00:00', 1.0, 'no', 'b', 'red')")
    found = read(place)
    assert found.rows["colour"].to_list() == [None, None, None, "red"]
    assert "new columns colour" in found.said and read(place).cached
    insert_more = "insert into orders values (8, '2024-01-02 00:00:00', 1.0, 'no', 'b', 'blue')"
    change(place, insert_more)
    assert read(place).rows["colour"].to_list() == [None, None, None, "red", "blue"]


def test_fractions_among_whole_numbers_are_fractions_from_the_first(place: Path) -> None:
    begin(place, BY_FILES)
    deliver(place, "a.csv", [row(1, amount=1), row(2, amount=2)])
    assert read(place).rows["amount"].dtype.is_integer()
    deliver(place, "b.csv", [row(3, amount=2.5)])
    assert read(place).rows["amount"].to_list() == [1.0, 2.0, 2.5]


def test_a_lost_column_is_refused_with_what_breaks(place: Path) -> None:
    begin(place, BY_FILES)
    deliver(place, "a.csv", [row(1), row(2)])
    first = read(place)
    (place / "in" / "b.csv").write_text("n,told,came_back,kind\n3,2024-01-02,yes,a\n", encoding="utf-8")
    with pytest.raises(DataError, match="orders no longer has amount: feature amount reads it"):
        read(place)
    (place / "in" / "b.csv").unlink()
    assert read(place).entry.hash == first.entry.hash


def test_another_type_is_refused_with_what_breaks(place: Path) -> None:
    begin(place, BY_FILES)
    deliver(place, "a.csv", [row(1), row(2)])
    read(place)
    edit(place, "request: [amount, kind]", "request: [amount, kind]\n  row: {twice: amount * 2}")
    deliver(place, "b.csv", [(3, "2024-01-02", "cheap", "yes", "a")])
    said = (
        "amount of orders holds texts now, and held numbers: feature amount, feature twice read it; nothing was taken"
    )
    with pytest.raises(DataError, match=said):
        read(place)


def test_new_files_are_read_once(place: Path) -> None:
    begin(place, BY_FILES)
    deliver(place, "a.csv", map(row, range(3)))
    first = read(place)
    assert first.added == 3 and read(place).cached
    deliver(place, "b.csv", map(row, range(3, 5)))
    second = read(place)
    assert (second.added, second.payload.rows, second.numbers) == (2, 2, [0, 1, 2, 3, 4])
    assert read(place).cached


def test_a_file_that_changed_is_refused_or_read_again(place: Path) -> None:
    begin(place, BY_FILES)
    deliver(place, "a.csv", map(row, range(3)))
    read(place)
    deliver(place, "a.csv", [row(0), row(1, amount=77.0), row(5)])
    with pytest.raises(DataError, match=r"a\.csv changed after it was read") as told:
        read(place)
    assert "when_changed: read" in told.value.mend
    edit(place, "new: files", "new: {when_changed: read}")
    found = read(place)
    assert found.numbers == [0, 1, 2, 5] and found.rows.filter(n=1)["amount"].to_list() == [77.0]
    assert "a.csv changed, and is read again" in found.said and read(place).cached


def test_rows_without_a_key_are_kept_once_however_often_their_file_is_read(place: Path) -> None:
    begin(place, AGAIN)
    nameless = [("", *row(n)[1:]) for n in (7, 7, 8, 9)]
    deliver(place, "a.csv", [row(0), *nameless[:2]])
    deliver(place, "b.csv", [row(1), nameless[2]])
    read(place)
    deliver(place, "a.csv", [row(0), row(2), *nameless[:2], nameless[3]])
    found = read(place)
    assert found.added == 2 and sorted(found.rows.filter(found.rows["n"].is_null())["amount"]) == [
        10.5,
        10.5,
        12.0,
        13.5,
    ]
    deliver(place, "c.csv", [row(3), nameless[2]])  # of a file that was not read before it is another row
    assert read(place).rows["n"].null_count() == 5


def test_rows_are_set_aside_once_however_often_their_file_is_read(place: Path) -> None:
    held(place)
    deliver(place, "a.csv", [row(n, amount=-1.0 if n == 29 else 1.0) for n in range(30)])
    read(place)
    deliver(place, "a.csv", [row(n, amount=-1.0 if n in (29, 40) else 1.0) for n in range(60)])
    found = read(place)
    assert found.numbers == [*range(29), *range(30, 40), *range(41, 60)] and found.payload.quarantined == 1
    assert found.payload.quarantine is not None and found.payload.quarantine.rows == 2
    assert len(found.payload.aside) == 2
    deliver(place, "a.csv", [row(n, amount=-1.0 if n == 29 else 1.0) for n in range(60)])
    found = read(place)
    assert found.numbers == [*range(29), *range(30, 60)] and found.payload.quarantined == 0
    assert found.payload.quarantine is not None and found.payload.quarantine.rows == 2


def test_a_row_that_a_stricter_rule_takes_out_is_set_aside_once_though_its_file_gained_a_column(place: Path) -> None:
    held(place)
    deliver(place, "a.csv", map(row, range(60)))
    read(place)
    file = deliver(place, "b.csv", [(*row(n), "late") for n in range(60, 120)])
    file.write_text(file.read_text(encoding="utf-8").replace("kind", "kind,remark"), encoding="utf-8")
    read(place)
    edit(place, "minimum: 0", "minimum: 1", "orders.yaml")
    file = deliver(place, "a.csv", [(*row(n), "early") for n in range(60)])
    file.write_text(file.read_text(encoding="utf-8").replace("kind", "kind,remark"), encoding="utf-8")
    found = read(place)
    assert found.numbers == [*range(1, 120)] and (found.payload.quarantined, len(found.payload.aside)) == (0, 1)


def test_equal_rows_of_a_new_file_are_rows_beside_a_file_that_changed(place: Path) -> None:
    held(place)
    edit(place, "logicalType: integer, required: true", "logicalType: integer", "orders.yaml")
    nameless, wrong = ("", *row(7)[1:]), ("", *row(9, amount=-1.0)[1:])
    deliver(place, "a.csv", [*map(row, range(20)), wrong])
    deliver(place, "b.csv", [*map(row, range(20, 40)), nameless, wrong])
    read(place)
    deliver(place, "a.csv", [wrong, *map(row, range(20))])
    deliver(place, "c.csv", [*map(row, range(40, 60)), wrong, nameless])
    found = read(place)
    assert found.rows["n"].null_count() == 2 and found.payload.quarantined == 1 and len(found.payload.aside) == 2
    for times, more in ((3, 0), (4, 1)):  # of equal ones as many as were set aside, all files together
        deliver(place, "b.csv", [nameless, *map(row, range(20, 100)), *[wrong] * times])
        found = read(place)
        assert found.rows["n"].null_count() == 2 and found.payload.quarantined == more


@pytest.mark.parametrize("undone", [False, True])
def test_what_was_decided_about_rows_set_aside_stands_when_their_file_is_read_again(place: Path, undone: bool) -> None:
    held(place)
    wrong = [row(n, amount=-1.0) for n in (60, 61, 62)]
    deliver(place, "a.csv", [*map(row, range(60)), *wrong])
    first = read(place).payload
    workspace = opened(place)
    mend(workspace, "orders", {"amount": "-amount"}, "n != 61", "")
    replay(Work(workspace), "orders", contract_of(workspace, workspace.project.spec.sources["orders"]), "")
    drop(workspace, "orders", "n = 61", "never was one")
    if undone:
        bring_back(Work(workspace), "orders", first.table.version, "they were right")
    workspace.chain.engine.dispose()
    deliver(place, "a.csv", [*map(row, range(59)), row(63), *wrong, row(64, amount=-1.0)])
    found = read(place)
    assert found.payload.quarantined == 1 and len(found.payload.aside) == (2 if undone else 1)
    assert found.numbers == [*range(60), *([] if undone else [60, 62]), 63]


def test_rows_that_were_set_aside_after_what_was_brought_back_are_set_aside_once_more(place: Path) -> None:
    held(place)
    deliver(place, "a.csv", map(row, range(60)))
    first = read(place).payload
    deliver(place, "a.csv", [*map(row, range(61)), row(70, amount=-1.0)])
    assert read(place).payload.quarantined == 1
    workspace = opened(place)
    bring_back(Work(workspace), "orders", first.table.version, "too early")
    workspace.chain.engine.dispose()
    deliver(place, "a.csv", [*map(row, range(62)), row(70, amount=-1.0)])
    found = read(place)
    assert found.numbers == [*range(62)] and found.payload.quarantined == len(found.payload.aside) == 1


def test_what_was_read_when_zones_were_read_otherwise_is_read_anew(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(place, "{read: in/t.csv, new: {by: told, time_zone: Europe/Berlin}}")
    deliver(place, "t.csv", [row(1)])
    with monkeypatch.context() as before:
        before.setattr(of_increments, "has_clock", lambda source: False)
        read(place)
    anew = read(place).payload.increment
    assert anew is not None and anew.anew == "how zones are read changed"
    assert read(place).cached


ZONED = "{read: 'in/*.csv', new: {}, map: {told: {from: told, zone: Europe/Berlin}}, unmapped: keep}"


def test_files_that_were_read_when_zones_were_read_otherwise_are_read_anew_or_told_of(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of before may be gone by now, and what is new is read by itself."""
    begin(place, ZONED)
    file = deliver(place, "a.csv", [row(1)])
    with monkeypatch.context() as before:
        before.setattr(of_increments, "has_clock", lambda source: False)
        read(place)
    text = file.read_text("utf-8")
    file.unlink()
    deliver(place, "b.csv", [row(2)])
    found = read(place)
    assert found.numbers == [1, 2] and found.payload.increment is not None and not found.payload.increment.anew
    (told,) = found.payload.warnings
    assert told.startswith("a.csv was read when zones were read otherwise, and is gone") and "ingest" in told
    assert "--full" in told
    deliver(place, "c.csv", [row(3)])
    assert read(place).payload.warnings == (), "it is told once"
    with monkeypatch.context() as before:
        before.setattr(of_increments, "has_clock", lambda source: False)
        read(place, full=True)
    file.write_text(text, "utf-8")
    found = read(place)
    assert found.numbers == [1, 2, 3] and found.payload.increment is not None
    assert found.payload.increment.anew == "how zones are read changed" and found.payload.warnings == ()


def test_files_whose_zones_are_read_otherwise_once_more_are_not_gone_on_from(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(place, ZONED)
    file = deliver(place, "a.csv", [row(1)])
    with monkeypatch.context() as before:
        before.setattr(of_increments, "_ZONES", "otherwise")
        read(place)
    file.unlink()
    deliver(place, "b.csv", [row(2)])
    with pytest.raises(DataError, match=r"a\.csv was read and is gone, .* since how zones are read changed"):
        read(place)


def test_a_file_that_was_only_touched_or_is_gone_is_no_news(place: Path) -> None:
    begin(place, BY_FILES)
    file = deliver(place, "a.csv", map(row, range(3)))
    read(place)
    os.utime(file, (1e9, 1e9))
    assert read(place).cached
    file.unlink()
    assert read(place).cached  # none is left
    deliver(place, "b.csv", [row(9)])
    found = read(place)
    assert found.numbers == [0, 1, 2, 9] and "a.csv is gone, what was read of it is kept" in found.said


def test_to_begin_anew_is_refused_where_files_are_gone(place: Path) -> None:
    begin(place, BY_FILES)
    file = deliver(place, "a.csv", map(row, range(3)))
    deliver(place, "b.csv", [row(9)])
    first = read(place)
    file.unlink()
    edit(place, "read: in", "read: 'in/*.csv'")
    with pytest.raises(DataError, match=r"a\.csv was read and is gone") as told:
        read(place)
    assert "--full" in told.value.mend
    assert read(place, full=True).numbers == [9]
    assert first.numbers == [0, 1, 2, 9]


def test_another_question_begins_anew_and_says_so(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(10)))
    read(place)
    edit(place, "table: orders", "table: orders, where: n > 4")
    found = read(place)
    assert found.numbers == [5, 6, 7, 8, 9] and "read whole: where changed" in found.said
    edit(place, "table: orders, where: n > 4", "table: orders")
    assert read(place).numbers == list(range(10)) and read(place).cached


def test_to_begin_anew_counts_no_row_twice_and_an_empty_increment_has_its_contract(place: Path) -> None:
    """A bound on how many rows there are asks of what will be kept, which replaces what was."""
    begin(place, BY_NUMBER.replace("new:", "contract: orders.yaml, new:"))
    edit(place, "name: order,", "name: n,", "orders.yaml")
    edit(place, "value: 3, unit: d", "value: 9999, unit: d", "orders.yaml")
    bound = "{metric: rowCountChange, mustBeLessThan: 20, unit: percent}"
    quality = f"    quality:\n    - {{type: custom, engine: treadle, implementation: {bound}}}\n    properties:"
    edit(place, "    properties:", quality, "orders.yaml")
    insert(place, map(row, range(200)))
    assert read(place).payload.increment.added == 200
    assert "0 new" in (again := read(place)).said or again.cached
    assert read(place, full=True).payload.rows == 200
    edit(place, "mustBeLessThan: 20", "mustBeLessThan: 21", "orders.yaml")
    assert "rules hold" in read(place).said, "it is held to its contract, though nothing is new"
    insert(place, map(row, range(200, 260)))
    with pytest.raises(ContractBroken, match=r"200 rows in .*, 260 now, which is \+30 %"):
        read(place)


def test_one_bad_row_of_one_is_set_aside_and_not_a_broken_delivery(place: Path) -> None:
    """A share of few rows says little; of a hundred, and of a first delivery, it is what it is."""
    begin(place, BY_NUMBER.replace("new:", "contract: orders.yaml, new:"))
    edit(place, "name: order,", "name: n,", "orders.yaml")
    edit(place, "value: 3, unit: d", "value: 9999, unit: d", "orders.yaml")
    insert(place, [row(0, amount=-1.0)])
    with pytest.raises(ContractBroken, match=r"1 of 1 rows are bad \(100.00%; at most 5.00%"):
        read(place)
    change(place, "delete from orders")
    insert(place, map(row, range(200)))
    read(place)
    insert(place, [row(200, amount=-1.0)])
    assert read(place).payload.quarantined == 1
    insert(place, [row(n, amount=-1.0) for n in range(201, 206)])
    assert read(place).payload.quarantined == 5
    insert(place, [row(n, amount=-1.0) for n in range(206, 212)])
    said = r"6 of 6 rows are bad \(6.00%, counted as one of 100 rows; at most 5.00%"
    with pytest.raises(ContractBroken, match=said):
        read(place)
    change(place, "delete from orders where n > 205")
    insert(place, [row(n, amount=-1.0 if n < 216 else 1.0) for n in range(206, 316)])
    with pytest.raises(ContractBroken, match=r"10 of 110 rows are bad \(9.09%; at most"):
        read(place)


@pytest.mark.parametrize("zone", ["", ", time_zone: America/New_York"])
def test_a_table_that_was_emptied_is_nothing_new_by_times_too(place: Path, zone: str) -> None:
    begin(place, BY_TIME.replace("{by: told}", f"{{by: told{zone}}}"))
    insert(place, map(row, range(5)))
    read(place)
    change(place, "delete from orders")
    assert read(place).numbers == list(range(5))
    insert(place, map(row, range(5, 8)))
    assert read(place).numbers == list(range(8))


def test_rows_set_aside_do_not_stop_the_cursor(place: Path) -> None:
    begin(place, BY_NUMBER.replace("new:", "contract: orders.yaml, new:"))
    edit(place, "name: order,", "name: n,", "orders.yaml")
    edit(place, "value: 3, unit: d", "value: 9999, unit: d", "orders.yaml")
    insert(place, [row(n, amount=-1.0 if n == 29 else 1.0) for n in range(30)])
    assert read(place).numbers == list(range(29)) and read(place).cached
    insert(place, [row(n, amount=-1.0 if n == 59 else 1.0) for n in range(30, 60)])
    found = read(place)
    assert found.numbers == [*range(29), *range(30, 59)] and read(place).cached
    assert (found.payload.rows, found.payload.quarantined) == (30, 1)
    assert found.payload.quarantine is not None and found.payload.quarantine.rows == 2


def test_another_contract_is_held_to_all_that_is_kept(place: Path) -> None:
    begin(place, BY_NUMBER.replace("new:", "contract: orders.yaml, new:"))
    edit(place, "name: order,", "name: n,", "orders.yaml")
    edit(place, "value: 3, unit: d", "value: 9999, unit: d", "orders.yaml")
    insert(place, [row(n, amount=5.0 if n == 1 else 50.0) for n in range(30)])
    read(place)
    change(place, "delete from orders where n < 29")  # the source is not asked for them again
    edit(place, "minimum: 0", "minimum: 6", "orders.yaml")
    found = read(place)
    assert (
        found.numbers == [0, *range(2, 30)]
        and found.payload.quarantine is not None
        and found.payload.quarantine.rows == 1
    )
    assert read(place).cached


def test_a_broken_increment_leaves_the_last_good_version(place: Path) -> None:
    begin(place, BY_NUMBER.replace("new:", "contract: orders.yaml, new:"))
    edit(place, "name: order,", "name: n,", "orders.yaml")
    edit(place, "value: 3, unit: d", "value: 200, unit: d", "orders.yaml")
    insert(place, [row(1)])
    first = read(place)
    change(place, "insert into orders values (2, '1999-01-01 00:00:00', 1.0, 'no', 'a')")
    with pytest.raises(ContractBroken):
        read(place)
    workspace = opened(place)
    last = workspace.chain.last(SourceRead, subject="source/orders")
    assert last is not None and last.hash == first.entry.hash


def test_an_overlap_that_grows_reads_nothing_twice(place: Path) -> None:
    """Without a key rows are known by their content alone, and that of rows before the old overlap is not kept."""
    begin(place, BY_NUMBER.replace("by: n", "by: n, overlap: 1"))
    insert(place, map(row, range(10)))
    read(place)
    edit(place, "overlap: 1", "overlap: 5")
    for n in (10, 11):
        insert(place, [row(n)])
        assert read(place).numbers == list(range(n + 1))


def test_increments_of_equal_rows_are_each_an_increment(place: Path) -> None:
    begin(place, BY_NUMBER)
    for times in (1, 2, 3):
        insert(place, [row(1)])
        assert read(place).numbers == [1] * times


def test_a_time_that_is_none_is_not_left_out_without_a_word(place: Path) -> None:
    begin(place, BY_TIME)
    insert(place, map(row, range(3)))
    read(place)
    change(place, "insert into orders values (9, 'soon', 1.0, 'yes', 'a')")
    with pytest.raises(DataError, match="rows are read by told, which is String"):
        read(place)


def test_many_small_readings_are_written_anew_as_one(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(increments, "_MOST_PARTS", 2)
    begin(place, BY_NUMBER)
    parts = list[int]()
    for n in range(4):
        insert(place, [row(n)])
        found = read(place)
        assert found.numbers == list(range(n + 1))
        parts.append(len(found.payload.table.parts))
    assert parts == [1, 2, 1, 2]


def test_examples_of_which_no_row_is_kept_are_a_delivery_that_failed(place: Path) -> None:
    begin(place, BY_NUMBER.replace("new:", "contract: orders.yaml, new:"))
    edit(place, "name: order,", "name: n,", "orders.yaml")
    all_bad = "value: 9999, unit: d}\ncustomProperties: [{property: maxBadShare, value: 1}]"
    edit(place, "value: 3, unit: d}", all_bad, "orders.yaml")
    insert(place, [row(0, amount=-1.0)])
    with pytest.raises(DataError, match="the table has no rows"):
        read(place)
    insert(place, [row(1)])
    assert read(place).numbers == [1]


def test_the_newest_time_of_all_readings_is_that_of_the_source(place: Path) -> None:
    begin(place, BY_NUMBER.replace("new:", "contract: orders.yaml, new:"))
    edit(place, "name: order,", "name: n,", "orders.yaml")
    edit(place, "value: 3, unit: d", "value: 9999, unit: d", "orders.yaml")
    seen = list[object]()
    for told in ("2024-01-05", "2023-06-01", "2024-02-01"):
        change(place, f"insert into orders values ({len(seen)}, '{told} 00:00:00', 1.0, 'yes', 'a')")
        (newest,) = read(place).payload.newest.values()
        assert newest is not None
        seen.append(f"{newest:%Y-%m-%d}")
    assert seen == ["2024-01-05", "2024-01-05", "2024-02-01"]


@pytest.mark.parametrize(("amount", "later"), [(9.0, 1), (77.0, 0)], ids=["of one size", "of one time"])
def test_a_file_is_the_same_by_its_size_and_its_time_alone_where_both_are(
    place: Path, amount: float, later: int
) -> None:
    begin(place, BY_FILES)
    written = deliver(place, "a.csv", [row(1, amount=1.0)]).stat().st_mtime_ns
    read(place)
    file = deliver(place, "a.csv", [row(1, amount=amount)])
    os.utime(file, ns=(written, written + later * 10**9))
    with pytest.raises(DataError, match=r"a\.csv changed after it was read"):
        read(place)


def test_a_file_that_comes_back_is_not_read_twice(place: Path) -> None:
    begin(place, BY_FILES.replace("key: n, ", ""))
    file = deliver(place, "a.csv", [row(1)])
    read(place)
    away = file.rename(place / "a.csv")
    deliver(place, "b.csv", [row(2)])
    assert read(place).numbers == [1, 2]
    away.rename(file)
    assert read(place).numbers == [1, 2]
    deliver(place, "c.csv", [row(3)])
    assert read(place).numbers == [1, 2, 3]


def test_two_readings_at_once_have_each_row_once(place: Path) -> None:
    begin(place, BY_NUMBER)
    insert(place, map(row, range(20)))
    read(place)
    insert(place, map(row, range(20, 40)))
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: read(place), range(3)))
    assert [each.numbers for each in found] == [list(range(40))] * 3
    assert sum(not each.cached for each in found) == 1
    workspace = opened(place)
    entries = workspace.chain.find(SourceRead, subject="source/orders")
    assert all("another run has read orders meanwhile" in each.error for each in entries if each.status == "failed")


def test_what_was_written_and_never_told_is_left_behind(place: Path) -> None:
    """As a process leaves it that is killed between its table and the record."""
    begin(place, BY_NUMBER)
    insert(place, map(row, range(5)))
    first = read(place)
    workspace = opened(place)
    workspace.tables.extend(first.payload.table, first.rows.with_columns(odd="n"))
    insert(place, map(row, range(5, 8)))
    found = read(place)
    assert found.numbers == list(range(8)) and "odd" not in found.rows.columns
    scanned = opened(place).tables.scan(found.payload.table.table).collect()
    assert sorted(scanned["n"].to_list()) == found.numbers


def test_a_source_that_was_read_whole_begins_anew(place: Path) -> None:
    begin(place, BY_NUMBER.replace(", new: {by: n}", ""))
    insert(place, map(row, range(3)))
    read(place)
    edit(place, "table: orders}", "table: orders, new: {by: n}}")
    assert "it was read whole before" in read(place).said
    assert read(place).cached


def test_readings_are_in_what_verify_holds(place: Path) -> None:
    from treadle.evidence import verify

    begin(place, BY_NUMBER)
    for n in range(3):
        insert(place, [row(n)])
        found = read(place)
    workspace = opened(place)
    assert not [fault for part in found.entry.made for fault in workspace.check(part)]
    assert verify(workspace.chain).ok
    assert load(place).spec.sources["orders"].only_new is not None
