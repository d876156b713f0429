"""Fields of posted rows that nobody has: not the view that they are told to, nor the source that it is cut from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

import msgspec
from msgspec import Raw

MOST_NAMED = 20
_MOST_COUNTED = 1000
_LONGEST = 100
_SLICE = 256
"""Rows that are looked at before others get their turn: a millisecond of work."""
_LONG_ROW = 65_536
"""Bytes of a row that nobody posts in earnest: to look at all of its names would hold others up."""


class KnownFields:
    """The names that rows may have; a row's other fields are told, since a misspelt one is taken as NULL else."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = frozenset(names)
        self._names = msgspec.json.Decoder(dict[str, Raw])

    def unknown(self, body: bytes) -> Iterator[dict[str, int]]:
        """In how many rows of a body each other field stands, the most frequent of them: after each part, so far.

        body: what was read before, and taken.
        """
        rows = msgspec.json.decode(body, type=list[Raw]) if body.lstrip()[:1] == b"[" else [Raw(body)]
        counts: Counter[str] = Counter()
        for start in range(0, len(rows), _SLICE):
            for row in rows[start : start + _SLICE]:
                counts.update(name for name in self._of(row) if name in counts or len(counts) < _MOST_COUNTED)
            yield dict(counts.most_common(MOST_NAMED))

    def _of(self, row: Raw) -> list[str]:
        if len(memoryview(row)) > _LONG_ROW:
            return []
        try:
            found = self._names.decode(row).keys()
        except (UnicodeDecodeError, msgspec.DecodeError):
            return []  # a name that is no text: the row is taken already, and nobody can be shown it
        return [] if found <= self.names else [name[:_LONGEST] for name in found - self.names]
