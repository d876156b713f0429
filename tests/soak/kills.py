"""Runs and servers are killed at random times; whenever that is, the record verifies, and the next one goes on."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from exercise import Asked, hold, treadle
from served_shop import RECORD, release, serving, train, write_shop

from treadle.serving import Journal, records

PROMISED_SECONDS = 1.0
"""What was answered longer ago than this is in the journal of a killed server (docs/ARCHITECTURE.md)."""


def exercise(asked: Asked) -> str:
    chance = random.Random(asked.seed)
    with asked.folder("kills") as folder:
        shop = folder / "shop"
        write_shop(shop)
        began = time.monotonic()
        treadle("run", shop)
        whole = time.monotonic() - began
        killed = sum(run_killed(shop, chance.uniform(0.0, whole)) for _ in range(asked.rounds))
        treadle("run", shop, "--fresh")
        entries = verified(shop)
        release(shop, train(shop))
        answered = missing = young = 0
        for _ in range(asked.rounds):
            counts = server_killed(shop, chance.uniform(0.1, 2.5))
            answered, missing, young = answered + counts[0], missing + counts[1], young + counts[2]
        verified(shop)
    return (
        f"{killed} of {asked.rounds} runs killed within {whole:.1f} s, {asked.rounds} servers killed, each verified: "
        f"{entries} entries, {answered} predictions answered, {missing} lost after {PROMISED_SECONDS:g} s, "
        f"{young} lost that were younger"
    )


def verified(shop: Path) -> int:
    found = treadle("verify", shop, "--all")
    hold(found["ok"], f"verify: {found['faults']}")
    return int(found["entries"])


def run_killed(shop: Path, after: float) -> bool:
    """Kill a fresh run, with its children; whether it was still running."""
    command = [sys.executable, "-m", "treadle", "run", str(shop), "--fresh", "--json"]
    with subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
        alive = process.poll() is None
        if alive:
            os.killpg(process.pid, signal.SIGKILL)
    verified(shop)
    return alive


def server_killed(shop: Path, after: float) -> tuple[int, int, int]:
    """Predictions that were answered; of them lost from the journal, old ones and young ones."""
    from treadle.spec import load
    from treadle.workspace import open_workspace

    told: dict[str, float] = {}
    with serving(shop) as served:
        end = time.monotonic() + after
        while time.monotonic() < end:
            answer = served.http.post("/predict", json=RECORD)
            hold(answer.status_code == 200, answer.text)
            told[answer.json()["prediction_id"]] = time.monotonic()
        served.kill()
        killed = time.monotonic()
    verified(shop)
    workspace = open_workspace(load(shop), actor="ada")
    kept, table = kept_ids(workspace.journal), workspace.names.predictions
    if workspace.tables.exists(table):  # a server moves closed segments there
        kept |= set(workspace.tables.scan(table).select("prediction_id").collect()["prediction_id"])
    lost = [at for name, at in told.items() if name not in kept]
    old = sum(killed - at > PROMISED_SECONDS for at in lost)
    hold(not old, f"{old} predictions that were answered more than {PROMISED_SECONDS:g} s before the kill are lost")
    return len(told), old, len(lost) - old


def kept_ids(journal: Journal) -> set[str]:
    return {str(record["prediction_id"]) for record in records(journal, "predictions")}
