"""Signed checkpoints of this log: made from its tiles, kept in a folder, and held against the entries by `verify`.

The hash chain shows an edited entry. It cannot show that somebody wrote the whole chain anew, or cut its end off
together with the file that names the head: what is left holds together. A checkpoint that was signed before, and kept,
shows both.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import EvidenceError
from treadle.evidence.merkle import TileHashes, head_of, prove_extension, shows_extension
from treadle.evidence.notes import (
    Checkpoint,
    VerifierKey,
    open_checkpoint,
    read_checkpoint,
    read_note,
    sign,
    verifier_of,
)
from treadle.evidence.tiles import CatalogTiles, log_size

if TYPE_CHECKING:
    from treadle.evidence.chain import Chain

NEWEST = 100
"""So many of the kept notes are held against the log."""
_NAME = re.compile(r"[1-9][0-9]{0,18}\.note")


@dataclass(frozen=True)
class Kept:
    """A checkpoint that was signed before, and what it is called in a sentence."""

    label: str
    checkpoint: Checkpoint


@dataclass(frozen=True)
class Signed:
    checkpoint: Checkpoint
    note: str
    key: VerifierKey
    file: Path


@dataclass(frozen=True)
class Notes:
    """The checkpoints of one log: `folder`/SIZE.note each, and its verifier key, which holds the log's name.

    Whoever can write here can put a forged log with forged notes in its place; a copy elsewhere shows that.
    """

    folder: Path
    key_file: Path

    def key(self) -> VerifierKey | None:
        """The public key of the log; None where it was not begun, and was never signed."""
        if not self.key_file.is_file():
            return None
        return VerifierKey.parse(self.key_file.read_text(encoding="utf-8", errors="replace"))

    def begin(self, name: str, private: str) -> None:
        """Make the verifier key, with the log's name in it, where there is none. What was made twice is the same."""
        if self.key() is None:
            self._make_key(name, private)

    def sign(self, chain: Chain, name: str, private: str) -> Signed:
        """Sign the log as it is now, and keep the note.

        name: what the log is called in its first checkpoint; it keeps that name, with the beginning of its key, since a
        log's name must be its own.

        Raises:
            EvidenceError: nothing was recorded; the key was exchanged; the log does not extend what was signed before.
        """
        key = self._key_for(name, private)
        kept, faults = self.kept(newest=1)
        with chain.engine.connect() as connection:
            size = log_size(connection)
            hashes = TileHashes(CatalogTiles(connection), size)
            found = Checkpoint(key.name, size, head_of(hashes, size))
            for each in kept:
                old = each.checkpoint
                if old.size > size or not shows_extension(
                    old.size, old.head, size, found.head, prove_extension(hashes, old.size, size)
                ):
                    faults.append(f"the log of {size} entries does not extend {each.label}, which was signed before")
        if faults:
            raise EvidenceError(
                f"{faults[0]}: nothing was signed",
                where=self.folder.name,
                mend="treadle verify says what was changed; if it was begun anew on purpose, move the old notes away",
            )
        if not size:
            raise EvidenceError("nothing was recorded yet: there is nothing to sign", where="log", mend="treadle run")
        note = sign(found.text, key.name, private)
        file = self.folder / f"{size}.note"
        write_whole(file, note.encode())
        return Signed(found, note, key, file)

    def kept(self, newest: int = NEWEST) -> tuple[list[Kept], list[str]]:
        """The newest notes, by size, and what is wrong with those that cannot be read or were not signed by the log."""
        files = sorted((f for f in self.folder.glob("*.note") if _NAME.fullmatch(f.name)), key=lambda f: int(f.stem))
        if not files:
            return [], []
        found: list[Kept] = []
        faults: list[str] = []
        try:
            key = self.key()
        except EvidenceError as bad:
            return [], [
                f"the log's key {self.key_file.name} cannot be read, so no checkpoint can be checked: {bad.what}"
            ]
        if key is None:
            return [], [f"the log's key {self.key_file.name} is missing, so no checkpoint can be checked"]
        for file in files[-newest:]:
            label = f"{self.folder.name}/{file.name}"
            try:
                checkpoint = open_checkpoint(file.read_bytes(), [key], where=label)
            except (EvidenceError, OSError) as bad:
                said = bad.what if isinstance(bad, EvidenceError) else str(bad)
                faults.append(f"{label} is no checkpoint of this log: {said}")
            else:
                found.append(Kept(label, checkpoint))
        return found, faults

    def given(self, content: bytes, label: str) -> tuple[Kept | None, str]:
        """A note that was kept elsewhere, and what is wrong with its signature; "" when nothing is. None for one of
        another name: what it says of entries is not about this log. A log begun anew keeps its name, but for its key.

        Raises:
            EvidenceError: it is no checkpoint at all.
        """
        kept = Kept(label, read_checkpoint(read_note(content, where=label).text, where=label))
        origin = kept.checkpoint.origin
        try:
            key = self.key()
            if key is None or key.name != origin:
                if key is None:
                    return kept, f"{label} is a checkpoint of {origin}, and this log never signed one"
                said = f"{label} is a checkpoint of another log, {origin}, and this log is {key.name}"
                same = key.name.rpartition("/")[0] == origin.rpartition("/")[0]
                return kept if same else None, f"{said}: give one of this project's"
            open_checkpoint(content, [key], where=label)
        except EvidenceError as bad:
            return kept, f"{label} does not count as a checkpoint of this log: {bad.what}"
        return kept, ""

    def _make_key(self, name: str, private: str) -> VerifierKey:
        public = verifier_of(name, private).public
        made = VerifierKey(f"{name}/{public.hex()[:8]}", public)
        write_whole(self.key_file, f"{made}\n".encode())
        return made

    def _key_for(self, name: str, private: str) -> VerifierKey:
        found = self.key()
        if found is None:
            found = self._make_key(name, private)
        if verifier_of(found.name, private) != found:
            raise EvidenceError(
                f"{self.key_file.name} is not the public key of this workspace's signing key: the key was exchanged",
                where=str(self.key_file.parent.name),
                mend="put the old key back; to begin anew, move this file and the kept checkpoints away",
            )
        return found


def faults_of(kept: Sequence[Kept], heads: Mapping[int, bytes], last: int) -> list[str]:
    """What the first of `kept` shows that does not fit a log of `last` entries with these heads by size."""
    held = 0
    for each in sorted(kept, key=lambda k: k.checkpoint.size):
        size = each.checkpoint.size
        if last == 0 and size:
            return [f"the log is empty, and {each.label} was signed at {size} entries: the catalog was deleted"]
        if size > last:
            missing = f"entry {size} was" if size == last + 1 else f"entries {last + 1} to {size} were"
            return [f"the log has {last} entries, and {each.label} was signed at {size}: {missing} cut off its end"]
        if size and heads.get(size) != each.checkpoint.head:
            since = f"after entry {held} and " if held else ""
            return [f"the log does not extend {each.label}: the record {since}up to entry {size} was rewritten"]
        held = size
    return []


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that nobody ever reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}.part")
    part.write_bytes(content)
    part.replace(file)
