"""The live side: serve, predict, watch."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, operation, option, workspace_for


class ServeRequest(Request, frozen=True):
    project: ProjectPath = "."
    host: Annotated[str | None, option("address to listen on; the project's if not given")] = None
    port: Annotated[int | None, option("port; the project's if not given")] = None
    as_of: Annotated[str | None, option("build the online state anew from all rows known before this time (UTC)")] = (
        None
    )


class ServeAnswer(Struct, frozen=True):
    url: str
    model: str
    predictions: int
    seconds: float


class PredictRequest(Request, frozen=True):
    project: ProjectPath = "."
    record: Annotated[str | None, option("one record, or a list, as JSON; - for standard input")] = None
    source: Annotated[str | None, option("a CSV, JSON Lines or Parquet file of records", flag="--from")] = None
    out: Annotated[str | None, option("write the answers to this file: .parquet, .csv or .jsonl")] = None
    model: Annotated[str | None, option("a version; the released one if not given")] = None


class PredictAnswer(Struct, frozen=True):
    model: str
    rows: int
    predictions: list[Any]
    out: str | None


class WatchRequest(Request, frozen=True):
    project: ProjectPath = "."


class WatchAnswer(Struct, frozen=True):
    """`metric_by_day` and `drift` are lists of rows; `recent` is the newest `watch.window` of labels.

    `alerts` say what a person must look at; `page` is the HTML page with the plots.
    """

    endpoint: str
    predictions: int
    outcomes: int
    joined: int
    metric: str
    metric_by_day: list[Any]
    drift: list[Any]
    overall: dict[str, Any]
    recent: Any
    alerts: list[Any]
    page: str


@operation("serve", permission="run")
def serve(request: ServeRequest, context: Context) -> ServeAnswer:
    """Serve the released model over HTTP until stopped with Ctrl-C."""
    from treadle.api.endpoint import serve_until_stopped

    return serve_until_stopped(workspace_for(request.project, context, "run"), request, context)


@operation("predict", permission="run")
def predict(request: PredictRequest, context: Context) -> PredictAnswer:
    """Predict records with the released model, without a server."""
    from treadle.api.endpoint import predict_records

    return predict_records(workspace_for(request.project, context, "run"), request)


@operation("watch", permission="read", remote=True)
def watch(request: WatchRequest, context: Context) -> WatchAnswer:
    """Show how the endpoint does: predictions, late labels, realised quality by day, drift by feature."""
    from treadle.errors import ModelError
    from treadle.models import Bundle
    from treadle.models.registry import current
    from treadle.monitoring import alerts_of, log_alerts, watch, watch_page

    workspace = workspace_for(request.project, context, "read")
    released = current(workspace.chain, workspace.endpoint)
    if released is None:
        raise ModelError(
            f"nothing is released to endpoint {workspace.endpoint}",
            where=workspace.endpoint,
            mend=f"treadle run {request.project}",
        )
    spec = workspace.project.spec
    content = workspace.blobs.get(released.bundle)
    bundle = Bundle.read(content, workspace.trusted_keys, where=released.model)
    found = watch(workspace.tables, f"{workspace.names.project}/", workspace.journal, bundle, spec.watch.window)
    alerts = alerts_of(found, spec.brief.must_have)
    if "log" in spec.watch.alert:
        log_alerts(workspace.chain, workspace.endpoint, found.model, alerts)
    page = workspace.watch_page
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(watch_page(found, workspace.endpoint, spec.brief.decision, alerts), encoding="utf-8")
    return WatchAnswer(
        endpoint=workspace.endpoint,
        predictions=found.predictions,
        outcomes=found.outcomes,
        joined=found.joined,
        metric=found.metric,
        metric_by_day=list(found.metric_by_day),
        drift=list(found.drift),
        overall=found.overall,
        recent=found.recent,
        alerts=list(alerts),
        page=str(page),
    )
