"""`.ci/run` lets no test skip in silence: neither one whose service is required, nor one that names none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDS = "SKIPPED [3] tests/services/test_tables.py:9: needs service postgres"


def run(folder: Path, skipped: str, services: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """The real script, where `make` says what pytest would."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    (folder / ".ci" / "services").write_text(f"# services\n{services}\n", encoding="utf-8")
    make = folder / "bin" / "make"
    make.parent.mkdir()
    make.write_text(f"#!/bin/sh\necho '{skipped}'\necho '9 passed, 3 skipped in 1.0s'\n", encoding="utf-8")
    make.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if name != "TREADLE_REQUIRE"}
    kept["PATH"] = f"{make.parent}:{kept['PATH']}"
    return subprocess.run([folder / ".ci" / "run"], env=kept | environment, capture_output=True, text=True)


def test_the_list_of_services_stands_in_one_place() -> None:
    lines = (ROOT / ".ci" / "services").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("#") or line.replace("-", "").isalnum() for line in lines), "one name a line"


@pytest.mark.parametrize(
    ("skipped", "services", "environment", "code"),
    [
        ("", "", {}, 0),
        (NEEDS, "postgres", {}, 1),
        (NEEDS, "redis\npostgres", {}, 1),
        (NEEDS, "", {}, 0),
        (NEEDS, "postgres", {"TREADLE_REQUIRE": ""}, 0),
        (NEEDS, "", {"TREADLE_REQUIRE": "redis postgres"}, 1),
        (NEEDS, "postgre", {}, 0),
        ("SKIPPED [1] tests/test_money.py:4: not today", "", {}, 1),
        ("SKIPPED [1] tests/evidence/test_chain.py:107: orphans are adopted on Linux alone", "", {}, 0),
    ],
)
def test_a_test_that_skips_is_told(
    tmp_path: Path, skipped: str, services: str, environment: dict[str, str], code: int
) -> None:
    done = run(tmp_path, skipped, services, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    assert (done.stdout.strip().splitlines()[-1] == "9 passed, 3 skipped in 1.0s") == (code == 0)
    assert bool(done.stderr) == (code == 1)
