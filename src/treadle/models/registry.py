"""The model registry and the releases: views of the chain.

A version is an entry `model.packed` whose product is a bundle. What an endpoint serves is the newest entry of
kind `release.` for it. A small pointer file per endpoint is derived from that, for servers to watch.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from treadle.errors import ModelError, nearest

if TYPE_CHECKING:
    from treadle.evidence import Chain, Entry


class ModelVersion(Struct, frozen=True):
    """One packed model. `name` is project:number; `released` tells whether its endpoint serves it now."""

    name: str
    bundle: str
    created: str
    by: str
    run: str
    family: str
    metric: str
    value: float
    low: float
    high: float
    mb: float
    status: str
    released: bool


class Released(Struct, frozen=True):
    """What an endpoint serves."""

    endpoint: str
    model: str
    bundle: str
    entry: str
    time: str


def next_name(chain: Chain, project: str) -> str:
    return f"{project}:{len(packed(chain, project)) + 1}"


def packed(chain: Chain, project: str) -> list[Entry]:
    """The packing entry of each version, oldest first; one a bundle."""
    found: dict[str, Entry] = {}
    for entry in chain.entries(kind="model.packed", status="done"):
        model = str(entry.detail.get("model", ""))
        if model.rpartition(":")[0] == project:
            found.setdefault(model, entry)
    return list(found.values())


def find(chain: Chain, project: str, model: str | None = None) -> Entry:
    """The packing entry of a version: `project:2`, `2`, or None for the newest."""
    known = {str(entry.detail["model"]): entry for entry in packed(chain, project)}
    if not known:
        raise ModelError(f"{project} has no model yet", where=project, mend="make one with: treadle run PROJECT")
    if model is None:
        return list(known.values())[-1]
    name = model if ":" in model else f"{project}:{model}"
    if name not in known:
        raise ModelError(f"there is no model {name}", where=project, mend=nearest(name, known))
    return known[name]


def release(chain: Chain, endpoint: str, packing: Entry, pointer: Path, *, approval: Entry) -> Released:
    """Make an approved version the one that `endpoint` serves. Releasing what is served already does nothing."""
    serving = current(chain, endpoint)
    model = str(packing.detail["model"])
    if serving is not None and serving.model == model:
        _point(pointer, serving)
        return serving
    return _record(
        chain,
        "release.made",
        endpoint,
        packing,
        pointer,
        {"approval": approval.id},
        [{"kind": "entry", "name": "approval", "digest": approval.hash}],
    )


def rollback(chain: Chain, endpoint: str, project: str, pointer: Path, *, reason: str = "") -> Released:
    """Serve again what was served before the version that is served now."""
    history = chain.entries(kind="release.", subject=f"endpoint/{endpoint}", newest_first=True)
    if not history:
        raise ModelError(f"endpoint {endpoint} serves nothing", where=endpoint, mend="release a model first")
    serving = str(history[0].detail["model"])
    bad = {serving, *(str(e.detail["from"]) for e in history if e.kind == "release.rolled_back")}
    good = next((str(e.detail["model"]) for e in history if str(e.detail["model"]) not in bad), None)
    if good is None:
        raise ModelError(
            f"{serving} is the only version that {endpoint} has served, so there is none to return to",
            where=endpoint,
            mend="release another version: treadle models release PROJECT VERSION",
        )
    return _record(
        chain,
        "release.rolled_back",
        endpoint,
        find(chain, project, good),
        pointer,
        {"from": serving, "reason": reason},
        [],
    )


def _record(
    chain: Chain, kind: str, endpoint: str, packing: Entry, pointer: Path, detail: dict[str, Any], uses: list[Any]
) -> Released:
    model, bundle = str(packing.detail["model"]), str(packing.made["bundle"]["digest"])
    entry = chain.append(
        kind,
        f"endpoint/{endpoint}",
        detail={"model": model, "bundle": bundle, **detail},
        uses=[
            {"kind": "blob", "name": "bundle", "digest": bundle},
            {"kind": "entry", "name": "packing", "digest": packing.hash},
            *uses,
        ],
    )
    released = Released(endpoint, model, bundle, entry.id, entry.time)
    _point(pointer, released)
    return released


def current(chain: Chain, endpoint: str) -> Released | None:
    history = chain.entries(kind="release.", subject=f"endpoint/{endpoint}", newest_first=True, limit=1)
    if not history:
        return None
    entry = history[0]
    return Released(endpoint, str(entry.detail["model"]), str(entry.detail["bundle"]), entry.id, entry.time)


def _point(pointer: Path, released: Released) -> None:
    pointer.parent.mkdir(parents=True, exist_ok=True)
    part = pointer.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(msgspec.json.encode(released))
    part.replace(pointer)


def pointed(pointer: Path) -> Released | None:
    """What the pointer file names; None when nothing was released."""
    try:
        return msgspec.json.decode(pointer.read_bytes(), type=Released)
    except FileNotFoundError:
        return None


def versions(chain: Chain, project: str, endpoint: str) -> list[ModelVersion]:
    """All versions of a project, newest first."""
    serving = current(chain, endpoint)
    asked = {e.subject for e in chain.entries(kind="review.requested")}
    approved = {e.subject for e in chain.entries(kind="review.approved")}
    out = []
    for entry in reversed(packed(chain, project)):
        facts, model = entry.detail, str(entry.detail["model"])
        subject = f"model/{model}"
        status = "approved" if subject in approved else "waiting for review" if subject in asked else "packed"
        out.append(
            ModelVersion(
                name=model,
                bundle=str(entry.made["bundle"]["digest"]),
                created=entry.time,
                by=entry.actor,
                run=entry.run,
                family=str(facts.get("family", "")),
                metric=str(facts.get("metric", "")),
                value=float(facts.get("value", 0.0)),
                low=float(facts.get("low", 0.0)),
                high=float(facts.get("high", 0.0)),
                mb=float(facts.get("mb", 0.0)),
                status=status,
                released=serving is not None and serving.model == model,
            )
        )
    return out
