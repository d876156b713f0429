"""What every kind of source finds before it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl


class Found(Protocol):
    """What a source names, before its rows are taken into anything. Equal digests mean equal rows.

    Of files and objects the digest is of their bytes, which are held to it when they are read; of a database and an
    HTTP API of the rows as read.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def bytes(self) -> int: ...

    def rows(self, where: str = "") -> pl.LazyFrame: ...
