"""How much memory may still be taken, by the machine, the container and the limits of a user."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from treadle.training import memory

LIMITED = """
import resource, sys
from treadle.training import memory
assert memory.of_limits() == float("inf") and not memory.bounded()
kind, most = int(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(kind, (most, most))
left = memory.of_limits()
assert memory.bounded() and 0 < left < most and memory.room() <= left, left
assert memory.is_tight() == (left < memory.TIGHT)
block = bytearray(300_000_000)
after = memory.of_limits()
assert 250e6 < left - after < 350e6, (left, after)
try:
    memory.claim(after + 1e6, "these rows")
except MemoryError as error:
    assert str(error).startswith("these rows need at least"), error
    print("refused")
memory.claim(after - 50e6, "these rows")
"""


@pytest.mark.parametrize("kind", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_limits_of_a_user_are_seen(kind: str) -> None:
    import resource

    command = [sys.executable, "-c", LIMITED, str(getattr(resource, kind)), str(3_000_000_000)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout == "refused\n", done.stderr


@pytest.mark.parametrize(
    ("most", "now", "kinds", "left"),
    [
        ("4000", "1000", "anon 5\ninactive_file 200\n", 3200.0),
        ("4000", "1000", "anon 5\n", 3000.0),
        ("max", "1000", "inactive_file 200\n", math.inf),
        (None, "1000", "", math.inf),
    ],
)
def test_the_share_of_a_container(
    most: str | None, now: str, kinds: str, left: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tuple(tmp_path / name for name in ("most", "now", "kinds"))
    for file, text in zip(files, (most, now, kinds), strict=True):
        if text is not None:
            file.write_text(text)
    monkeypatch.setattr(memory, "_SHARES", (tuple(tmp_path / "none" for _ in range(3)), files))
    assert memory.of_share() == left
    assert memory.room() <= left
