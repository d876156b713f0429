"""The endpoint: scorer, online features, journal and HTTP server in one process.

It does not choose what is served (`treadle.hosting` opens a release), and needs nothing of the project but its bundle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.serving.app import PRINCIPAL as PRINCIPAL
    from treadle.serving.app import ROUTES as ROUTES
    from treadle.serving.app import App as App
    from treadle.serving.app import peer_of as peer_of
    from treadle.serving.endpoint import Endpoint as Endpoint
    from treadle.serving.inputs import RecordReader as RecordReader
    from treadle.serving.journal import Journal as Journal
    from treadle.serving.journal import Segment as Segment
    from treadle.serving.journal import Writer as Writer
    from treadle.serving.journal import records as records
    from treadle.serving.live import LiveModel as LiveModel
    from treadle.serving.messages import Prediction as Prediction
    from treadle.serving.messages import prediction as prediction
    from treadle.serving.server import bind as bind
    from treadle.serving.server import serve as serve
    from treadle.serving.threads import apart as apart

__all__ = [
    "App",
    "Endpoint",
    "Journal",
    "LiveModel",
    "PRINCIPAL",
    "Prediction",
    "ROUTES",
    "RecordReader",
    "Segment",
    "Writer",
    "apart",
    "bind",
    "peer_of",
    "prediction",
    "records",
    "serve",
]

_HOMES = {
    "App": "app",
    "Endpoint": "endpoint",
    "Journal": "journal",
    "LiveModel": "live",
    "PRINCIPAL": "app",
    "Prediction": "messages",
    "ROUTES": "app",
    "RecordReader": "inputs",
    "Segment": "journal",
    "Writer": "journal",
    "apart": "threads",
    "bind": "server",
    "peer_of": "app",
    "prediction": "messages",
    "serve": "server",
    "records": "journal",
}


def __getattr__(name: str) -> Any:
    """Loaded on first use: reading the journal must not import the server."""
    import importlib

    if name in _HOMES:
        return getattr(importlib.import_module(f"treadle.serving.{_HOMES[name]}"), name)
    raise AttributeError(name)
