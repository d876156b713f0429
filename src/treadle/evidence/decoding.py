"""An entry read from its bytes, of whichever format."""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from treadle.errors import EvidenceError, MoneyError
from treadle.evidence.entry import FORMAT, Body, Entry
from treadle.evidence.first import read_first
from treadle.evidence.payload import Payload, Unknown, read_payload


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


_format, _body = msgspec.json.Decoder(_Format), msgspec.json.Decoder(Body)
"""Made once: thousands of entries are read for one answer."""


def decode(content: bytes, sealed: str) -> Entry[Payload]:
    """As `read`, without asking for the hash."""
    try:
        found = _format.decode(content).format
        if found == 1:
            return read_first(content, sealed)
        if found != FORMAT:
            raise EvidenceError(f"an entry has format {found}, and {FORMAT} is the newest known here", where="entries")
        body = _body.decode(content)
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
