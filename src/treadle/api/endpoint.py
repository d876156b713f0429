"""Open the released model: serve it, or predict with it in this process."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.api.asked import as_asked, told_of
from treadle.api.live import PredictAnswer, Predicted, PredictRequest, ServeAnswer, ServeRequest, flat
from treadle.errors import DataError, ModelError, RequestError, SpecError
from treadle.features.plan import attribute

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from treadle.access.door import Door
    from treadle.api.operation import Work
    from treadle.features import FeaturePlan, OnlineState
    from treadle.models.registry import Released
    from treadle.serving import App, LiveModel
    from treadle.workspace import Workspace


def parse_time(text: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as bad:
        raise SpecError(
            f'"{text}" is not a time', where=where, mend="write 2013-11-01 or 2013-11-01T06:00:00Z"
        ) from bad
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def open_live(workspace: Workspace, digest: str, name: str) -> LiveModel:
    """The bundle of a version, opened and proved.

    Raises:
        EvidenceError: the blob is missing, or no longer what its digest says.
        ModelError: it is damaged, unsigned, another version than `name`, or does not come out equal here.
    """
    from treadle.models import Bundle
    from treadle.serving import LiveModel

    live = LiveModel(Bundle.read(workspace.blobs.get(digest), workspace.trusted_keys, where=name))
    if live.name != name:
        raise ModelError(
            f"the bundle calls itself {live.name}, and the record calls it {name}",
            where=name,
            mend="run treadle verify; release a version that holds",
        )
    return live


def open_state(workspace: Workspace, live: LiveModel) -> OnlineState | None:
    return workspace.open_state(live.state_name) if live.state_name else None


def open_door(workspace: Workspace, host: str) -> Door:
    """Who may come in, by the project's file as it is now and the tokens that stand in its record."""
    from treadle.access.door import Door
    from treadle.access.tokens import book

    spec = workspace.project.spec
    loopback = host in ("127.0.0.1", "localhost", "::1")
    return Door(spec, loopback=loopback, tokens=book(workspace.chain, spec.project), host=host)


def make_app(workspace: Workspace, door: Door, mounts: dict[str, Any] | None = None) -> App:
    """The endpoint's application, over what is released now."""
    from treadle.api.draining import drain_often, watch_the_door
    from treadle.models.registry import current, newest_release
    from treadle.serving import App, Endpoint

    def open_model(released: Released) -> LiveModel:
        return open_live(workspace, released.bundle, released.model)

    def rebuild(live: LiveModel, state: OnlineState | None, as_of: datetime) -> None:
        rebuild_state(workspace, live, state, as_of)

    endpoint = Endpoint(
        workspace.endpoint,
        newest=lambda: newest_release(workspace.chain, workspace.endpoint),
        released=lambda: current(workspace.chain, workspace.endpoint),
        journal=workspace.journal,
        open_model=open_model,
        open_state=lambda live: open_state(workspace, live),
        rebuild=rebuild,
    )
    beside = (lambda: drain_often(workspace), lambda: watch_the_door(workspace, door))
    return App(endpoint, door, mounts, beside=beside)


def rebuild_state(workspace: Workspace, live: LiveModel, state: OnlineState | None, as_of: datetime | None) -> None:
    """Fill the state anew from the newest snapshots, as it was just before `as_of`."""
    from treadle.features import seed

    if state is None:
        return
    tables = {name: newest_rows(workspace, name, sorted(columns)) for name, columns in live.plan.sources().items()}
    seed(live.plan, tables, state, as_of)


def newest_rows(workspace: Workspace, source: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The newest rows of a source that passed its contract, held to the hashes that the record has of them."""
    from treadle.evidence.kinds.source_read import SourceRead

    for read in workspace.chain.find(SourceRead, subject=f"source/{source}", status="done", newest_first=True):
        if read.payload.table.table == workspace.names.source(source):
            return workspace.tables.read(read.payload.table, columns)
    raise DataError(f"{source} was never read", where=source, mend="run the project first: treadle run PROJECT")


def serve_until_stopped(work: Work, request: ServeRequest) -> ServeAnswer:
    """Bind, open, prove, serve; say how to use it and how to stop."""
    from treadle.serving import bind, serve

    workspace = work.workspace
    spec = workspace.project.spec
    host, port = request.host or spec.serve.host, spec.serve.port if request.port is None else request.port
    start = time.monotonic()
    listening = bind(host, port)
    port = listening.getsockname()[1]
    door = open_door(workspace, host)
    app = make_app(workspace, door, work.asked.mounts(door))
    endpoint = app.endpoint
    if request.as_of:
        rebuild_state(workspace, endpoint.live, endpoint.state, parse_time(request.as_of, "--as-of"))
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    work.say(
        f"\n[bold]{endpoint.model}[/] answers on [bold]{url}[/] (ready in {time.monotonic() - start:.1f} s; "
        f"golden records: {endpoint.ready()[1]})"
    )
    for line in first_steps(workspace, endpoint.live, endpoint.state, url):
        work.say(line)
    if "/signin" in app.mounts:
        work.say(f"Pages: {url}/signin?code={door.invite(work.principal)}")
        work.say(f"(signs one browser in as {work.principal.actor}, once, within 15 minutes)   Stop with Ctrl-C.")
    else:
        work.say("Stop with Ctrl-C.")
    serve(app, listening)
    return ServeAnswer(url=url, model=endpoint.model, predictions=endpoint.answered, seconds=time.monotonic() - start)


def first_steps(workspace: Workspace, live: LiveModel, state: OnlineState | None, url: str) -> list[str]:
    """A curl line with its real answer, and how to stop."""
    record = example_record(workspace)
    if record is None:
        return [f"Also: {url}/openapi.json."]
    body = msgspec.json.encode(record).decode()
    found: Any = live.reader.read(body.encode())
    score = live.score(live.features(found, state)[0])
    answer: dict[str, Any] = {"prediction": score, "model": live.name}
    if live.threshold is not None:
        sure = {"probability": score, "threshold": live.threshold}
        answer = {"prediction": bool(score >= live.threshold), **sure, "model": live.name}
    shown = msgspec.json.encode(answer).decode()
    quoted = body.replace("'", "'\\''")
    return [
        "Try it:",
        f"  curl -s {url}/predict -H 'content-type: application/json' -d '{quoted}'",
        f'  {{"prediction_id":"…",{shown[1:]}',
        f"Also: {url}/openapi.json, /readyz; with a token (treadle tokens create): /events, /outcomes, /metrics, /api.",
    ]


def example_record(workspace: Workspace) -> dict[str, Any] | None:
    """A real record, the newest of the examples, with the fields that a request has."""
    from treadle.evidence.kinds.model_packed import ModelPacked

    packing = workspace.chain.last(ModelPacked, subject=workspace.project.spec.project)
    return dict(packing.payload.example) if packing is not None and packing.payload.example else None


def predict_records(workspace: Workspace, request: PredictRequest) -> PredictAnswer:
    """Predict with a version in this process. Nothing is written to the ledger: nobody is served."""
    from treadle.models.registry import current, find

    released = current(workspace.chain, workspace.endpoint)
    if request.model is None and released is not None:
        digest, name = released.bundle, released.model
    elif request.model is None:
        raise ModelError(
            f"nothing is released to endpoint {workspace.endpoint}",
            where=workspace.endpoint,
            mend="treadle run PROJECT says what a release waits for; --model VERSION predicts with one that waits",
        )
    else:
        packed = find(workspace.chain, workspace.project.spec.project, request.model).payload
        digest, name = packed.bundle.digest, packed.model
    live = open_live(workspace, digest, name)
    body, told = _body(request, live)
    records = live.reader.read(body)
    records = records if isinstance(records, list) else [records]
    state = _state_for_reading(workspace, live)
    try:
        drawn = [live.features(record, state) for record in records]
    finally:
        as_of = state.as_of if state is not None else None
        if state is not None:
            state.close()
    stale = sum(without_windows(live.plan, values, at, state) for values, at in drawn)
    answers = []
    for record, score in zip(records, live.score_many([values for values, _ in drawn]), strict=True):
        known = {f.name: getattr(record, attribute(f.name)) for f in live.inputs.fields if not f.feature}
        if live.threshold is None:
            answers.append(Predicted(known, score, None, None, name))
        else:
            answers.append(Predicted(known, score >= live.threshold, score, live.threshold, name))
    if request.out:
        _write(answers, Path(request.out))
    return PredictAnswer(
        model=name,
        rows=len(answers),
        predictions=[] if request.out else answers,
        out=request.out,
        features_as_of=as_of,
        stale=stale,
        note=_stale_note(live.plan, as_of, stale, len(answers)) if stale and as_of is not None else "",
        file_notes=told,
    )


def without_windows(plan: FeaturePlan, values: Sequence[Any], at: datetime | None, state: OnlineState | None) -> bool:
    """Whether the state is too old for this record: all of its windows are empty, and lie after all that it knows."""
    horizon = max((us for window in plan.windows for _, us in window.lengths), default=0)
    if not horizon or at is None or state is None or state.as_of is None:
        return False
    if at - timedelta(microseconds=horizon) < state.as_of:
        return False
    return not any(value for value, column in zip(values, plan.features, strict=True) if column.origin == "window")


def _stale_note(plan: FeaturePlan, as_of: datetime, stale: int, rows: int) -> str:
    days = max(us for window in plan.windows for _, us in window.lengths) / 86_400_000_000
    return (
        f"{stale:,} of {rows:,} records have no windows: the state stands at {as_of:%Y-%m-%dT%H:%M:%SZ}, and "
        f"they are asked about times more than the longest window ({days:g} days) later. They were predicted as if "
        "nothing had happened. Read newer rows (treadle run PROJECT), or post them to the server's /events"
    )


def _state_for_reading(workspace: Workspace, live: LiveModel) -> OnlineState | None:
    """The endpoint's state; a state of all that the snapshots know, if a server holds it."""
    from treadle.errors import TreadleError
    from treadle.features import Memory

    if not live.state_name:
        return None
    try:
        return open_state(workspace, live)
    except TreadleError:
        state = Memory()
        rebuild_state(workspace, live, state, None)
        return state


def _body(request: PredictRequest, live: LiveModel) -> tuple[bytes, list[str]]:
    """The records as JSON, and what is to be said of the file that they came from."""
    import sys

    if (request.record is None) == (request.source is None):
        raise RequestError(
            "give --record or --from",
            field="record",
            value=None,
            rule="one of the two",
            mend="--record '{...}', --record - for standard input, or --from file.csv",
        )
    if request.record is not None:
        return (sys.stdin.buffer.read() if request.record == "-" else request.record.encode()), []
    from treadle.sources import read_own

    frame = read_own(request.source or "", where="--from")
    if not frame.height:
        raise DataError(f"{request.source} has no rows", where="--from", mend="give at least one record")
    return msgspec.json.encode(as_asked(frame, live).to_dicts()), told_of(frame, live)


def _write(answers: list[Predicted], path: Path) -> None:
    import polars as pl

    frame = pl.DataFrame([flat(answer) for answer in answers], infer_schema_length=None)
    writers = {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".jsonl": frame.write_ndjson}
    if path.suffix not in writers:
        raise DataError(f"cannot write {path.name}", where="--out", mend=f"end the name in {', '.join(writers)}")
    writers[path.suffix](path)  # type: ignore[operator]
