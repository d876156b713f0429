"""Which code a step ran: one hash over the source files of the rooms it passes through and its main libraries."""

from __future__ import annotations

import functools
import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@functools.cache
def fingerprint(names: tuple[str, ...]) -> str:
    """Hash of `names`: rooms or files of this package ("features"), or "lib:NAME" for a library's version."""
    total = hashlib.sha256()
    for name in sorted(names):
        if name.startswith("lib:"):
            try:
                total.update(f"{name}=={version(name[4:])}".encode())
            except PackageNotFoundError:
                total.update(f"{name}==absent".encode())
            continue
        place = PACKAGE / name
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        for file in files:
            total.update(str(file.relative_to(PACKAGE)).encode())
            total.update(file.read_bytes())
    return total.hexdigest()
