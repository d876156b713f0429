"""What happened, why, at what cost, and whether the record holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Struct, structs

from treadle.api.operation import (
    OfEachTarget,
    OfTarget,
    ProjectPath,
    Request,
    Work,
    argument,
    check_limit,
    operation,
    option,
)
from treadle.costs import Costs
from treadle.errors import EvidenceError, nearest
from treadle.history.found import Lineage

if TYPE_CHECKING:
    from treadle.evidence import Chain, Entry, Kept, Payload


class CostsRequest(OfEachTarget, frozen=True):
    run: Annotated[str | None, option("only this run")] = None
    shared: Annotated[
        Literal["not", "evenly", "by-cost"],
        option("share out what all targets use together: not, evenly, or by-cost, by what the work of each cost"),
    ] = "not"


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


class WhyRequest(OfEachTarget, frozen=True):
    subject: Annotated[
        str, argument("what to explain: endpoint/NAME, model/NAME:1, a table, a prediction id, an entry's number or id")
    ]


class VerifyRequest(Request, frozen=True):
    project: ProjectPath = "."
    all: Annotated[bool, option("also what no released model rests on: every table and blob ever recorded")] = False
    expect: Annotated[str | None, option("a head hash noted down earlier, which must be in the chain")] = None
    checkpoint: Annotated[str | None, option("a checkpoint kept elsewhere (a file) to be extended", local=True)] = None


class VerifyAnswer(Struct, frozen=True):
    entries: int
    ok: bool
    faults: list[str]
    head: str
    artifacts: int
    """How many stored tables and blobs were held to their hashes."""
    checkpoints: int
    """How many signed checkpoints the log was held against."""
    unsigned: int = 0
    """How many of the newest entries no signed checkpoint covers: whoever writes to the catalog can have made them."""
    tokens: int = 0
    """How many tokens these make."""
    removed: list[str] = []
    """What is no longer there since retention removed it, a sentence for each time."""
    remarks: list[str] = []
    """What is no fault and wants an answer: entries whose time lies an hour and more before that of the one before."""


class CheckpointRequest(Request, frozen=True):
    project: ProjectPath = "."
    to: Annotated[str, option("where a copy goes: a file, `git` (a note on HEAD), or a URL (HTTP PUT)")] = ""


class CheckpointAnswer(Struct, frozen=True):
    origin: str
    size: int
    file: str
    to: str
    """Where the copy is; empty without `--to`."""
    key: str
    """The log's verifier key: who has it can check notes and proofs of this log."""
    note: str


class ProveRequest(Request, frozen=True):
    entry: Annotated[str, argument("an entry's number, id or hash")]
    project: ProjectPath = "."
    out: Annotated[str, option("file for the proof; the entry's bytes go beside it, as .json")] = ""


class ProveAnswer(Struct, frozen=True):
    seq: int
    size: int
    origin: str
    key: str
    proof: str
    entry: str
    """What was recorded, byte for byte."""
    files: list[str]


@operation("costs", permission="read", remote=True)
def costs(request: CostsRequest, work: Work) -> Costs:
    """Show what the work cost, by run, step and day; and by target, where the project has several.

    Of one target: its own steps and its endpoint. What all share, such as reading a source, is of none of them; with
    --shared it is part of each, by a rule.
    """
    from treadle.costs import Part, runs
    from treadle.costs import costs as ledger
    from treadle.costs.stored import stored

    workspace = work.workspace
    if request.run is not None and not workspace.chain.find(run=request.run, limit=1):
        raise EvidenceError(
            f'there is no run "{request.run}"', where="--run", mend=nearest(request.run, runs(workspace.chain))
        )
    one, project = request.target is not None, workspace.project
    every = [project.of(name) for name in project.targets] or project.each()
    parts = [Part(each.spec.predict.name, each.address, each.endpoint) for each in every]
    found = ledger(
        workspace.chain,
        workspace.book.rates,
        run=request.run,
        only=next(part for part in parts if part.address == project.address) if one else None,
        parts=parts if len(parts) > 1 else (),
        shared=request.shared,
    )
    if request.run is not None or one:
        return found
    from treadle.tiering.moving import lying

    kept, tiers = stored(workspace.chain, workspace.book), lying(workspace)
    if tiers:
        kept = structs.replace(kept, tiers=tiers, monthly=float(sum(each.monthly for each in tiers)))
    return structs.replace(found, stored=kept)


@operation("log", permission="read", remote=True)
def log(request: LogRequest, work: Work) -> LogAnswer:
    """Show the newest entries of the evidence chain."""
    chain = work.workspace.chain
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
    if not found and kind:
        _refuse_no_kind(kind)
    return LogAnswer(entries=[_line(entry) for entry in reversed(found)])


def _refuse_no_kind(kind: str) -> None:
    """Raises EvidenceError: no entry of this version of Treadle is of such a kind; with the kinds that there are."""
    from treadle.evidence import known_kinds

    known = sorted(known_kinds())
    if kind in known or (kind.endswith(".") and any(each.startswith(kind) for each in known)):
        return
    rooms = list(dict.fromkeys(each.split(".")[0] + "." for each in known))
    mend = nearest(kind, known if kind.rstrip(".").count(".") else rooms)
    raise EvidenceError(f'"{kind}" is no kind of entry', where="--kind", mend=mend)


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
def why(request: WhyRequest, work: Work) -> Lineage:
    """Explain a subject: walk from it back to the data, the code, the money and the people."""
    from treadle.history.lineage import explain

    found = explain(work.workspace, request.subject)
    if found.prediction is not None:  # what a customer was asked is not for everybody who may see the record
        work.require("see a request", "records", request.subject)
    return found


@operation("verify", permission="read", remote=True)
def verify(request: VerifyRequest, work: Work) -> VerifyAnswer:
    """Check that no entry was edited, dropped or reordered, and that what is stored is what the entries say.

    The log must also extend the newest checkpoints that this workspace signed, and the one given; and what each
    endpoint should serve must rest on an approval, and on the signatures that the brief wants which was stated.
    """
    from treadle.api.checkpoints import kept_elsewhere
    from treadle.evidence import verify as check

    workspace = work.workspace
    kept, unreadable = workspace.notes.kept()
    given: Sequence[Kept] = ()
    wrong: list[str] = []
    if request.checkpoint is not None:
        given, wrong = kept_elsewhere(workspace, request.checkpoint)
    found = check(
        workspace.chain, expect=request.expect, check=workspace.check, everything=request.all, kept=(given, kept)
    )
    faults = [*wrong, *found.faults, *unreadable]  # first what the one given is: the rest is read by it
    faults += [] if found.faults else _unproved(workspace.chain)
    covered = max((each.checkpoint.size for each in (*given, *kept)), default=0)
    return VerifyAnswer(
        entries=found.entries,
        ok=not faults,
        faults=faults,
        head=found.head,
        artifacts=found.artifacts,
        checkpoints=len(given) + len(kept),
        unsigned=max(found.entries - covered, 0),
        tokens=_tokens_after(workspace.chain, covered),
        removed=list(found.removed),
        remarks=list(found.remarks),
    )


def _unproved(chain: Chain) -> list[str]:
    """What endpoints should serve, and no approval in the record allows."""
    from treadle.errors import TreadleError
    from treadle.models.registry import current, endpoints

    with chain.reading() as reader:
        every = endpoints(reader)
    faults = []
    for endpoint in every:
        try:
            current(chain, endpoint)
        except TreadleError as bad:
            faults.append(f"endpoint {endpoint}: {bad.what}")
    return faults


def _tokens_after(chain: Chain, covered: int) -> int:
    from sqlalchemy import func, select

    from treadle.evidence.kinds.token_made import TokenMade
    from treadle.store.schema import entries

    newer = select(func.count()).where(entries.c.kind == TokenMade.KIND, entries.c.seq > covered)
    with chain.engine.connect() as connection:
        return int(connection.execute(newer).scalar() or 0)


@operation("log", "checkpoint", permission="run")
def log_checkpoint(request: CheckpointRequest, work: Work) -> CheckpointAnswer:
    """Sign the log as it is now. A copy kept elsewhere proves later that nothing before it was rewritten or cut off."""
    from treadle.api.checkpoints import publish

    workspace = work.workspace
    signed = workspace.sign_checkpoint()
    return CheckpointAnswer(
        origin=signed.checkpoint.origin,
        size=signed.checkpoint.size,
        file=str(signed.file),
        to=publish(signed, request.to, workspace.project.root) if request.to else "",
        key=str(signed.key),
        note=signed.note,
    )


@operation("log", "prove", permission="run")
def log_prove(request: ProveRequest, work: Work) -> ProveAnswer:
    """Prove that an entry is in the log: a text that anybody checks offline, with docs/check_inclusion.py for one."""
    from treadle.api.checkpoints import prove
    from treadle.evidence import write_whole

    workspace = work.workspace
    seq, entry, proof, signed = prove(workspace, request.entry)
    files = [Path(request.out), Path(request.out).with_suffix(".json")] if request.out else []
    if len(set(files)) < len(files):
        raise EvidenceError("a proof is no .json: the entry goes there", where="--out", mend="name it .tlog-proof")
    for file, content in zip(files, (proof.encode(), entry), strict=False):
        write_whole(file, content)
    return ProveAnswer(
        seq=seq,
        size=signed.checkpoint.size,
        origin=signed.checkpoint.origin,
        key=str(signed.key),
        proof=proof,
        entry=entry.decode(errors="replace"),
        files=[str(file) for file in files],
    )


class ReportRequest(OfTarget, frozen=True):
    """Which report."""


class ReportAnswer(Struct, frozen=True):
    file: str


@operation("report", permission="read", remote=True)
def report(request: ReportRequest, work: Work) -> ReportAnswer:
    """Say where the report of the newest run is. A server shows it at /report."""
    file = work.workspace.report
    if not file.is_file():
        raise EvidenceError(
            "no report was made yet", where="report", mend=work.workspace.project.command("run", request.project)
        )
    return ReportAnswer(str(file))
