"""Ask for a release, and release what was approved: request, approval and release are of one bundle."""

from __future__ import annotations

from collections.abc import Mapping

from treadle.evidence import Entry
from treadle.evidence.kinds.model_evaluated import ModelEvaluated
from treadle.evidence.kinds.model_fitted import ModelFitted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.model_refitted import ModelRefitted
from treadle.evidence.kinds.models_searched import ModelsSearched
from treadle.models import registry
from treadle.people import (
    NO_SAVING,
    POLICY,
    Finding,
    Gain,
    Gate,
    OverStanding,
    approve_within,
    gates_of,
    promotion_gate,
    request_review,
    review_of,
    unsigned,
)
from treadle.people.chosen import chosen_gate, standing_choice
from treadle.stages.judging import evaluation_of
from treadle.stages.work import TrainingCost, Work, training_cost
from treadle.training import Evaluation, leak_gates

_LEARNING = (ModelsSearched.KIND, ModelFitted.KIND, ModelRefitted.KIND)


def ask_review(work: Work, packing: Entry[ModelPacked], evaluation: Entry[ModelEvaluated]) -> list[Gate]:
    """Measure every gate of the brief and ask for a release in the actor's name."""
    workspace, found = work.workspace, evaluation_of(work.bench(), evaluation.payload.evaluation)
    spent = training_cost(work.entries)
    scores = {name: interval.value for name, interval in found.scores.items()}
    scores[found.metric] = found.value.value
    gates = gates_of(
        workspace.project.spec.brief,
        scores,
        gain=Gain(found.gain_is_real, found.gain_untold),
        spent=spent.amounts,
        rates=workspace.book.rates,
        train_minutes=learnt_minutes(spent),
        bundle_mb=packing.payload.mb,
        p99_ms=packing.payload.p99_ms,
        findings=[*(Finding(gate.name, gate.text) for gate in leak_gates(found) if not gate.holds), *_unsaved(found)],
    )
    gates[1:1] = [*_promotion(work, found), *_chosen(work, scores)]
    asked = request_review(workspace.chain, packing.payload.model, gates, packing.payload.bundle)
    return list(asked.payload.gates)


def learnt_minutes(spent: TrainingCost) -> float:
    """What the search and the fits after it took: what `train_minutes` bounds, and so what it is held to. How long the
    tables took to read, or a bundle to prove, no search can keep within."""
    return sum(spent.steps[kind].seconds for kind in _LEARNING if kind in spent.steps) / 60


def _promotion(work: Work, found: Evaluation) -> list[Gate]:
    """That the model is better than what is served, or not worse, as the brief wants it; nothing is asked where nothing
    is served, or this very model is."""
    over = found.over_served
    if over is None or work.serves_this:
        return []
    gain = None if over.found is None else over.found.gain
    bounds = (None, None) if gain is None or over.verdict == "untold" else (gain.low, gain.high)
    promote = work.workspace.project.spec.brief.promote
    return [promotion_gate(OverStanding(None if gain is None else gain.value, *bounds, over.said), promote)]


def _chosen(work: Work, scores: Mapping[str, float]) -> list[Gate]:
    """That the model reaches what those who decide chose, where they chose one of the options they were offered."""
    workspace = work.workspace
    with workspace.chain.reading() as reader:
        choice = standing_choice(reader, workspace.project.address)
    gate = None if choice is None else chosen_gate(choice, scores)
    return [] if gate is None else [gate]


def _unsaved(found: Evaluation) -> list[Finding]:
    """That the decisions cost no less than the cheapest rule that looks at nothing, where they do not."""
    if found.money is None or not found.money.unsaved:
        return []
    return [Finding(NO_SAVING, found.money.unsaved)]


def release_if_approved(work: Work, packing: Entry[ModelPacked]) -> bool:
    """Release an approved bundle; let the policy approve it, where the brief has one and no gate is open.

    A bundle that the endpoint was rolled back from is released again by a person alone, and not by a run. Where the
    endpoint serves another version by now than the model was held against, nothing is released: the next run holds it
    against that one.
    """
    workspace, packed = work.workspace, packing.payload
    spec = workspace.project.spec
    if registry.left(workspace.chain, workspace.endpoint, packed.bundle.digest) is not None:
        return False
    review = review_of(workspace.chain, packed.model, packed.bundle.digest)
    if review.status != "approved" and (spec.brief.people.approve != "policy" or review.open):
        return False
    with workspace.chain.reading() as reader:
        standing = registry.standing(reader, workspace.endpoint)
        waits = review.status != "approved" and unsigned(reader, spec, packed.model, packed.bundle.digest)
    if waits:
        return False
    serving = "" if standing is None else standing.payload.model
    if serving not in (work.serves, packed.model):
        return False
    held = "every gate of the brief holds"
    note = held if not review.accepted else f"{held}, or a reviewer answered for it"
    released = registry.release(
        workspace.chain,
        workspace.endpoint,
        packing,
        check=workspace.blobs.get,
        others=workspace.project.others,
        seen=serving,
        approve=lambda alone: approve_within(alone, spec, packed.model, packed.bundle.digest, by=POLICY, note=note),
    )
    work.unsigned = workspace.write_checkpoint().why
    return released.bundle == packed.bundle.digest
