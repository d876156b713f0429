"""What is too long for every day: each exercise prints one figure, and ends with 1 if what it holds does not hold.

make soak                                  # all of them
make soak ARGS="kills writers --seed 2"    # some
make soak ARGS="writers --seconds 10"
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import gpu_meter
import ingest_kills
import intervals
import kills
import larger
import lookups
import oldest
import on_gpu
import torch_family
import wheel
import writers
from exercise import Asked, Failed

EXERCISES = {
    "kills": kills.exercise,
    "ingest": ingest_kills.exercise,
    "writers": writers.exercise,
    "intervals": intervals.exercise,
    "larger": larger.exercise,
    "lookups": lookups.exercise,
    "wheel": wheel.exercise,
    "oldest": oldest.exercise,
    "torch": torch_family.exercise,
    "gpu": on_gpu.exercise,
}
ELSEWHERE = {"gpu": gpu_meter.exercise}
"""On a machine that has what they ask for, and where they are named."""


def main() -> int:
    known = EXERCISES | ELSEWHERE
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(known)}; all but gpu if none is named")
    parser.add_argument(
        "--rounds", type=int, default=20, help="processes that are killed, of runs, of servers and of readings each"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the writers write")
    parser.add_argument("--seed", type=int, default=1, help="of the times of the kills, and of the simulation")
    parser.add_argument("--rows", type=int, default=60_000_000, help="of the table that is larger than memory")
    parser.add_argument("--keep", type=Path, help="an empty folder to work in, kept afterwards; else a temporary one")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in known]
    if unknown:
        parser.error(f"there is no {unknown[0]}: {', '.join(known)}")
    asked, failed = Asked(given.rounds, given.seconds, given.seed, given.keep, given.rows), False
    for name in given.names or EXERCISES:
        began = time.monotonic()
        try:
            figure = known[name](asked)
        except Failed as bad:
            failed, figure = True, f"FAILED: {bad}"
        print(f"{name:<10} {time.monotonic() - began:7.1f} s  {figure}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
