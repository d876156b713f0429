"""Break a room on purpose, a little at a time, and see whether its own tests notice.

    make mutate ROOM=people MINUTES=20 SEED=1
    make mutate ROOM=training/splits
    make mutate ROOM=models/registry TESTS="tests/models/test_registry.py tests/stages"

ROOM is a folder or a file under src/treadle. Mutants are drawn by SEED and run until they or the MINUTES are used up,
each against a copy of the source of its own, with the tests of the room; the file's own tests come first. A mutant is
killed by a failing test, by an error, or by taking three times as long as the tests do. What survives is a behaviour
that no test holds, or a change that changes nothing: SURVIVORS.md keeps those that were looked at, with the reason.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
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
    """The tests to run, those that bear the module's name first: what dies of them dies early."""
    if named:
        return named
    room = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    folder = ROOT / "tests" / room
    if not folder.is_dir():
        raise SystemExit(f"there is no tests/{room}: name the tests with TESTS=")
    own = sorted(folder.glob(f"test_*{file.stem}*.py"))
    others = [test for test in sorted(folder.rglob("test_*.py")) if test not in own]
    return [str(test.relative_to(ROOT)) for test in (*own, *others)]


def survives(source: Path, tests: list[str], limit_s: float) -> bool:
    """Whether all tests pass on the copy of the source in `source`."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider", *tests]
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # what a test starts is ended with it
    )
    try:
        return process.wait(limit_s) == 0
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
        return False


def run(cases: list[Case], named: list[str], minutes: float, workers: int) -> tuple[list[Case], list[Case]]:
    """(killed, survived), printed as they come."""
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(workers):
            shutil.copytree(ROOT / "src", Path(folder) / str(number))
            copies.put(Path(folder) / str(number))
        limits: dict[tuple[str, ...], float] = {}
        for tests in {tuple(suite_of(case.file, named)) for case in cases}:
            began = time.monotonic()
            if not survives(Path(folder) / "0", list(tests), 600):
                raise SystemExit(f"the tests fail before anything is broken: {' '.join(tests)}")
            limits[tests] = 3 * (time.monotonic() - began) + 10
        end = time.monotonic() + minutes * 60
        killed, survived = [], []

        def one(case: Case) -> None:
            if time.monotonic() > end:
                return
            copy = copies.get()
            place, original = copy / case.file.relative_to(ROOT / "src"), case.file.read_text(encoding="utf-8")
            tests = suite_of(case.file, named)
            try:
                place.write_text(case.mutant.apply(original), encoding="utf-8")
                lives = survives(copy, tests, limits[tuple(tests)])
            finally:
                place.write_text(original, encoding="utf-8")
                copies.put(copy)
            (survived if lives else killed).append(case)
            print(f"{'SURVIVED' if lives else 'killed'}  {case.place}  {case.mutant.what}", flush=True)
            if lives:
                print(case.diff(), flush=True)

        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, cases))
    return killed, survived


def main(words: list[str] | None = None) -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("room", help="a folder or file under src/treadle")
    asked.add_argument("--minutes", type=float, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    asked.add_argument("--tests", nargs="*", default=[], help="instead of the room's own")
    asked.add_argument("--least", type=float, default=0.9, help="the share that must be killed")
    found = asked.parse_args(words)
    cases = [Case(file, m) for file in files_of(found.room) for m in mutants(file.read_text(encoding="utf-8"))]
    random.Random(found.seed).shuffle(cases)
    killed, survived = run(cases, found.tests, found.minutes, found.workers)
    done = len(killed) + len(survived)
    share = len(killed) / max(done, 1)
    print(
        f"\n{found.room}, seed {found.seed}: {len(killed)} of {done} killed ({share:.1%}); {len(cases)} mutants in all"
    )
    return 0 if share >= found.least else 1


if __name__ == "__main__":
    sys.exit(main())
