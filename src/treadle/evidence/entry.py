"""One entry of the chain: how it is written, hashed, and read back, today's and those of version 0.1."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Generic

import msgspec
from msgspec import Struct

from treadle.errors import EvidenceError, MoneyError
from treadle.evidence.payload import P_co, Payload, Unknown, read_payload
from treadle.money import Money
from treadle.store.refs import EntryRef, Ref

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


class Price(Struct, frozen=True):
    """What an entry cost, and the dated price book that says so; `book` is empty for what was booked by hand."""

    money: Money
    book: str = ""


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


def read(content: bytes, sealed: str) -> Entry[Payload]:
    """An entry as it was written.

    Raises:
        EvidenceError: the bytes no longer have their hash, or are no entry.
    """
    if not isinstance(content, bytes):
        raise EvidenceError("an entry's content is no longer bytes", where="entries", mend="treadle verify names it")
    if hashlib.sha256(content).hexdigest() != sealed:
        raise EvidenceError(
            "an entry was edited: its content no longer has its hash", where="entries", mend="treadle verify names it"
        )
    return decode(content, sealed)


# what a body that somebody made by hand can lead to: another shape or type, an amount that is none, endless nesting
_UNREADABLE = (
    msgspec.MsgspecError,
    MoneyError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
    ArithmeticError,
)


class _Format(Struct):
    format: int = 1


def decode(content: bytes, sealed: str) -> Entry[Payload]:
    """As `read`, without asking for the hash."""
    try:
        found = msgspec.json.decode(content, type=_Format).format
        if found == 1:
            from treadle.evidence.first import read_first

            return read_first(content, sealed)
        if found != FORMAT:
            raise EvidenceError(f"an entry has format {found}, and {FORMAT} is the newest known here", where="entries")
        body = msgspec.json.decode(content, type=Body)
        payload: Payload = Unknown(kind=body.kind)
        if bytes(body.payload) != b"null":
            payload = read_payload(body.kind, body.version, body.payload)
    except EvidenceError:
        raise
    except _UNREADABLE as bad:
        raise EvidenceError(f"an entry cannot be read: {bad}", where="entries", mend="treadle verify names it") from bad
    return Entry(
        seq=body.seq,
        id=body.id,
        kind=body.kind,
        subject=body.subject,
        run=body.run,
        time=body.time,
        actor=body.actor,
        status=body.status,
        payload=payload,
        hash=sealed,
        prev=body.prev,
        cache_key=body.cache_key,
        input=bytes(body.input),
        parts=tuple(body.parts.items()),
        code=body.code,
        why=body.why,
        error=body.error,
        uses=body.uses,
        made=body.made,
        usage=body.usage,
        price=body.price,
    )
