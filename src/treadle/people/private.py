"""What one person writes for themselves: encrypted by a key that lies in their account, outside every workspace.

The key never enters the record, and nothing there can read what it locks: neither the owner nor a reviewer, nor who has
a copy of all files of the project. Whoever has the account has the key; who loses it has lost what it locked.
AES-256-GCM, with a key for each decision derived by HKDF (RFC 5869), and lengths rounded up to half a kilobyte.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import AccessError, DecisionError
from treadle.spec.trust import account_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FILE = "private.key"
MOST_BYTES = 100_000
_MARK = b"treadle-private-1\n"
_ROUND = 512
_NONCE = 12


def lock(text: str, about: str) -> bytes:
    """The text as only this account can read it. `about`: what it belongs to; it opens nowhere else.

    Raises:
        DecisionError: nothing is said, or too much; AccessError: this account has no place for a key.
    """
    said = text.strip().encode("utf-8", "replace")
    if not said or len(said) > MOST_BYTES:
        raise DecisionError(
            "nothing was said" if not said else f"a note of {len(said):,} bytes is no note",
            where="standard input",
            mend=f"write 1 to {MOST_BYTES:,} bytes, and end them with Ctrl-D on a line of its own",
        )
    body = len(said).to_bytes(4, "big") + said
    body += bytes(-len(body) % _ROUND)
    nonce = secrets.token_bytes(_NONCE)
    return _MARK + nonce + _cipher(about, make=True).encrypt(nonce, body, about.encode())


def unlock(content: bytes, about: str) -> str:
    """Raises AccessError: this account's key does not open it, or it was changed."""
    from cryptography.exceptions import InvalidTag

    place = len(_MARK)
    try:
        if not content.startswith(_MARK):
            raise InvalidTag
        body = _cipher(about, make=False).decrypt(
            content[place : place + _NONCE], content[place + _NONCE :], about.encode()
        )
    except (InvalidTag, ValueError) as bad:
        raise AccessError(
            "the key of this account does not open it",
            where=FILE,
            mend="it opens in the account in which it was written, and nowhere else",
        ) from bad
    return body[4 : 4 + int.from_bytes(body[:4], "big")].decode()


def _cipher(about: str, *, make: bool) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESGCM(HKDF(SHA256(), 32, None, about.encode()).derive(_key(account_folder() / FILE, make=make)))


def _key(file: Path, *, make: bool) -> bytes:
    """The account's own key, made once; two processes that make it at once get the same one."""
    try:
        if make and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = file.with_name(f".{secrets.token_hex(8)}.part")
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(secrets.token_bytes(32))
            try:
                os.link(part, file)
            except FileExistsError:
                pass  # another process made it: its key counts
            finally:
                part.unlink()
        key = file.read_bytes()
    except OSError as bad:
        raise AccessError(
            f"this account has no key for what is private: {bad.strerror}",
            where=str(file.parent),
            mend="what is private is read in the account in which it was written; TREADLE_TRUST names its folder",
        ) from bad
    if len(key) != 32:
        raise AccessError("the key for what is private is none", where=FILE, mend="put the one back that was there")
    return key
