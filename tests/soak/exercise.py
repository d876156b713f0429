"""What the exercises share: what they are asked, how they fail, and commands in processes of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / room) for room in ("serving", "training", "stages")]
os.environ["TREADLE_TRUST"] = tempfile.mkdtemp(prefix="treadle-trust-")
"""Nothing here reads or writes what this account trusts."""


@dataclass(frozen=True)
class Asked:
    rounds: int
    seconds: float
    seed: int
    keep: Path | None
    rows: int = 60_000_000

    @contextlib.contextmanager
    def folder(self, name: str) -> Iterator[Path]:
        if self.keep is not None:
            place = self.keep.resolve() / name
            place.mkdir(parents=True)
            yield place
            return
        with tempfile.TemporaryDirectory(prefix=f"treadle-{name}-") as made:
            yield Path(made)


class Failed(Exception):
    """What an exercise holds does not hold."""


def hold(holds: object, what: str) -> None:
    if not holds:
        raise Failed(what)


def run(*words: object, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints; one that fails ends the exercise."""
    command = [str(word) for word in words]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    hold(done.returncode == 0, f"{' '.join(command)}\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def treadle(*words: object) -> Any:
    """The JSON object that a command of this environment answers."""
    return json.loads(run(sys.executable, "-m", "treadle", *words, "--json"))
