"""Check a project without keeping anything of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.api.project import CheckAnswer, SourceCheck
from treadle.errors import SpecError

if TYPE_CHECKING:
    from treadle.workspace import Workspace


def check_project(workspace: Workspace, *, data: bool) -> CheckAnswer:
    """Types and expressions always; the rows against their contracts with `data`."""
    from treadle import expr
    from treadle.contracts import check
    from treadle.features import make_plan
    from treadle.sources import read
    from treadle.stages import contract_of

    project, schemas, found = workspace.project, {}, []
    for name, source in project.spec.sources.items():
        _, frame = read(source, project.root, where=project.place(f"sources.{name}"))
        schemas[name] = expr.column_types(frame)
        contract = contract_of(workspace, source)
        if contract is not None and data:
            report = check(frame, contract, now=workspace.chain.clock(), keys=source.keys)
            schemas[name] = expr.column_types(report.good)
            found.append(
                SourceCheck(
                    source=name,
                    rows=report.rows,
                    columns=len(schemas[name]),
                    rules=len(contract.rules),
                    quarantined=report.bad_rows,
                    broken=list(report.broken),
                )
            )
    try:
        plan = make_plan(project.spec, schemas)
    except SpecError as bad:
        raise project.located(bad) from bad
    return CheckAnswer(
        project=project.spec.project,
        ok=not any(s.broken for s in found),
        features=len(plan.features),
        inputs=[f.name for f in plan.inputs],
        sources=found,
    )
