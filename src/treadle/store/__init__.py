"""What is kept: the catalog (SQL), tables (versioned), blobs (by SHA-256).

`Snapshot` names one version of one table by its content. `Tables` and `Blobs` are protocols; their engines
live in `treadle.backends`. `Workspace` is where all three are found.
"""

from treadle.store.protocols import Blobs, Snapshot, Tables

__all__ = ["Blobs", "Snapshot", "Tables"]
