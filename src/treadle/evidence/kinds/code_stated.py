"""The kind `code.stated`."""

from __future__ import annotations

from typing import ClassVar

from treadle.evidence.payload import Payload
from treadle.store import Blob


class CodeStated(Payload, frozen=True, kw_only=True):
    """The project's own files as they stood when a run began, and where Git was: said when it differs from before.

    `files`: the project file, functions.py and the contracts. `commit`: empty where the project is in no repository.
    `changed`: what was not committed; `diff`: how, for `git apply`; None where nothing was, or too much.
    """

    KIND: ClassVar[str] = "code.stated"
    FACT: ClassVar[bool] = True

    files: tuple[Blob, ...]
    commit: str = ""
    branch: str = ""
    changed: tuple[str, ...] = ()
    diff: Blob | None = None

    def said(self) -> str:
        if not self.commit:
            return "in no Git repository"
        on = f" on {self.branch}" if self.branch else ""
        return f"commit {self.commit[:12]}{on}{self._uncommitted()}"

    def _uncommitted(self) -> str:
        if not self.changed:
            return ", nothing uncommitted"
        named = ", ".join(self.changed[:3]) + (", …" if len(self.changed) > 3 else "")
        count = "1 file" if len(self.changed) == 1 else f"{len(self.changed)} files"
        return f", {count} uncommitted: {named}"
