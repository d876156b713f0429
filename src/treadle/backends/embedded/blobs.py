"""Blobs in a local folder, two levels deep, by SHA-256."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from treadle.errors import EvidenceError, Gone
from treadle.store import clear_parts


class FolderBlobs:
    """See `treadle.store.Blobs`. A put writes beside and renames, so a killed process leaves no half blob;
    what it left beside goes with a later put."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        place = self.path(digest)
        if not self._holds(place, digest):
            place.parent.mkdir(parents=True, exist_ok=True)
            clear_parts(place.parent, "*.part")
            part = place.with_suffix(f".{uuid.uuid4().hex}.part")
            try:
                part.write_bytes(content)
                part.replace(place)
            finally:
                part.unlink(missing_ok=True)
        return digest

    def _holds(self, place: Path, digest: str) -> bool:
        """A file that was changed since is written anew: what is put can be read."""
        return place.is_file() and hashlib.sha256(place.read_bytes()).hexdigest() == digest

    def put_file(self, path: Path) -> str:
        return self.put(path.read_bytes())

    def get(self, digest: str) -> bytes:
        place = self.path(digest)
        if not place.is_file():
            raise Gone(
                f"the blob {digest[:12]}… is missing",
                where=str(place),
                mend="run again what made it (treadle why names the step)",
            )
        content = place.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise EvidenceError(
                f"the blob {digest[:12]}… was changed on disk",
                where=str(place),
                mend="delete the file and run again what made it",
            )
        return content

    def path(self, digest: str) -> Path:
        return self.root / digest[:2] / digest

    def exists(self, digest: str) -> bool:
        return self.path(digest).is_file()
