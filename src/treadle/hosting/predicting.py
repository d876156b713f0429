"""Predict with a version in this process. Nothing is written to the ledger: nobody is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from treadle.errors import DataError, RequestError, TreadleError
from treadle.features.plan import attribute
from treadle.hosting.asked import as_asked, texts_of, told_of, unsaid
from treadle.hosting.found import Predicted, Predictions, decided
from treadle.hosting.opening import open_live, open_state, rebuild_state
from treadle.spec import all_tables

if TYPE_CHECKING:
    import polars as pl

    from treadle.features import FeaturePlan, OnlineState
    from treadle.serving import LiveModel
    from treadle.spec import Project
    from treadle.workspace import Workspace


class Wanted(Struct, frozen=True):
    """What is to be predicted: `record` as JSON ("-" for standard input) or the rows of the file `source`.

    `out`: a file for the answers. `model`: a version; the released one if not given.
    """

    record: str | None = None
    source: str | None = None
    out: str | None = None
    model: str | None = None


def predict_records(workspace: Workspace, request: Wanted) -> Predictions:
    """Predict with a version in this process. Nothing is written to the ledger: nobody is served."""
    from treadle.models.registry import find

    if request.model is None:
        released = workspace.released
        digest, name = released.bundle, released.model
    else:
        packed = find(workspace.chain, workspace.project.address, workspace.project.version(request.model)).payload
        digest, name = packed.bundle.digest, packed.model
    live = open_live(workspace, digest, name)
    body, told, given = _body(request, live, workspace.project)
    records = live.reader.read(body)
    records = records if isinstance(records, list) else [records]
    state, filled = _state_for_reading(workspace, live)
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
        made = live.task.decided(score, live.threshold)
        answers.append(
            Predicted(
                known,
                made.prediction,
                made.probability,
                made.threshold,
                name,
                made.probabilities or {},
                made.quantiles or {},
                live.reader.warnings(record),
            )
        )
    if request.out:
        _write(answers, Path(request.out), given)
    return Predictions(
        model=name,
        rows=len(answers),
        predictions=[] if request.out else answers,
        out=request.out,
        features_as_of=as_of,
        stale=stale,
        note=" ".join(filter(None, (filled, _stale_note(live.plan, as_of, stale, len(answers))))),
        file_notes=[*told, *live.reader.beyond(records)] if request.source else told,
    )


def without_windows(
    plan: FeaturePlan, values: Sequence[object], at: datetime | None, state: OnlineState | None
) -> bool:
    """Whether the state is too old for this record: all of its windows are empty, and lie after all that it knows."""
    horizon = max((us for window in plan.windows for _, us in window.lengths), default=0)
    if not horizon or at is None or state is None or state.as_of is None:
        return False
    if at - state.as_of < timedelta(microseconds=horizon):  # a time less a length may lie before the first of years
        return False
    return not any(value for value, column in zip(values, plan.features, strict=True) if column.origin == "window")


def _stale_note(plan: FeaturePlan, as_of: datetime | None, stale: int, rows: int) -> str:
    if not stale or as_of is None:
        return ""
    days = max(us for window in plan.windows for _, us in window.lengths) / 86_400_000_000
    return (
        f"{stale:,} of {rows:,} records have no windows: the state stands at {as_of:%Y-%m-%dT%H:%M:%SZ}, and "
        f"they are asked about times more than the longest window ({days:g} days) later. They were predicted as if "
        "nothing had happened. Read newer rows (treadle run PROJECT), or post them to the server's /events"
    )


def _state_for_reading(workspace: Workspace, live: LiveModel) -> tuple[OnlineState | None, str]:
    """The endpoint's state, and what is to be said of it: one of all that the snapshots know, where a server holds it
    or it was never filled. One that cannot be reached is an error: no other state answers in its place."""
    from treadle.errors import InUse
    from treadle.features import Memory

    if not live.state_name:
        return None, ""
    try:
        kept = open_state(workspace, live)
    except InUse:
        why = "another process, such as a server, holds the online state"
    else:
        if kept is None or kept.as_of is not None:
            return kept, ""
        kept.close()
        why = "the online state was never filled here, or was lost"
    state = Memory()
    rebuild_state(workspace, live, state, None)
    return state, f"{why}: answered from the newest snapshots, without events that were posted to a server."


def _body(request: Wanted, live: LiveModel, project: Project) -> tuple[bytes, list[str], pl.DataFrame | None]:
    """The records as JSON; what is to be said of the file that they came from, and its rows, if they came from one."""
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
        # bytes of the command line that are no UTF-8 are for the reader to refuse
        told = sys.stdin.buffer.read() if request.record == "-" else request.record.encode(errors="surrogateescape")
        return told, [], None
    from treadle.contracts import load
    from treadle.sources import mapped_own, read_own, read_rates

    source = all_tables(project.spec)[project.spec.predict.each]
    declared: Mapping[str, str] = {}
    if source.contract and unsaid(live):
        with suppress(TreadleError):  # the file may be gone, or be another than it was trained by
            declared = load(project.root / source.contract, source.contract).types
    given = read_own(request.source or "", source, where="--from", texts=texts_of(live, source, declared))
    # a file in the columns of the source; one that has those of the table already stays as it is
    frame, notes = mapped_own(given, source, read_rates(source, project.root, "--from"), "--from")
    if not frame.height:
        raise DataError(f"{request.source} has no rows", where="--from", mend="give at least one record")
    return msgspec.json.encode(as_asked(frame, live).to_dicts()), [*notes, *told_of(frame, live)], frame


def _write(answers: list[Predicted], path: Path, given: pl.DataFrame | None) -> None:
    """The answers as a file, after the columns of the file that was given, or the fields that name a record.

    A column that is called as one of the answer's is told from it by ` (given)`; lists cannot be written as text.
    """
    import polars as pl

    frame = pl.DataFrame([decided(answer) for answer in answers], infer_schema_length=None)
    if given is None:
        given = pl.DataFrame([answer.fields for answer in answers], infer_schema_length=None)
    if path.suffix == ".csv":
        given = given.select(column for column in given.iter_columns() if not column.dtype.is_nested())
    taken = {*given.columns, *frame.columns}
    for name in [c for c in given.columns if c in frame.columns]:
        other = f"{name} (given)"
        while other in taken:  # answers to what was an answer itself
            other += " (given)"
        taken.add(other)
        given = given.rename({name: other})
    frame = pl.concat([given, frame], how="horizontal") if given.width else frame
    writers = {".parquet": frame.write_parquet, ".csv": frame.write_csv, ".jsonl": frame.write_ndjson}
    if path.suffix not in writers:
        raise DataError(f"cannot write {path.name}", where="--out", mend=f"end the name in {', '.join(writers)}")
    writers[path.suffix](path)  # type: ignore[operator]
