"""Where what is said without a name waits to be shown: a file of a fixed size, whose times and order say nothing.

What is waited for is in no database, since the pages of one lie in the order in which they were written, between pages
that have a name and a time. Here a text goes into a slot that is drawn by chance. The file is there from the first
command on, is never made anew (its owner would be who wrote last), and every command writes all of it again: when it
was written last is when anybody did anything. What this cannot hide: docs/decisions/0027-concerns-without-a-name.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from treadle.errors import DecisionError
from treadle.evidence.kinds.concerns_shown import Concern

FILE = "concerns"
SLOTS, SIZE = 64, 2048
MOST_BYTES = SIZE - 64
"""Of a text, in UTF-8."""
_MARK = b"treadle-concerns-1\n"
_HEAD = 64
_SLOTS_END = _HEAD + SLOTS * SIZE
_KEY, _SEEN = 32, 16
"""Bytes: the key of a pool's marks, and each mark."""


class Pool(Struct, frozen=True):
    """What waits together. `least`: so many are shown at once, at the least.

    `persons`: of so many it is kept, until what waits is shown, that something of theirs is among it; 0: of nobody.
    """

    file: str
    least: int
    what: str
    persons: int = 0

    @property
    def size(self) -> int:
        return _SLOTS_END + (_KEY + self.persons * _SEEN if self.persons else 0)


CONCERNS = Pool(FILE, 3, "concerns")
CHECKINS = Pool("checkins", 5, "check-ins", persons=SLOTS)
_PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"})


def plain(text: str) -> str:
    """The words alone: what a keyboard or an editor adds of its own (blanks, curled quotes, dashes) is made alike.

    Raises:
        DecisionError: nothing is said, or more than fits.
    """
    kept = "".join(c for c in unicodedata.normalize("NFKC", text).translate(_PLAIN) if c.isspace() or c.isprintable())
    said = " ".join(kept.split())
    if not said:
        raise DecisionError(
            "nothing was said", where="standard input", mend="write it, then end it with Ctrl-D on a line of its own"
        )
    if len(said.encode("utf-8", "replace")) > MOST_BYTES:
        raise DecisionError(
            f"it is longer than {MOST_BYTES:,} bytes",
            where="standard input",
            mend="say it shorter: a long text is told by its style",
        )
    return said.encode("utf-8", "replace").decode()


def stir(root: Path) -> None:
    """Write all of it again as it is, so that its times are those of the newest command, whichever that was. Where
    somebody else writes it just now, nobody is waited for."""
    for pool in (CONCERNS, CHECKINS):
        with contextlib.suppress(OSError), _held(root, pool, wait=False) as file:
            _write(file, 0, os.pread(file, pool.size, 0))


def put(root: Path, text: str, pool: Pool = CONCERNS, who: str = "") -> bool:
    """Let it wait, in a place that is drawn by chance. False: something of theirs waits already, and this does not.

    who: of a pool that counts persons, whose it is. A keyed mark of them is kept apart from what they say.

    Raises:
        DecisionError: there is no room.
    """
    with _alike(root), _held(root, pool) as file:
        free = [slot for slot in range(SLOTS) if _read(file, slot) is None]
        if not free:
            raise DecisionError(
                f"{SLOTS} {pool.what} wait already",
                where=pool.file,
                mend="they are shown when the next week begins; say it then",
            )
        whole = bytearray(os.pread(file, pool.size, 0))
        if who and not _mark(whole, who):
            return False
        content = _packed(Concern(secrets.token_hex(8), text))
        place = _HEAD + secrets.choice(free) * SIZE
        whole[place : place + SIZE] = content
        _write(file, 0, bytes(whole))
        return True


def _mark(whole: bytearray, who: str) -> bool:
    """Mark that something of theirs waits; False where it is marked already. In the order of the marks themselves,
    which is that of nothing else."""
    first = _SLOTS_END + _KEY
    if not any(whole[_SLOTS_END:first]):
        whole[_SLOTS_END:first] = secrets.token_bytes(_KEY)
    made = hmac.digest(bytes(whole[_SLOTS_END:first]), who.encode("utf-8", "replace"), "sha256")[:_SEEN]
    places = [bytes(whole[place : place + _SEEN]) for place in range(first, len(whole), _SEEN)]
    known = sorted(each for each in places if any(each))
    if made in known or len(known) == len(places):
        return False
    marks = b"".join(sorted([*known, made]))
    whole[first : first + len(marks)] = marks
    return True


def show(
    root: Path,
    week: str,
    keep: Callable[[Sequence[Concern]], None],
    known: frozenset[str],
    pool: Pool = CONCERNS,
) -> None:
    """Where the week is newer than when this was last asked, and enough wait: `keep` them all, then empty the file.

    A clock that was set back makes no new week: what was raised since the week began would be shown at once.
    known: ids that were kept before, and whose place was not emptied, since the process died between.
    """
    with _alike(root), _held(root, pool) as file:
        head = os.pread(file, _HEAD, 0)
        if head >= _head(week):
            return
        found = [each for each in (_read(file, slot) for slot in range(SLOTS)) if each is not None]
        waiting = sorted((each for each in found if each.id not in known), key=lambda each: each.id)
        enough = len(waiting) >= pool.least
        if enough:
            keep(waiting)
        left = [] if enough else waiting
        whole = bytearray(_head(week) + bytes(pool.size - _HEAD))
        if left:  # who is among them stays known; else nobody is, and the next marks have another key
            whole[_SLOTS_END:] = os.pread(file, pool.size - _SLOTS_END, _SLOTS_END)
        for slot, each in zip(secrets.SystemRandom().sample(range(SLOTS), len(left)), left, strict=True):
            whole[_HEAD + slot * SIZE : _HEAD + (slot + 1) * SIZE] = _packed(each)
        _write(file, 0, bytes(whole))


@contextmanager
def _alike(root: Path) -> Iterator[None]:
    """Both files are written again at the end, as every command does: times of one that differ from the other's would
    say that something was raised, or looked for, in it."""
    try:
        yield
    finally:
        stir(root)


@contextmanager
def _held(root: Path, pool: Pool, *, wait: bool = True) -> Iterator[int]:
    """The file, locked, of its full size; made where it is missing."""
    place = root / pool.file
    shared = place.parent.stat().st_mode & 0o2000
    mode = 0o660 if shared else 0o600
    file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        size, is_one = os.fstat(file).st_size, os.pread(file, len(_MARK), 0) == _MARK
        if is_one and size == _SLOTS_END < pool.size:  # of before persons were counted: what waits in it stays
            os.ftruncate(file, pool.size)
        elif size != pool.size or not is_one:
            os.ftruncate(file, 0)
            _write(file, 0, _head("") + bytes(pool.size - _HEAD))
        yield file
    finally:
        os.close(file)


def _write(file: int, place: int, content: bytes) -> None:
    while content:
        done = os.pwrite(file, content, place)
        place, content = place + done, content[done:]
    with contextlib.suppress(PermissionError):  # the file is another's, of a shared workspace
        os.utime(file, (0, 0))


def _head(week: str) -> bytes:
    return (_MARK + week.encode("ascii")).ljust(_HEAD, b"\0")


def _packed(concern: Concern) -> bytes:
    text = concern.text.encode()
    body = bytes.fromhex(concern.id) + len(text).to_bytes(2, "big") + text
    return (hashlib.sha256(body).digest()[:16] + body).ljust(SIZE, b"\0")


def _read(file: int, slot: int) -> Concern | None:
    """What is in a slot; None where it is free, or was not written whole."""
    content = os.pread(file, SIZE, _HEAD + slot * SIZE)
    length = int.from_bytes(content[24:26], "big")
    body = content[16 : 26 + length]
    if not length or hashlib.sha256(body).digest()[:16] != content[:16]:
        return None
    return Concern(content[16:24].hex(), content[26 : 26 + length].decode("utf-8", "replace"))
