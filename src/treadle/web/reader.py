"""`python -m treadle.web.reader PROJECT [TARGET]`: one read a line on standard input, one answer each on the output.

A line is JSON of [method, path, query, principal], with a form in the place of a query where one was sent; an answer is
a line of [status, content type, length], and then the content.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys

import msgspec

from treadle.principal import Principal
from treadle.web.answers import Answers

_LATER = 10  # niceness: on a busy machine predictions go first


def main(project: str, target: str | None = None) -> None:
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    with contextlib.suppress(OSError):
        os.nice(_LATER)
    answers = Answers(project, target)
    for line in sys.stdin.buffer:
        status, kind, content = answers.answer(*msgspec.json.decode(line, type=tuple[str, str, str, Principal]))
        out.write(msgspec.json.encode((status, kind.decode(), len(content))) + b"\n" + content)
        out.flush()
        gc.collect()  # a catalog that was opened for this read is let go


if __name__ == "__main__":
    main(*sys.argv[1:3])
