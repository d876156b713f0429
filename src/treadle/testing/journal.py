"""What an engine of journals does. See `treadle.serving.Journal` for the protocol."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from treadle.testing.killing import killed_after, say, writing

Opens = Callable[[], Any]
KINDS = ("predictions", "outcomes")
RECORD = {"text": "東京\n\u2028 'ü'", "nothing": None, "nan": float("nan"), "yes": True, "many": [1, 2.5, {"k": "v"}]}


class JournalSuite:
    """What every engine of journals keeps to. `opens` gives the journal of one endpoint, always the same.

    - what is flushed is read back in order by any opener, each record once, whole, with its number `seq` more;
    - of two lines of the endpoint the later has the greater number, of whatever kind and by whatever process, at the
      same time too; no number and no name of a segment is given twice, also after all before was moved;
    - a segment is open while its writer lives and has not closed it, and closed afterwards; one that was read while it
      was open is still found under its name when it is closed; kinds do not mix;
    - what was flushed survives the end of its writer by any signal, and its segment is closed then; while the writer
      lives nobody takes it for closed;
    - one that was moved or set aside is gone, for whoever listed it before too, and may be so told again;
    - what is forgotten before it is flushed is never there;
    - a writer to which nothing was added leaves nothing, and to read changes nothing.
    """

    @pytest.fixture
    def opens(self) -> Opens:
        pytest.fail("the engine's test gives the fixture `opens`")

    def test_nothing_is_in_a_journal_that_nobody_wrote(self, opens: Opens) -> None:
        assert opens().segments("predictions") == ([], [])
        writer = opens().writer("predictions")
        writer.flush()
        writer.close()
        assert opens().segments("predictions") == ([], [])

    def test_what_is_flushed_is_read_back_in_order_by_any_opener(self, opens: Opens) -> None:
        writer = opens().writer("predictions")
        for i in range(100):
            writer.add({"i": i, **RECORD})
            if i % 7 == 0:
                writer.flush()
        closed, live = opens().segments("predictions")
        assert closed == [] and len(live) == 1
        assert _numbers(opens(), live) == list(range(99)), "what was not flushed is not there"
        writer.close()
        closed, still = opens().segments("predictions")
        assert closed == live and still == [] and _numbers(opens(), closed) == list(range(100))
        last = [*opens().lines(closed[0])][-1]
        assert last.pop("seq") > 0 and last == {"i": 99, **RECORD, "nan": None}

    def test_what_is_forgotten_is_not_written(self, opens: Opens) -> None:
        writer = opens().writer("outcomes")
        writer.add({"i": 0})
        writer.flush()
        writer.add({"i": 7}, {"i": 8})
        writer.forget()
        writer.add()
        writer.add({"i": 1}, {"i": 2})
        writer.close()
        closed, _ = opens().segments("outcomes")
        assert _numbers(opens(), closed) == [0, 1, 2]

    def test_kinds_do_not_mix(self, opens: Opens) -> None:
        for i, kind in enumerate(KINDS):
            _write(opens(), i, kind=kind)
        for i, kind in enumerate(KINDS):
            (segment,), live = opens().segments(kind)
            assert segment.kind == kind and live == [] and _numbers(opens(), [segment]) == [i]
        names = [segment.name for kind in KINDS for segment in opens().segments(kind)[0]]
        assert len(set(names)) == 2

    def test_each_writer_has_a_segment_of_its_own(self, opens: Opens) -> None:
        journal = opens()
        one, other = journal.writer("predictions"), opens().writer("predictions")
        for i in range(10):
            for writer, number in ((one, i), (other, 100 + i)):
                writer.add({"i": number})
                writer.flush()
        one.close()
        closed, live = opens().segments("predictions")
        assert _numbers(opens(), closed) == list(range(10)) and _numbers(opens(), live) == list(range(100, 110))
        other.close()
        assert len(opens().segments("predictions")[0]) == 2

    def test_closed_segments_come_oldest_first(self, opens: Opens) -> None:
        for i in range(12):
            _write(opens(), i)
        closed, _ = opens().segments("predictions")
        assert _numbers(opens(), closed) == list(range(12))

    # -- numbers

    def test_the_later_line_has_the_greater_number(self, opens: Opens) -> None:
        """Writers one after the other, then two side by side, of both kinds; the second is opened before the first."""
        for i in range(3):
            _write(opens(), i)
        one, other = (opens().writer(kind) for kind in KINDS)
        for i in range(3, 9):
            writer = other if i % 2 else one
            writer.add({"i": i})
            writer.flush()
        one.close()
        other.close()
        found = sorted(_records(opens()), key=lambda record: record["seq"])
        assert [record["i"] for record in found] == list(range(9))

    def test_processes_side_by_side_never_get_the_same_number(self, opens: Opens) -> None:
        with ExitStack() as running:
            for said in [running.enter_context(writing(_write_some, opens)) for _ in range(3)]:
                assert next(said) == "done"
        numbers = [record["seq"] for record in _records(opens())]
        assert len(numbers) == 3 * _SOME and len(set(numbers)) == len(numbers)

    def test_neither_number_nor_name_comes_again_when_all_was_moved(self, opens: Opens) -> None:
        seen, last = set(), 0
        for i in range(5):
            _write(opens(), i)
            (segment,), _ = opens().segments("predictions")
            (record,) = opens().lines(segment)
            assert segment.name not in seen and record["seq"] > last
            seen.add(segment.name)
            last = record["seq"]
            opens().moved(segment)

    # -- the end of a writer

    def test_a_killed_writer_loses_nothing_that_was_flushed(self, opens: Opens) -> None:
        told = killed_after(100, _write_for_ever, opens)
        closed, live = opens().segments("predictions")
        found = _numbers(opens(), closed)
        assert live == [] and found == list(range(len(found))) and len(found) > int(told[-1])

    def test_a_segment_in_use_is_not_taken_for_one_left_behind(self, opens: Opens) -> None:
        with writing(_write_for_ever, opens) as said:
            next(said)
            closed, (used,) = opens().segments("predictions")
            assert closed == [] and _numbers(opens(), [used])[0] == 0
        assert opens().segments("predictions") == ([used], [])

    def test_a_new_segment_is_never_taken_for_one_left_behind(self, opens: Opens) -> None:
        """One process begins and closes segments as fast as it can, another takes what is closed."""
        found: list[int] = []
        with writing(_write_some, opens) as said:
            while len(found) < _SOME:
                for segment in opens().segments("predictions")[0]:
                    found += _numbers(opens(), [segment])
                    opens().moved(segment)
            assert next(said) == "done"
        assert found == list(range(_SOME)) and opens().segments("predictions") == ([], [])

    # -- moved, damaged

    @pytest.mark.parametrize("way", ["moved", "damaged"])
    def test_what_was_moved_or_is_damaged_is_gone_for_all(self, opens: Opens, way: str) -> None:
        for i in range(2):
            _write(opens(), i)
        (first, second), _ = opens().segments("predictions")
        for _ in range(2):  # as two processes that move at once would
            getattr(opens(), way)(first)
        assert opens().segments("predictions") == ([second], [])
        assert [*opens().lines(first)] == [] and _numbers(opens(), [second]) == [1]

    def test_to_read_changes_nothing(self, opens: Opens) -> None:
        _write(opens(), 0)
        writer = opens().writer("predictions")
        writer.add({"i": 1})
        writer.flush()
        looks = [([*map(str, opens().segments("predictions"))], [*map(str, _records(opens()))]) for _ in range(3)]
        assert looks[0] == looks[1] == looks[2]
        writer.add({"i": 2})
        writer.close()
        assert _numbers(opens(), opens().segments("predictions")[0]) == [0, 1, 2]


_SOME = 200


def _write(journal: Any, *numbers: int, kind: str = "predictions") -> None:
    """One closed segment."""
    writer = journal.writer(kind)
    for i in numbers:
        writer.add({"i": i})
    writer.close()


def _numbers(journal: Any, segments: list[Any]) -> list[int]:
    return [record["i"] for segment in segments for record in journal.lines(segment)]


def _records(journal: Any) -> list[Any]:
    parts = [journal.segments(kind) for kind in KINDS]
    return [r for closed, live in parts for segment in (*closed, *live) for r in journal.lines(segment)]


def _write_some(opens: Opens) -> None:
    journal = opens()
    for i in range(_SOME):
        _write(journal, i)
    say("done")


def _write_for_ever(opens: Opens) -> None:
    writer = opens().writer("predictions")
    for i in range(1_000_000):
        writer.add({"i": i, "text": "x" * 1000})
        writer.flush()
        say(i)
