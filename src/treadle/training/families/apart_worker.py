"""The process that fits apart from its caller: orders by standard input, what was made by standard output.

It ends with its caller, whose end of the pipe is closed then; and where memory runs out it is the one to be ended.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from pathlib import Path
from typing import BinaryIO

from treadle.training.families.apart import Fit, lifted


def answer(order: bytes) -> bytes:
    """What was made, or the exception that was raised instead."""
    fit: Fit = pickle.loads(order)  # of our caller, by its pipe
    rows, *held = map(lifted, fit.files)
    try:
        made: object = fit.family.fit(
            rows, fit.params, held[0] if held else None, metric=fit.metric, seconds=fit.seconds
        )
        return pickle.dumps(made)
    except MemoryError as error:
        return pickle.dumps(MemoryError(str(error) or "a fit needs more memory than there is"))
    except Exception as error:  # the caller raises it
        return pickle.dumps(error)


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """One after the other, until the caller is gone."""
    while length := orders.read(8):
        told = answer(orders.read(int.from_bytes(length, "little")))
        answers.write(len(told).to_bytes(8, "little") + told)
        answers.flush()


def main() -> None:
    with contextlib.suppress(OSError):  # where there is such a thing
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    # what a library prints must not come between the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
