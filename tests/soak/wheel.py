"""The wheel as a stranger gets it: built, installed into a fresh environment with none of our tools, used from afar."""

from __future__ import annotations

import json
import os
import random
import sys
import venv
from pathlib import Path

from exercise import ROOT, Asked, hold, run

from treadle import __version__


def exercise(asked: Asked) -> str:
    with asked.folder("wheel") as folder:
        wheel = build(folder / "dist")
        binaries = install(folder / "venv", wheel)
        said = use(binaries, folder / "elsewhere")
        packages = len(json.loads(run(binaries / "python", "-m", "pip", "list", "--format", "json", cwd=folder)))
        return f"{wheel.name}, {wheel.stat().st_size / 1024:.0f} KiB, with {packages} packages: {said}"


def build(folder: Path) -> Path:
    """The wheel of this tree."""
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(place: Path, wheel: Path) -> Path:
    """Into an environment of its own: neither editable nor with the tools of developers. Its folder of commands."""
    venv.create(place, with_pip=True)
    binaries = place / ("Scripts" if os.name == "nt" else "bin")
    run(binaries / "python", "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel)
    return binaries


def use(binaries: Path, folder: Path) -> str:
    """`--version`, `init`, `run`, `predict` in a folder that knows nothing of this tree."""
    folder.mkdir()
    write_table(folder / "visits.csv")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TREADLE_"))}
    environment = {**kept, "TREADLE_TRUST": str(folder / "trust")}

    def treadle(*words: str) -> str:
        return run(binaries / "treadle", *words, cwd=folder, environment=environment)

    home = run(
        binaries / "python", "-c", "import treadle; print(treadle.__file__)", cwd=folder, environment=environment
    )
    hold(str(binaries.parent) in home, f"treadle was imported from {home}")
    hold(__version__ in treadle("--version"), "--version tells another version")
    treadle("init", "shop", "--from", "visits.csv", "--target", "bought")
    ran = json.loads(treadle("run", "shop", "--json"))
    if not ran["released"]:
        hold(ran["status"], "a run says where the version stands")
        file = folder / "shop" / "treadle.yaml"
        hold(False, f"{ran['model']} was not released: {ran['status']}\n{file.read_text(encoding='utf-8')}")
    predicted = json.loads(treadle("predict", "shop", "--from", "visits.csv", "--json"))
    verified = json.loads(treadle("verify", "shop", "--all", "--json"))
    hold(verified["ok"], f"verify: {verified['faults']}")
    spent = json.loads(treadle("costs", "shop", "--json"))
    hold(spent["books"] and not spent["unpriced"], "the price book is there")
    return f"init, run ({ran['model']}), predict ({len(predicted['predictions'])} records), verify, costs"


def write_table(file: Path) -> None:
    """400 visits; who comes from afar and stays long buys."""
    chance = random.Random(3)
    lines = ["minutes,channel,bought"]
    for _ in range(400):
        minutes, channel = chance.uniform(0, 30), chance.choice(["mail", "search", "friend"])
        bought = chance.random() < (0.8 if minutes > 20 else 0.1)
        lines.append(f"{minutes:.1f},{channel},{'yes' if bought else 'no'}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
