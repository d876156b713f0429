"""History through a live endpoint. It calls servers over HTTP, and does not open what they keep."""

from treadle.replay.client import Client

__all__ = ["Client"]
OPEN = ("found", "playing")
