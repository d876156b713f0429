"""What to do after a run: release it, answer for what does not hold, sign, or name who may."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.loop import RunResult
    from treadle.workspace import Workspace


def next_step(workspace: Workspace, result: RunResult, project: str) -> str:
    """What to do now; never something that would be refused."""
    from treadle.evidence.kinds.release_rolled_back import ReleaseRolledBack
    from treadle.models.registry import left
    from treadle.people import PROMOTED, cure_of, how_to_sign, review_of, unsigned

    if result.released:
        return f"{workspace.project.command('run', project)} --serve"
    back = left(workspace.chain, workspace.endpoint, result.bundle)
    review = review_of(workspace.chain, result.model, result.bundle)
    people = workspace.project.spec.brief.people
    reviewers = [name for name in people.reviewers if name != review.requested_by]
    if back is not None:
        why = f" ({back.payload.reason})" if isinstance(back.payload, ReleaseRolledBack) and back.payload.reason else ""
        who = (reviewers or [people.owner])[0]
        return (
            f"{back.actor} rolled {workspace.endpoint} back from {result.model}{why}, and a run does not undo that; "
            f"a person may: treadle models release {project} {result.model} --as {who}"
        )
    hard = [gate.text for gate in review.open if not gate.acceptable]
    if hard:
        return (
            f"no release while a gate fails: {hard[0]}"
            if len(hard) == 1
            else f"no release while {len(hard)} gates fail"
        )
    stays = f"{result.serves} stays served: " if any(gate.name == PROMOTED for gate in review.open) else ""
    if review.open and not reviewers:
        names = ", ".join(gate.name for gate in review.open)
        return (
            f"{stays}{names} need{'s' if len(review.open) == 1 else ''} an answer: {cure_of(review.open[0])}, "
            "or name a reviewer in brief.people, who is not the one who runs the project, to answer for it"
        )
    if review.open:
        return (
            f"{stays}{len(review.open)} gate(s) need an answer: {cure_of(review.open[0])}, or treadle models accept "
            f'{project} {result.model} --finding "{review.open[0].name}" --because REASON --as {reviewers[0]}'
        )
    with workspace.chain.reading() as reader:
        missing = unsigned(reader, workspace.project.spec, result.model, result.bundle)
    if missing:
        return f"it waits to be signed: {how_to_sign(workspace.project.spec, result.model, missing, project)}"
    if people.approve == "policy":
        return workspace.project.command("run", project)
    if not reviewers:
        return (
            "name a reviewer in brief.people who is not the one who runs the project, or let the policy approve "
            "(approve: policy): nobody may approve their own request"
        )
    return f"treadle models release {project} {result.model} --as {reviewers[0]}"
