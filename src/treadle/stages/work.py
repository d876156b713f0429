"""A run in progress, and what its steps have cost so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from treadle.evidence import Step

if TYPE_CHECKING:
    from treadle.workspace import Workspace


@dataclass
class Work:
    """A run in progress: the workspace, the steps so far, and the data, loaded only when a step needs it."""

    workspace: Workspace
    steps: list[Step] = field(default_factory=list)
    data: Any = None
    model: Any = None

    def step(self, kind: str, subject: str = "", **options: Any) -> Step:
        made = self.workspace.chain.step(kind, subject or self.workspace.project.spec.project, **options)
        self.steps.append(made)
        return made


def training_cost(steps: Sequence[Step]) -> dict[str, Any]:
    """What the steps that led to the model used, whichever run did them."""
    entries = [step.entry for step in steps if step.entry is not None]
    used = [e.usage for e in entries if e.usage is not None]
    paid = [e.cost for e in entries if e.cost]
    return {
        "seconds": round(sum(u.seconds for u in used), 2),
        "cpu_seconds": round(sum(u.cpu_seconds for u in used), 2),
        "peak_mb": max((u.peak_mb for u in used), default=0.0),
        "amount": round(sum(c["amount"] for c in paid), 6),
        "currency": next((c["currency"] for c in paid), "USD"),
        "steps": {e.kind if not e.kind.startswith("sources") else e.subject: e.usage for e in entries},
    }
