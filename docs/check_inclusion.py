"""Check offline, without Treadle, that an entry is in a log: python check_inclusion.py ENTRY.json PROOF VERIFIER_KEY

Needs Python 3.9 or newer and `pip install cryptography`. `treadle log prove` writes ENTRY.json and PROOF; VERIFIER_KEY
(or a file that holds it) is the log's public key, which you should have from elsewhere than the proof.

The proof (c2sp.org/tlog-proof) gives the entry's index and the hashes beside its way up the Merkle tree of RFC 6962;
the way must end in the head that stands in the checkpoint (c2sp.org/tlog-checkpoint), which the key must have signed.
"""

import base64
import hashlib
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Fails(Exception):
    """Says what fails."""


def need(holds: bool, what: str) -> None:
    if not holds:
        raise Fails(what)


def number(text: str) -> int:
    need(text.isascii() and text.isdigit() and len(text) < 20 and str(int(text)) == text, f"{text!r} is no number")
    return int(text)


def raw(text: str) -> bytes:
    found = base64.b64decode(text, validate=True)
    need(base64.b64encode(found).decode() == text, f"{text!r} is not base64 as it should be")
    return found


def signed(note: str, key: str) -> "tuple[str, int, bytes]":
    """(origin, size, head) of the checkpoint, if the key signed it."""
    name, key_id, public = key.strip().split("+", 2)
    kind_and_key = raw(public)
    need(kind_and_key[:1] == b"\x01" and len(kind_and_key) == 33, "the verifier key is not Ed25519")
    own = hashlib.sha256(name.encode() + b"\n" + kind_and_key).digest()[:4]
    need(own.hex() == key_id, "the verifier key contradicts itself")
    body, _, signatures = note.rpartition("\n\n")
    text = body + "\n"
    for line in signatures.split("\n")[:-1]:
        dash, who, value = line.split(" ")
        if dash == "—" and who == name and raw(value)[:4] == own:
            Ed25519PublicKey.from_public_bytes(kind_and_key[1:]).verify(raw(value)[4:], text.encode())
            origin, size, head, *_ = text.split("\n")
            need(origin == name, f"the checkpoint is of {origin}, and the key of {name}")
            need(len(raw(head)) == 32, "the head is no hash")
            return origin, number(size), raw(head)
    raise Fails(f"{name} did not sign this checkpoint")


def climb(leaf: bytes, index: int, size: int, path: "list[bytes]") -> bytes:
    """The head to which the path leads (RFC 9162, 2.1.3.2)."""
    need(index < size, f"there is no entry {index + 1} in a log of {size}")
    place, last, found = index, size - 1, leaf
    for beside in path:
        need(last > 0 and len(beside) == 32, "the path is too long")
        if place & 1 or place == last:
            found = hashlib.sha256(b"\x01" + beside + found).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + beside).digest()
        place, last = place >> 1, last >> 1
    need(last == 0, "the path is too short")
    return found


def check(entry: bytes, proof: str, key: str) -> str:
    front, _, note = proof.partition("\n\n")
    lines = front.split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "this is no tlog-proof")
    if lines and lines[0].startswith("extra "):
        lines.pop(0)
    need(bool(lines) and lines[0].startswith("index "), "the proof has no index")
    index = number(lines.pop(0)[len("index ") :])
    origin, size, head = signed(note, key)
    found = climb(hashlib.sha256(b"\x00" + entry).digest(), index, size, [raw(line) for line in lines])
    need(found == head, f"this is not entry {index + 1} of the log of {size} entries signed by {origin}")
    return f"entry {index + 1} is in the log of {size} entries signed by {origin}"


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        entry, proof, given = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
        key = Path(given).read_text("utf-8") if Path(given).is_file() else given
        print("holds:", check(entry.read_bytes(), proof.read_bytes().decode(), key))
    except InvalidSignature:
        sys.exit("fails: the signature of the checkpoint does not hold")
    except (Fails, ValueError, OSError) as bad:
        sys.exit(f"fails: {bad}")
