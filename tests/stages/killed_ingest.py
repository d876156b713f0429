"""A shop whose orders are read over and over by a process that is killed; and what must be true whenever that is.

python killed_ingest.py FOLDER: read, until killed. Each reading is told once it is in the record.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ingest import BY_FILES, BY_NUMBER, Reading, begin, deliver, insert, row

BY_KEY = BY_NUMBER.replace("new:", "key: n, new:").replace("by: n", "by: told, overlap: 2m")
_READINGS = 2
"""Before the one that is killed: how long one takes is known by then."""
WAYS = {"rows": BY_NUMBER, "keys": BY_KEY, "files": BY_FILES}


class Ingest:
    """Rows are delivered and read by a process of its own, which is killed after some time; again and again."""

    def __init__(self, folder: Path, way: str) -> None:
        self.folder, self.way, self.delivered = begin(folder, WAYS[way]), way, 0

    def deliver(self, rows: int) -> None:
        new = [row(n) for n in range(self.delivered, self.delivered + rows)]
        if self.way == "files":
            # as a careful writer does: a file is there once it is whole
            file = deliver(self.folder, f".{self.delivered}.part", new)
            file.rename(file.with_name(f"{self.delivered:09}.csv"))
        else:
            insert(self.folder, new)
        self.delivered += rows

    def kill_amid(self, rows: int, part: float) -> None:
        """Let a process read while rows are delivered, and kill it at this part of how long a reading takes."""
        child = subprocess.Popen(
            [sys.executable, __file__, str(self.folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()  # it has imported all, and read for the first time
            began = time.monotonic()
            for _ in range(_READINGS):
                self.deliver(rows)
                child.stdout.readline()
            took = (time.monotonic() - began) / _READINGS
            self.deliver(rows)
            time.sleep(part * took)
            assert child.poll() is None, "it ended before it was killed"
            os.kill(child.pid, signal.SIGKILL)
            child.wait()

    def faults(self) -> list[str]:
        """Rows that are lost or doubled once the next reading has ended, and what does not verify."""
        found = Reading(self.folder)
        counts = Counter(found.rows["n"].to_list())
        lost = [n for n in range(self.delivered) if n not in counts]
        twice = [n for n, times in counts.items() if times > 1]
        said = [f"{len(lost)} of {self.delivered} rows are lost"] if lost else []
        said += [f"{len(twice)} rows are doubled"] if twice else []
        said += [] if Reading(self.folder).cached else ["a reading of nothing is a new version"]
        return said


if __name__ == "__main__":
    while True:
        Reading(Path(sys.argv[1]))
        print("read", flush=True)
