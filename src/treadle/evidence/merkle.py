"""Placeholder until the Merkle room lands."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
TILE_WIDTH = 256


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_head(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_head(leaves[:split]), tree_head(leaves[split:]))
