"""The models of a project: list, show, release, roll back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Struct

from treadle.api.operation import (
    OfEachTarget,
    OfTarget,
    Work,
    argument,
    check_limit,
    group,
    operation,
    option,
)
from treadle.api.work import GateShown, OverServedShown, over_served_of
from treadle.features.plan import FeatureColumn
from treadle.models import ModelVersion
from treadle.models.request import Asked

if TYPE_CHECKING:
    from treadle.models.registry import Released
    from treadle.spec import Project
    from treadle.workspace import Workspace

Version = Annotated[str | None, argument("model version, such as 2 or flights:2; the newest if not given")]


class OfVersion(OfTarget, frozen=True, kw_only=True):
    """About one version; its whole name tells which target it is of."""

    model: Version = None

    def choose(self, project: Project) -> Project:
        return project.of(self.target or project.target_of(self.model))


class ListRequest(OfEachTarget, frozen=True):
    limit: Annotated[int, option("the newest so many versions")] = 50


class ListAnswer(Struct, frozen=True):
    """`endpoint`: what they are served as; all the endpoints, where versions of several targets are listed."""

    endpoint: str
    models: list[ModelVersion]


class ShowRequest(OfVersion, frozen=True):
    """Which version."""


class EstimateShown(Struct, frozen=True):
    """A value on the sealed test rows, with its 95 % interval."""

    value: float
    low: float | None
    high: float | None


class ManifestShown(Struct, frozen=True):
    """What the bundle says of itself. `refs` name what it came from: data, code, run."""

    format: int
    created: str
    kind: str
    target: str
    family: str
    metric: str
    metrics: dict[str, EstimateShown]
    threshold: float
    calibration_error: float | None
    features: tuple[FeatureColumn, ...]
    request: Asked
    refs: dict[str, str]
    public_key: str


class ShowAnswer(Struct, frozen=True):
    model: str
    status: str
    requested_by: str
    approved_by: str
    gates: list[GateShown]
    accepted: list[str]
    signed: list[str]
    bundle: str
    mb: float
    manifest: ManifestShown
    card: str
    over_served: OverServedShown | None = None
    """The gain over the version that was served when it was judged; None where none was."""


Seen = Annotated[
    str | None,
    option(
        "the version that the endpoint served when you decided; refused, if it serves another by now",
        flag="--instead-of",
    ),
]


class ReleaseRequest(OfVersion, frozen=True):
    seen: Seen = None
    note: Annotated[str, option("a remark, kept with the approval")] = ""


class AcceptRequest(OfVersion, frozen=True):
    finding: Annotated[str, option("the name of the finding, or of the gate, as `models show` writes it")]
    because: Annotated[str, option("why it may be released all the same; it stands in the record under your name")]


class AcceptAnswer(Struct, frozen=True):
    model: str
    finding: str
    because: str
    by: str
    open: list[str]
    """Findings that still need an answer."""
    next: str


class ReleaseAnswer(Struct, frozen=True):
    endpoint: str
    model: str
    bundle: str
    approved_by: str
    time: str
    checkpoint: str
    """A signed checkpoint of the record as it is now: whoever keeps a copy can prove that nothing was rewritten."""
    unsigned: str = ""
    """Why there is none, where none could be signed."""


class SignRequest(OfVersion, frozen=True):
    role: Annotated[str, option("as what, where you hold several roles that sign")] = ""
    note: Annotated[str, option("a remark, kept with the signature")] = ""


class SignAnswer(Struct, frozen=True):
    """`waits_for`: roles of which nobody has signed this bundle yet."""

    model: str
    bundle: str
    by: str
    role: str
    waits_for: list[str]
    next: str


class RollbackRequest(OfTarget, frozen=True):
    seen: Seen = None
    reason: Annotated[str, option("why, kept with the act")] = ""


group("models", "The models of a project.")


@operation("models", "list", permission="read", remote=True)
def models_list(request: ListRequest, work: Work) -> ListAnswer:
    """List the model versions of a project, newest first; also those of a target that its file has no more."""
    from treadle.models.listing import gone, versions

    limit, found, endpoints = check_limit(request.limit), list[ModelVersion](), list[str]()
    for one in work.each():
        workspace = one.workspace
        endpoints.append(workspace.endpoint)
        found += versions(workspace.chain, workspace.project.address, workspace.endpoint, limit)
    project, left = work.workspace.project, list[ModelVersion]()
    if request.target is None:
        left = gone(work.workspace.chain, project.spec.project, project.addresses, limit)
    if left or len(endpoints) > 1:
        found = sorted(found + left, key=lambda version: version.created, reverse=True)[:limit]
    return ListAnswer(endpoint=", ".join(endpoints), models=found)


@operation("models", "show", permission="read", remote=True)
def models_show(request: ShowRequest, work: Work) -> ShowAnswer:
    """Show one model version: its card, its gates and who approved it."""
    from treadle.models import Bundle
    from treadle.models.registry import find
    from treadle.people import review_of

    workspace = work.workspace
    packed = find(workspace.chain, workspace.project.address, workspace.project.version(request.model)).payload
    content = workspace.blobs.get(packed.bundle.digest)
    bundle = Bundle.read(content, workspace.trusted_keys, where=packed.model)
    review = review_of(workspace.chain, packed.model, packed.bundle.digest)
    return ShowAnswer(
        model=packed.model,
        status=review.status,
        requested_by=review.requested_by,
        approved_by=review.approved_by,
        gates=msgspec.convert(review.gates, list[GateShown], from_attributes=True),
        accepted=review.accepted,
        signed=review.signed,
        bundle=packed.bundle.digest,
        mb=packed.mb,
        manifest=msgspec.convert(bundle.manifest, ManifestShown, from_attributes=True),
        card=bundle.card,
        over_served=over_served_of(bundle.manifest.over_served),
    )


@operation("models", "accept", permission="release")
def models_accept(request: AcceptRequest, work: Work) -> AcceptAnswer:
    """Answer for a finding, or for a gain that few test days cannot tell, as a reviewer: by name and with a reason."""
    from treadle.models.registry import find
    from treadle.people import accept, how_to_sign, review_of, unsigned

    workspace = work.workspace
    packed = find(workspace.chain, workspace.project.address, workspace.project.version(request.model)).payload
    entry = accept(
        workspace.chain,
        workspace.project.spec,
        packed.model,
        packed.bundle.digest,
        gate=request.finding,
        reason=request.because,
    )
    review = review_of(workspace.chain, packed.model, packed.bundle.digest)
    with workspace.chain.reading() as reader:
        missing = unsigned(reader, workspace.project.spec, packed.model, packed.bundle.digest)
    after = f"treadle models release {request.project} {packed.model} --as {entry.actor}"
    if review.open:
        after = f"{len(review.open)} still open: {', '.join(gate.name for gate in review.open)}"
    elif missing:
        after = how_to_sign(workspace.project.spec, packed.model, missing, request.project)
    elif workspace.project.spec.brief.people.approve == "policy":
        after = workspace.project.command("run", request.project)
    return AcceptAnswer(
        model=packed.model,
        finding=entry.payload.gate,
        because=entry.payload.reason,
        by=entry.actor,
        open=[gate.name for gate in review.open if gate.acceptable],
        next=after,
    )


@operation("models", "release", permission="release")
def models_release(request: ReleaseRequest, work: Work) -> ReleaseAnswer:
    """Approve a version that waits for review, as a reviewer, and release it to its endpoint."""
    from treadle.models.registry import find, release
    from treadle.people import approve_within

    workspace = work.workspace
    packing = find(workspace.chain, workspace.project.address, workspace.project.version(request.model))
    packed, spec, by = packing.payload, workspace.project.spec, workspace.chain.actor
    made = release(
        workspace.chain,
        workspace.endpoint,
        packing,
        check=workspace.blobs.get,
        others=workspace.project.others,
        seen=workspace.project.version(request.seen),
        approve=lambda alone: approve_within(alone, spec, packed.model, packed.bundle.digest, by=by, note=request.note),
    )
    return _answer(workspace, made)


@operation("models", "sign", permission="discuss")
def models_sign(request: SignRequest, work: Work) -> SignAnswer:
    """Sign a version that waits for its release, as one whose word the brief wants (people.signs): this very bundle."""
    from treadle.errors import GateError
    from treadle.models.registry import find
    from treadle.people import how_to_sign, request_of, review_of, sign, unsigned

    workspace, spec = work.workspace, work.workspace.project.spec
    packed = find(workspace.chain, workspace.project.address, workspace.project.version(request.model)).payload
    model, bundle = packed.model, packed.bundle.digest
    with workspace.chain.reading() as reader:
        asked = request_of(reader, model, bundle)
    if asked is None:
        raise GateError(f"nobody has asked for a release of {model}", where=model, mend="run the project first")
    entry = sign(workspace.chain, spec, asked, request.role, request.note)
    with workspace.chain.reading() as reader:
        missing = unsigned(reader, spec, model, bundle)
    review = review_of(workspace.chain, model, bundle)
    after = workspace.project.command("run", request.project)
    if missing:
        after = how_to_sign(spec, model, missing, request.project)
    elif review.open:
        after = f"{len(review.open)} still open: {', '.join(gate.name for gate in review.open)}"
    elif review.status == "approved":
        after = f"{model} is approved already"
    elif spec.brief.people.approve == "reviewer":
        reviewers = [name for name in spec.brief.people.reviewers if name != asked.actor]
        after = f"treadle models release {request.project} {model} --as {(reviewers or ['REVIEWER'])[0]}"
    return SignAnswer(model, bundle, entry.actor, entry.payload.role, missing, after)


@operation("models", "rollback", permission="release")
def models_rollback(request: RollbackRequest, work: Work) -> ReleaseAnswer:
    """Return the endpoint to the version that it served before; running servers follow within seconds."""
    from treadle.models.registry import rollback

    workspace = work.workspace
    back = rollback(
        workspace.chain,
        workspace.endpoint,
        reason=request.reason,
        check=workspace.blobs.get,
        others=workspace.project.others,
        seen=workspace.project.version(request.seen),
    )
    return _answer(workspace, back)


def _answer(workspace: Workspace, released: Released) -> ReleaseAnswer:
    written = workspace.write_checkpoint()
    return ReleaseAnswer(
        endpoint=released.endpoint,
        model=released.model,
        bundle=released.bundle,
        approved_by=released.approved_by,
        time=released.time,
        checkpoint=written.file,
        unsigned=written.why,
    )
