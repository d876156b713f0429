"""Run an endpoint on a port: uvicorn with uvloop and httptools, one process."""

from __future__ import annotations

import contextlib
import functools
import signal
import socket
import threading
from typing import Any

from treadle.errors import TreadleError

_WAITING = 2048  # connections not yet accepted, as many as uvicorn asks for


def bind(host: str, port: int) -> socket.socket:
    """A listening socket: a taken port is told before anything is loaded, and who calls early waits for the answer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_WAITING)
    except OSError as bad:
        listening.close()
        raise TreadleError(
            f"cannot listen on {host}:{port}: {bad.strerror}",
            where="serve.port",
            mend=f"stop what listens there, or choose another: --port {port + 1}",
        ) from bad
    return listening


def serve(app: Any, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; open requests are finished first, and the journal is closed. Returns then."""
    import uvicorn

    from treadle.serving.protocol import GuardedProtocol
    from treadle.serving.unread import Unread

    config = uvicorn.Config(
        app,
        loop="auto",
        http=functools.partial(GuardedProtocol, unread=Unread(app.endpoint.metrics)),  # type: ignore[arg-type]
        ws="none",
        proxy_headers=False,
        log_level="warning",
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=10,
        server_header=False,
        date_header=False,
    )
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    # uvicorn raises the signal again once it has shut down; but to be stopped is how a server is meant to end
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
