"""What the journal takes is on disk after a flush, whole lines only, and each record comes back once."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from treadle.errors import TreadleError
from treadle.serving import journal
from treadle.serving.journal import Journal, lines, records, segments


def numbers(path: Path) -> list[int]:
    return [record["i"] for record in records(path)]


def test_what_is_flushed_is_read_back_in_order(tmp_path: Path) -> None:
    kept = Journal(tmp_path, "predictions")
    for i in range(100):
        kept.add({"i": i, "text": "東京\n\u2028 'ü'", "nothing": None, "nan": float("nan")})
        if i % 7 == 0:
            kept.flush()
    closed, live = segments(tmp_path, "predictions")
    assert closed == [] and len(live) == 1
    assert numbers(live[0]) == list(range(99))
    kept.close()
    closed, live = segments(tmp_path, "predictions")
    assert live == [] and numbers(closed[0]) == list(range(100))
    last = list(records(closed[0]))[-1]
    assert last.pop("seq") > 0
    assert last == {"i": 99, "text": "東京\n\u2028 'ü'", "nothing": None, "nan": None}


def test_an_unused_journal_leaves_no_file(tmp_path: Path) -> None:
    kept = Journal(tmp_path, "predictions")
    kept.flush()
    kept.close()
    assert list(tmp_path.iterdir()) == []


def test_kinds_do_not_mix(tmp_path: Path) -> None:
    for kind in ("predictions", "outcomes"):
        kept = Journal(tmp_path, kind)
        kept.add({"i": len(kind)})
        kept.close()
    (found,), _ = segments(tmp_path, "outcomes")
    assert numbers(found) == [8]


def test_a_full_segment_is_closed_and_another_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_ROLL_BYTES", 1000)
    kept = Journal(tmp_path, "predictions")
    for i in range(200):
        kept.add({"i": i})
        kept.flush()
    kept.close()
    closed, live = segments(tmp_path, "predictions")
    assert len(closed) > 1 and live == []
    assert all(path.stat().st_size < 1100 for path in closed)
    assert [i for path in closed for i in numbers(path)] == list(range(200))


def test_an_old_segment_is_closed_though_nothing_new_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Journal(tmp_path, "predictions")
    kept.add({"i": 1})
    kept.flush()
    assert segments(tmp_path, "predictions")[0] == []
    monkeypatch.setattr(journal, "_ROLL_SECONDS", 0.0)
    kept.flush()
    assert [numbers(path) for path in segments(tmp_path, "predictions")[0]] == [[1]]
    kept.close()


WRITER = """
import sys
from itertools import pairwise
from pathlib import Path
from treadle.serving.journal import Journal
kept = Journal(Path(sys.argv[1]), "predictions")
for i in range(10_000_000):
    kept.add({"i": i, "text": "x" * 1000})
    if i % 10 == 9:
        kept.flush()
        print(i, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(200)][-1]
        assert segments(tmp_path, "predictions")[0] == []  # in use: nobody takes it for one left behind
        child.send_signal(signal.SIGKILL)
    (left,), live = segments(tmp_path, "predictions")
    assert left.suffix == ".open" and live == []  # nobody writes it any more; to look at it changes nothing
    found = numbers(left)
    assert found == list(range(len(found))) and len(found) > acknowledged


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "predictions-1.jsonl"
    path.write_bytes(b'{"i":1}\n{"i":2}\n{"i":3,"te')
    assert list(lines(path)) == [{"i": 1}, {"i": 2}]


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "predictions-1.jsonl"
    path.write_bytes(b'{"i":1}\n\x00\x00\x00\n{"i":"\xff"}\n[1]\n{"i":2}\n')
    assert numbers(path) == [1, 2]
    assert [line for line in lines(path) if isinstance(line, bytes)] == [b"\x00\x00\x00\n", b'{"i":"\xff"}\n', b"[1]\n"]


def test_a_segment_that_was_closed_or_moved_meanwhile_is_no_error(tmp_path: Path) -> None:
    closed = tmp_path / "predictions-1.jsonl"
    closed.write_bytes(b'{"i":1}\n')
    assert numbers(tmp_path / "predictions-1.open") == [1]
    closed.unlink()
    assert numbers(tmp_path / "predictions-1.open") == [] and numbers(closed) == []
    assert segments(tmp_path / "nowhere", "predictions") == ([], [])


FULL = """
import resource, sys
from pathlib import Path
from treadle.errors import TreadleError
from treadle.serving.journal import Journal
kept = Journal(Path(sys.argv[1]), "predictions")
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
    (path,), _ = segments(tmp_path, "predictions")
    assert numbers(path) == list(range(100)) and path.read_bytes().count(b"\n") == 100


def test_a_folder_that_cannot_be_made_keeps_records_waiting(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    kept = Journal(folder, "predictions")
    folder.rmdir()
    folder.write_text("a file stands here")
    kept.add({"i": 1})
    with pytest.raises(TreadleError, match="cannot be written"):
        kept.flush()
    folder.unlink()
    kept.close()
    (path,), _ = segments(folder, "predictions")
    assert numbers(path) == [1]


MANY = """
import sys
from itertools import pairwise
from pathlib import Path
from treadle.serving.journal import Journal
kept = Journal(Path(sys.argv[1]), "predictions")
for i in range(300):
    kept.add({"i": i})
    kept.flush()
    kept.roll()
"""


def test_a_new_segment_is_never_taken_for_one_left_behind(tmp_path: Path) -> None:
    """One process begins and closes segments as fast as it can, another takes what is closed."""
    found: list[int] = []
    with subprocess.Popen([sys.executable, "-c", MANY, str(tmp_path)]) as child:
        while child.poll() is None or segments(tmp_path, "predictions")[0]:
            for path in segments(tmp_path, "predictions")[0]:
                found += numbers(path)
                path.unlink()
    assert found == list(range(300))


def test_the_number_of_a_line_grows_whatever_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three servers one after the other, the clock an hour back for the second, and two side by side at the end."""
    now = 1_700_000_000_000_000_000
    for clock in (now, now - 3_600_000_000_000, now - 7_200_000_000_000):
        monkeypatch.setattr(journal.time, "time_ns", lambda clock=clock: clock)
        kept = Journal(tmp_path, "outcomes")
        for i in range(3):
            kept.add({"clock": clock, "i": i})
            kept.flush()
        kept.close()
    one, other = Journal(tmp_path, "outcomes"), Journal(tmp_path, "predictions")
    for _ in range(2):
        for each in (one, other):
            each.add({"clock": 0, "i": 9})
            each.add({"clock": 0, "i": 9})
            each.flush()
    one.close()
    other.close()
    found = [
        record
        for kind in ("outcomes", "predictions")
        for path in segments(tmp_path, kind)[0]
        for record in records(path)
    ]
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
from itertools import pairwise
from pathlib import Path
from treadle.serving.journal import numbers
print([n for _ in range(500) for n in [numbers(Path(sys.argv[1]), 3)]])
"""


def test_processes_side_by_side_never_get_the_same_number(tmp_path: Path) -> None:
    command = [sys.executable, "-c", NUMBERS, str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    firsts = sorted(n for child in children for n in json.loads(child.communicate()[0]))
    assert len(firsts) == 1500 and all(b - a >= 3 for a, b in pairwise(firsts))


def test_to_look_at_segments_changes_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (left,), _ = segments(tmp_path, "predictions")
    assert numbers(left) and {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
