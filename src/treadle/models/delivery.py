"""Pack a fitted model with its project's plan and request schema, and measure what came out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.models.bundle import Bundle, raw_values
from treadle.models.packing import prepare

if TYPE_CHECKING:
    from treadle.contracts import Rule
    from treadle.features import FeaturePlan
    from treadle.spec import Project
    from treadle.training import Evaluation, FittedModel, Split, TrainingTable

_TIMED = 2000


@dataclass(frozen=True)
class Packed:
    """A written bundle. `p99_ms`: encoding and scoring one record in this process, features given."""

    path: Path
    mb: float
    p99_ms: float


def pack_bundle(
    model: FittedModel,
    found: Evaluation,
    table: TrainingTable,
    parts: Split,
    project: Project,
    plan: FeaturePlan,
    rules: Sequence[Rule],
    *,
    name: str,
    created: str,
    key: str,
    folder: Path,
    refs: dict[str, str],
    cost: dict[str, Any],
    cut: str | None,
) -> Packed:
    """Write and sign the bundle, open it again as a server would, and prove its golden records."""
    request = {"inputs": inputs_of(plan, rules, project), "decision": project.spec.brief.decision, "cut": cut}
    made = prepare(
        model,
        found,
        table,
        parts,
        project.spec,
        name=name,
        created=created,
        request=_plain(request),
        plan=_plain(plan),
        refs=refs,
        cost=_plain(cost),
    )
    path = folder / f"{name.replace(':', '-')}.treadle"
    Bundle.write(path, made, key)
    bundle = Bundle.open(path, None)
    bundle.verify_golden()
    return Packed(path, round(path.stat().st_size / 1e6, 3), _p99_ms(bundle))


def inputs_of(plan: FeaturePlan, rules: Sequence[Rule], project: Project) -> dict[str, Any]:
    """The request schema: the plan's inputs, then what only names the example; the contract's rules on them."""
    spec = project.spec
    needed = {rule.column for rule in rules if rule.kind == "required"}
    fields = [
        {"name": c.name, "type": c.type, "nullable": c.name not in needed, "feature": c.feature} for c in plan.inputs
    ]
    known = {c.name for c in plan.inputs}
    names = [*plan.key, *([spec.serve.entity] if spec.serve.entity else [])]
    fields += [
        {"name": n, "type": plan.each_types[n], "nullable": True, "feature": False}
        for n in dict.fromkeys(names)
        if n not in known
    ]
    checks = [
        {"id": r.id, "field": r.column or "record", "text": r.text, "expression": r.expression}
        for r in rules
        if r.kind != "required"
    ]
    return {"fields": fields, "rules": checks}


def _p99_ms(bundle: Bundle) -> float:
    scorer = bundle.scorer()
    records = [raw_values(g.values, bundle.manifest.features) for g in bundle.golden]
    took = []
    for number in range(_TIMED):
        start = time.perf_counter()
        scorer.score(records[number % len(records)])
        took.append(time.perf_counter() - start)
    return round(sorted(took)[int(_TIMED * 0.99)] * 1000, 4)


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))
