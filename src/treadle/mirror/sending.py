"""Tell a server of versions, once each, in seconds that were promised.

1. The run of a version is found by its tag `treadle.bundle`; one that is FINISHED is whole, and is left as it is.
2. Else it is made, or gone on with: settings, scores, trials, pages, the model. What was told before is told equally.
3. Of two that were made at once one goes: the whole one stays, else the one of the lesser name. Then it is FINISHED.
4. What the endpoint serves is registered under the endpoint's name, and gets the alias `released`.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import MsgspecError, structs

from treadle.errors import StoreError, TreadleError
from treadle.mirror.found import Mirrored
from treadle.mirror.pyfunc import files
from treadle.mirror.rest import LATER, Refused, Rest
from treadle.mirror.telling import Version, in_batches, tell

if TYPE_CHECKING:
    from treadle.address import Address
    from treadle.evidence import Entry
    from treadle.evidence.kinds.model_packed import ModelPacked
    from treadle.workspace import Workspace

T = TypeVar("T")

SECONDS_OF_A_RUN = 30.0
"""What a run waits for a mirror at most."""
_GRACE = 2.0
ALIAS = "released"


def send(
    workspace: Workspace,
    address: Address,
    versions: Sequence[Entry[ModelPacked]],
    *,
    seconds: float,
    bundle: bool = False,
    commit: str = "",
) -> list[Mirrored]:
    """Each version, and how it stands on the server then; nothing that goes wrong there is raised.

    bundle: send the signed file too, with its golden records, which are rows.
    """
    try:
        told = [tell(workspace, packing, bundle=bundle, commit=commit) for packing in versions]
        current = workspace.releases.current()
    except (TreadleError, OSError, MsgspecError) as bad:  # what is kept cannot be read: the run itself stands
        return [Mirrored(packing.payload.model, "not sent", why=str(bad).splitlines()[0]) for packing in versions]
    served = current.bundle if current is not None else ""

    def work() -> list[Mirrored]:
        with _alone(workspace):
            return _send_all(Rest(address, seconds), told, workspace.endpoint, served)

    try:
        return _within(work, seconds + _GRACE, address)
    except TreadleError as bad:
        return [Mirrored(version.name, "not sent", why=bad.what) for version in told]


def _within(work: Callable[[], T], seconds: float, address: Address) -> T:
    """A server can hold a connection in ways that no timeout of it ends: then it is left."""
    done: list[T] = []
    failed: list[BaseException] = []

    def try_it() -> None:
        try:
            done.append(work())
        except BaseException as bad:
            failed.append(bad)

    thread = threading.Thread(target=try_it, daemon=True, name="mirror")
    thread.start()
    thread.join(seconds)
    if failed and not isinstance(failed[0], TreadleError):
        bad = failed[0]
        said = address.without_secrets(f"{bad}") if isinstance(bad, OSError) else "its answer lacks what MLflow's has"
        raise StoreError(f"MLflow at {address.shown}: {said}", where=address.where, mend=LATER) from bad
    if failed:
        raise failed[0]
    if not done:
        raise StoreError(f"MLflow at {address.shown}: its seconds are over", where=address.where, mend=LATER)
    return done[0]


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Of two mirrors of one workspace on this machine, the second waits for the first and finds all there."""
    lock = os.open(workspace.root / "mirror.lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _send_all(rest: Rest, versions: Sequence[Version], endpoint: str, served: str) -> list[Mirrored]:
    """Nothing more is tried once a server is away; one that refuses a version may take the next."""
    out: list[Mirrored] = []
    away = ""
    for version in versions:
        try:
            if away:
                raise StoreError(away)
            out.append(_send(rest, version, endpoint, released=version.digest == served))
        except TreadleError as bad:
            away = away or ("" if isinstance(bad, Refused) else bad.what)
            out.append(Mirrored(version.name, "not sent", why=bad.what))
    return out


def _send(rest: Rest, version: Version, endpoint: str, *, released: bool) -> Mirrored:
    experiment = _experiment(rest, version.experiment)
    found = _runs(rest, experiment, version.digest)
    whole = next((run for run in found if run["info"]["status"] == "FINISHED"), None)
    run = whole or (found[0] if found else _begin(rest, experiment, version))
    if whole is None:
        _fill(rest, run, version)
        run = _settle(rest, run, experiment, version)
    name = str(run["info"]["run_id"])
    url = f"{rest.base}/#/experiments/{experiment}/runs/{name}"
    said = Mirrored(version.name, "sent" if whole is None else "there already", name, url)
    if not released:
        return said
    try:
        return structs.replace(said, registered=_register(rest, run, version, endpoint))
    except Refused as bad:
        return structs.replace(said, why=f"it was not registered as {endpoint}: {bad.what}")


def _experiment(rest: Rest, name: str) -> str:
    for _ in range(2):  # of two that make it at once the second is refused, and then finds it
        try:
            return str(rest.get("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])
        except Refused as bad:
            if bad.code != "RESOURCE_DOES_NOT_EXIST":
                raise
        try:
            return str(rest.post("experiments/create", {"name": name})["experiment_id"])
        except Refused as bad:
            if bad.code != "RESOURCE_ALREADY_EXISTS":
                raise
    raise StoreError(f"MLflow has an experiment {name} that it does not show: restore it there, or delete it for good")


def _runs(rest: Rest, experiment: str, digest: str) -> list[dict[str, Any]]:
    body = {"experiment_ids": [experiment], "filter": f"tags.`treadle.bundle` = '{digest}'", "max_results": 100}
    found = rest.post("runs/search", body).get("runs", [])
    return sorted(found, key=lambda run: str(run["info"]["run_id"]))


def _begin(rest: Rest, experiment: str, version: Version) -> dict[str, Any]:
    body = {
        "experiment_id": experiment,
        "run_name": version.name,
        "start_time": version.began,
        "tags": [{"key": name, "value": value} for name, value in version.tags],
    }
    run: dict[str, Any] = rest.post("runs/create", body)["run"]
    return run


def _fill(rest: Rest, run: dict[str, Any], version: Version) -> None:
    from treadle import __version__

    name, place = str(run["info"]["run_id"]), str(run["info"]["artifact_uri"])
    for batch in in_batches(version):
        rest.post("runs/log-batch", {"run_id": name, **batch})
    for path, content in version.pages.items():
        rest.put(place, path, content)
    for path, content in files(version.opened, name, __version__).items():
        rest.put(place, f"model/{path}", content)


def _settle(rest: Rest, run: dict[str, Any], experiment: str, version: Version) -> dict[str, Any]:
    """The run that stands for the version from now on; another's, where it was quicker."""
    mine = str(run["info"]["run_id"])
    others = [r for r in _runs(rest, experiment, version.digest) if r["info"]["run_id"] != mine]
    better = [r for r in others if r["info"]["status"] == "FINISHED" or str(r["info"]["run_id"]) < mine]
    if better:
        rest.post("runs/delete", {"run_id": mine})
        return better[0]
    rest.post("runs/update", {"run_id": mine, "status": "FINISHED", "end_time": version.began})
    return run


def _register(rest: Rest, run: dict[str, Any], version: Version, endpoint: str) -> str:
    """The version in the registry, once, with the alias; its name and number."""
    try:
        rest.post("registered-models/create", {"name": endpoint, "description": version.description})
    except Refused as bad:
        if bad.code != "RESOURCE_ALREADY_EXISTS":
            raise
    name = str(run["info"]["run_id"])
    found = rest.get("model-versions/search", filter=f"name='{endpoint}'", max_results=1000).get("model_versions", [])
    made = next((v for v in found if v.get("run_id") == name), None)
    if made is None:
        body = {
            "name": endpoint,
            "source": f"{run['info']['artifact_uri']}/model",
            "run_id": name,
            "tags": [{"key": key, "value": value} for key, value in version.tags if key.startswith("treadle.")],
        }
        made = rest.post("model-versions/create", body)["model_version"]
    number = str(made["version"])
    rest.post("registered-models/alias", {"name": endpoint, "alias": ALIAS, "version": number})
    return f"{endpoint} {number}"
