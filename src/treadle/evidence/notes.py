"""Signed notes and checkpoints, as C2SP's signed-note and tlog-checkpoint write them.

A checkpoint says "the log named ORIGIN had SIZE entries, and their tree this head", signed by the log. It is a few
lines of text that fit in an e-mail; whoever keeps one can later prove that nothing before it was rewritten.

    treadle/flights/1f2e3d4c
    57
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — treadle/flights/1f2e3d4c Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO…

Reading is strict: a note has one form, and what deviates is refused with a reason. Only Ed25519 is known (type 0x01);
signatures by other keys are ignored, as the format asks.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from treadle.errors import EvidenceError
from treadle.evidence.merkle import HASH_BYTES

ED25519 = b"\x01"
MOST_BYTES, MOST_SIGNATURES = 256 * 1024, 64
_MEND = "a note is made by `treadle log checkpoint`, and kept unchanged"


@dataclass(frozen=True)
class VerifierKey:
    """The public half of a log's key and the log's name: all that is needed to check its notes.

    >>> str(VerifierKey("treadle/shop", bytes(32)))[:22]
    'treadle/shop+00e5457f+'
    """

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Raises EvidenceError: it is not `NAME+ID+KEY`, or its parts contradict each other."""
        name, _, rest = text.strip().partition("+")
        given, _, key = rest.partition("+")
        raw = decode64(key)
        if not is_key_name(name) or raw is None or len(raw) != 33 or raw[:1] != ED25519:
            raise EvidenceError("this is no Ed25519 verifier key", where=text[:80], mend="it looks like NAME+ID+KEY")
        found = cls(name, raw[1:])
        if given != found.id.hex():
            raise EvidenceError("the id of the verifier key is not that of its name and key", where=text[:80])
        return found


@dataclass(frozen=True)
class Signature:
    name: str
    id: bytes
    value: bytes


@dataclass(frozen=True)
class Note:
    """Text with signatures that nobody has checked yet. `text` ends with a newline."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_by(self, keys: Sequence[VerifierKey], where: str) -> list[VerifierKey]:
        """Those of `keys` that signed it, at least one.

        Raises:
            EvidenceError: none did, or a signature by one of them does not hold.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        known, found = {(key.name, key.id): key for key in keys}, []
        for signature in self.signatures:
            key = known.get((signature.name, signature.id))
            if key is None:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(key.public).verify(signature.value, self.text.encode())
            except (InvalidSignature, ValueError) as bad:
                raise EvidenceError(f"the signature by {key.name} does not hold", where=where, mend=_MEND) from bad
            found.append(key)
        if not found:
            names = ", ".join(sorted({signature.name for signature in self.signatures})[:3])
            raise EvidenceError(f"no known key signed this note (signed by: {names})", where=where, mend=_MEND)
        return found


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log at a size."""

    origin: str
    size: int
    head: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join([self.origin, str(self.size), encode64(self.head), *self.extensions]) + "\n"


def sign(text: str, name: str, private: str) -> str:
    """The note: `text` signed as `name` with a private key of 64 hex digits.

    Raises:
        EvidenceError: text, name or key cannot stand in a note.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    except ValueError as bad:
        raise EvidenceError("the signing key is not 64 hex digits", where="keys/signing.key") from bad
    if not is_key_name(name):
        raise EvidenceError(f"{name!r} cannot sign: a key's name has no spaces and no +", where="origin")
    verifier = VerifierKey(name, key.public_key().public_bytes_raw())
    note = f"{text}\n— {name} {encode64(verifier.id + key.sign(text.encode()))}\n"
    if read_note(note, where="note").text != text:
        raise EvidenceError("this text cannot be signed: it ends with an empty line", where="note")
    return note


def verifier_of(name: str, private: str) -> VerifierKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return VerifierKey(
        name, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).public_key().public_bytes_raw()
    )


def read_note(content: str | bytes, *, where: str) -> Note:
    """Take a note apart. Nothing is checked but its form.

    Raises:
        EvidenceError: it is too large, or not in the form of a signed note.
    """
    if len(content) > MOST_BYTES:
        raise EvidenceError(f"this is no note: it is larger than {MOST_BYTES:,} bytes", where=where, mend=_MEND)
    text = _text(content, where)
    body, gap, tail = text.rpartition("\n\n")
    lines = tail.split("\n")
    if not gap or not body or lines.pop() != "" or not lines:
        raise EvidenceError("this is no signed note: text, an empty line, signatures", where=where, mend=_MEND)
    if len(lines) > MOST_SIGNATURES:
        raise EvidenceError(f"a note has at most {MOST_SIGNATURES} signatures", where=where, mend=_MEND)
    return Note(body + "\n", tuple(_signature(line, where) for line in lines))


def read_checkpoint(text: str, *, where: str) -> Checkpoint:
    """The text of a note as a checkpoint.

    Raises:
        EvidenceError: it is not one.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise EvidenceError("this is no checkpoint: origin, size and head, a line each", where=where, mend=_MEND)
    origin, size, head, *extensions = lines
    raw = decode64(head)
    if raw is None or len(raw) != HASH_BYTES:
        raise EvidenceError("the head of the checkpoint is not a hash in base64", where=where, mend=_MEND)
    return Checkpoint(origin, whole_number(size, where), raw, tuple(extensions))


def open_checkpoint(content: str | bytes, keys: Sequence[VerifierKey], *, where: str) -> Checkpoint:
    """A checkpoint that one of `keys` signed under the name that is its origin.

    Raises:
        EvidenceError: its form or its signature does not hold, or none of `keys` signed it.
    """
    note = read_note(content, where=where)
    found = read_checkpoint(note.text, where=where)
    note.signed_by([key for key in keys if key.name == found.origin], where)
    return found


def whole_number(text: str, where: str) -> int:
    """A decimal number as a checkpoint writes it: ASCII digits without leading zeros, below 2**63."""
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and str(int(text)) == text and int(text) < 1 << 63):
        raise EvidenceError(f"{text[:40]!r} is not a number of entries", where=where, mend=_MEND)
    return int(text)


def is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(c.isspace() for c in name)


def encode64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decode64(text: str) -> bytes | None:
    """What `text` encodes; None when it is not base64 in its one canonical form."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if encode64(raw) == text else None


def _text(content: str | bytes, where: str) -> str:
    try:
        text = content.decode() if isinstance(content, bytes) else content
        text.encode()
    except UnicodeError as bad:
        raise EvidenceError("this is no note: it is not UTF-8", where=where, mend=_MEND) from bad
    if any(c < " " and c != "\n" for c in text):
        raise EvidenceError("this is no note: it holds control characters", where=where, mend=_MEND)
    return text


def _signature(line: str, where: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, value = rest.partition(" ")
    raw = decode64(value)
    if dash != "—" or not is_key_name(name) or raw is None or len(raw) < 5:
        raise EvidenceError(f"this line is no signature: {line[:60]!r}", where=where, mend=_MEND)
    return Signature(name, raw[:4], raw[4:])
