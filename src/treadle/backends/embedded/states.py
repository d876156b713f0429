"""Online states in a folder, an LMDB each: ENDPOINT/NAME."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.backends.embedded.state import LmdbState


class FolderStates:
    """See `treadle.backends.States`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self, endpoint: str, name: str) -> LmdbState:
        from treadle.backends.embedded.state import LmdbState

        return LmdbState(self.root / endpoint / name)

    def exists(self, endpoint: str, name: str) -> bool:
        return (self.root / endpoint / name).is_dir()
