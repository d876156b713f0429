"""The models of a project: list, show, release, roll back."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, argument, operation, option, workspace_for

Version = Annotated[str | None, argument("model version, such as 2 or flights:2; the newest if not given")]


class ListRequest(Request, frozen=True):
    project: ProjectPath = "."


class ListAnswer(Struct, frozen=True):
    endpoint: str
    models: list[Any]


class ShowRequest(Request, frozen=True):
    project: ProjectPath = "."
    model: Version = None


class ShowAnswer(Struct, frozen=True):
    model: str
    status: str
    requested_by: str
    approved_by: str
    gates: list[Any]
    bundle: str
    mb: float
    manifest: dict[str, Any]
    card: str


class ReleaseRequest(Request, frozen=True):
    project: ProjectPath = "."
    model: Version = None
    note: Annotated[str, option("a remark, kept with the approval")] = ""


class ReleaseAnswer(Struct, frozen=True):
    endpoint: str
    model: str
    bundle: str
    approved_by: str
    time: str


class RollbackRequest(Request, frozen=True):
    project: ProjectPath = "."
    reason: Annotated[str, option("why, kept with the act")] = ""


@operation("models", "list", permission="read", remote=True)
def models_list(request: ListRequest, context: Context) -> ListAnswer:
    """List the model versions of a project, newest first."""
    from treadle.models.registry import versions

    workspace = workspace_for(request.project, context, "read")
    return ListAnswer(
        endpoint=workspace.endpoint,
        models=versions(workspace.chain, workspace.project.spec.project, workspace.endpoint),
    )


@operation("models", "show", permission="read", remote=True)
def models_show(request: ShowRequest, context: Context) -> ShowAnswer:
    """Show one model version: its card, its gates and who approved it."""
    import msgspec

    from treadle.models import Bundle
    from treadle.models.registry import find
    from treadle.people import review_of

    workspace = workspace_for(request.project, context, "read")
    packing = find(workspace.chain, workspace.project.spec.project, request.model)
    digest, name = str(packing.made["bundle"]["digest"]), str(packing.detail["model"])
    bundle = Bundle.open(workspace.blobs.path(digest), workspace.trusted_keys)
    review = review_of(workspace.chain, name)
    return ShowAnswer(
        model=name,
        status=review.status,
        requested_by=review.requested_by,
        approved_by=review.approved_by,
        gates=list(review.gates),
        bundle=digest,
        mb=float(packing.detail.get("mb", 0.0)),
        manifest=msgspec.to_builtins(bundle.manifest),
        card=bundle.card,
    )


@operation("models", "release", permission="release")
def models_release(request: ReleaseRequest, context: Context) -> ReleaseAnswer:
    """Approve a version that waits for review, as a reviewer, and release it to its endpoint."""
    from treadle.models.registry import find, release
    from treadle.people import approve

    workspace = workspace_for(request.project, context, "release")
    packing = find(workspace.chain, workspace.project.spec.project, request.model)
    name = str(packing.detail["model"])
    approval = workspace.chain.last(kind="review.approved", subject=f"model/{name}")
    if approval is None:
        approval = approve(workspace.chain, workspace.project.spec, name, by=workspace.chain.actor, note=request.note)
    released = release(workspace.chain, workspace.endpoint, packing, workspace.pointer, approval=approval)
    return ReleaseAnswer(
        endpoint=released.endpoint,
        model=released.model,
        bundle=released.bundle,
        approved_by=approval.actor,
        time=released.time,
    )


@operation("models", "rollback", permission="release")
def models_rollback(request: RollbackRequest, context: Context) -> ReleaseAnswer:
    """Return the endpoint to the version that it served before; running servers follow within seconds."""
    from treadle.models.registry import rollback
    from treadle.people import review_of

    workspace = workspace_for(request.project, context, "release")
    back = rollback(
        workspace.chain, workspace.endpoint, workspace.project.spec.project, workspace.pointer, reason=request.reason
    )
    return ReleaseAnswer(
        endpoint=back.endpoint,
        model=back.model,
        bundle=back.bundle,
        approved_by=review_of(workspace.chain, back.model).approved_by,
        time=back.time,
    )
