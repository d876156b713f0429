"""What is kept: the catalog (SQL), tables (versioned), blobs (by SHA-256).

It does not say what an entry means (`treadle.evidence` does), nor which engine keeps what (`treadle.workspace` does).

References (`Snapshot`, `Blob`, `File`, `EntryRef`, `StateRef`) name what is kept by its content. `Tables` and `Blobs`
are protocols; their engines live in `treadle.backends`. `Workspace` is where all three are found.
"""

from treadle.store.fingerprints import Blocks, fingerprint
from treadle.store.names import TableNames
from treadle.store.protocols import Blobs, Tables
from treadle.store.refs import Blob, EntryRef, File, Part, Ref, Snapshot, StateRef, Value

__all__ = [
    "Blob",
    "Blobs",
    "Blocks",
    "EntryRef",
    "File",
    "Part",
    "Ref",
    "Snapshot",
    "StateRef",
    "TableNames",
    "Tables",
    "Value",
    "fingerprint",
]
OPEN = ("catalog", "schema")
