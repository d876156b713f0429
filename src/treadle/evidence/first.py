"""Entries as version 0.1 wrote them, read as today's: their bytes and hashes stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from treadle.evidence.entry import GENESIS, Entry, Price, Usage, raw
from treadle.evidence.payload import Payload, Unknown, digest, read_payload
from treadle.money import money
from treadle.store import Blob, EntryRef, File, Ref, Snapshot, Value


class _First(Struct, frozen=True):
    seq: int
    id: str
    kind: str
    subject: str
    run: str
    time: str
    actor: str
    status: str
    cache_key: str = ""
    detail: dict[str, Any] = {}
    uses: list[Any] = []
    made: dict[str, Any] = {}
    usage: Usage | None = None
    cost: dict[str, Any] | None = None
    prev: str = GENESIS


def read_first(content: bytes, sealed: str) -> Entry[Payload]:
    """An entry of version 0.1: its `detail` and `made` become the payload of its kind, where that is known."""
    found = msgspec.json.decode(content, type=_First)
    payload: Payload = Unknown(kind=found.kind)
    if found.status == "done":
        data = msgspec.json.encode(
            {"detail": found.detail, "made": found.made, "uses": found.uses, "subject": found.subject}
        )
        payload = read_payload(found.kind, 1, data)
        if isinstance(payload, Unknown):
            payload = Unknown(kind=found.kind, text=str(found.detail.get("said") or payload.text))
    cost = found.cost
    return Entry(
        seq=found.seq,
        id=found.id,
        kind=found.kind,
        subject=found.subject,
        run=found.run,
        time=found.time,
        actor=found.actor,
        status=found.status,
        payload=payload,
        hash=sealed,
        prev=found.prev,
        cache_key=found.cache_key,  # never a hit: it was made by other rules
        input=bytes(raw(found.detail.get("settings", {}))),
        parts=tuple(found.detail.get("parts", {}).items()),
        why=str(found.detail.get("why", "")),
        error=str(found.detail.get("error", "")),
        uses=tuple(_ref(ref) for ref in found.uses),
        made=tuple(_ref(ref, name) for name, ref in found.made.items()),
        usage=found.usage,
        price=Price(money(cost["amount"], str(cost["currency"])), str(cost.get("book", ""))) if cost else None,
    )


def _ref(ref: Any, name: str = "") -> Ref:
    if not isinstance(ref, Mapping):
        return Value(digest(ref), name)
    name = str(ref.get("name") or name)
    match ref.get("kind"):
        case "table":
            return Snapshot(str(ref["table"]), int(ref["version"]), str(ref["fingerprint"]), int(ref.get("rows", 0)))
        case "blob":
            return Blob(str(ref["digest"]), name)
        case "file":
            return File(name, str(ref["digest"]))
        case "entry":
            return EntryRef(str(ref["digest"]), name)
    return Value(str(ref.get("digest") or digest(dict(ref))), name)
