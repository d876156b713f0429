"""Colder places in object stores: S3 and what speaks as it does, Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.address import Address
from treadle.backends.engine import Engine

if TYPE_CHECKING:
    from treadle.store import Shelf


def _shelf(address: Address) -> Shelf:
    from treadle.backends.s3.shelf import BucketShelf

    return BucketShelf(address)


ENGINE = Engine(name="s3", package="obstore", extra="s3", shelves=dict.fromkeys(("s3", "gs", "az"), _shelf))

__all__ = ["ENGINE"]
