"""What a person is told while a step works: how much of how much, in that order."""

from __future__ import annotations

from pathlib import Path

from stage_shop import edit, opened

from treadle.evidence import Silent, Watched
from treadle.loop import run


class Told(Silent):
    def __init__(self) -> None:
        self.parts: dict[str, list[tuple[float, float]]] = {}

    def progressed(self, step: Watched, done: float, total: float, text: str) -> None:
        self.parts.setdefault(step.kind, []).append((done, total))


def test_search_fit_and_evaluation_say_how_much_of_the_whole_is_done(shop: Path) -> None:
    edit(shop, "search: none", "search: random, trials: 4")
    told = Told()
    workspace = opened(shop, observer=told)
    run(workspace)
    workspace.chain.engine.dispose()
    for kind in ("training.search", "training.fit", "training.evaluate"):
        parts = told.parts[kind]
        assert all(0 <= done <= total == 1.0 for done, total in parts), kind
        assert min(done for done, _ in parts) < 1, kind
