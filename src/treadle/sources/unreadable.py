"""Why the bytes of one file are no rows."""

from __future__ import annotations


class Unreadable(ValueError):
    """What is wrong, from which line of the file, and how to mend it. Whoever knows the file makes the error of it."""

    def __init__(self, what: str, *, line: int = 0, mend: str = "") -> None:
        self.what, self.line, self.mend = what, line, mend
        super().__init__(what)
