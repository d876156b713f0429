"""Concerns without a name: what is kept of them, when they are shown, and what happens to the place where they wait."""

from __future__ import annotations

import dataclasses
import io
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stages"))

from stage_shop import edit, opened, write_shop

from treadle.cli import main
from treadle.errors import DecisionError
from treadle.evidence import Chain
from treadle.evidence.kinds.concerns_shown import NOBODY, Concern, ConcernsShown
from treadle.evidence.kinds.noted import Noted
from treadle.people import unnamed
from treadle.people.concerns import raise_concern, show_waiting

MONDAY, SUNDAY, NEXT = date(2026, 11, 23), date(2026, 11, 29), date(2026, 11, 30)


def shown(chain: Chain) -> list[list[str]]:
    return [[each.text for each in entry.payload.concerns] for entry in chain.find(ConcernsShown)]


def test_three_are_shown_at_once_when_a_week_has_begun_and_by_nobody(chain: Chain, tmp_path: Path) -> None:
    for text in ("the data is bought too dear", "nobody reads the report", "we work too late"):
        raise_concern(chain, tmp_path, text, MONDAY)
        show_waiting(chain, tmp_path, SUNDAY)
    assert chain.find() == []
    show_waiting(chain, tmp_path, NEXT)
    (batch,) = chain.find()
    assert (batch.actor, batch.run if chain.run == "" else "") == (NOBODY, "")
    assert sorted(each.text for each in batch.payload.concerns) == [
        "nobody reads the report", "the data is bought too dear", "we work too late"
    ]  # fmt: skip
    assert [each.id for each in batch.payload.concerns] == sorted(each.id for each in batch.payload.concerns)
    show_waiting(chain, tmp_path, date(2026, 12, 7))
    assert len(chain.find()) == 1, "what was shown is gone from where it waited"


def test_two_wait_for_a_third_however_long(chain: Chain, tmp_path: Path) -> None:
    for text in ("one", "two"):
        raise_concern(chain, tmp_path, text, MONDAY)
    show_waiting(chain, tmp_path, date(2027, 3, 1))
    raise_concern(chain, tmp_path, "three", date(2027, 3, 1))
    assert shown(chain) == []
    show_waiting(chain, tmp_path, date(2027, 3, 8))
    assert sorted(shown(chain)[0]) == ["one", "three", "two"]


def test_who_begins_a_week_by_raising_one_is_not_among_those_that_are_shown(chain: Chain, tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        raise_concern(chain, tmp_path, text, MONDAY)
    raise_concern(chain, tmp_path, "four", NEXT)
    assert sorted(shown(chain)[0]) == ["one", "three", "two"]


def test_a_keyboard_adds_nothing_of_its_own() -> None:
    assert (
        unnamed.plain(" We\u00a0don\u2019t \u201ctest\u201d \u2014\r\n\tever\u200b. \n") == 'We don\'t "test" - ever.'
    )
    assert unnamed.plain("ﬁne") == "fine"
    assert unnamed.plain("half a pair \ud83d") == "half a pair"


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00\x1b", "x" * (unnamed.MOST_BYTES + 1), "ü" * unnamed.MOST_BYTES])
def test_nothing_and_too_much_are_refused(chain: Chain, tmp_path: Path, text: str) -> None:
    with pytest.raises(DecisionError):
        raise_concern(chain, tmp_path, text, MONDAY)


def test_the_longest_text_is_kept_whole(chain: Chain, tmp_path: Path) -> None:
    texts = ["a" * unnamed.MOST_BYTES, "ü" * (unnamed.MOST_BYTES // 2), "短" * (unnamed.MOST_BYTES // 3)]
    for text in texts:
        raise_concern(chain, tmp_path, text, MONDAY)
    show_waiting(chain, tmp_path, NEXT)
    assert sorted(shown(chain)[0]) == sorted(texts)


def test_no_room_is_told_and_loses_nothing(chain: Chain, tmp_path: Path) -> None:
    for number in range(unnamed.SLOTS):
        raise_concern(chain, tmp_path, f"concern {number}", MONDAY)
    with pytest.raises(DecisionError, match="64 concerns wait already"):
        raise_concern(chain, tmp_path, "one more", MONDAY)
    show_waiting(chain, tmp_path, NEXT)
    assert len(shown(chain)[0]) == unnamed.SLOTS


def test_many_at_once_are_all_kept(chain: Chain, tmp_path: Path) -> None:
    every = [threading.Thread(target=raise_concern, args=(chain, tmp_path, f"concern {n}", MONDAY)) for n in range(12)]
    for each in every:
        each.start()
    for each in every:
        each.join()
    show_waiting(chain, tmp_path, NEXT)
    assert len(shown(chain)[0]) == 12


def test_killed_between_the_record_and_the_file_nothing_is_lost_or_shown_twice(chain: Chain, tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        raise_concern(chain, tmp_path, text, MONDAY)
    before = (tmp_path / unnamed.FILE).read_bytes()
    show_waiting(chain, tmp_path, NEXT)
    (tmp_path / unnamed.FILE).write_bytes(before)  # as if it had died after the entry
    raise_concern(chain, tmp_path, "four", NEXT)
    show_waiting(chain, tmp_path, date(2026, 12, 7))
    assert [len(batch) for batch in shown(chain)] == [3]

    def fails(concerns: object) -> None:
        raise OSError("the disk is full")

    for text in ("five", "six"):
        raise_concern(chain, tmp_path, text, date(2026, 12, 7))
    with pytest.raises(OSError, match="disk is full"):
        unnamed.show(tmp_path, "2026-W51", fails, frozenset())
    show_waiting(chain, tmp_path, date(2026, 12, 14))
    assert sorted(shown(chain)[1]) == ["five", "four", "six"]


def test_a_place_that_was_not_written_whole_is_free_and_the_others_stand(chain: Chain, tmp_path: Path) -> None:
    for text in ("one", "two", "three", "four"):
        raise_concern(chain, tmp_path, text, MONDAY)
    file = tmp_path / unnamed.FILE
    content = bytearray(file.read_bytes())
    place = content.index(b"three")
    content[place] ^= 1
    file.write_bytes(content)
    show_waiting(chain, tmp_path, NEXT)
    assert sorted(shown(chain)[0]) == ["four", "one", "two"]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\0" * (64 + 64 * 2048)])
def test_a_file_that_is_none_is_begun_anew(chain: Chain, tmp_path: Path, content: bytes) -> None:
    (tmp_path / unnamed.FILE).write_bytes(content)
    for text in ("one", "two", "three"):
        raise_concern(chain, tmp_path, text, MONDAY)
    show_waiting(chain, tmp_path, NEXT)
    assert len(shown(chain)[0]) == 3


def test_places_are_drawn_and_tell_no_order(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    firsts = 0
    for number in range(200):
        folder = tmp_path / str(number)
        folder.mkdir()
        unnamed.put(folder, "earlier")
        unnamed.put(folder, "later")
        content = (folder / unnamed.FILE).read_bytes()
        firsts += content.index(b"earlier") < content.index(b"later")
    assert 65 <= firsts <= 135  # of 200 tosses of a coin, but for one time in a million


class TestOnTheCommandLine:
    @pytest.fixture
    def shop(self, tmp_path: Path) -> Path:
        folder = write_shop(tmp_path / "shop")
        edit(folder, "approve: reviewer}", "approve: reviewer, roles: {expert: [lin], lead: [bo]}}")
        with (folder / "treadle.yaml").open("a", encoding="utf-8") as file:
            file.write("access: {trust: local, logins: {'*': ada}}\n")
        workspace = opened(folder)
        workspace.chain.append(Noted(text="begun"), "shop")
        workspace.chain.engine.dispose()
        return folder

    @staticmethod
    def do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, *words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["treadle", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        return f"{code} {out}{err}"

    def test_nothing_but_the_words_is_kept_and_they_stand_in_one_file(
        self, shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = [entry.seq for entry in opened(shop).chain.find()]
        for who, text in (("lin", "it leaks\n"), ("bo", "we hurry"), ("grace", "nobody asks")):
            told = self.do(monkeypatch, capsys, text, "concern", "raise", str(shop), "--as", who)
            assert told.startswith("0 kept, without your name"), told
            assert who not in told
        refused = self.do(monkeypatch, capsys, "x", "concern", "raise", str(shop), "--as", "mallory")
        assert refused.startswith("1 ") and "mallory" in refused
        assert self.do(monkeypatch, capsys, " ", "concern", "raise", str(shop)).startswith("1 ")
        assert "no concerns were shown yet" in self.do(monkeypatch, capsys, "", "concern", "list", str(shop))
        assert [entry.seq for entry in opened(shop).chain.find()] == before, "not even that somebody was refused"
        holds = [
            file.name for file in (shop / ".treadle").rglob("*") if file.is_file() and b"it leaks" in file.read_bytes()
        ]
        assert holds == [unnamed.FILE]
        workspace = opened(shop, now=datetime(2099, 1, 5, tzinfo=UTC))
        show_waiting(workspace.chain, workspace.root, date(2099, 1, 5))
        workspace.chain.engine.dispose()
        told = self.do(monkeypatch, capsys, "", "concern", "list", str(shop))
        assert "it leaks" in told and "shown on 2099-01-05" in told
        assert "0 " in self.do(monkeypatch, capsys, "", "verify", str(shop))

    def test_every_command_writes_it_again_so_that_its_time_tells_of_none(
        self, shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = shop / ".treadle" / unnamed.FILE
        self.do(monkeypatch, capsys, "words", "concern", "raise", str(shop), "--as", "lin")
        seen, content = file.stat(), file.read_bytes()
        assert self.do(monkeypatch, capsys, "", "decide", "list", str(shop)).startswith("0 ")
        now = file.stat()
        assert now.st_ctime_ns > seen.st_ctime_ns and file.read_bytes() == content
        assert (now.st_mtime, now.st_ino, now.st_size) == (0, seen.st_ino, seen.st_size)
        assert now.st_mode & 0o077 == 0

    def test_a_link_in_its_place_is_not_followed(self, tmp_path: Path, chain: Chain) -> None:
        other = tmp_path / "other"
        other.write_text("mine")
        (tmp_path / "room").mkdir()
        (tmp_path / "room" / unnamed.FILE).symlink_to(other)
        with pytest.raises(OSError, match="symbolic"):
            raise_concern(chain, tmp_path / "room", "words", MONDAY)
        unnamed.stir(tmp_path / "room")
        assert other.read_text() == "mine"


def test_it_is_no_matter_whose_chain_it_is(chain: Chain, tmp_path: Path) -> None:
    for who, text in (("lin", "one"), ("bo", "two"), ("ada", "three")):
        raise_concern(dataclasses.replace(chain, actor=who), tmp_path, text, MONDAY)
    show_waiting(dataclasses.replace(chain, actor="grace"), tmp_path, NEXT)
    (batch,) = chain.find()
    assert batch.actor == NOBODY and isinstance(batch.payload.concerns[0], Concern)


@pytest.mark.parametrize("act", ["raise", "list", "list when a week began"])
def test_the_times_of_both_files_are_as_after_any_command(chain: Chain, tmp_path: Path, act: str) -> None:
    """One was written after both were, and looking into it left the time of a look: it said that one was raised."""
    raise_concern(chain, tmp_path, "one", MONDAY)
    places = [tmp_path / pool.file for pool in (unnamed.CONCERNS, unnamed.CHECKINS)]
    before = [place.stat().st_ctime_ns for place in places]
    if act == "raise":
        raise_concern(chain, tmp_path, "two", MONDAY)
    else:
        show_waiting(chain, tmp_path, NEXT if "began" in act else MONDAY)
    now = [place.stat() for place in places]
    assert all(after.st_ctime_ns > earlier for after, earlier in zip(now, before, strict=True))
    assert now[0].st_ctime_ns <= now[1].st_ctime_ns, "in the order in which every command writes them"
    assert [(each.st_atime, each.st_mtime) for each in now] == [(0, 0), (0, 0)]


def test_a_clock_that_is_set_back_shows_none(chain: Chain, tmp_path: Path) -> None:
    show_waiting(chain, tmp_path, NEXT)
    for text in ("one", "two", "three"):
        raise_concern(chain, tmp_path, text, NEXT)
    for day in (MONDAY, date(2025, 12, 31), NEXT):
        show_waiting(chain, tmp_path, day)
        assert chain.find() == []
    show_waiting(chain, tmp_path, date(2027, 1, 4))
    assert len(shown(chain)[0]) == 3
