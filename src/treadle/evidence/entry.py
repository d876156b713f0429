"""One entry of the chain: how it is written, hashed, and read back, today's and those of version 0.1."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Generic

import msgspec
from msgspec import Struct

from treadle.evidence.payload import P_co
from treadle.money import Money
from treadle.store import EntryRef, Ref

GENESIS = "0" * 64
FORMAT = 2
NOTHING = msgspec.Raw(b"null")


class Usage(Struct, frozen=True):
    """What a step used of the machine, its child processes included."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    """Largest resident memory of the process and its children together, in MiB, while the step ran."""
    read_bytes: int = 0
    written_bytes: int = 0
    kept_bytes: int = 0
    """Size of the tables and blobs that it made."""
    gpu_seconds: float = 0.0
    """Seconds in which it held a GPU, busy or not, times the GPUs that it held."""
    gpu_busy_seconds: float | None = None
    """Of these, the seconds in which the GPUs computed; None where none was held, or the driver does not say."""
    gpu_peak_mb: float = 0.0
    """Largest memory of GPUs, in MiB, that it held at one time; 0 also where the driver does not say."""
    gpu_by: str = ""
    """How these are known, see `gpus`: "processes", "devices", "unknown"; "" where no GPU was measured."""


class Price(Struct, frozen=True):
    """What an entry cost, and the dated price book that says so; `book` is empty for what was booked by hand.

    `lacks`: prices that the book does not have, of what was used: that part is not in `money`.
    """

    money: Money
    book: str = ""
    lacks: tuple[str, ...] = ()


class Body(Struct, frozen=True, kw_only=True):
    """The bytes that the hash covers. `input` is what a step was asked, `payload` what came of it, both as JSON."""

    format: int = FORMAT
    seq: int
    id: str
    kind: str
    version: int
    subject: str
    run: str
    time: str
    actor: str
    status: str
    cache_key: str = ""
    input: msgspec.Raw = NOTHING
    parts: dict[str, str] = {}
    code: str = ""
    why: str = ""
    error: str = ""
    payload: msgspec.Raw = NOTHING
    uses: tuple[Ref, ...] = ()
    made: tuple[Ref, ...] = ()
    usage: Usage | None = None
    price: Price | None = None
    prev: str = GENESIS


@dataclass(frozen=True)
class Entry(Generic[P_co]):
    """One fact of the record. `payload` is `Unknown` for a failed step and for a kind that is not known here.

    `uses` and `made` are its edges; `parts` the digests that its key was made of; `code` the blob that lists the code
    and the libraries that the step could reach; `why` says why it was run.
    """

    seq: int
    id: str
    kind: str
    subject: str
    run: str
    time: str
    actor: str
    status: str
    payload: P_co
    hash: str
    prev: str
    cache_key: str = ""
    input: bytes = b""
    parts: tuple[tuple[str, str], ...] = ()
    code: str = ""
    why: str = ""
    error: str = ""
    uses: tuple[Ref, ...] = ()
    made: tuple[Ref, ...] = ()
    usage: Usage | None = None
    price: Price | None = None

    @property
    def ref(self) -> EntryRef:
        return EntryRef(self.hash, self.kind)

    def said(self) -> str:
        """What it says, for a person."""
        return f"failed: {self.error}".splitlines()[0] if self.status == "failed" else self.payload.said()


_encoder = msgspec.json.Encoder(order="deterministic", enc_hook=str)


def seal(body: Body) -> tuple[bytes, str]:
    """The bytes of an entry and their hash."""
    content = _encoder.encode(body)
    return content, hashlib.sha256(content).hexdigest()


def raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(value))
