"""What a journal in a folder does beside the public suite: files, full disks, torn lines, the file of numbers."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from treadle.backends.embedded import FolderJournal, journal
from treadle.errors import StoreError, TreadleError
from treadle.serving import Segment, records

ONE = Segment("predictions", "predictions-1")


def numbers(folder: Path, segment: Segment) -> list[int]:
    return [line["i"] for line in FolderJournal(folder).lines(segment) if not isinstance(line, bytes)]


def segments(folder: Path, kind: str = "predictions") -> tuple[list[Segment], list[Segment]]:
    return FolderJournal(folder).segments(kind)


def test_an_unused_journal_leaves_no_file(tmp_path: Path) -> None:
    kept = FolderJournal(tmp_path).writer("predictions")
    kept.flush()
    kept.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_segment_is_closed_and_another_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_ROLL_BYTES", 1000)
    kept = FolderJournal(tmp_path).writer("predictions")
    for i in range(200):
        kept.add({"i": i})
        kept.flush()
    kept.close()
    closed, live = segments(tmp_path)
    assert len(closed) > 1 and live == []
    assert all(FolderJournal(tmp_path).path(segment).stat().st_size < 1100 for segment in closed)
    assert [i for segment in closed for i in numbers(tmp_path, segment)] == list(range(200))


def test_an_old_segment_is_closed_though_nothing_new_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = FolderJournal(tmp_path).writer("predictions")
    kept.add({"i": 1})
    kept.flush()
    assert segments(tmp_path)[0] == []
    monkeypatch.setattr(journal, "_ROLL_SECONDS", 0.0)
    kept.flush()
    assert [numbers(tmp_path, segment) for segment in segments(tmp_path)[0]] == [[1]]
    kept.close()


WRITER = """
import sys
from pathlib import Path
from treadle.backends.embedded import FolderJournal
kept = FolderJournal(Path(sys.argv[1])).writer("predictions")
for i in range(10_000_000):
    kept.add({"i": i, "text": "x" * 1000})
    if i % 10 == 9:
        kept.flush()
        print(i, flush=True)
"""


def test_what_a_killed_writer_left_open_counts_as_closed_and_stays_as_it_is(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (left,), live = segments(tmp_path)
    assert FolderJournal(tmp_path).path(left).suffix == ".open" and live == []
    assert numbers(tmp_path, left) and {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    FolderJournal(tmp_path).moved(left)
    assert [path.name for path in tmp_path.iterdir()] == ["sequence"]


@pytest.mark.parametrize("suffix", [".jsonl", ".open"])
def test_a_torn_last_line_is_left_out(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"predictions-1{suffix}").write_bytes(b'{"i":1}\n{"i":2}\n{"i":3,"te')
    assert list(FolderJournal(tmp_path).lines(ONE)) == [{"i": 1}, {"i": 2}]


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    kept = FolderJournal(tmp_path)
    kept.path(ONE).write_bytes(b'{"i":1}\n\x00\x00\x00\n{"i":"\xff"}\n[1]\n{"i":2}\n')
    assert [line["i"] for line in records(kept, "predictions")] == [1, 2] == numbers(tmp_path, ONE)
    damaged = [line for line in kept.lines(ONE) if isinstance(line, bytes)]
    assert damaged == [b"\x00\x00\x00\n", b'{"i":"\xff"}\n', b"[1]\n"]


def test_what_is_damaged_is_kept_beside(tmp_path: Path) -> None:
    kept = FolderJournal(tmp_path)
    for suffix in (".jsonl", ".open"):
        (tmp_path / f"predictions-1{suffix}").write_bytes(b"[1]\n")
        kept.damaged(ONE)
        assert [path.name for path in tmp_path.iterdir()] == ["predictions-1.damaged"]


def test_a_folder_that_is_not_there_is_an_empty_journal_and_is_not_made(tmp_path: Path) -> None:
    kept = FolderJournal(tmp_path / "nowhere")
    assert kept.segments("predictions") == ([], []) and list(kept.lines(ONE)) == []
    kept.moved(ONE)
    kept.damaged(ONE)
    assert list(tmp_path.iterdir()) == []


FULL = """
import resource, sys
from pathlib import Path
from treadle.errors import TreadleError
from treadle.backends.embedded import FolderJournal
kept = FolderJournal(Path(sys.argv[1])).writer("predictions")
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
refused = 0
for i in range(100):
    kept.add({"i": i})
    try:
        kept.flush()
    except TreadleError as bad:
        refused += 1
        said = str(bad)
(path,) = Path(sys.argv[1]).glob("*.open")
assert path.read_bytes().endswith(b',"i":%d}\\n' % (99 - refused)), "a torn line is on the disk"
print(refused, said)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept.close()
"""


def test_a_full_disk_keeps_records_waiting_and_tears_no_line(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the kernel takes a part of a write, then refuses."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    refused, _, said = done.stdout.partition(" ")
    assert 0 < int(refused) < 50 and "the journal cannot be written" in said and "wait in memory" in said
    (segment,), _ = segments(tmp_path)
    assert numbers(tmp_path, segment) == list(range(100))
    assert FolderJournal(tmp_path).path(segment).read_bytes().count(b"\n") == 100


def test_what_waits_for_a_full_disk_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MOST_WAITING", 1000)
    folder = tmp_path / "journal"
    kept = FolderJournal(folder).writer("predictions")
    folder.rmdir()
    folder.write_text("a file stands here")
    added = 0
    with pytest.raises(StoreError, match="wait in memory already"):
        for added in range(1000):
            kept.add({"i": added})
    assert 50 < added < 200
    with pytest.raises(StoreError, match="wait in memory already"):
        kept.add({"i": -1}, {"i": -2})
    folder.unlink()
    kept.flush()
    kept.add({"i": added}, {"i": added + 1})
    kept.close()
    (segment,), _ = segments(folder)
    assert numbers(folder, segment) == list(range(added + 2))


def test_a_folder_that_cannot_be_made_keeps_records_waiting(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    kept = FolderJournal(folder).writer("predictions")
    folder.rmdir()
    folder.write_text("a file stands here")
    kept.add({"i": 1})
    with pytest.raises(TreadleError, match="cannot be written"):
        kept.flush()
    folder.unlink()
    kept.close()
    (segment,), _ = segments(folder)
    assert numbers(folder, segment) == [1]


def test_the_number_of_a_line_grows_whatever_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three servers one after the other, the clock an hour back for the second, and two side by side at the end."""
    now = 1_700_000_000_000_000_000
    for clock in (now, now - 3_600_000_000_000, now - 7_200_000_000_000):
        monkeypatch.setattr(journal.time, "time_ns", lambda clock=clock: clock)
        kept = FolderJournal(tmp_path).writer("outcomes")
        for i in range(3):
            kept.add({"clock": clock, "i": i})
            kept.flush()
        kept.close()
    one, other = FolderJournal(tmp_path).writer("outcomes"), FolderJournal(tmp_path).writer("predictions")
    for _ in range(2):
        for each in (one, other):
            each.add({"clock": 0, "i": 9})
            each.add({"clock": 0, "i": 9})
            each.flush()
    one.close()
    other.close()
    found = [r for kind in ("outcomes", "predictions") for r in records(FolderJournal(tmp_path), kind)]
    order = [(record["clock"], record["i"]) for record in sorted(found, key=lambda record: record["seq"])]
    assert order[:9] == [(now - back * 3_600_000_000_000, i) for back in range(3) for i in range(3)]
    assert len({record["seq"] for record in found}) == len(found) == 17


def test_numbers_go_on_where_the_file_of_the_last_one_is_gone(tmp_path: Path) -> None:
    before = journal.numbers(tmp_path, 10)
    (tmp_path / journal.SEQUENCE).unlink()
    assert journal.numbers(tmp_path, 1) > before + 9
    (tmp_path / journal.SEQUENCE).write_bytes(b"\x00" * 20)
    assert journal.numbers(tmp_path, 1) > before + 10


NUMBERS = """
import sys
from pathlib import Path
from treadle.backends.embedded.journal import numbers
print([n for _ in range(500) for n in [numbers(Path(sys.argv[1]), 3)]])
"""


def test_processes_side_by_side_never_get_the_same_number(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NUMBERS, str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    firsts = sorted(n for child in children for n in json.loads(child.communicate()[0]))
    assert len(firsts) == 1500 and all(b - a >= 3 for a, b in pairwise(firsts))
