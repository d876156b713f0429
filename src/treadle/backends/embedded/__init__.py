"""The engines that come with Treadle: Delta tables and blobs in folders, SQLite, LMDB."""

from treadle.backends.embedded.blobs import FolderBlobs
from treadle.backends.embedded.tables import DeltaTables

__all__ = ["DeltaTables", "FolderBlobs"]
