"""The live side: serve, predict, watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import asdict

from treadle.api.operation import OfEachTarget, OfTarget, Work, operation, option
from treadle.hosting.found import Predictions, Served
from treadle.monitoring.found import Alert, Watched

if TYPE_CHECKING:
    from pathlib import Path

    from treadle.spec import Project
    from treadle.workspace import Workspace


class ServeRequest(OfTarget, frozen=True):
    host: Annotated[str | None, option("address to listen on; the project's if not given")] = None
    port: Annotated[int | None, option("port; the project's if not given")] = None
    as_of: Annotated[str | None, option("build the online state anew from all rows known before this time (UTC)")] = (
        None
    )


class PredictRequest(OfTarget, frozen=True):
    record: Annotated[str | None, option("one record, or a list, as JSON; - for standard input")] = None
    source: Annotated[str | None, option("a CSV, JSON Lines or Parquet file of records", flag="--from")] = None
    out: Annotated[str | None, option("write the answers to this file: .parquet, .csv or .jsonl")] = None
    model: Annotated[str | None, option("a version; the released one if not given")] = None

    def choose(self, project: Project) -> Project:
        return project.of(self.target or project.target_of(self.model))


class WatchRequest(OfTarget, frozen=True):
    """Which endpoint."""


class WatchAnswer(Watched, frozen=True, kw_only=True):
    """What was found at an endpoint; `recent` is the newest `watch.window` of labels.

    `alerts` say what a person must look at; `page` is the HTML page with the plots, None where none was written.
    """

    endpoint: str
    alerts: list[Alert]
    page: str | None


class DrainRequest(OfEachTarget, frozen=True):
    """Which journal."""


class DrainAnswer(Struct, frozen=True):
    """Rows moved of each kind."""

    endpoint: str
    predictions: int
    outcomes: int


@dataclass(frozen=True)
class Look:
    """What was found at an endpoint, not yet kept anywhere."""

    workspace: Workspace
    found: Watched
    own: list[Alert]
    """About the endpoint itself; `of_sources` about what its model is fed by."""
    of_sources: list[Alert]

    @property
    def alerts(self) -> list[Alert]:
        return [*self.own, *self.of_sources]

    def html(self) -> str:
        from treadle.monitoring import watch_page

        workspace = self.workspace
        decision = workspace.project.spec.brief.decision
        return str(watch_page(self.found, workspace.endpoint, decision, self.alerts))

    def keep(self) -> Path:
        """Keep each alert in the chain, where the project wants it; move the journal to tables; write the page."""
        from treadle.monitoring import collect, log_alerts
        from treadle.stages.alerting import raise_alerts

        workspace = self.workspace
        collect(workspace.tables, workspace.names, workspace.journal)
        if "log" in workspace.project.spec.watch.alert:
            log_alerts(workspace.chain, f"endpoint/{workspace.endpoint}", self.found.model, self.own)
            raise_alerts(workspace)
        page = workspace.watch_page
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(self.html(), encoding="utf-8")
        return page


@operation("serve", permission="run")
def serve(request: ServeRequest, work: Work) -> Served:
    """Serve the released model over HTTP until stopped with Ctrl-C."""
    from treadle.hosting.running import Wanted, serve_until_stopped

    return serve_until_stopped(
        work.workspace,
        work.principal,
        Wanted(request.host, request.port, request.as_of),
        mounts=work.asked.mounts,
        say=work.say,
    )


@operation("predict", permission="predict")
def predict(request: PredictRequest, work: Work) -> Predictions:
    """Predict records with the released model, without a server."""
    from treadle.hosting.predicting import Wanted, predict_records

    return predict_records(work.workspace, Wanted(request.record, request.source, request.out, request.model))


@operation("watch", permission="read", remote=True)
def watch(request: WatchRequest, work: Work) -> WatchAnswer:
    """Show how the endpoint does: predictions, late labels, realised quality by day, drift by feature.

    On the command line, for who may run, this also acts: alerts are kept in the evidence chain, the journal is moved
    to the tables, and the page is written. Over HTTP it only reads.
    """
    seen = look(work.workspace)
    page = None if work.only_reads or not work.may("run") else str(seen.keep())
    return WatchAnswer(**asdict(seen.found), endpoint=seen.workspace.endpoint, alerts=seen.alerts, page=page)


def look(workspace: Workspace) -> Look:
    """Compute what is to be seen of the endpoint. Nothing is moved, kept or written."""
    from treadle.models import Bundle
    from treadle.monitoring import alerts_of, watch
    from treadle.stages.alerting import alerts_of_sources

    released = workspace.released
    spec = workspace.project.spec
    content = workspace.blobs.get(released.bundle)
    bundle = Bundle.read(content, workspace.trusted_keys, where=released.model)
    found = watch(workspace.tables, workspace.names, workspace.journal, bundle, spec.watch.window)
    of_sources = [alert for alerts in alerts_of_sources(workspace).values() for alert in alerts]
    return Look(workspace, found, alerts_of(found, spec.brief.must_have), of_sources)


@operation("drain", permission="run")
def drain(request: DrainRequest, work: Work) -> DrainAnswer:
    """Move what servers wrote into the journal to the tables. A running server does so by itself, once a minute."""
    from treadle.monitoring import collect

    endpoints, predictions, outcomes = list[str](), 0, 0
    for one in work.each():
        workspace = one.workspace
        moved = collect(workspace.tables, workspace.names, workspace.journal)
        endpoints.append(workspace.endpoint)
        predictions, outcomes = predictions + moved["predictions"], outcomes + moved["outcomes"]
    return DrainAnswer(", ".join(endpoints), predictions=predictions, outcomes=outcomes)
