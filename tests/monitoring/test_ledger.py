"""What a server wrote becomes rows of a table, each once, whatever is killed, read twice or damaged."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import polars as pl
import pytest
from told import START, answered, told, write

from treadle.backends.embedded import DeltaTables, FolderJournal
from treadle.errors import StoreError
from treadle.monitoring import answers_of, collect, find_prediction, moments_of, played_between
from treadle.monitoring.ledger import read
from treadle.monitoring.quality import join_outcomes
from treadle.store import TableNames

MOVED = {"predictions": 0, "outcomes": 0}


def ids(frame: pl.DataFrame) -> list[str]:
    return frame.get_column("prediction_id").to_list()


def in_table(tables: DeltaTables, kind: str = "predictions") -> list[str]:
    return sorted(ids(tables.scan(f"shop/{kind}").collect()))


def test_an_empty_journal_gives_empty_tables_with_their_columns(tables: DeltaTables, journal: FolderJournal) -> None:
    assert collect(tables, TableNames("shop"), journal) == MOVED
    predictions, outcomes = (read(tables, TableNames("shop"), journal, kind) for kind in ("predictions", "outcomes"))
    assert predictions.height == outcomes.height == 0
    assert predictions.schema["answered"] == predictions.schema["at"] == pl.Datetime("us", "UTC")
    assert outcomes.columns == ["seq", "prediction_id", "label", "label_class", "known", "told"]
    assert not tables.exists("shop/predictions")


def test_closed_segments_are_moved_once_and_deleted(tables: DeltaTables, journal: FolderJournal) -> None:
    write(journal, *(answered(f"p{i}", 0.5) for i in range(5)))
    write(journal, *(answered(f"q{i}", 0.5) for i in range(3)))
    write(journal, told("p0", True))
    assert collect(tables, TableNames("shop"), journal) == {"predictions": 8, "outcomes": 1}
    assert collect(tables, TableNames("shop"), journal) == MOVED
    assert [path.name for path in journal.folder.iterdir()] == ["sequence"]
    assert len(in_table(tables)) == 8 and in_table(tables, "outcomes") == ["p0"]


def test_a_segment_that_was_moved_but_not_deleted_adds_nothing(tables: DeltaTables, journal: FolderJournal) -> None:
    """As if the process that moved it had been killed between the append and the delete."""
    write(journal, *(answered(f"p{i}", 0.5) for i in range(5)))
    (segment,), _ = journal.segments("predictions")
    content = journal.path(segment).read_bytes()
    collect(tables, TableNames("shop"), journal)
    journal.path(segment).write_bytes(content)
    assert len(ids(read(tables, TableNames("shop"), journal, "predictions"))) == 5 and journal.path(segment).exists()
    assert collect(tables, TableNames("shop"), journal)["predictions"] == 5
    assert len(ids(read(tables, TableNames("shop"), journal, "predictions"))) == 5
    assert len(in_table(tables)) == 5 and not journal.path(segment).exists()


def test_a_table_that_cannot_be_written_costs_no_line(
    tables: DeltaTables, journal: FolderJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: a segment goes once its rows are in the table, and not before."""

    def full(*_: object, **__: object) -> None:
        raise StoreError("no space left")

    write(journal, *(answered(f"p{i}", 0.5) for i in range(5)))
    with monkeypatch.context() as disk:
        disk.setattr(DeltaTables, "append", full)
        with pytest.raises(StoreError):
            collect(tables, TableNames("shop"), journal)
    assert len(ids(read(tables, TableNames("shop"), journal, "predictions"))) == 5
    assert collect(tables, TableNames("shop"), journal) == {"predictions": 5, "outcomes": 0}
    assert len(in_table(tables)) == 5


def test_what_is_moved_while_it_is_read_is_seen_all_the_same(
    tables: DeltaTables, journal: FolderJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = DeltaTables.scan
    write(journal, answered("p0", 0.5))
    collect(tables, TableNames("shop"), journal)
    write(journal, answered("p1", 0.5))

    def moves(self: DeltaTables, name: str) -> pl.LazyFrame:
        found = scan(self, name).collect().lazy()
        collect(tables, TableNames("shop"), journal)
        return found

    monkeypatch.setattr(DeltaTables, "scan", moves)
    assert sorted(ids(read(tables, TableNames("shop"), journal, "predictions"))) == ["p0", "p1"]
    assert journal.segments("predictions") == ([], [])


def test_what_is_moved_while_it_is_counted_counts_once(
    tables: DeltaTables, journal: FolderJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan, names = DeltaTables.scan, TableNames("shop")
    write(journal, answered("p0", 0.5))
    collect(tables, names, journal)

    def moves(self: DeltaTables, name: str) -> pl.LazyFrame:
        with monkeypatch.context() as moving:
            moving.setattr(DeltaTables, "scan", scan)
            collect(tables, names, journal)
        return scan(self, name)

    monkeypatch.setattr(DeltaTables, "scan", moves)
    begin = START.timestamp()
    for asked in range(1, 4):
        write(journal, answered(f"p{asked}", 0.5))  # at one moment: it is not the time that tells them apart
        counts = (
            lambda: sum(each.count for each in answers_of(tables, names, journal)),
            lambda: len(moments_of(tables, names, journal).live),
            lambda: played_between(tables, names, journal, begin, begin + 1)[0],
        )
        assert counts[asked - 1]() == asked + 1
        assert journal.segments("predictions") == ([], [])


def test_many_may_move_the_same_segments_at_once(tables: DeltaTables, journal: FolderJournal) -> None:
    for i in range(6):
        write(journal, answered(f"a{i}", 0.5), answered(f"b{i}", 0.5))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: collect(DeltaTables(tables.root), TableNames("shop"), journal), range(4)))
    assert in_table(tables) == sorted(f"{a}{i}" for a in "ab" for i in range(6))


SERVER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from told import answered, write
from treadle.backends.embedded import FolderJournal
kept = write(FolderJournal(Path(sys.argv[1])), answered("p0", 0.5), answered("p1", 0.5), close=False)
print("written", flush=True)
time.sleep(60)
"""


def test_what_a_server_writes_is_read_while_it_runs_and_moved_once_it_is_killed(
    tables: DeltaTables, journal: FolderJournal
) -> None:
    command = [sys.executable, "-c", SERVER, str(journal.folder), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None and server.stdout.readline() == "written\n"
            write(journal, answered("after", 0.5))
            assert ids(read(tables, TableNames("shop"), journal, "predictions")) == ["p0", "p1", "after"]
            assert collect(tables, TableNames("shop"), journal)["predictions"] == 1
            assert in_table(tables) == ["after"]
            assert ids(read(tables, TableNames("shop"), journal, "predictions")) == ["p0", "p1", "after"]
        finally:
            server.send_signal(signal.SIGKILL)
    assert ids(read(tables, TableNames("shop"), journal, "predictions")) == ["p0", "p1", "after"]
    assert collect(tables, TableNames("shop"), journal)["predictions"] == 2
    assert in_table(tables) == ["after", "p0", "p1"]


def test_an_id_counts_once_with_what_was_said_last(tables: DeltaTables, journal: FolderJournal) -> None:
    """However the rows are spread over segments and files of the table, and whatever the clock was when they came."""
    write(journal, told("p", True, second=30), told("q", True, second=1))
    for second in (10, 20, 25, 5):
        write(journal, told("p", second == 25, second=second))
        write(journal, answered("p", second / 100, second=second))
        collect(tables, TableNames("shop"), journal)
    live = write(journal, told("q", False, second=-3600), close=False)  # a server started anew, its clock an hour back
    outcomes = read(tables, TableNames("shop"), journal, "outcomes")
    assert dict(zip(outcomes["prediction_id"], outcomes["label"], strict=True)) == {"p": 0.0, "q": 0.0}
    assert read(tables, TableNames("shop"), journal, "predictions")["probability"].to_list() == [0.05]
    assert in_table(tables, "outcomes") == ["p"] * 5 + ["q"]  # nothing of what was said is dropped from the record
    live.close()
    for _ in range(2):
        joined = join_outcomes(
            read(tables, TableNames("shop"), journal, "predictions"),
            read(tables, TableNames("shop"), journal, "outcomes"),
        )
        assert joined["label"].to_list() == [0.0]
        collect(tables, TableNames("shop"), journal)


def test_lines_kept_before_there_were_numbers_are_older_than_all_that_have_one(
    tables: DeltaTables, journal: FolderJournal
) -> None:
    journal.folder.mkdir()
    old = [msgspec.json.encode(told("p", label, second=second)) for label, second in ((True, 9e9), (False, 0.0))]
    (journal.folder / "outcomes-0.jsonl").write_bytes(b"\n".join(old) + b"\n")
    assert read(tables, TableNames("shop"), journal, "outcomes")["label"].to_list() == [1.0]
    collect(tables, TableNames("shop"), journal)
    write(journal, told("p", False, second=1))
    for _ in range(2):
        assert read(tables, TableNames("shop"), journal, "outcomes")["label"].to_list() == [0.0]
        collect(tables, TableNames("shop"), journal)


def test_to_read_moves_and_writes_nothing(tables: DeltaTables, journal: FolderJournal) -> None:
    write(journal, answered("p", 0.5))
    collect(tables, TableNames("shop"), journal)
    write(journal, answered("q", 0.5), answered("r", 0.5))
    live = write(journal, answered("s", 0.5), close=False)

    def files() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tables.root.parent.rglob("*") if path.is_file()}

    before = files()
    assert ids(read(tables, TableNames("shop"), journal, "predictions")) == ["p", "q", "r", "s"]
    assert read(tables, TableNames("shop"), journal, "outcomes").height == 0
    assert find_prediction(tables, "shop/predictions", journal, "r") is not None
    assert files() == before
    live.close()


def test_values_keep_their_type_and_none(tables: DeltaTables, journal: FolderJournal) -> None:
    record = {"city": "東京 'ü'", "amount": None, "nan": float("nan"), "at": START}
    write(
        journal,
        answered("yes", 0.75, record=record, features=(1, None, float("nan"), "ü", True)),
        answered("value", -3.5, threshold=None, at=None, second=1.5),
    )
    for _ in range(2):  # from the journal, then from the table
        first, second = read(tables, TableNames("shop"), journal, "predictions").to_dicts()
        assert (first["prediction"], first["probability"], first["threshold"]) == (1.0, 0.75, 0.5)
        assert first["record"] == '{"city":"東京 \'ü\'","amount":null,"nan":null,"at":"2024-03-01T12:00:00Z"}'
        assert first["features"] == '[1,null,null,"ü",true]'
        assert first["at"] == START and first["answered"] == START
        assert (second["prediction"], second["probability"], second["threshold"]) == (-3.5, None, None)
        assert second["at"] is None and second["answered"] == START + timedelta(seconds=1.5)


def test_a_label_may_be_a_truth_value_or_a_number(tables: DeltaTables, journal: FolderJournal) -> None:
    known = datetime(2024, 2, 29, 1, 2, 3, 456789, tzinfo=UTC)
    write(journal, told("a", True), told("b", 2.5), told("c", 3, known=known))
    found = read(tables, TableNames("shop"), journal, "outcomes").sort("prediction_id")
    assert found["label"].to_list() == [1.0, 2.5, 3.0] and found["known"][2] == known


def test_a_damaged_line_is_set_aside_and_the_others_are_moved(tables: DeltaTables, journal: FolderJournal) -> None:
    write(journal, answered("p0", 0.5), answered("p1", 0.5))
    (segment,), _ = journal.segments("predictions")
    first, second = journal.path(segment).read_bytes().splitlines(keepends=True)
    journal.path(segment).write_bytes(first + b"\x00" * 100 + b"\n" + second + b'{"prediction_id":"torn"')
    assert collect(tables, TableNames("shop"), journal) == {"predictions": 2, "outcomes": 0}
    assert in_table(tables) == ["p0", "p1"]
    assert [path.suffix for path in journal.folder.glob("pred*")] == [".damaged"]
    assert collect(tables, TableNames("shop"), journal) == MOVED


def test_a_prediction_is_found_by_id_wherever_it_is(tables: DeltaTables, journal: FolderJournal) -> None:
    assert find_prediction(tables, "shop/predictions", journal, "p") is None
    write(journal, answered("p", 0.1, second=2), answered("p", 0.2, second=1), answered("other", 0.9))
    for _ in range(2):  # in the journal, then in the table
        found = find_prediction(tables, "shop/predictions", journal, "p")
        assert found is not None and found.probability == 0.2  # told last, though by an earlier clock
        assert find_prediction(tables, "shop/predictions", journal, "nobody") is None
        collect(tables, TableNames("shop"), journal)
    write(journal, answered("p", 0.3))  # asked again, and not moved yet
    found = find_prediction(tables, "shop/predictions", journal, "p")
    assert found is not None and found.probability == 0.3


@pytest.mark.parametrize(
    "line",
    [
        {"seq": "x", "prediction_id": "p", "label": 1, "known": "2024-01-01T00:00:00Z", "told": 1.0},
        {"seq": 1, "prediction_id": "p", "label": 1, "known": "nonsense", "told": 1.0},
        {"seq": 1, "prediction_id": "p", "label": 1, "known": "2024-01-01T00:00:00Z", "told": 1e300},
        {"seq": 1, "prediction_id": 7, "label": [], "known": {}, "told": "soon"},
        {"seq": 10**30, "prediction_id": "p", "label": 1, "known": None, "told": None},
    ],
)
def test_a_line_that_is_json_and_no_record_stops_nothing(
    tables: DeltaTables, journal: FolderJournal, line: dict
) -> None:
    """It stopped every later drain."""
    write(journal, told("p0", True), told("p1", False))
    (segment,), _ = journal.segments("outcomes")
    journal.path(segment).write_bytes(journal.path(segment).read_bytes() + msgspec.json.encode(line) + b"\n")
    assert ids(read(tables, TableNames("shop"), journal, "outcomes")) == ["p0", "p1"]
    assert collect(tables, TableNames("shop"), journal)["outcomes"] == 2
    assert in_table(tables, "outcomes") == ["p0", "p1"]
    assert [path.suffix for path in journal.folder.glob("outcomes*")] == [".damaged"], "kept, to be looked at"


def test_a_number_that_is_damage_is_not_counted_on(journal: FolderJournal) -> None:
    journal.folder.mkdir(parents=True, exist_ok=True)
    (journal.folder / "sequence").write_text("9" * 20)
    write(journal, told("p0", True))
    (segment,), _ = journal.segments("outcomes")
    assert msgspec.json.decode(journal.path(segment).read_bytes())["seq"] < 1 << 62
