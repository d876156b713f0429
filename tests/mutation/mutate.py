"""Break a room on purpose, a little at a time, and see whether its own tests notice.

    make mutate ROOM=people MINUTES=20 SEED=1
    make mutate ROOM=training/splits
    make mutate ROOM=models/registry TESTS="tests/models/test_registry.py tests/stages"

ROOM is a folder or a file under src/treadle. Mutants are drawn by SEED and run until they or the MINUTES are used up,
each against a copy of the source of its own, with the tests of the room, one by one up to the first that fails: first
those that killed most a second so far, then the quick ones, so that a mutant that dies costs seconds. One that lives
has passed them all. A mutant is killed by a failing test, by an error, or by taking three times as long as the tests
do. What survives is a behaviour that no test holds, or a change that changes nothing: SURVIVORS.md keeps those that
were looked at, with the reason.

With `--under 0.4` only quick tests are run: what they kill is killed, what lives may still die of the others.
`--after 150` goes on where a run of the same seed stopped, as long as the source is as it was.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "treadle"


@dataclass(frozen=True)
class Case:
    file: Path
    mutant: Mutant

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.mutant.line}"

    def diff(self) -> str:
        old = self.file.read_text(encoding="utf-8")
        new = self.mutant.apply(old)
        lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
        return "\n".join(f"    {line}" for line in list(lines)[3:])


def files_of(room: str) -> list[Path]:
    """The modules of a room, a folder in it, or one file, named with or without its ending."""
    place = SOURCE / room
    if place.is_dir():
        return sorted(place.rglob("*.py"))
    file = place.with_suffix(".py")
    if not file.is_file():
        raise SystemExit(
            f"there is no {room} under src/treadle: name a folder or a file, such as people or people/reviews"
        )
    return [file]


def suite_of(file: Path, named: list[str]) -> list[str]:
    """The files of tests that are run for a module: those that were named, or its room's."""
    if named:
        return named
    room = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    folder = ROOT / "tests" / room
    if not folder.is_dir():
        raise SystemExit(f"there is no tests/{room}: name the tests with TESTS=")
    return [str(test.relative_to(ROOT)) for test in sorted(folder.rglob("test_*.py"))]


class Suite:
    """The tests of a file, each by its own name, in the order that kills soonest."""

    def __init__(self, source: Path, files: list[str], under_s: float) -> None:
        began = time.monotonic()
        lives, said = passes(source, files, 600, "--durations=0", "-vv")
        if not lives:
            raise SystemExit(f"the tests fail before anything is broken: {' '.join(files)}\n{said[-2000:]}")
        self.limit_s = 3 * (time.monotonic() - began) + 10
        self.seconds = dict.fromkeys(_RAN.findall(said), 0.0)
        for seconds, name in _TOOK.findall(said):
            self.seconds[name] += float(seconds)
        self.seconds = {name: seconds for name, seconds in self.seconds.items() if seconds <= under_s}
        self.kills: Counter[tuple[Path, str]] = Counter()

    def ordered(self, file: Path) -> list[str]:
        """A kill in the same file says most."""
        kills: Counter[str] = Counter()
        for (where, name), times in self.kills.items():
            kills[name] += times * (10 if where == file else 1)
        return sorted(self.seconds, key=lambda name: -(kills[name] + 0.1) / (self.seconds[name] + 0.05))

    def killer(self, case: Case, source: Path) -> str | None:
        """What killed it; None if it passes every test on the copy of the source in `source`."""
        lives, said = passes(source, self.ordered(case.file), self.limit_s, "-rfE", "--tb=no")
        if lives:
            return None
        failed = [name for name in self.seconds if f"FAILED {name}" in said or f"ERROR {name}" in said]
        name = max(failed, key=len, default="")
        self.kills[case.file, name] += bool(name)
        return name or "an error or the time"


_RAN = re.compile(r"^(\S+\.py::.+?) PASSED", re.M)
_TOOK = re.compile(r"^ *([\d.]+)s (?:setup|call|teardown) +(\S+\.py::.+)$", re.M)


def passes(source: Path, tests: list[str], limit_s: float, *options: str) -> tuple[bool, str]:
    """Whether all tests pass on the copy of the source in `source`, and what pytest said."""
    command = [sys.executable, "-m", "pytest", "-x", "--no-header", "-p", "no:cacheprovider", *options, *tests]
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what a test starts is ended with it
        )
        try:
            lives = process.wait(limit_s) == 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return False, ""
        said.seek(0)
        return lives, said.read()


def run(cases: list[Case], asked: argparse.Namespace) -> tuple[list[Case], list[Case]]:
    """(killed, survived), printed as they come."""
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(asked.workers):
            shutil.copytree(ROOT / "src", Path(folder) / str(number))
            copies.put(Path(folder) / str(number))
        files = {case.file: tuple(suite_of(case.file, asked.tests)) for case in cases}
        suites = {tests: Suite(Path(folder) / "0", list(tests), asked.under) for tests in sorted(set(files.values()))}
        end = time.monotonic() + asked.minutes * 60
        killed, survived = [], []

        def one(case: Case) -> None:
            if time.monotonic() > end:
                return
            copy, suite = copies.get(), suites[files[case.file]]
            place, original = copy / case.file.relative_to(ROOT / "src"), case.file.read_text(encoding="utf-8")
            try:
                place.write_text(case.mutant.apply(original), encoding="utf-8")
                killer = suite.killer(case, copy)
            finally:
                place.write_text(original, encoding="utf-8")
                copies.put(copy)
            (survived if killer is None else killed).append(case)
            print(f"{'SURVIVED' if killer is None else 'killed'}  {case.place}  {case.mutant.what}", flush=True)
            print(case.diff() if killer is None else f"    by {killer}", flush=True)

        with ThreadPoolExecutor(asked.workers) as pool:
            try:
                list(pool.map(one, cases))
            except KeyboardInterrupt:
                pool.shutdown(wait=False, cancel_futures=True)  # what was drawn so far is told
        for tests, suite in suites.items():  # in an order that nobody wrote: a test that leans on another kills nothing
            lives, said = passes(Path(folder) / "0", suite.ordered(cases[-1].file), 600)
            if not lives:
                raise SystemExit(f"in the order of the last mutant they fail: {' '.join(tests)}\n{said[-2000:]}")
    return killed, survived


def main(words: list[str] | None = None) -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("room", help="a folder or file under src/treadle")
    asked.add_argument("--minutes", type=float, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    asked.add_argument("--tests", nargs="*", default=[], help="instead of the room's own")
    asked.add_argument("--least", type=float, default=0.9, help="the share that must be killed")
    asked.add_argument("--after", type=int, default=0, help="go on after so many of the draw, where a run stopped")
    asked.add_argument("--under", type=float, default=float("inf"), help="run no test that takes longer, in seconds")
    found = asked.parse_args(words)
    cases = [Case(file, m) for file in files_of(found.room) for m in mutants(file.read_text(encoding="utf-8"))]
    random.Random(found.seed).shuffle(cases)
    drawn = cases[found.after :]
    killed, survived = run(drawn, found)
    done = len(killed) + len(survived)
    share = len(killed) / max(done, 1)
    print(
        f"\n{found.room}, seed {found.seed}: {len(killed)} of {done} killed ({share:.1%}); {len(cases)} mutants in all"
    )
    return 0 if share >= found.least else 1


if __name__ == "__main__":
    sys.exit(main())
