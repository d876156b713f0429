"""Engines for the protocols of the rooms, one folder an engine, found by entry point.

It owns no protocol, and rooms never import it: `treadle.workspace` alone chooses an engine.

`open_catalog`, `open_tables`, `open_blobs`, `open_states` and `open_shelf` choose the engine by the scheme of a URL.
"""

from treadle.backends.engine import Engine, States
from treadle.backends.known import installed, open_blobs, open_catalog, open_shelf, open_states, open_tables

__all__ = ["Engine", "States", "installed", "open_blobs", "open_catalog", "open_shelf", "open_states", "open_tables"]
OPEN = ("embedded",)
