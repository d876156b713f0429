"""What happened, why, at what cost, and whether the record holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from treadle.api.operation import (
    Context,
    ProjectPath,
    Request,
    argument,
    check_limit,
    operation,
    option,
    workspace_for,
)
from treadle.costs import Costs
from treadle.errors import EvidenceError, nearest

if TYPE_CHECKING:
    from treadle.evidence import Entry, Payload


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
    code: str
    """What code and libraries the step could reach, in a few words; the list itself is the blob `code_list`."""
    code_list: str


class WhyAnswer(Struct, frozen=True):
    subject: str
    nodes: list[WhyNode]
    facts: dict[str, Any]


class VerifyRequest(Request, frozen=True):
    project: ProjectPath = "."
    all: Annotated[bool, option("also what no released model rests on: every table and blob ever recorded")] = False
    expect: Annotated[str | None, option("a head hash noted down earlier, which must be in the chain")] = None


class VerifyAnswer(Struct, frozen=True):
    entries: int
    ok: bool
    faults: list[str]
    head: str
    artifacts: int
    """How many stored tables and blobs were held to their hashes."""


@operation("costs", permission="read", remote=True)
def costs(request: CostsRequest, context: Context) -> Costs:
    """Show what the work cost, by run, step and day."""
    from treadle.costs import costs as ledger
    from treadle.costs import runs

    workspace = workspace_for(request.project, context, "read")
    if request.run is not None and not workspace.chain.find(run=request.run, limit=1):
        raise EvidenceError(
            f'there is no run "{request.run}"', where="--run", mend=nearest(request.run, runs(workspace.chain))
        )
    return ledger(workspace.chain, workspace.book.rates, run=request.run)


@operation("log", permission="read", remote=True)
def log(request: LogRequest, context: Context) -> LogAnswer:
    """Show the newest entries of the evidence chain."""
    chain = workspace_for(request.project, context, "read").chain
    kind = request.kind or ""
    with chain.reading() as reader:
        found: list[Entry[Payload]] = reader.find(
            names=[kind] if kind and not kind.endswith(".") else [],
            prefix=kind if kind.endswith(".") else "",
            subject=request.subject,
            run=request.run,
            newest_first=True,
            limit=check_limit(request.limit),
        )
    return LogAnswer(entries=[_line(entry) for entry in reversed(found)])


def _line(entry: Entry[Payload]) -> LogLine:
    return LogLine(
        seq=entry.seq,
        time=entry.time,
        kind=entry.kind,
        subject=entry.subject,
        actor=entry.actor,
        status=entry.status,
        run=entry.run,
        seconds=entry.usage.seconds if entry.usage else None,
        cost=float(entry.price.money.amount) if entry.price else None,
        text=entry.said(),
        hash=entry.hash,
    )


@operation("why", permission="read", remote=True)
def why(request: WhyRequest, context: Context) -> WhyAnswer:
    """Explain a subject: walk from it back to the data, the code, the money and the people."""
    from treadle.api.explain import explain

    return explain(workspace_for(request.project, context, "read"), request.subject)


@operation("verify", permission="read", remote=True)
def verify(request: VerifyRequest, context: Context) -> VerifyAnswer:
    """Check that no entry was edited, dropped or reordered, and that what is stored is what the entries say."""
    from treadle.evidence import verify as check

    workspace = workspace_for(request.project, context, "read")
    found = check(workspace.chain, expect=request.expect, check=workspace.check, everything=request.all)
    return VerifyAnswer(
        entries=found.entries, ok=found.ok, faults=found.faults, head=found.head, artifacts=found.artifacts
    )
