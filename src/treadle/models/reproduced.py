"""What came of making a version again, as types."""

from __future__ import annotations

from msgspec import Struct


class Compared(Struct, frozen=True):
    """One thing that was made again: `then` and `now` as they are shown; `same` by their content."""

    what: str
    then: str
    now: str
    same: bool


class Reproduced(Struct, frozen=True):
    """`ok`: features, model and metric came out equal. `differs`: what is not as it was: code, libraries, files."""

    model: str
    ok: bool
    compared: list[Compared]
    differs: list[str]
