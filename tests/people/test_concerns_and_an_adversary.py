"""An adversary who has every file of the workspace, and knows how it works, guesses who raised which concern.

Two ways: the files are the same to the byte, whoever raised them and whenever between the acts of others (there is
nothing to guess by); and guesses by everything that files have (order, times, places, neighbours in the record) hit no
more often than chance, where the same guesses find out a record that merely leaves the name away.
"""

from __future__ import annotations

import dataclasses
import math
import random
import secrets
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from treadle.evidence import Chain
from treadle.evidence.kinds.concerns_shown import Concern, ConcernsShown
from treadle.evidence.kinds.noted import Noted
from treadle.people import unnamed
from treadle.people.concerns import SUBJECT, raise_concern, show_waiting
from treadle.store.catalog import open_catalog

PEOPLE = ("ada", "bo", "grace", "lin", "max")
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Act:
    """At a minute of the week somebody writes an entry (text is empty), or raises a concern."""

    minute: float
    who: str
    text: str = ""


def live(folder: Path, acts: list[Act], raised: Callable[[Chain, Path, str, datetime], None]) -> None:
    """A week, and the Monday after it, when somebody looks. Whatever is done, the command writes the file again."""
    engine = open_catalog(folder / "catalog.db")
    now = [MONDAY]
    chain = Chain(engine=engine, actor="ada", head_file=folder / "catalog.head", clock=lambda: now[0])
    for act in sorted(acts, key=lambda each: each.minute):
        now[0] = MONDAY + timedelta(minutes=act.minute)
        unnamed.stir(folder)
        if act.text:
            raised(chain.acting(act.who), folder, act.text, now[0])
        else:
            chain.acting(act.who).append(Noted(text="works"), "shop")
    now[0] = MONDAY + timedelta(days=7)
    unnamed.stir(folder)
    show_waiting(chain.acting("ada"), folder, now[0].date())
    engine.dispose()


def ours(chain: Chain, folder: Path, text: str, now: datetime) -> None:
    raise_concern(chain, folder, text, now.date())


def left_away(chain: Chain, folder: Path, text: str, now: datetime) -> None:
    """What would be simple: an entry at once, by nobody."""
    chain.acting("nobody").append(ConcernsShown(concerns=(Concern(secrets.token_hex(8), text),)), SUBJECT)


def files(folder: Path) -> dict[str, Any]:
    """All that is there; of the catalog what stands in it, since its engine draws salts of its own."""
    found: dict[str, Any] = {}
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        if file.is_file() and not name.startswith("catalog.db"):
            found[name] = (file.read_bytes(), file.stat().st_mtime if name == unnamed.FILE else 0, file.stat().st_mode)
    with sqlite3.connect(folder / "catalog.db") as catalog:
        found["catalog"] = list(catalog.iterdump())
    return found


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Chance, begun anew, for entries and for concerns each by itself: two lives that draw alike are alike, where
    nothing else makes a difference."""

    def begin() -> None:
        source, entries = random.Random(5), random.Random(6)
        monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=entries.getrandbits(128), version=4))
        monkeypatch.setattr(secrets, "token_hex", lambda size: source.randbytes(size).hex())
        monkeypatch.setattr(secrets, "choice", source.choice)
        monkeypatch.setattr(secrets, "SystemRandom", lambda: source)

    return begin


def test_the_files_are_the_same_whoever_raised_them_and_whenever(tmp_path: Path, drawn: Callable[[], None]) -> None:
    works = [Act(60.0 * n + 7, who) for n, who in enumerate(PEOPLE * 4)]
    texts = ("we hurry", "it leaks", "nobody asks", "too dear")
    lives = []
    for seed in range(6):
        source = random.Random(seed)
        minutes = sorted(source.uniform(0, 1200) for _ in texts)
        raised = [Act(minute, source.choice(PEOPLE), text) for minute, text in zip(minutes, texts, strict=True)]
        folder = tmp_path / "life"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        drawn()
        live(folder, [*works, *raised], ours)
        lives.append(files(folder))
    assert b"we hurry".hex().upper() in "".join(lives[0]["catalog"]), "they are shown"
    for other in lives[1:]:
        assert other == lives[0]


def guesses(folder: Path) -> dict[str, dict[str, str]]:
    """What each way of guessing says: by text, a person."""
    engine = open_catalog(folder / "catalog.db")
    entries = Chain(engine=engine, actor="eve").find()
    engine.dispose()
    acts = [entry for entry in entries if entry.actor in PEOPLE]
    found: dict[str, dict[str, str]] = {name: {} for name in ("before it", "after it", "in order", "by draw", "most")}
    order = list(dict.fromkeys(entry.actor for entry in acts))
    every = [
        (entry, each)
        for entry in entries
        if isinstance(entry.payload, ConcernsShown)
        for each in entry.payload.concerns
    ]
    share = sorted(PEOPLE, key=lambda who: sum(entry.actor == who for entry in acts))
    for place, (entry, each) in enumerate(every):
        earlier = [one.actor for one in acts if one.seq < entry.seq]
        later = [one.actor for one in acts if one.seq > entry.seq]
        found["before it"][each.text] = earlier[-1] if earlier else order[0]
        found["after it"][each.text] = later[0] if later else order[-1]
        found["in order"][each.text] = order[place % len(order)]
        found["by draw"][each.text] = order[int(each.id[:8], 16) % len(order)]
        found["most"][each.text] = share[-1]
    return found


def hits(tmp_path: Path, raised: Callable[[Chain, Path, str, datetime], None], lives: int) -> dict[str, int]:
    """Who raises a concern writes an entry some minutes before and after: they sit at the keyboard. Others sit there
    at other times, so that who did most is no trace of it."""
    found: dict[str, int] = {}
    for seed in range(lives):
        source, acts, truth = random.Random(seed), list[Act](), dict[str, str]()
        folder = tmp_path / f"{raised.__name__}{seed}"
        folder.mkdir()
        for who in PEOPLE:
            acts += [Act(source.uniform(0, 3000), who) for _ in range(2)]
        for number, who in enumerate(source.sample(PEOPLE, 3)):
            truth[f"concern {seed} {number}"] = who
        told = {who: text for text, who in truth.items()}
        for who in PEOPLE:
            minute = source.uniform(10, 2900)
            acts += [Act(minute + away, who) for away in (-source.uniform(1, 5), source.uniform(1, 5))]
            acts += [Act(minute, who, told[who])] if who in told else []
        live(folder, acts, raised)
        for name, said in guesses(folder).items():
            assert set(said) == set(truth)
            found[name] = found.get(name, 0) + sum(said[text] == who for text, who in truth.items())
    return found


def test_no_guess_is_better_than_chance_and_the_same_guesses_find_out_what_is_simple(tmp_path: Path) -> None:
    lives = 20
    among = 3 * lives
    # a guess that gives one name to all of a life hits once of three who differ, or not at all: by 0.6 of a life
    most = among / len(PEOPLE) + 4 * math.sqrt(among * 0.2 * 0.8)
    found = hits(tmp_path, ours, lives)
    assert {name: number for name, number in found.items() if number > most} == {}, (found, most)
    simple = hits(tmp_path, left_away, lives)
    assert simple["before it"] > 0.7 * among and simple["after it"] > 0.7 * among, simple


def test_files_of_the_middle_of_a_week_tell_no_more(tmp_path: Path, drawn: Callable[[], None]) -> None:
    """A copy that is taken while concerns wait: the same to the byte, whoever raised them."""
    copies = []
    for raisers in (("ada", "bo"), ("lin", "lin"), ("max", "grace")):
        folder = tmp_path / "life"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        drawn()
        engine = open_catalog(folder / "catalog.db")
        chain = Chain(engine=engine, actor="ada", head_file=folder / "catalog.head", clock=lambda: MONDAY)
        for who, text in zip(raisers, ("we hurry", "it leaks"), strict=True):
            chain.acting("ada").append(Noted(text="works"), "shop")
            raise_concern(dataclasses.replace(chain, actor=who, run=who), folder, text, MONDAY.date())
        engine.dispose()
        copies.append(files(folder))
    assert copies[1] == copies[0] and copies[2] == copies[0]
