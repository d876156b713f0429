"""Runs the commands that a page of docs tells, as they stand there, and holds what they print to what the page shows.

A command is a line of an indented block that begins with `$ `; below it stands what it prints, or some lines of it: `…`
alone stands for lines that are left out, and at the end of a line for its rest. Figures, digests and widths of columns
may differ, words may not. A command that fails must be shown with its message, which begins with `treadle: `.

Numbers of entries (`#34`) that a command takes must be shown above it: the number that was printed in its place is
taken. Days move with the calendar: those of the page are counted from the day that it says it was written on.

`python tests/e2e/typed_page.py` runs docs/story.md and writes what was printed now into it.
"""

from __future__ import annotations

import calendar
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[2]
REST = "…"
_WRITTEN = re.compile(r"^Days are counted from (\d{4}-\d{2}-\d{2})", re.MULTILINE)
_LOOP = re.compile(r"for (\w+) in ([\w ]+); do (.+); done")
_TAKES = re.compile(r"(--terms |--about |--answers |treadle why )(\d+)")
_DAY = re.compile(r"\b20\d\d-\d\d-\d\d\b")
_PLAIN = re.compile(r"\b\d{1,2} (?:" + "|".join(calendar.month_name[1:]) + r") 20\d\d\b")
_FIGURE = re.compile(r"\b[0-9a-f]{10,}\b|[+-]?\d[\d,.:T]*(?:e-?\d+)?Z?")

Run = Callable[[list[str], str], tuple[int, str]]
"""Runs `treadle` with these words and this text on standard input: its exit status, and all that it printed."""


@dataclass
class Command:
    """A command of the page, and the lines that are shown below it, with where these stand in the page."""

    text: str
    line: int
    shown: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Telling:
    """What came of it. `wrong`: what the page says that is not so; `lines`: the page with what was printed now."""

    lines: list[str]
    wrong: list[str] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)


def commands(lines: list[str]) -> Iterator[Command]:
    found: Command | None = None
    for number, line in enumerate(lines):
        if line.startswith("    $ "):
            if found is not None:
                yield found
            found = Command(line[6:], number)
        elif found is not None and line.startswith("    "):
            found.shown.append((number, line[4:]))
        elif found is not None:
            yield found
            found = None
    if found is not None:
        yield found


def tell(page: Path, folder: Path, run: Run) -> Telling:
    """Do all that the page tells, in `folder` wherever it says `story`."""
    text = page.read_text(encoding="utf-8")
    written = _WRITTEN.search(text)
    assert written, f"{page.name} does not say from which day its days are counted"
    later = date.today() - date.fromisoformat(written.group(1))
    told, place = Telling(text.splitlines()), ROOT
    for command in commands(told.lines):
        words = _DAY.sub(lambda found: str(date.fromisoformat(found.group()) + later), command.text)
        words = _TAKES.sub(lambda found: found[1] + told.numbers.get(found[2], found[2]), words)
        words = re.sub(r"\bstory\b", str(folder), words) if place == ROOT else words
        if words.startswith("cd "):
            place = place / words[3:]
            continue
        os.chdir(place)
        status, printed = _done(words, place, run)
        told.printed[command.text] = printed
        now = _TAKES.sub(lambda found: found[1] + told.numbers.get(found[2], found[2]), command.text)
        told.lines[command.line] = f"    $ {now}"
        _hold(told, command, status, printed.rstrip().splitlines(), later)
    return told


def _done(words: str, place: Path, run: Run) -> tuple[int, str]:
    loop = _LOOP.fullmatch(words)
    if loop:
        name, values, body = loop.groups()
        each = [_done(body.replace(f"${name}", value), place, run) for value in values.split()]
        return max(status for status, _ in each), "".join(printed for _, printed in each)
    heard, _, after = words.partition(" | ")
    if after.startswith("treadle "):
        said = subprocess.run(heard, shell=True, cwd=place, capture_output=True, text=True, check=True).stdout
        return run(_split(after)[1:], said)
    if words.startswith("treadle "):
        return run(_split(words)[1:], "")
    line = re.sub(r"^python ", f"{sys.executable} ", words)
    done = subprocess.run(line, shell=True, cwd=place, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _split(words: str) -> list[str]:
    import shlex

    return shlex.split(words)


def _hold(told: Telling, command: Command, status: int, printed: list[str], later: timedelta) -> None:
    """Look for each line that is shown in what was printed, in order; put what was printed in its place."""
    refused = any(line.startswith("treadle: ") for _, line in command.shown)
    where = f"line {command.line + 1}: $ {command.text}"
    if (status != 0) != refused:
        told.wrong.append(f"{where}: it ended with {status}\n" + "\n".join(printed[-12:]))
        return
    at = 0
    for number, shown in command.shown:
        if shown.strip() == REST:
            continue
        found = next((i for i in range(at, len(printed)) if _same(shown, printed[i])), None)
        if found is None:
            told.wrong.append(f"{where}: does not print\n    {shown}\nbut\n" + "\n".join(printed[at:][:40]))
            return
        told.numbers |= dict(zip(_entries(shown), _entries(printed[found]), strict=False))
        told.lines[number] = f"    {_now(shown, printed[found], later)}".rstrip()
        at = found + 1


def _entries(line: str) -> list[str]:
    return re.findall(r"#(\d+)", line)


def _same(shown: str, printed: str) -> bool:
    left, right = _masked(shown.removesuffix(REST)), _masked(printed)
    return right.startswith(left) if shown.endswith(REST) else left == right


def _masked(line: str) -> str:
    return " ".join(_FIGURE.sub("0", _PLAIN.sub("0", line.replace(str(ROOT), ""))).split())


def _now(shown: str, printed: str, later: timedelta) -> str:
    line = _DAY.sub(lambda found: str(date.fromisoformat(found.group()) - later), printed)
    line = _PLAIN.sub(lambda found: _plain(datetime.strptime(found.group(), "%d %B %Y").date() - later), line)
    if not shown.endswith(REST):
        return line
    return line[: max(len(shown) - 1, 1)].rstrip() + REST


def _plain(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def _by_process(words: list[str], heard: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "treadle", *words], input=heard, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


if __name__ == "__main__":
    story = ROOT / "docs" / "story.md"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("TREADLE_TRUST", f"{scratch}/trust")
        os.environ["COLUMNS"] = "120"
        came = tell(story, Path(scratch) / "pilot", _by_process)
        if "--print" in sys.argv:
            for asked, said in came.printed.items():
                print(f"$ {asked}\n{said}")
        os.chdir(ROOT)
    if came.wrong:
        sys.exit("\n\n".join(came.wrong))
    story.write_text("\n".join(came.lines) + "\n", encoding="utf-8")
