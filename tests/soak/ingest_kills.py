"""Readings in increments are killed at random times; whenever that is, the next one has each row exactly once."""

from __future__ import annotations

import random

from exercise import Asked, hold
from killed_ingest import WAYS, Ingest

MOST_PART = 1.5
"""Of how long a reading takes: a kill falls into one, or into the next."""


def exercise(asked: Asked) -> str:
    chance = random.Random(asked.seed)
    rows = 0
    with asked.folder("ingest") as folder:
        shops = {way: Ingest(folder / way, way) for way in WAYS}
        for shop in shops.values():
            shop.deliver(1)
        for number in range(asked.rounds):
            way = chance.choice(sorted(shops))
            shops[way].kill_amid(chance.randint(1, 5), chance.uniform(0.0, MOST_PART))
            faults = shops[way].faults()
            hold(not faults, f"{way}, after {number + 1} kills: {'; '.join(faults)}")
        rows = sum(shop.delivered for shop in shops.values())
    return f"{asked.rounds} readers killed, by {', '.join(sorted(WAYS))}: {rows} rows, each exactly once"
