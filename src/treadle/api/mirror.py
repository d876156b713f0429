"""Tell a tracking server of versions that it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from treadle.api.operation import OfEachTarget, Work, operation, option
from treadle.mirror.found import Mirrored
from treadle.repository import commit_of

if TYPE_CHECKING:
    from treadle.spec.settings import Mirror
    from treadle.workspace import Workspace


class MirrorRequest(OfEachTarget, frozen=True):
    mlflow: Annotated[
        str | None, option("URL of an MLflow server; that of `mirror:` in settings.yaml if not given", local=True)
    ] = None
    seconds: Annotated[int, option("give up after so many seconds; what was sent by then is kept")] = 300


class MirrorAnswer(Struct, frozen=True):
    """Each version of the project, oldest first, and how it stands on the server. `server`: without a password."""

    server: str
    versions: list[Mirrored]
    ok: bool
    """Nothing is lacking there now."""


@operation("mirror", permission="run")
def mirror(request: MirrorRequest, work: Work) -> MirrorAnswer:
    """Tell an MLflow server of every version that it lacks: settings, scores, trials, report, and a model to load.

    What is there already is left as it is. No row of your tables is sent.
    """
    from treadle.errors import SpecError
    from treadle.evidence.kinds.model_packed import ModelPacked
    from treadle.mirror.sending import send

    if not 1 <= request.seconds <= 86_400:
        raise SpecError(f"{request.seconds} seconds are none to wait", where="--seconds", mend="give 1 to 86400")
    told = named(work.workspace, request.mlflow)
    if told is None:
        raise SpecError(
            "there is no server to tell",
            where="--mlflow",
            mend="give --mlflow URL, or write `mirror: {mlflow: URL}` into settings.yaml in the workspace",
        )
    versions: list[Mirrored] = []
    for one in work.each():
        here = one.workspace
        packed = here.chain.find(ModelPacked, subject=here.project.address, status="done")
        versions += send(here, told.mlflow, packed, seconds=float(request.seconds), bundle=told.bundle)
    return MirrorAnswer(told.mlflow.shown, versions, ok=all(each.state != "not sent" for each in versions))


def named(workspace: Workspace, url: str | None) -> Mirror | None:
    """The server to tell: the one that was given, else that of the settings."""
    from treadle.address import Address
    from treadle.spec.settings import Mirror

    return workspace.mirror if url is None else Mirror(Address(url, "--mlflow"))


def mirror_run(workspace: Workspace, url: str | None, model: str) -> Mirrored | None:
    """After a run: its version, told if there is whom to tell. Nothing that goes wrong there harms the run."""
    from treadle.mirror.sending import SECONDS_OF_A_RUN, send
    from treadle.models.registry import find

    told = named(workspace, url)
    if told is None:
        return None
    packing = find(workspace.chain, workspace.project.address, model)
    commit = commit_of(workspace.project.root) if packing.run == workspace.chain.run else ""
    (found,) = send(workspace, told.mlflow, [packing], seconds=SECONDS_OF_A_RUN, bundle=told.bundle, commit=commit)
    return found
