"""A proof that an entry is in the log, as one text file that anybody can check offline (C2SP tlog-proof).

It holds the entry's index, the siblings on its way up the tree, and the signed checkpoint in which the way ends. With
the entry's bytes and the log's verifier key nothing else is needed: no catalog, no network, and no Treadle
(docs/check_inclusion.py checks one in a hundred lines).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treadle.errors import EvidenceError
from treadle.evidence.merkle import HASH_BYTES, HashReader, leaf_hash, prove_inclusion, shows_inclusion
from treadle.evidence.notes import (
    MOST_BYTES,
    Checkpoint,
    VerifierKey,
    decode64,
    encode64,
    open_checkpoint,
    read_checkpoint,
    read_note,
    whole_number,
)

HEADER = "c2sp.org/tlog-proof@v1"
_DEEPEST = 63
_MEND = "a proof is made by `treadle log prove`, and kept unchanged"


@dataclass(frozen=True)
class InclusionProof:
    """`index` counts from 0: entry 1 has index 0. `note` is the signed checkpoint, verbatim."""

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes = b""
    """Anything; nobody vouches for it."""

    @property
    def text(self) -> str:
        extra = [f"extra {encode64(self.extra)}"] if self.extra else []
        return "\n".join([HEADER, *extra, f"index {self.index}", *map(encode64, self.path), "", self.note])

    def check(self, content: bytes, keys: Sequence[VerifierKey], *, where: str = "proof") -> Checkpoint:
        """The checkpoint, signed by one of `keys`, in whose log `content` is entry number `index` + 1.

        Raises:
            EvidenceError: the checkpoint is not signed by one of `keys`, or the entry is not in its log there.
        """
        found = open_checkpoint(self.note, keys, where=where)
        if not shows_inclusion(leaf_hash(content), self.index, found.size, self.path, found.head):
            raise EvidenceError(
                f"this is not entry {self.index + 1} of the log of {found.size} entries signed by {found.origin}",
                where=where,
                mend="the entry or the proof was changed",
            )
        return found


def prove_entry(hashes: HashReader, seq: int, note: str) -> InclusionProof:
    """The proof that entry number `seq` is in the log of the checkpoint `note`."""
    size = read_checkpoint(read_note(note, where="checkpoint").text, where="checkpoint").size
    if not 1 <= seq <= size:
        raise EvidenceError(f"entry {seq} is not among the {size} of the checkpoint", where="checkpoint")
    return InclusionProof(seq - 1, tuple(prove_inclusion(hashes, seq - 1, size)), note)


def read_proof(content: str | bytes, *, where: str) -> InclusionProof:
    """Take a proof apart; `InclusionProof.check` tells whether it holds.

    Raises:
        EvidenceError: it is not in the form of a proof.
    """
    if len(content) > 2 * MOST_BYTES:
        raise EvidenceError("this is no proof: it is too large", where=where, mend=_MEND)
    try:
        text = content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError as bad:
        raise EvidenceError("this is no proof: it is not UTF-8", where=where, mend=_MEND) from bad
    front, _, note = text.partition("\n\n")
    lines = front.split("\n")
    if lines.pop(0) != HEADER:
        raise EvidenceError(f"this is no proof: its first line is not {HEADER}", where=where, mend=_MEND)
    extra: bytes | None = b""
    if lines and lines[0].startswith("extra "):
        extra = decode64(lines.pop(0).removeprefix("extra "))
    word, _, number = (lines.pop(0) if lines else "").partition(" ")
    path = [decode64(line) for line in lines[: _DEEPEST + 1]]
    if extra is None or word != "index" or len(path) > _DEEPEST or any(h is None or len(h) != HASH_BYTES for h in path):
        raise EvidenceError("this is no proof: after its first line come index and hashes", where=where, mend=_MEND)
    read_checkpoint(read_note(note, where=where).text, where=where)
    return InclusionProof(whole_number(number, where), tuple(h for h in path if h is not None), note, extra)
