"""Replay: history after the training cut, through a live endpoint, over HTTP, in time order.

1. The endpoint's online state is set back to just before the start.
2. In time order: a row is posted as it becomes known; a prediction is asked at each example's `at`; its label is
   told when it becomes known. Rows of one kind that follow each other without another kind between are sent together.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct

from treadle.errors import SpecError, TreadleError
from treadle.evidence import Payload, StepInput
from treadle.evidence.kinds.replay_played import ReplayPlayed
from treadle.hosting.opening import newest_rows, open_live, parse_time
from treadle.monitoring import PLAYER
from treadle.replay.client import Client
from treadle.replay.found import Replayed
from treadle.replay.starting import started
from treadle.replay.tally import Tally, left_out, streams

if TYPE_CHECKING:
    import polars as pl

    from treadle.features import FeaturePlan
    from treadle.workspace import Workspace

_TOGETHER = 500
_OF_A_ROW = (400, 413, 422)
"""What is said where a row is wrong, or where all are too large together; else all of them would be refused again."""
_EVENT, _ASK, _TELL = 0, 1, 2  # at one moment: events first, so that strictly-before is put to the test


class PlayReplay(StepInput[ReplayPlayed], frozen=True, kw_only=True):
    """Play from `start` up to `end` through the endpoint that serves `model`."""

    MAKES: ClassVar[type[Payload]] = ReplayPlayed

    start: datetime
    end: datetime
    model: str


class Wanted(Struct, frozen=True):
    """What is to be played: from `start` (the training cut if None) up to `end` (that of the data), times in UTC.

    `url`: a running endpoint; one is started if None. `even_training`: also what the model has seen.
    """

    start: str | None = None
    end: str | None = None
    url: str | None = None
    even_training: bool = False


def play(workspace: Workspace, request: Wanted, *, say: Callable[[str], None] = lambda text: None) -> Replayed:
    """Play from `start` to `end`; see the module's text."""
    from treadle.models.registry import find

    released = workspace.released
    live = open_live(workspace, released.bundle, released.model)
    plan = live.plan
    if plan.at is None:
        raise SpecError(
            "a table without time has no order to replay",
            where=workspace.project.place("predict"),
            mend="give predict an `at:`, or use: treadle predict",
        )
    packing = find(workspace.chain, workspace.project.address, released.model)
    start, end = _span(workspace, request, packing.payload.cut)
    last = _last(workspace, plan, start, end)
    with (
        _token(workspace) as token,
        _endpoint(workspace, request, token, say) as url,
        contextlib.closing(Client(url, token)) as client,
    ):
        served = client.get_once_known("/state")["model"]
        client.post("/state", {"as_of": start.isoformat()})
        shown = "the end of the data" if end.year == 9999 else f"{end:%Y-%m-%d %H:%M}Z"
        say(f"{served} at {url}: state as of {start:%Y-%m-%d %H:%M}Z, playing to {shown}")
        began = time.monotonic()
        asked = PlayReplay(start=start, end=end, model=served)
        with workspace.chain.step(asked, f"endpoint/{workspace.endpoint}", cache=False) as step:
            tally = _play(workspace, plan, client, (start, end, last), served, step.progress)
            step.made(
                ReplayPlayed(model=served, predictions=tally.predictions, events=tally.events, outcomes=tally.outcomes)
            )
        seconds = time.monotonic() - began
        end = min(end, datetime.fromtimestamp(last / 1e6, start.tzinfo))
    took = sorted(tally.took) or [0.0]
    if tally.refused:
        say(f"[yellow]{tally.refused} requests were refused, the first: {tally.first_refusal}[/]")
    return Replayed(
        start=start.isoformat(),
        end=end.isoformat(),
        url=url,
        events=tally.events,
        predictions=tally.predictions,
        outcomes=tally.outcomes,
        refused=tally.refused,
        seconds=round(seconds, 2),
        requests_per_second=round(client.requests / max(seconds, 1e-9), 1),
        p50_ms=round(took[len(took) // 2] * 1000, 3),
        p99_ms=round(took[int(len(took) * 0.99)] * 1000, 3),
        next=workspace.project.command("watch"),
        left_out=left_out(plan, tally),
    )


def _span(workspace: Workspace, request: Wanted, cut: str | None) -> tuple[datetime, datetime]:
    trained = parse_time(cut, "cut") if cut else None
    if request.start is None and trained is None:
        raise SpecError(
            "this model was not split by time, so there is no cut to start from",
            where="--from",
            mend="give --from TIME --even-training",
        )
    start = parse_time(request.start, "--from") if request.start else trained
    assert start is not None
    if not request.even_training and (trained is None or start < trained):
        shown = f"{trained:%Y-%m-%dT%H:%M:%SZ}" if trained else "unknown"
        raise SpecError(
            f"{start:%Y-%m-%dT%H:%M:%SZ} is before the training cut ({shown}): the model has seen those rows",
            where="--from",
            mend="start later, or say --even-training if you mean it",
        )
    end = parse_time(request.end, "--to") if request.end else datetime.max.replace(tzinfo=start.tzinfo)
    if end <= start:
        raise SpecError("the end is not after the start", where="--to", mend="give a later time")
    return start, end


@contextlib.contextmanager
def _endpoint(workspace: Workspace, request: Wanted, token: str, say: Callable[[str], None]) -> Iterator[str]:
    """The endpoint that is asked for, one that runs already, or one started for this replay."""
    spec = workspace.project.spec
    url = request.url or f"http://{spec.serve.host}:{spec.serve.port}"
    try:
        with contextlib.closing(Client(url, token)) as client:
            found = client.get_once_known("/")
    except TreadleError:
        if request.url:
            raise
    else:
        if found.get("endpoint") != workspace.endpoint:
            raise TreadleError(
                f"{url} is endpoint {found.get('endpoint')!r} and not {workspace.endpoint!r}",
                where="--url",
                mend="name the right one with --url",
            )
        yield url
        return
    say("no endpoint is running here: one is started for this replay")
    with started(workspace) as url:
        yield url


@contextlib.contextmanager
def _token(workspace: Workspace) -> Iterator[str]:
    """A token of the service `replay` for what this replay does, revoked at its end; or the one that is given."""
    from treadle.access import tokens

    given = os.environ.get("TREADLE_TOKEN")
    if given:
        yield given
        return
    chain, project = workspace.chain, workspace.project.spec.project
    scopes = ("predict", "events", "outcomes", "read", "write")
    text, grant = tokens.make(chain, project, PLAYER, holder="service", scopes=scopes, days=1)
    try:
        yield text
    finally:
        tokens.revoke(chain, project, grant, reason="the replay has ended")


def _play(
    workspace: Workspace,
    plan: FeaturePlan,
    client: Client,
    span: tuple[datetime, datetime, float],
    model: str,
    progress: Any,
) -> Tally:
    tally, (start, end, last), first = Tally(), span, _us(span[0])
    feeds = [*_events(workspace, plan, start, end), *_examples(workspace, plan, start, end, model)]
    for (kind, name), group in groupby(merge(*feeds, key=lambda item: item[:2]), key=lambda item: (item[1], item[2])):
        for batch in _batches(group, 1 if kind == _ASK else _TOGETHER):
            rows = [row for _, _, _, row in batch]
            if kind == _ASK:
                begun = time.perf_counter()
                taken = _send(client, "/predict", rows[0], tally)
                tally.took.append(time.perf_counter() - begun)
                tally.predictions += taken
            elif kind == _TELL:
                tally.outcomes += _tell(client, "/outcomes", rows, tally)
            else:
                tally.events += _tell(client, f"/events/{name}", rows, tally)
            if client.requests % 200 == 0:
                now = batch[-1][0]
                progress(
                    now - first,
                    max(last - first, 1),
                    f"{datetime.fromtimestamp(now / 1e6, start.tzinfo):%b %d %H:%M}, {tally.predictions:,} predictions",
                )
    return tally


def _send(client: Client, path: str, body: Any, tally: Tally) -> bool:
    status, answer = client.try_post(path, body)
    if status != 200:
        tally.refuse(answer)
    return status == 200


def _tell(client: Client, path: str, rows: list[Any], tally: Tally) -> int:
    """Rows together; where one of them is refused, each by itself, so that it alone is lost. How many were taken."""
    if len(rows) > 1:
        status, answer = client.try_post(path, rows)
        if status == 200:
            return len(rows)
        if status not in _OF_A_ROW:
            tally.refuse(answer)
            return 0
    return sum(_send(client, path, row, tally) for row in rows)


def _batches(items: Any, most: int) -> Iterator[list[Any]]:
    batch: list[Any] = []
    for item in items:
        batch.append(item)
        if len(batch) == most:
            yield batch
            batch = []
    if batch:
        yield batch


def _source(workspace: Workspace, name: str) -> pl.LazyFrame:
    return newest_rows(workspace, name).lazy()


def _last(workspace: Workspace, plan: FeaturePlan, start: datetime, end: datetime) -> float:
    """When the last example before `end` is asked about, in microseconds.

    Raises:
        SpecError: no example is asked about from `start` on.
    """
    from treadle import expr

    at = expr.to_polars(expr.parse(plan.at or "", plan.each_types)).dt.epoch("us")
    asked = _source(workspace, plan.each)
    found: Any = asked.select(at.filter((at >= _us(start)) & (at < _us(end))).max()).collect().item()
    if found is None:
        newest: Any = asked.select(at.max()).collect().item()
        shown = datetime.fromtimestamp((newest or 0) / 1e6, start.tzinfo)
        raise SpecError(
            f"there is nothing to play: no prediction is made from {start:%Y-%m-%dT%H:%M:%SZ} on before the end",
            where="--from",
            mend=f"the last is made at {shown:%Y-%m-%dT%H:%M:%SZ}",
        )
    return float(found)


def _events(workspace: Workspace, plan: FeaturePlan, start: datetime, end: datetime) -> Iterator[Iterator[Any]]:
    """A feed a view or looked-up source: its rows known in [start, end), in the order in which they become known."""
    for name, stream in streams(plan).items():
        if stream.known is not None:
            told = _told(plan, name, _source(workspace, stream.source), start, end)
            yield _rows(told, _EVENT, name)


def _told(plan: FeaturePlan, name: str, table: pl.LazyFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Rows of a view or looked-up source that become known in [start, end), with all that its windows and lookups read.

    Rows without a key or a time, which no feature sees and an endpoint refuses, are left out.
    """
    from treadle import expr
    from treadle.features import EventReader, posted

    stream = streams(plan)[name]
    known = expr.to_polars(expr.parse(stream.known or "", stream.types)).dt.epoch("us")
    inside = table.filter(known.is_between(_us(start), _us(end), closed="left"))
    if stream.where:
        inside = inside.filter(expr.to_polars(expr.parse(stream.where, stream.types)))
    reader = EventReader(plan, name)
    return posted(reader, inside).select(*reader.types, "__known__")


def _examples(
    workspace: Workspace, plan: FeaturePlan, start: datetime, end: datetime, model: str
) -> Iterator[Iterator[Any]]:
    """Two feeds: records to predict at their `at`, and outcomes when they become known."""
    import polars as pl

    from treadle import expr

    types = plan.each_types
    frame = _source(workspace, plan.each)
    key = pl.concat_str([pl.lit(model), *(pl.col(k).cast(pl.String) for k in plan.key)], separator="/")
    at = expr.to_polars(expr.parse(plan.at or "", types)).dt.epoch("us").alias("__known__")
    ident = key.alias("prediction_id") if plan.key else None
    if ident is None:
        frame = frame.with_row_index("__n__")
        ident = pl.concat_str([pl.lit(model), pl.col("__n__").cast(pl.String)], separator="/").alias("prediction_id")
    inside = pl.col("__known__").is_between(_us(start), _us(end), closed="left")
    wanted = list(dict.fromkeys([*plan.input_types, *plan.key]))
    asked = frame.select(*wanted, at, ident).filter(inside).sort("__known__").collect()
    yield _rows(asked, _ASK, "")
    if plan.label_known is not None:
        known = expr.to_polars(expr.parse(plan.label_known, types)).dt.epoch("us")
        label = expr.to_polars(expr.parse(plan.label, types)).alias("label")
        told = (
            frame.select(ident, label, at, known.alias("__told__"))
            .filter(inside & pl.col("label").is_not_null() & (pl.col("__told__") < _us(end)))
            .select(
                "prediction_id",
                "label",
                pl.max_horizontal("__told__", pl.col("__known__") + 1).alias("__known__"),
                known=pl.from_epoch("__told__", time_unit="us").dt.replace_time_zone("UTC"),
            )
            .sort("__known__")
            .collect()
        )
        yield _rows(told, _TELL, "")


def _us(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) if moment.year < 9999 else 2**62


def _rows(frame: pl.DataFrame, kind: int, name: str) -> Iterator[tuple[int, int, str, Mapping[str, Any]]]:
    times = frame.get_column("__known__").to_list()
    for when, row in zip(times, frame.drop("__known__").iter_rows(named=True), strict=True):
        yield when, kind, name, row
