"""Words of a team over a record of 100,000 entries by 50 persons, each in a fresh process, as it is typed.

Beside each the bare limit: the same Python that only shows Treadle's help.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.record import one_run
from benchmarks.rows import Row, median_seconds
from treadle.evidence import Alone, Chain
from treadle.evidence.kinds.action_changed import ActionChanged
from treadle.evidence.kinds.action_opened import ActionOpened
from treadle.evidence.kinds.decision_closed import DecisionClosed
from treadle.evidence.kinds.decision_opened import DecisionOpened, Option
from treadle.evidence.kinds.meeting_held import MeetingHeld
from treadle.evidence.kinds.note_written import NoteWritten
from treadle.evidence.kinds.position_stated import PositionStated
from treadle.evidence.kinds.retro_kept import RetroKept
from treadle.evidence.kinds.retro_opened import RetroOpened
from treadle.evidence.kinds.session_held import SessionHeld
from treadle.evidence.kinds.skill_rated import SkillRated
from treadle.spec import load
from treadle.workspace import open_workspace

ENTRIES = int(os.environ.get("TREADLE_BENCH_ENTRIES", "100000"))
PERSONS = [f"p{number:02}" for number in range(50)]
AREAS = ("data", "features", "training", "serving", "people", "money")
_DAYS, _ITS, _OF_A_TOPIC, _TOGETHER = 730, 10, 15, 200
"""Of the record; entries of a run and, about, of a topic; runs that are written at once."""
_LEAST_S = 0.5
_WORDS = (
    "team show", "team waits", "team pulse", "status", "agenda", "minutes list", "milestones list", "actions list",
    "actions add . Measure_it --owner p07 --due 2030-01-31", "decide list", "decide show . question-0",
    "decide say . question-0 --for yes --because It_saves_a_day", "notes list", "notes show . note-7",
    "notes search . seventh", "tried trees", "retro list", "retro show . retro-3", "skills show", "skills mentors",
    "skills plan . data --person p20", "skills plans", "skills rota", "skills start",
    "skills rate . data --level well", "concern list", "models review", "costs time",
)  # fmt: skip
_PROJECT = f"""\
project: shop
brief:
  decision: Seed a long record.
  people: {{owner: p00, reviewers: [p01, p02], roles: {{data_scientist: [{", ".join(PERSONS[3:])}]}}}}
access: {{trust: local}}
sources: {{orders: {{read: orders.csv}}}}
predict: {{name: back, each: orders, label: came_back}}
features: {{request: [amount]}}
"""


def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "treadle.yaml").write_text(_PROJECT, encoding="utf-8")
        (home / "orders.csv").write_text("amount,came_back\n1,true\n", encoding="utf-8")
        workspace = open_workspace(load(home), actor="p00")
        _seed(workspace.chain)
        workspace.chain.engine.dispose()
        return list(_rows(home))


def _rows(home: Path) -> Iterator[Row]:
    bare = median_seconds(lambda: _typed(home, ["--help"]), 5)
    for words in _WORDS:
        command, _, more = words.partition(" . ")
        typed = [*command.split(), ".", *(each.replace("_", " ") for each in more.split())]
        said = [*typed, "--as", "p03"]
        took = median_seconds(lambda said=said: _typed(home, said), 5)  # type: ignore[misc]
        yield Row(command, "s", took, bare, "treadle --help", f"at most {_LEAST_S:g} s", took <= _LEAST_S)


def _typed(home: Path, words: list[str]) -> None:
    # with compiled modules, as an installed package has them
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "treadle", *words]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"treadle {' '.join(words)}: {done.stderr}")


def _seed(chain: Chain) -> None:
    """What 50 persons said in two years between the steps of runs."""
    first, topics = datetime.now(UTC) - timedelta(days=_DAYS), max(ENTRIES // 200, 1)
    runs = (ENTRIES - topics * _OF_A_TOPIC) // _ITS
    done = 0
    for start in range(0, runs, _TOGETHER):
        with chain.alone() as alone:
            for run in range(start, min(start + _TOGETHER, runs)):
                at = first + timedelta(days=_DAYS * run / runs)
                alone.chain = replace(chain, run=f"run{run:08}", clock=lambda at=at: at)  # type: ignore[misc]
                one_run(alone, run)
                while done < topics * (run + 1) // runs:
                    _topic(alone, done, at.date().isoformat())
                    done += 1


def _topic(alone: Alone, n: int, day: str) -> None:
    """What is said of one thing, by several persons: a question and its answer, an action, a note, a meeting."""
    who = [PERSONS[(n * 7 + k * 11) % len(PERSONS)] for k in range(6)]
    ran, area = alone.written[-1].ref, AREAS[n % len(AREAS)]
    options = (Option("yes", "do it"), Option("no", "leave it"))
    asked = DecisionOpened(
        decision=f"question-{n}", question=f"Is the {n}th thing worth it?", options=options, decides=who[0],
        asked=tuple(who[1:]), evidence=(ran,),
    )  # fmt: skip
    opened = alone.append(asked, f"decision/question-{n}", actor=who[0])
    heard = []
    for k, each in enumerate(who[1:]):
        said = PositionStated(
            decision=f"question-{n}", opened=opened.ref, option="no" if k % 3 else "yes", because=f"as {each} saw"
        )
        heard.append(alone.append(said, f"decision/question-{n}", actor=each).ref)
    if n:  # the first is still open
        closed = DecisionClosed(
            decision=f"question-{n}", opened=opened.ref, option="no", because="most were against", heard=tuple(heard)
        )
        alone.append(closed, f"decision/question-{n}", actor=who[0])
    due = f"{int(day[:4]) + 1}{day[4:8]}01"
    number = alone.number("actions/shop")
    action = alone.append(
        ActionOpened(number=number, text=f"Try the {n}th thing of {area}", owner=who[1], due=due),
        f"action/{number}", actor=who[0],
    )  # fmt: skip
    if n % 10:
        state = ActionChanged(number=number, opened=action.ref, state="done", owner=who[1], due=due, because="tried")
        alone.append(state, f"action/{number}", actor=who[1])
    note = NoteWritten(note=f"note-{n}", number=1, title=f"The {n}th", text=f"The seventh of {n} trees in {area} grew.")
    written = alone.append(note, f"note/note-{n}", actor=who[2])
    again = NoteWritten(note=f"note-{n}", number=2, title=note.title, text=f"{note.text} And more.", edits=written.ref)
    alone.append(again, f"note/note-{n}", actor=who[3])
    alone.append(SkillRated(area=area, level="well"), f"skill/{who[3]}", actor=who[3])
    met = MeetingHeld(day=day, text=f"# Met\n\nOf the {n}th thing.", present=tuple(sorted(who)), actions=(number,))
    alone.append(met, "meeting/shop", actor=who[4])
    alone.append(SessionHeld(day=day, speaker=who[4], topic=f"the {n}th thing"), "sessions/shop", actor=who[4])
    looked = alone.append(
        RetroOpened(retro=f"retro-{n}", about=ran, what=f"the {n}th run", begins=f"{day}T00:00:00+00:00"),
        f"retro/retro-{n}", actor=who[5],
    )  # fmt: skip
    learned = RetroKept(retro=f"retro-{n}", opened=looked.ref, text="Ask sooner.", causes=(f"haste in {area}",))
    alone.append(learned, f"retro/retro-{n}", actor=who[5])
