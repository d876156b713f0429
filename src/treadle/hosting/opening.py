"""Open a released model, its online state, its door and its application, from what a workspace keeps."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, ModelError, SpecError, StoreError
from treadle.spec import all_tables

if TYPE_CHECKING:
    import polars as pl

    from treadle.access.door import Door
    from treadle.features import OnlineState
    from treadle.models import Released
    from treadle.serving import App, LiveModel
    from treadle.store import Snapshot
    from treadle.workspace import Workspace


def parse_time(text: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as bad:  # of a time that has no place in the years of UTC
        raise SpecError(
            f'"{text}" is not a time', where=where, mend="write 2013-11-01 or 2013-11-01T06:00:00Z"
        ) from bad


def open_live(
    workspace: Workspace, digest: str, name: str, columns: Mapping[str, Collection[str]] | None = None
) -> LiveModel:
    """The bundle of a version, opened and proved. columns: see `LiveModel`.

    Raises:
        EvidenceError: the blob is missing (Gone), or no longer what its digest says.
        ModelError: it is damaged, unsigned, another version than `name`, or does not come out equal here.
    """
    from treadle.models import Bundle
    from treadle.serving import LiveModel

    live = LiveModel(Bundle.read(workspace.blobs.get(digest), workspace.trusted_keys, where=name), columns)
    if live.name != name:
        raise ModelError(
            f"the bundle calls itself {live.name}, and the record calls it {name}",
            where=name,
            mend="run treadle verify; release a version that holds",
        )
    return live


def open_state(workspace: Workspace, live: LiveModel) -> OnlineState | None:
    return workspace.open_state(live.state_name) if live.state_name else None


def open_filled(workspace: Workspace, live: LiveModel) -> OnlineState | None:
    """The online state of a model, to answer with. One that was never filled, or was lost, is filled, and says so.

    Raises:
        TreadleError: it cannot be opened, or there is nothing here to fill it from.
    """
    state = open_state(workspace, live)
    if state is None or state.as_of is not None:
        return state
    try:
        rebuild_state(workspace, live, state, None)
    except BaseException:
        state.close()
        raise
    print(
        f"treadle: the online state of {live.name} was empty here: never filled, or lost. It was filled from the "
        f"newest snapshots, and stands at {state.as_of:%Y-%m-%dT%H:%M:%SZ}. Events that were posted to a server "
        "before and are in no source are not in it: post them again",
        file=sys.stderr,
        flush=True,
    )
    return state


def open_door(workspace: Workspace, host: str) -> Door:
    """Who may come in, by the project's file as it is now and the tokens that stand in its record."""
    from treadle.access import is_loopback
    from treadle.access.door import Door
    from treadle.access.tokens import book

    spec = workspace.project.spec
    loopback = is_loopback(host)
    tokens = book(workspace.chain, spec.project)
    return Door(spec, endpoint=workspace.endpoint, loopback=loopback, tokens=tokens, host=host)


def make_app(workspace: Workspace, door: Door, mounts: dict[str, Any] | None = None) -> App:
    """The endpoint's application, over what is released now."""
    from treadle.hosting.draining import drain_often, watch_the_door
    from treadle.models.registry import address_of
    from treadle.serving import App, Endpoint

    started = False

    def open_model(released: Released) -> LiveModel:
        nonlocal started
        address = address_of(released.model)
        if started and address not in (address_of(endpoint.model), workspace.project.address):
            raise ModelError(
                f"{released.model} is another target's than {endpoint.model}, which this server answers with",
                where=workspace.endpoint,
                mend="start the server anew, if that is meant",
            )
        started = True
        return open_live(workspace, released.bundle, released.model, source_columns(workspace))

    def rebuild(live: LiveModel, state: OnlineState | None, as_of: datetime) -> None:
        rebuild_state(workspace, live, state, as_of)

    endpoint = Endpoint(
        workspace.endpoint,
        workspace.released,
        releases=workspace.releases,
        journal=workspace.journal,
        open_model=open_model,
        open_state=lambda live: open_filled(workspace, live),
        rebuild=rebuild,
    )
    if workspace.aside is not None:  # what is answered apart is drained nowhere
        return App(endpoint, door, mounts)
    beside = (lambda: drain_often(workspace), lambda: watch_the_door(workspace, door))
    return App(endpoint, door, mounts, beside=beside)


def rebuild_state(workspace: Workspace, live: LiveModel, state: OnlineState | None, as_of: datetime | None) -> None:
    """Fill the state anew from the newest snapshots, as it was just before `as_of`."""
    from treadle.stages.planning import KeptTables
    from treadle.stages.seeding import fill

    if state is None:
        return
    tables = {name: _newest(workspace, name) for name in live.plan.sources()}
    fill(state, live.plan, KeptTables(workspace.tables, live.plan, tables), workspace.scratch, as_of)


def source_columns(workspace: Workspace) -> dict[str, frozenset[str]]:
    """The columns of each source of the project, as it was read last; a source that was never read has none here."""
    from treadle.history.snapshots import newest_snapshot

    told: dict[str, frozenset[str]] = {}
    for name in all_tables(workspace.project.spec):
        read = newest_snapshot(workspace, name)
        with suppress(StoreError):  # they only say which fields nobody knows: a damaged log stops no server
            told |= {name: frozenset(workspace.tables.columns(read))} if read is not None else {}
    return told


def newest_rows(workspace: Workspace, source: str) -> pl.DataFrame:
    """The newest rows of a source that passed its contract, held to the hashes that the record has of them."""
    return workspace.tables.read(_newest(workspace, source))


def _newest(workspace: Workspace, source: str) -> Snapshot:
    from treadle.history.snapshots import newest_snapshot

    read = newest_snapshot(workspace, source)
    if read is None:
        raise DataError(f"{source} was never read", where=source, mend="run the project first: treadle run PROJECT")
    return read
