"""History through a live endpoint. It calls servers over HTTP, and does not open what they keep.

Names are loaded when first used: every command knows of a replay, and few need what speaks HTTP.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.replay.client import Client as Client

_HOMES = {"Client": "client"}
__all__ = sorted(_HOMES)
OPEN = ("found", "playing")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
