"""What is kept: the catalog (SQL), tables (versioned), blobs (by SHA-256).

It does not say what an entry means (`treadle.evidence` does), nor which engine keeps what (`treadle.workspace` does).

References (`Snapshot`, `Blob`, `File`, `EntryRef`, `StateRef`) name what is kept by its content. `Tables` and `Blobs`
are protocols; their engines live in `treadle.backends`. `Workspace` is where all three are found. `Tiers` is what
tables do besides that have colder, cheaper places, and `Shelf` such a place.
"""

from treadle.store.buckets import Buckets, buckets_for
from treadle.store.fingerprints import Blocks, fingerprint
from treadle.store.keeping import CODECS, Keeping
from treadle.store.leftovers import clear_parts, dead_parts
from treadle.store.names import TableNames
from treadle.store.owned import owned
from treadle.store.protocols import Blobs, Swept, Tables
from treadle.store.refs import ROW, Blob, EntryRef, File, Part, Ref, Snapshot, StateRef, Stored, Value
from treadle.store.shelves import HOT, Carried, Retrieved, Shelf, Tiers

__all__ = [
    "CODECS",
    "HOT",
    "ROW",
    "Blob",
    "Blobs",
    "Blocks",
    "Buckets",
    "Carried",
    "EntryRef",
    "File",
    "Keeping",
    "Part",
    "Ref",
    "Retrieved",
    "Shelf",
    "Snapshot",
    "StateRef",
    "Stored",
    "Swept",
    "TableNames",
    "Tables",
    "Tiers",
    "Value",
    "buckets_for",
    "clear_parts",
    "dead_parts",
    "fingerprint",
    "owned",
]
OPEN = ("catalog", "fulltext", "schema")
