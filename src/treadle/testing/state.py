"""What an online state does. See `treadle.features.OnlineState` for the protocol."""

from __future__ import annotations

import random
import time
from bisect import bisect_left
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from treadle.errors import TreadleError
from treadle.testing.killing import killed_after, say, writing

Opens = Callable[[], Any]

FOREVER = 2**61
DAY = 86_400_000_000
VALUES: tuple[Any, ...] = (
    True,
    False,
    0,
    -(2**63),
    2**63 - 1,
    0.1,
    -0.0,
    1e308,
    5e-324,
    "",
    "東京 'ü' \U0001f6eb \x00",
    "2024-02-29",
    date(2024, 2, 29),
    date.min,
    date.max,
    datetime(2024, 2, 29, 1, 2, 3, 456789, tzinfo=UTC),
    datetime(1950, 1, 1, tzinfo=UTC),
    None,
)
"""One of each kind that a source can hold, at its edges."""
KEYS: tuple[Any, ...] = (
    "",
    "a",
    "東京",
    "e\u0301",
    "\u00e9",  # another text than the one before it, though it looks the same
    "\x00",
    "k" * 600,
    "k" * 600 + "l",
    "1",
    1,
    -1,
    2**53 + 1,
    "2024-02-29",
    date(2024, 2, 29),
    datetime(2024, 2, 29, tzinfo=UTC),
    ("a", 1),
    ("a", "1"),
    ("a", date(2024, 2, 29)),
    ("a", "2024-02-29"),
    ("a\x00", "b"),
    ("a", "\x00b"),
)


def same(found: Any, told: Any) -> bool:
    """Equal and of one type; a time may come back with another name for UTC."""
    return bool(found == told) and type(found) is type(told)


class OnlineStateSuite:
    """What every online state keeps to:

    - a key that nobody told of has no history and no versions; keys of other types or streams are other keys;
    - events come back in the order of (known, id), whatever order they were told in; one told twice counts once,
      as told last;
    - values come back equal and of the same type: bool, int of 64 bits, float, str, date, time with a zone, None;
    - what is older than `keep_us` before a key's newest event may be forgotten. Where there was any, the history's
      `floor` is that edge, however the events were ordered and put together, so that a window has the same answer;
    - what is put `together` is read at once, and kept whole or not at all;
    - `load` replaces everything and keeps `as_of`.
    """

    @pytest.fixture
    def opens(self) -> Opens:
        pytest.fail("the engine's test gives the fixture `opens`")

    def again(self, state: Any, opens: Opens) -> Any:
        """The state as a later reader finds it. A durable engine is closed and opened."""
        return state

    def test_an_unknown_key_has_nothing(self, opens: Opens) -> None:
        state = opens()
        state.put_events("v", [("a", 1, "x", ())], 0, FOREVER)
        assert state.history("v", "b") is None and state.history("w", "a") is None
        assert state.versions("v", "a") is None
        state.close()

    def test_keys_of_any_text_type_and_length_are_kept_apart(self, opens: Opens) -> None:
        state = opens()
        for number, key in enumerate(KEYS):
            state.put_events("v", [(key, number, "x", (number,))], 1, FOREVER)
            state.put_lookup("v", [(key, number, number, (-number,))], None)
        state = self.again(state, opens)
        assert [state.history("v", key).known for key in KEYS] == [[n] for n in range(len(KEYS))]
        assert [state.versions("v", key).values for key in KEYS] == [[(-n,)] for n in range(len(KEYS))]
        state.close()

    def test_zero_is_one_key_whatever_its_sign(self, opens: Opens) -> None:
        state = opens()
        state.put_events("v", [(-0.0, 1, "x", (1,)), ((0.0, "a"), 2, "x", (2,))], 1, FOREVER)
        state.put_lookup("v", [(0.0, 1, 1, (3,))], None)
        state = self.again(state, opens)
        assert state.history("v", 0.0).known == [1] and state.history("v", (-0.0, "a")).known == [2]
        assert state.versions("v", -0.0).values == [(3,)]
        state.close()

    def test_events_are_in_order_however_they_were_told(self, opens: Opens) -> None:
        state = opens()
        told = [("k", 30, "a", (3.0,)), ("k", 10, "b", (1.0,)), ("k", 10, "a", (0.5,)), ("k", 20, "a", (None,))]
        state.put_events("v", told[:2], 1, FOREVER)
        state.put_events("v", told[2:], 1, FOREVER)
        state = self.again(state, opens)
        found = state.history("v", "k")
        assert list(zip(found.known, found.ids, found.values[0], strict=True)) == [
            (10, "a", 0.5),
            (10, "b", 1.0),
            (20, "a", None),
            (30, "a", 3.0),
        ]
        assert (found.count(0, 0, 4), found.total(0, 1, 4), found.last(0, 0, 3)) == (3, 4.0, 1.0)
        state.close()

    def test_an_event_told_again_counts_once_as_told_last(self, opens: Opens) -> None:
        state = opens()
        for value in (1.0, 7.0):
            state.put_events("v", [("k", 10, "a", (value,)), ("k", 20, "b", (2.0,))], 1, FOREVER)
            state = self.again(state, opens)
        found = state.history("v", "k")
        assert found.values == [[7.0, 2.0]] and found.total(0, 0, 2) == 9.0
        state.close()

    def test_values_keep_their_type(self, opens: Opens) -> None:
        state = opens()
        values = [value for value in VALUES if type(value) is not date]
        state.put_events("v", [("k", i, "", (value,)) for i, value in enumerate(values)], 1, FOREVER)
        state.put_lookup("s", [("k", 5, 5, VALUES)], None)
        state = self.again(state, opens)
        history, versions = state.history("v", "k").values[0], state.versions("s", "k").find(6, None)
        assert [(told, found) for told, found in zip(values, history, strict=True) if not same(found, told)] == []
        assert [(told, found) for told, found in zip(VALUES, versions, strict=True) if not same(found, told)] == []
        state.close()

    def test_dates_of_events_keep_their_type(self, opens: Opens) -> None:
        with closing(opens()) as state:
            state.put_events("v", [("k", 1, "", (date(2024, 2, 29), 1.0)), ("k", 2, "", (None, 2.0))], 2, FOREVER)
            state = self.again(state, opens)
            found = state.history("v", "k")
            state.close()
        assert same(found.last(0, 0, 2), date(2024, 2, 29)) and found.count(0, 0, 2) == 1 and found.total(1, 0, 2) == 3

    def test_a_lookup_finds_what_was_known_before_and_happened_last(self, opens: Opens) -> None:
        state = opens()
        told = [("k", 20, 10, ("new",)), ("k", 30, 5, ("late news of old",)), ("k", 10, 1, ("old",))]
        for row in told:
            state.put_lookup("s", [row], None)
        state = self.again(state, opens)
        found = state.versions("s", "k")
        assert [found.find(at, None) for at in (10, 11, 20, 21, 31)] == [None, ("old",), ("old",), ("new",), ("new",)]
        assert found.find(31, 20) is None and found.find(31, 21) == ("new",)
        state.close()

    def test_what_is_forgotten_is_said_to_be(self, opens: Opens) -> None:
        state = opens()
        for i in range(100):
            state.put_events("v", [("k", i * DAY, str(i), (1.0,))], 1, 10 * DAY)
        state = self.again(state, opens)
        found = state.history("v", "k")
        assert found.known[-1] == 99 * DAY and 11 <= len(found.known) <= 15
        assert found.floor == 89 * DAY >= found.known[0]
        assert found.count(0, 0, len(found.known)) == len(found.known)
        state.close()

    @pytest.mark.parametrize("seed", range(8))
    def test_a_window_has_one_answer_in_whatever_order_and_parts_events_were_told(
        self, opens: Opens, seed: int
    ) -> None:
        """Also at the edge of what is kept, where it has none: that is not left to when something was forgotten."""
        drawn, keep = random.Random(seed), 10 * DAY
        times = [drawn.randrange((8, 30)[seed % 2] * 24) * DAY // 24 for _ in range(60)]
        told = [("k", known, str(number), (1,)) for number, known in enumerate(times)]
        drawn.shuffle(told)
        with closing(opens()) as state:
            while told:
                part = drawn.choice((1, 1, 2, 7, 30))
                state.put_events("v", told[:part], 1, keep)
                told = told[part:]
            state = self.again(state, opens)
            found = state.history("v", "k")
            state.close()
        edge = max(times) - keep
        lost = min(times) < edge
        for at in range(0, max(times) + DAY, DAY // 4):
            for length in (DAY, 9 * DAY):
                lo, hi = (bisect_left(found.known, moment) for moment in (at - length, at))
                counted = None if at - length < found.floor else found.count(0, lo, hi)
                true = sum(at - length <= known < at for known in times)
                assert counted == (None if lost and at - length < edge else true)

    def test_large_values_and_long_histories_are_kept(self, opens: Opens) -> None:
        state = opens()
        text = "ü" * 2**20
        state.put_events("v", [("large", 1, "x", (text,))], 1, FOREVER)
        state.put_events("v", [("long", i, f"{i:06}", (float(i),)) for i in range(20_000)], 1, FOREVER)
        state = self.again(state, opens)
        assert state.history("v", "large").last(0, 0, 1) == text
        assert state.history("v", "long").total(0, 0, 20_000) == sum(range(20_000))
        state.close()

    def test_what_is_put_together_is_kept_whole_or_not_at_all(self, opens: Opens) -> None:
        state = opens()
        state.put_events("v", [("k", 1, "a", (1,))], 1, FOREVER)
        with pytest.raises(RuntimeError), state.together():
            _put_some(state)
            assert state.history("v", "k").known == [1, 2, 3] and state.versions("s", "k").known == [1]
            raise RuntimeError
        for _ in range(2):
            assert state.history("v", "k").known == [1] and state.history("v", "k").total(0, 0, 1) == 1
            assert state.history("v", "new") is None and state.versions("s", "k") is None
            state = self.again(state, opens)
        with state.together():
            _put_some(state)
        state = self.again(state, opens)
        assert state.history("v", "k").known == [1, 2, 3] and state.history("v", "new").known == [2]
        assert state.versions("s", "k").known == [1]
        state.close()

    def test_late_rows_are_put_at_their_places(self, opens: Opens) -> None:
        told = [(number * 7 % 50 // 2, f"{number * 7 % 50}") for number in range(50)]
        state = opens()
        state.put_lookup("s", [("k", known, -known % 5, (known, name), name) for known, name in told], None)
        state.put_events("v", [("k", known, name, (known,)) for known, name in told], 1, FOREVER)
        state = self.again(state, opens)
        events, rows = state.history("v", "k"), state.versions("s", "k")
        assert list(zip(events.known, events.ids, strict=True)) == sorted(told)
        assert rows.values == [max(pair for pair in told if pair[0] == known) for known in sorted({k for k, _ in told})]
        for at in range(26):
            known = [(-known % 5, known, name) for known, name in told if known < at]
            assert rows.find(at, None) == (max(known)[1:] if known else None)
        state.close()

    def test_a_load_replaces_everything(self, opens: Opens) -> None:
        state = opens()
        assert state.as_of is None
        state.put_events("v", [("old", 1, "a", ("x",)), ("new", 2, "b", ("y",))], 1, FOREVER)
        state.put_lookup("s", [("old", 1, 1, ("x",)), ("new", 1, 1, (date(2024, 1, 3),))], None)
        kept, row = state.history("v", "new"), state.versions("s", "new")
        when = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
        state.load(iter([("v", ("new", 1), kept)]), iter([("s", date(2024, 1, 1), row)]), when)
        state = self.again(state, opens)
        assert state.as_of == when
        assert state.history("v", "old") is None and state.history("v", "new") is None
        assert state.history("v", ("new", 1)).values == [["y"]]
        assert state.versions("s", date(2024, 1, 1)).find(2, None) == (date(2024, 1, 3),)
        state.put_events("v", [(("new", 1), 3, "c", (None,))], 1, FOREVER)
        state = self.again(state, opens)
        assert state.history("v", ("new", 1)).known == [2, 3] and state.as_of == when
        state.close()


class DurableStateSuite(OnlineStateSuite):
    """What an online state that outlives its process keeps to, besides:

    - opening again finds all that was told;
    - what a `put_` or `load` returned from survives the end of the process by any signal, and the place can be opened
      again at once; a `load` that did not return changes nothing;
    - a second that opens the place to write, in this or another process, gets a TreadleError;
    - rows that are refused change nothing;
    - a `load` is known at once to who loaded, and nothing that was told before it is remembered.
    """

    def again(self, state: Any, opens: Opens) -> Any:
        state.close()
        return opens()

    def test_a_load_is_known_at_once_and_nothing_before_it_is_remembered(self, opens: Opens) -> None:
        """Without being opened again: a server that is set back to a time goes on with the state that it has."""
        with closing(opens()) as state:
            state.put_events("v", [("k", 1, "a", (1,))], 1, 2**61)
            state.put_lookup("s", [("k", 1, 1, (1,))], None)
            assert state.history("v", "k").known == [1] and state.versions("s", "k") is not None
            assert state.history("v", "new") is None
            kept, when = state.history("v", "k"), datetime(2024, 1, 1, tzinfo=UTC)
            state.load(iter([("v", "new", kept)]), iter(()), when)
            assert state.as_of == when
            assert state.history("v", "k") is None and state.versions("s", "k") is None
            assert state.history("v", "new").known == [1]

    def test_a_second_writer_is_refused(self, opens: Opens) -> None:
        state = opens()
        with pytest.raises(TreadleError, match="another"):
            opens()
        with writing(_hold, opens) as said:
            assert next(said) == "refused"
        state.close()
        with writing(_hold, opens) as said:
            assert next(said) == "opened"
            with pytest.raises(TreadleError, match="another"):
                opens()
        opens().close()

    def test_a_killed_writer_loses_nothing_that_was_acknowledged(self, opens: Opens) -> None:
        told = [int(line) for line in killed_after(60, _put_for_ever, opens)]
        state = opens()
        events, rows = state.history("v", "k"), state.versions("s", "東京")
        assert set(told) <= set(events.known) and set(told) <= set(rows.known)
        assert events.known == list(range(len(events.known))) and len(events.known) - len(rows.known) in (0, 1)
        assert all(value == known * 0.5 for known, value in zip(events.known, events.values[0], strict=True))
        state.close()

    def test_a_load_that_is_killed_midway_changes_nothing(self, opens: Opens) -> None:
        state = opens()
        state.put_events("v", [("k", 1, "a", (1,))], 1, FOREVER)
        state.close()
        assert killed_after(1, _load_for_ever, opens) == ["midway"]
        state = opens()
        assert state.history("v", "k").known == [1] and state.as_of is None
        assert state.history("v", ("k", 0)) is None
        state.close()

    def test_what_is_put_together_and_killed_midway_changes_nothing(self, opens: Opens) -> None:
        state = opens()
        state.put_events("v", [("k", 1, "a", (1,))], 1, FOREVER)
        state.close()
        assert killed_after(1, _put_together, opens) == ["midway"]
        state = opens()
        assert state.history("v", "k").known == [1] and state.versions("s", "k") is None
        state.close()

    def test_rows_that_are_refused_change_nothing(self, opens: Opens) -> None:
        state = opens()
        state.put_events("v", [("k", 1, "a", (1,))], 1, FOREVER)
        state.put_lookup("s", [("k", 1, 1, (1,))], None)
        with pytest.raises(OverflowError):
            state.put_events("v", [("new", 1, "a", (1,)), ("k", 2, "b", (2**70,))], 1, FOREVER)
        with pytest.raises(OverflowError):
            state.put_lookup("s", [("new", 1, 1, (1,)), ("k", 2, 2, (2**70,))], None)
        for _ in range(2):
            assert state.history("v", "new") is None and state.versions("s", "new") is None
            assert state.history("v", "k").values == [[1]] and state.versions("s", "k").values == [(1,)]
            state = self.again(state, opens)
        state.close()


def _put_some(state: Any) -> None:
    state.put_events("v", [("k", 2, "b", (2,)), ("new", 2, "b", (2,))], 1, FOREVER)
    state.put_events("v", [("k", 3, "c", (3,))], 1, FOREVER)
    state.put_lookup("s", [("k", 1, 1, (1,))], None)


def _put_together(opens: Opens) -> None:
    state = opens()
    with state.together():
        _put_some(state)
        say("midway")
        time.sleep(60)


def _hold(opens: Opens) -> None:
    try:
        state = opens()
    except TreadleError:
        say("refused")
    else:
        say("opened")
        time.sleep(60)
        state.close()


def _put_for_ever(opens: Opens) -> None:
    state = opens()
    for i in range(1_000_000):
        state.put_events("v", [("k", i, "a", (i * 0.5,))], 1, FOREVER)
        state.put_lookup("s", [("東京", i, i, (str(i),))], None)
        say(i)


def _load_for_ever(opens: Opens) -> None:
    state = opens()
    kept = state.history("v", "k")

    def histories() -> Any:
        for i in range(5_000):
            yield "v", ("k", i), kept
        say("midway")
        time.sleep(60)

    state.load(histories(), iter(()), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=1))
