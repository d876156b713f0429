"""The endpoint: scorer, online features, journal and HTTP server in one process.

It does not choose what is served (`treadle.hosting` opens a release), and needs nothing of the project but its bundle.
"""

from typing import Any

__all__ = ["App", "Endpoint", "LiveModel", "bind", "records", "segments", "serve"]

_HOMES = {
    "App": "app",
    "Endpoint": "endpoint",
    "LiveModel": "live",
    "bind": "server",
    "serve": "server",
    "records": "journal",
    "segments": "journal",
}


def __getattr__(name: str) -> Any:
    """Loaded on first use: reading the journal must not import the server."""
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"treadle.serving.{_HOMES[name]}"), name)
    raise AttributeError(name)
