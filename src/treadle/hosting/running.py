"""Serve an endpoint until it is stopped, and say how to use it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from treadle.errors import TreadleError
from treadle.hosting.found import Served
from treadle.hosting.opening import make_app, open_door, parse_time, rebuild_state

if TYPE_CHECKING:
    from treadle.access.door import Door
    from treadle.features import OnlineState
    from treadle.principal import Principal
    from treadle.serving import LiveModel
    from treadle.workspace import Workspace


class Wanted(Struct, frozen=True):
    """Where to listen, else where the project says; `as_of`: a time for which the online state is built anew."""

    host: str | None = None
    port: int | None = None
    as_of: str | None = None


def serve_until_stopped(
    workspace: Workspace,
    who: Principal,
    wanted: Wanted,
    *,
    mounts: Callable[[Door], dict[str, Any]],
    say: Callable[[str], None],
) -> Served:
    """Bind, open, prove, serve; say how to use it and how to stop."""
    from treadle.serving import bind, serve

    spec = workspace.project.spec
    host, port = wanted.host or spec.serve.host, spec.serve.port if wanted.port is None else wanted.port
    start = time.monotonic()
    listening = bind(host, port)
    port = listening.getsockname()[1]
    door = open_door(workspace, host)
    app = make_app(workspace, door, mounts(door))
    endpoint = app.endpoint
    if wanted.as_of:
        rebuild_state(workspace, endpoint.live, endpoint.state, parse_time(wanted.as_of, "--as-of"))
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    say(
        f"\n[bold]{endpoint.model}[/] answers on [bold]{url}[/] (ready in {time.monotonic() - start:.1f} s; "
        f"golden records: {endpoint.ready()[1]})"
    )
    for line in first_steps(workspace, endpoint.live, endpoint.state, url):
        say(line)
    if "/signin" in app.mounts:
        say(f"Pages: {url}/signin?code={door.invite(who)}")
        say(f"(signs one browser in as {who.actor}, once, within 15 minutes)   Stop with Ctrl-C.")
    else:
        say("Stop with Ctrl-C.")
    serve(app, listening)
    return Served(url=url, model=endpoint.model, predictions=endpoint.answered, seconds=time.monotonic() - start)


def first_steps(workspace: Workspace, live: LiveModel, state: OnlineState | None, url: str) -> list[str]:
    """A curl line with its real answer, and how to stop."""
    try:
        tried = _tried(workspace, live, state)
    except TreadleError:  # it is only shown: an example that is not answered now stops no server
        tried = None
    if tried is None:
        return [f"Also: {url}/openapi.json."]
    body, answer = tried
    quoted = body.replace("'", "'\\''")
    return [
        "Try it:",
        f"  curl -s {url}/predict -H 'content-type: application/json' -d '{quoted}'",
        f"  {answer}",
        f"Also: {url}/openapi.json, /readyz; with a token (treadle tokens create): /events, /outcomes, /metrics, /api.",
    ]


def _tried(workspace: Workspace, live: LiveModel, state: OnlineState | None) -> tuple[str, str] | None:
    """A real record of the version that is served, and its answer, both as JSON. A newer version may be asked by
    other fields."""
    from treadle.models.registry import address_of, find
    from treadle.serving import prediction

    record = find(workspace.chain, address_of(live.name), live.name).payload.example
    if not record:
        return None
    body = msgspec.json.encode(record)
    found: Any = live.reader.read(body)
    score = live.score(live.features(found, state)[0])
    answer = prediction("…", live.task.decided(score, live.threshold), live.name)
    return body.decode(), msgspec.json.encode(answer).decode()
