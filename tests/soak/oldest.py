"""The tests with the oldest versions that pyproject.toml allows, in an environment of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from exercise import ROOT, Asked, hold, run

LEFT_OUT = ("tests/e2e",)
"""Minutes long, and they ask nothing of a library that the others do not."""


def exercise(asked: Asked) -> str:
    with asked.folder("oldest") as folder:
        python = install(folder)
        command = [python, "-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--durations=60"]
        command += [f"--ignore={each}" for each in LEFT_OUT]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        hold(done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:])
        versions = (folder / "oldest.txt").read_text(encoding="utf-8").count("==")
        return f"{done.stdout.strip().splitlines()[-1].strip('= ')}; {versions} packages, each direct one the oldest"


def install(folder: Path) -> Path:
    """Resolve the lowest direct versions by uv, install them from wheels, and this tree; the Python that has them."""
    uv, pins, place = Path(sys.executable).with_name("uv"), folder / "oldest.txt", folder / "venv"
    hold(uv.exists(), "uv is a tool of developers: make setup")
    lowest = ("--resolution", "lowest-direct", "--extra", "dev", "--quiet")
    run(uv, "pip", "compile", *lowest, "--python", sys.executable, "--output-file", pins, ROOT / "pyproject.toml")
    run(uv, "venv", "--quiet", "--python", sys.executable, place)
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(uv, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", python, "--requirements", pins)
    # this tree too: its engines are found by entry points, which only what is installed has
    run(uv, "pip", "install", "--quiet", "--no-deps", "--python", python, "--editable", ROOT)
    return python
