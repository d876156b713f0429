"""What an engine offers: by the scheme of a URL, how it opens a catalog, tables, blobs or online state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from treadle.address import Address

if TYPE_CHECKING:
    from sqlalchemy import Engine as SqlEngine

    from treadle.features import OnlineState
    from treadle.store import Blobs, Shelf, Tables


class States(Protocol):
    """The online states of a workspace, each by its endpoint and its name."""

    def open(self, endpoint: str, name: str) -> OnlineState:
        """Held by this process alone until it is closed; made where there is none."""
        ...

    def exists(self, endpoint: str, name: str) -> bool: ...


@dataclass(frozen=True)
class Engine:
    """One engine, as its entry point in the group `treadle.engines` names it.

    `package` is the module without which it does nothing, and `extra` what `pip install "treadle[…]"` calls it;
    `distribution` names another package than Treadle that the extra is of. Each mapping is by scheme, in lower case.
    An opener gets the address and imports its driver then, so that an engine that nobody uses costs nothing.
    """

    name: str
    package: str = ""
    extra: str = ""
    distribution: str = "treadle"
    catalogs: Mapping[str, Callable[[Address], SqlEngine]] = field(default_factory=dict)
    """Gives an SQLAlchemy engine with the current schema, which passes `treadle.testing.ChainSuite`."""
    tables: Mapping[str, Callable[[Address], Tables]] = field(default_factory=dict)
    blobs: Mapping[str, Callable[[Address], Blobs]] = field(default_factory=dict)
    states: Mapping[str, Callable[[Address], States]] = field(default_factory=dict)
    shelves: Mapping[str, Callable[[Address], Shelf]] = field(default_factory=dict)
    """Colder places for files of tables."""

    @property
    def install(self) -> str:
        """The command that brings what it needs."""
        return f'pip install "{self.distribution}[{self.extra}]"' if self.extra else f"pip install {self.package}"
