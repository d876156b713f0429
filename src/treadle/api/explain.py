"""Walk the chain back from a subject, and say each entry in a sentence."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from treadle.api.evidence import WhyAnswer, WhyNode
from treadle.errors import EvidenceError, nearest

if TYPE_CHECKING:
    from treadle.evidence import Entry
    from treadle.workspace import Workspace


def explain(workspace: Workspace, subject: str) -> WhyAnswer:
    """All that led to `subject`, nearest first. A prediction id begins at the prediction that was answered."""
    entries = workspace.chain.entries()
    start, facts = _start(workspace, entries, subject)
    makers = _makers(entries)
    nodes, seen, queue = [], set(), deque((entry, 0) for entry in start)
    while queue:
        entry, depth = queue.popleft()
        if entry.id in seen:
            continue
        seen.add(entry.id)
        nodes.append(
            WhyNode(
                depth=depth,
                seq=entry.seq,
                kind=entry.kind,
                subject=entry.subject,
                time=entry.time,
                actor=entry.actor,
                text=sentence(entry),
                cost=float(entry.cost["amount"]) if entry.cost else None,
                currency=str(entry.cost["currency"]) if entry.cost else "",
            )
        )
        for ref in entry.uses:
            for maker in makers.get(_hash(ref), ()):
                # the same content may have been made again later: what came before this entry counts
                if maker.seq < entry.seq and maker.id not in seen:
                    queue.append((maker, depth + 1))
                    break
    nodes.sort(key=lambda node: (node.depth, -node.seq))
    return WhyAnswer(subject=subject, nodes=nodes, facts=facts)


def _makers(entries: list[Entry]) -> dict[str, list[Entry]]:
    makers: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.status == "done":
            makers.setdefault(entry.hash, []).append(entry)
            for ref in entry.made.values():
                makers.setdefault(_hash(ref), []).insert(0, entry)
    return makers


def _hash(ref: Any) -> str:
    from treadle.evidence import content_hash

    return content_hash(ref)


def _start(workspace: Workspace, entries: list[Entry], subject: str) -> tuple[list[Entry], dict[str, Any]]:
    exact = [e for e in entries if subject in (e.id, e.hash, str(e.seq))]
    if exact:
        return exact[-1:], {}
    if subject.startswith("endpoint/"):
        served = [e for e in entries if e.subject == subject and e.kind.startswith("release.")]
        if served:
            return served[-1:], {"serves": served[-1].detail["model"]}
    same = [e for e in entries if e.subject == subject and e.status == "done"]
    if same:
        newest: dict[str, Entry] = {e.kind: e for e in same}
        return sorted(newest.values(), key=lambda e: -e.seq), {}
    made = [
        e
        for e in entries
        for ref in e.made.values()
        if isinstance(ref, dict) and subject in (ref.get("table"), ref.get("digest"), ref.get("fingerprint"))
    ]
    if made:
        return made[-1:], {}
    prediction = _prediction(workspace, subject)
    if prediction is not None:
        packing = [e for e in entries if e.kind == "model.packed" and e.detail.get("model") == prediction["model"]]
        released = [
            e for e in entries if e.kind.startswith("release.") and e.detail.get("model") == prediction["model"]
        ]
        return released[-1:] or packing[-1:], {"prediction": prediction}
    known = {e.subject for e in entries if e.subject}
    raise EvidenceError(
        f'nothing in the record is called "{subject}"',
        where="why",
        mend=nearest(subject, known) or "run the project first",
    )


def _prediction(workspace: Workspace, wanted: str) -> dict[str, Any] | None:
    from treadle.monitoring import find_prediction

    return find_prediction(workspace.tables, workspace.table("predictions"), workspace.journal, wanted)


def sentence(entry: Entry) -> str:
    """What an entry says, for a person."""
    facts = entry.detail
    if entry.status == "failed":
        return f"failed: {facts.get('error', '')}".splitlines()[0]
    said = facts.get("said")
    if said:
        return str(said)
    match entry.kind:
        case "review.requested":
            gates = facts.get("gates", [])
            return f"asked for a release; {sum(g['holds'] for g in gates)} of {len(gates)} gates hold"
        case "review.approved":
            return f"approved{': ' + facts['note'] if facts.get('note') else ''}"
        case "release.made":
            return f"released {facts['model']}"
        case "release.rolled_back":
            reason = f" ({facts['reason']})" if facts.get("reason") else ""
            return f"went back from {facts['from']} to {facts['model']}{reason}"
        case _:
            return "made " + ", ".join(entry.made) if entry.made else entry.kind
