"""What the tests reached, a line for each room: run by `make coverage`, over the data that it has just made."""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from coverage import Coverage


def main() -> None:
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(file), ignore_errors=True)
        files = json.loads(file.read_text(encoding="utf-8"))["files"]
    rooms: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for name, found in files.items():
        parts = Path(name).parts
        room = parts[parts.index("treadle") + 1]
        counts = found["summary"]
        kinds = ("covered_lines", "num_statements", "covered_branches", "num_branches")
        for target in (room, "all"):
            for index, kind in enumerate(kinds):
                rooms[target][index] += counts[kind]
    out = io.StringIO()
    for room, (lines, of_lines, ways, of_ways) in sorted(rooms.items(), key=lambda each: (each[0] == "all", each[0])):
        both = 100 * (lines + ways) / max(of_lines + of_ways, 1)
        out.write(f"{room:<16} {both:6.1f} %   {lines:>6} of {of_lines:>6} lines, {ways:>5} of {of_ways:>5} branches\n")
    sys.stdout.write(out.getvalue())


if __name__ == "__main__":
    main()
