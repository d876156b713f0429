"""What happened, why, at what cost, and whether the record holds."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, argument, operation, option, workspace_for
from treadle.errors import EvidenceError, nearest


class CostsRequest(Request, frozen=True):
    project: ProjectPath = "."
    run: Annotated[str | None, option("only this run")] = None


class LogRequest(Request, frozen=True):
    project: ProjectPath = "."
    kind: Annotated[str | None, option("only this kind; a kind that ends in a dot is a prefix")] = None
    subject: Annotated[str | None, option("only this subject")] = None
    run: Annotated[str | None, option("only this run")] = None
    limit: Annotated[int, option("the newest so many entries")] = 50


class LogLine(Struct, frozen=True):
    seq: int
    time: str
    kind: str
    subject: str
    actor: str
    status: str
    run: str
    seconds: float | None
    cost: float | None
    text: str
    hash: str


class LogAnswer(Struct, frozen=True):
    entries: list[LogLine]


class WhyRequest(Request, frozen=True):
    subject: Annotated[
        str, argument("what to explain: endpoint/NAME, model/NAME:1, a table, a prediction id, an entry's number or id")
    ]
    project: ProjectPath = "."


class WhyNode(Struct, frozen=True):
    """One entry on the way back; `depth` is its distance from the subject."""

    depth: int
    seq: int
    kind: str
    subject: str
    time: str
    actor: str
    text: str
    cost: float | None
    currency: str


class WhyAnswer(Struct, frozen=True):
    subject: str
    nodes: list[WhyNode]
    facts: dict[str, Any]


class VerifyRequest(Request, frozen=True):
    project: ProjectPath = "."
    expect: Annotated[str | None, option("a head hash noted down earlier, which must be in the chain")] = None


class VerifyAnswer(Struct, frozen=True):
    entries: int
    ok: bool
    faults: list[str]
    head: str


@operation("costs", permission="read", remote=True)
def costs(request: CostsRequest, context: Context) -> Any:
    """Show what the work cost, by run, step and day."""
    from treadle.costs import costs as ledger

    chain = workspace_for(request.project, context, "read").chain
    runs = [entry.run for entry in chain.entries() if entry.run] if request.run else []
    if request.run and request.run not in runs:
        raise EvidenceError(
            f'there is no run "{request.run}"', where="--run", mend=nearest(request.run, dict.fromkeys(runs[::-1]))
        )
    return ledger(chain, run=request.run)


@operation("log", permission="read", remote=True)
def log(request: LogRequest, context: Context) -> LogAnswer:
    """Show the newest entries of the evidence chain."""
    from treadle.api.explain import sentence

    chain = workspace_for(request.project, context, "read").chain
    found = chain.entries(
        kind=request.kind, subject=request.subject, run=request.run, newest_first=True, limit=request.limit
    )
    return LogAnswer(
        entries=[
            LogLine(
                seq=e.seq,
                time=e.time,
                kind=e.kind,
                subject=e.subject,
                actor=e.actor,
                status=e.status,
                run=e.run,
                seconds=e.usage.seconds if e.usage else None,
                cost=e.cost["amount"] if e.cost else None,
                text=sentence(e),
                hash=e.hash,
            )
            for e in reversed(found)
        ]
    )


@operation("why", permission="read", remote=True)
def why(request: WhyRequest, context: Context) -> WhyAnswer:
    """Explain a subject: walk from it back to the data, the code, the money and the people."""
    from treadle.api.explain import explain

    return explain(workspace_for(request.project, context, "read"), request.subject)


@operation("verify", permission="read", remote=True)
def verify(request: VerifyRequest, context: Context) -> VerifyAnswer:
    """Check that no entry of the evidence chain was edited, dropped or reordered."""
    from treadle.evidence import verify as check

    found = check(workspace_for(request.project, context, "read").chain, expect=request.expect)
    return VerifyAnswer(entries=found.entries, ok=found.ok, faults=found.faults, head=found.head)
