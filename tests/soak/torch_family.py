"""Networks on embeddings where PyTorch is installed, in an environment of its own: CI has no room for it.

The extra `torch` is installed, the tests of the family run and none may be skipped, and `treadle fit` learns from a
small table by it.
"""

from __future__ import annotations

import csv
import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path

from exercise import ROOT, Asked, hold, run

TESTS = "tests/training/test_families_embedded.py"


def exercise(asked: Asked) -> str:
    with asked.folder("torch") as folder:
        python = install(folder / "venv")
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        command = [python, "-m", "pytest", TESTS, "-rs"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        hold(done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:])
        hold("SKIPPED" not in done.stdout, f"tests were skipped where PyTorch is installed:\n{done.stdout[-2000:]}")
        version = run(python, "-c", "import torch; print(torch.__version__)").strip()
        return f"torch {version}: {done.stdout.strip().splitlines()[-1].strip('= ')}; {fit(python, folder)}"


def install(place: Path) -> Path:
    """This tree with the tools of developers and the extra, some 6 GB; the Python that has them."""
    uv = Path(sys.executable).with_name("uv")
    hold(uv.exists(), "uv is a tool of developers: make setup")
    run(uv, "venv", "--quiet", "--python", sys.executable, place)
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins = ("--constraints", ROOT / "constraints.txt")
    run(uv, "pip", "install", "--quiet", "--python", python, *pins, "--editable", f"{ROOT}[dev,torch]")
    return python


def fit(python: Path, folder: Path) -> str:
    """What `treadle fit` says of 600 visits, whose shop and minutes tell how much was bought."""
    chance, table = random.Random(3), folder / "visits.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["shop", "minutes", "spent"])
        for _ in range(600):
            shop, minutes = chance.randrange(20), chance.uniform(0, 30)
            spent = 50 + 20 * math.sin(2 * shop) + minutes + chance.gauss(0, 4)
            rows.writerow([f"shop {shop}", "" if chance.random() < 0.1 else f"{minutes:.1f}", f"{spent:.2f}"])
    words = ("fit", table, "--target", "spent", "--family", "embeddings", "--trials", "3", "--json")
    found = json.loads(run(python, "-m", "treadle", *words, cwd=folder))
    hold(found["chosen"] == "embeddings", f"{found['chosen']} was chosen")
    hold(found["value"] < 0.6 * found["baseline"], f"{found['metric']} {found['value']}, {found['baseline']} without")
    return f"fit: {found['metric']} {found['value']:.3g}, {found['baseline']:.3g} without a model"
