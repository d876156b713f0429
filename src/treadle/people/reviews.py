"""A release needs its owner's request and the approval of a reviewer who is not the requester."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import AccessError, GateError
from treadle.evidence import Chain, Entry

if TYPE_CHECKING:
    from treadle.spec import Brief, ProjectSpec

LOWER_IS_BETTER = frozenset({"log_loss", "brier", "mse", "rmse", "mae", "expected_cost"})
POLICY = "policy:gates"


class Gate(Struct, frozen=True):
    """One condition of the brief with what was found. `holds` None: it could not be measured here."""

    name: str
    limit: float
    found: float | None
    holds: bool
    text: str


class Review(Struct, frozen=True):
    """Where a model version stands: requested by whom, approved by whom, or waiting."""

    model: str
    status: str
    requested_by: str
    approved_by: str
    gates: list[Gate]


def gates_of(
    brief: Brief,
    scores: Mapping[str, float],
    *,
    gain_is_real: bool,
    train_cost: float,
    train_minutes: float,
    bundle_mb: float,
    p99_ms: float | None,
) -> list[Gate]:
    """Every gate that the brief sets, measured. A gain inside the noise never passes."""
    gates = [
        Gate(
            "gain over the trivial baseline",
            0.0,
            None,
            gain_is_real,
            "the gain over the trivial baseline is " + ("real" if gain_is_real else "inside the noise"),
        )
    ]
    for metric, limit in brief.must_have.items():
        found: float | None = scores.get(metric)
        lower = metric in LOWER_IS_BETTER
        holds = found is not None and (found <= limit if lower else found >= limit)
        shown = "not measured" if found is None else f"{found:.4f}"
        gates.append(
            Gate(
                metric,
                limit,
                found,
                holds,
                f"{metric} is {shown}, must be {'at most' if lower else 'at least'} {limit:g}",
            )
        )
    limits = brief.limits
    for name, most, measured, unit in (
        ("train_cost", limits.train_cost, train_cost, brief.mistakes.currency),
        ("train_minutes", limits.train_minutes, train_minutes, "minutes"),
        ("bundle_mb", limits.bundle_mb, bundle_mb, "MB"),
        ("p99_ms", limits.p99_ms, p99_ms, "ms"),
    ):
        if most is not None:
            holds = measured is not None and measured <= most
            shown = "not measured" if measured is None else f"{measured:.4g}"
            gates.append(Gate(name, most, measured, holds, f"{name} is {shown} {unit}, must be at most {most:g}"))
    return gates


def request_review(chain: Chain, model: str, gates: Sequence[Gate], bundle: str) -> Entry:
    """The request, signed by the actor of the chain. A second request for the same bundle is the first one."""
    subject = f"model/{model}"
    for entry in chain.entries(kind="review.requested", subject=subject):
        if entry.detail.get("bundle") == bundle:
            return entry
    return chain.append(
        "review.requested",
        subject,
        detail={"bundle": bundle, "gates": list(gates)},
        uses=[{"kind": "blob", "name": "bundle", "digest": bundle}],
    )


def approve(chain: Chain, spec: ProjectSpec, model: str, *, by: str, note: str = "") -> Entry:
    """Approve a requested version as `by`; refused for its requester, for strangers, and while a gate fails."""
    asked = chain.last(kind="review.requested", subject=f"model/{model}")
    if asked is None:
        raise GateError(f"nobody has asked for a release of {model}", where=model, mend="run the project first")
    failing = [gate for gate in asked.detail["gates"] if not gate["holds"]]
    if failing:
        raise GateError(
            f"{model} may not be released: " + "; ".join(gate["text"] for gate in failing),
            where="brief.must_have",
            mend="mend the model, or let the owner change the brief and run again",
        )
    if by == POLICY:
        if spec.brief.people.approve != "policy":
            raise AccessError(
                "this project's brief lets no policy approve",
                where="brief.people.approve",
                mend=f"ask one of: {', '.join(spec.brief.people.reviewers)}",
            )
    elif by not in spec.brief.people.reviewers:
        raise AccessError(
            f"{by} is no reviewer of {spec.project}",
            where="--as",
            mend=f"reviewers: {', '.join(spec.brief.people.reviewers) or 'none are named in the brief'}",
        )
    elif by == asked.actor:
        raise AccessError(
            f"{by} asked for this release and so may not approve it",
            where="--as",
            mend="another reviewer must approve it",
        )
    return chain.acting(by).append(
        "review.approved",
        f"model/{model}",
        detail={"note": note, "request": asked.id, "bundle": asked.detail["bundle"]},
        uses=[{"kind": "entry", "name": "request", "digest": asked.hash}],
    )


def review_of(chain: Chain, model: str) -> Review:
    asked = chain.last(kind="review.requested", subject=f"model/{model}")
    given = chain.last(kind="review.approved", subject=f"model/{model}")
    gates = [Gate(**gate) for gate in asked.detail["gates"]] if asked else []
    status = "approved" if given else ("waiting for review" if asked else "not requested")
    return Review(
        model=model,
        status=status,
        requested_by=asked.actor if asked else "",
        approved_by=given.actor if given else "",
        gates=gates,
    )
