"""Pack a fitted model with its project's plan and request schema, and measure what came out."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.models.bundle import Bundle, raw_values
from treadle.models.request import Asked, InputField, InputRule, Inputs
from treadle.packing.parts import Told, parts_of
from treadle.scoring.steps import HIGHEST

if TYPE_CHECKING:
    from treadle.contracts import Rule
    from treadle.features import FeaturePlan
    from treadle.spec import ProjectSpec
    from treadle.training import Evaluation, FittedModel, Refitted, Split, TrainingTable

_TIMED = 2000


@dataclass(frozen=True)
class Packed:
    """A written bundle. `p99_ms`: encoding and scoring one record in this process, features given."""

    path: Path
    mb: float
    p99_ms: float


@dataclass(frozen=True)
class Contents:
    """What a bundle is made from besides the model itself. `entity`: the field that predictions are grouped by.

    `refs` say what it came from (data, model, run, state); `cost` is its cost sheet; `cut`: where a split by time cut.
    `refitted`: of a model that was fitted on all rows, how it stands to the one that was judged.
    """

    name: str
    created: str
    plan: FeaturePlan
    rules: Sequence[Rule]
    entity: str | None
    refs: dict[str, str]
    cost: dict[str, Any]
    cut: str | None
    refitted: Refitted | None = None
    guessed: Collection[str] | None = None
    """Texts that were of a guessed type as they were read; None where it is not known of any."""


def pack_bundle(
    model: FittedModel,
    found: Evaluation,
    table: TrainingTable,
    parts: Split,
    spec: ProjectSpec,
    contents: Contents,
    *,
    key: str,
    path: Path,
) -> Packed:
    """Write and sign the bundle at `path`, open it again as a server would, and prove its golden records."""
    inputs = inputs_of(contents.plan, contents.rules, contents.entity, contents.guessed)
    request = Asked(inputs, spec.brief.decision, contents.cut)
    told = Told(
        contents.name, contents.created, request, contents.plan, contents.refs, _plain(contents.cost), contents.refitted
    )
    made = parts_of(model, found, table, parts, spec, told)
    Bundle.write(path, made, key)
    bundle = Bundle.open(path, None)
    bundle.verify_golden()
    return Packed(path, round(path.stat().st_size / 1e6, 3), _p99_ms(bundle))


def inputs_of(
    plan: FeaturePlan, rules: Sequence[Rule], entity: str | None, guessed: Collection[str] | None = None
) -> Inputs:
    """The request schema: the plan's inputs, then what only names the example; the contract's rules on them."""

    def written(name: str, kind: str) -> bool | None:
        return None if guessed is None or kind != "str" else name not in guessed

    needed = {rule.column for rule in rules if rule.kind == "required"} | {plan.exposure}
    fields = [
        InputField(c.name, c.type, c.name not in needed, c.feature, written=written(c.name, c.type))
        for c in plan.inputs
    ]
    known = {c.name for c in plan.inputs}
    names = dict.fromkeys([*plan.key, *([entity] if entity else [])])
    fields += [
        InputField(n, kind, feature=False, written=written(n, kind))
        for n in names
        if n not in known and (kind := plan.each_types[n])
    ]
    checks = [
        InputRule(r.id, r.column or "record", r.text, r.expression, r.soft)
        for r in rules
        if r.kind != "required" and r.expression is not None
    ]
    if plan.exposure is not None:
        quoted = plan.exposure.replace('"', '""')
        told, held = f"it must be above zero and below {HIGHEST:g}", f'"{quoted}" > 0 AND "{quoted}" < {HIGHEST:g}'
        checks.append(InputRule("exposure", plan.exposure, told, held))
    return Inputs(tuple(fields), tuple(checks))


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
