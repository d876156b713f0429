"""What a server is opened with: a time that is one, rows that were read, a state that there is; else it is told."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import polars as pl
import pytest
from served_shop import SPEC

from treadle.access.door import Refused
from treadle.errors import DataError, EvidenceError, SpecError
from treadle.evidence.kinds.source_read import SourceRead
from treadle.features import Memory
from treadle.hosting.opening import newest_rows, open_door, open_live, parse_time, rebuild_state, source_columns
from treadle.hosting.running import first_steps
from treadle.models.registry import find
from treadle.principal import ANONYMOUS
from treadle.serving import App
from treadle.spec import load
from treadle.workspace import Workspace, open_workspace


@pytest.mark.parametrize(
    ("text", "hour"), [("2024-04-01", 0), ("2024-04-01T06:00:00Z", 6), ("2024-04-01T06:00:00+02:00", 4)]
)
def test_a_time_is_read_in_utc(text: str, hour: int) -> None:
    assert parse_time(text, "--as-of") == datetime(2024, 4, 1, hour, tzinfo=UTC)
    assert parse_time(text, "--as-of").tzinfo is UTC


@pytest.mark.parametrize("text", ["", "soon", "2024-13-01", "1 April 2024", "9999-12-31T23:59:59-05:00"])
def test_what_is_no_time_is_told_with_where_it_stands_and_how_one_is_written(text: str) -> None:
    with pytest.raises(SpecError, match=f'"{text}" is not a time') as caught:
        parse_time(text, "--as-of")
    assert (caught.value.where, caught.value.mend) == ("--as-of", "write 2013-11-01 or 2013-11-01T06:00:00Z")


def test_a_state_is_built_anew_and_where_there_is_none_nothing_is_read(workspace: Workspace) -> None:
    released = workspace.released
    live, state = open_live(workspace, released.bundle, released.model), Memory()
    rebuild_state(workspace, live, state, datetime(2024, 2, 1, tzinfo=UTC))
    assert state.as_of == datetime(2024, 2, 1, tzinfo=UTC) and state.history("returns", "Eva") is not None
    shutil.rmtree(workspace.root / "tables")
    rebuild_state(workspace, live, None, None)


def test_the_newest_rows_are_the_projects_own(workspace: Workspace) -> None:
    """In a workspace that several projects share, a source of the same name was read by another since."""
    before = newest_rows(workspace, "orders")
    assert before.height == 400
    read = workspace.chain.find(SourceRead, subject="source/orders", status="done")[-1].payload
    other = workspace.tables.replace("other/source/orders", pl.DataFrame({"order_id": ["theirs"]}))
    workspace.chain.append(msgspec.structs.replace(read, table=other), "source/orders")
    assert newest_rows(workspace, "orders").equals(before)


def test_a_source_that_was_never_read_is_told_with_what_reads_it(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="parcels was never read") as caught:
        newest_rows(workspace, "parcels")
    assert (caught.value.where, caught.value.mend) == ("parcels", "run the project first: treadle run PROJECT")


def test_a_release_whose_record_cannot_be_signed_is_told_to_stand(workspace: Workspace) -> None:
    """The key of another log lies there, and a note by it would be of no use."""
    assert workspace.write_checkpoint().file
    (workspace.root / "keys" / "log.vkey").write_text("another+00000000+AAAA\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match="; what was done before stands") as caught:
        workspace.write_checkpoint()
    with pytest.raises(EvidenceError) as plain:
        workspace.sign_checkpoint()
    assert caught.value.what == f"{plain.value.what}; what was done before stands"
    assert (caught.value.where, caught.value.mend) == (plain.value.where, plain.value.mend) and caught.value.mend


def test_a_folder_that_cannot_be_written_leaves_the_release_unsigned_and_says_why(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = workspace.checkpoints
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("a file where the folder should be", encoding="utf-8")
    written = workspace.write_checkpoint()
    assert written.file == "" and str(folder) in written.why


def test_a_damaged_log_of_a_table_stops_no_server(workspace: Workspace) -> None:
    """It only says which fields nobody knows."""
    assert set(source_columns(workspace)) == {"orders", "customers"}
    for log in (workspace.root / "tables").rglob("source/orders/_delta_log/*.json"):
        log.write_text("{", encoding="utf-8")
    assert set(source_columns(workspace)) == {"customers"}


def test_what_is_tried_is_of_the_version_that_is_served_and_stops_no_server(app: App, workspace: Workspace) -> None:
    """A newer version, which waits or was rolled back, may be asked by a field that this one refuses."""
    newer = find(workspace.chain, "shop", "shop:2").payload
    asked = {**newer.example, "channel": "shop"}
    workspace.chain.append(msgspec.structs.replace(newer, model="shop:3", example=asked), "shop")
    live, state = app.endpoint.live, app.endpoint.state
    lines = first_steps(workspace, live, state, "http://x")
    assert any("curl" in line for line in lines) and any('"model":"shop:1"' in line for line in lines)
    live.name = "shop:3"
    assert first_steps(workspace, live, state, "http://x") == ["Also: http://x/openapi.json."]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", ""])
def test_who_has_no_name_predicts_where_the_server_is_heard_on_this_machine_alone(shop: Path, host: str) -> None:
    text = SPEC.replace(", anonymous: [predict, events, outcomes, read]", "").replace("SEED", "4")
    (shop / "treadle.yaml").write_text(text, encoding="utf-8")
    door = open_door(open_workspace(load(shop), actor="ada"), host)
    headers = [(b"host", b"shop"), (b"content-type", b"application/json")]
    if host in ("127.0.0.1", "::1", "localhost"):
        assert door.enter("POST", headers, "POST /predict", "predict") == ANONYMOUS
    else:
        with pytest.raises(Refused) as refused:
            door.enter("POST", headers, "POST /predict", "predict")
        assert refused.value.status == 401
