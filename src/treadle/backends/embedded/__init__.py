"""The engines that come with Treadle: Delta tables, blobs and journals in folders, SQLite, LMDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.address import Address
from treadle.backends.embedded.blobs import FolderBlobs
from treadle.backends.embedded.journal import FolderJournal
from treadle.backends.embedded.shelf import FolderShelf
from treadle.backends.embedded.states import FolderStates
from treadle.backends.embedded.tables import DeltaTables
from treadle.backends.embedded.tiered import TieredTables
from treadle.backends.engine import Engine

if TYPE_CHECKING:
    from sqlalchemy import Engine as SqlEngine


def _catalog(address: Address) -> SqlEngine:
    from treadle.store.catalog import open_catalog

    return open_catalog(address.url)


ENGINE = Engine(
    name="embedded",
    catalogs={"sqlite": _catalog},
    tables={"file": lambda address: DeltaTables(address.path)},
    blobs={"file": lambda address: FolderBlobs(address.path)},
    states={"file": lambda address: FolderStates(address.path)},
    shelves={"file": lambda address: FolderShelf(address.path)},
)

__all__ = ["ENGINE", "DeltaTables", "FolderBlobs", "FolderJournal", "FolderShelf", "FolderStates", "TieredTables"]
