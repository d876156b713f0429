"""One entry of the chain, and how it is hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

GENESIS = "0" * 64


class Usage(Struct, frozen=True):
    """What a step used of the machine, its child processes included."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    """Largest resident memory of the process and its children together, in MiB, while the step ran."""
    read_bytes: int = 0
    written_bytes: int = 0


class Entry(Struct, frozen=True):
    """One fact. `uses` and `made` hold references: dicts with a `kind` (table, blob, entry, value) and a hash."""

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
    hash: str = ""

    def body(self) -> bytes:
        """The bytes that the hash covers: everything but the hash itself, in one canonical order."""
        data = msgspec.to_builtins(self)
        del data["hash"]
        return msgspec.json.encode(data, order="deterministic")

    def sealed(self) -> Entry:
        return msgspec.structs.replace(self, hash=hashlib.sha256(self.body()).hexdigest())


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON; of the bytes themselves for bytes."""
    content = value if isinstance(value, bytes) else msgspec.json.encode(value, order="deterministic")
    return hashlib.sha256(content).hexdigest()


def content_hash(ref: Any) -> str:
    """What identifies the content of a reference: not its version number or its place."""
    if isinstance(ref, Mapping):
        for name in ("fingerprint", "digest", "hash"):
            if name in ref:
                return str(ref[name])
    return digest(ref)
