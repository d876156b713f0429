"""What entries about one packed version have in common. No kind of its own."""

from __future__ import annotations

from treadle.evidence.payload import Payload
from treadle.store import Blob, EntryRef


class OfVersion(Payload, frozen=True, kw_only=True):
    """`model` is project:number; `bundle` the very file, which is what counts where the two disagree."""

    model: str
    bundle: Blob


class Release(OfVersion, frozen=True, kw_only=True):
    """What an endpoint serves from here on. `packing`: the entry that made the bundle."""

    packing: EntryRef
