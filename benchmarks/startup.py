"""How soon the command line answers, beside `python -c pass`."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.rows import Row, median_seconds


def measure() -> list[Row]:
    def run(*words: str) -> float:
        return 1000 * median_seconds(lambda: subprocess.run([sys.executable, *words], capture_output=True), 15)

    bare = run("-c", "pass")
    helped = run("-m", "treadle", "--help")
    imported = run("-c", "import treadle")
    return [
        Row("treadle --help", "ms", helped, bare, "python -c pass", "at most 250 ms", helped <= 250),
        Row("import treadle", "ms", imported, bare, "python -c pass", "at most 100 ms more", imported - bare <= 100),
    ]
