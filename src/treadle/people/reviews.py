"""A release needs its owner's request and the approval of a reviewer who is not the requester, both of one bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import AccessError, Fault, GateError, nearest
from treadle.evidence import Alone, Chain, Entry, Reader
from treadle.evidence.kinds.finding_accepted import FindingAccepted
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import Gate, ReviewRequested
from treadle.evidence.kinds.token_made import TokenMade
from treadle.figures import figure
from treadle.money import Money, Rates
from treadle.people.chosen import CHOSEN, chosen_gate, measures, standing_choice
from treadle.people.promotion import PROMOTED
from treadle.people.signatures import refuse_unsigned, signatures, unsigned_faults
from treadle.people.stated import POLICY, packing_behind, reviewers_of
from treadle.people.team import meant, unfilled
from treadle.spec.choices import LOWER_IS_BETTER
from treadle.store import Blob

if TYPE_CHECKING:
    from treadle.spec import Brief, ProjectSpec

NO_SAVING = "no_saving"
"""How the finding is called that decisions of a model cost no less than a rule that looks at nothing."""
_GAIN = "gain over the trivial baseline"
ROLES = "roles"
"""How the gate is called that the brief's required roles are held."""
_LIMITS = ("train_cost", "train_minutes", "bundle_mb", "p99_ms")


class Finding(Struct, frozen=True):
    """Something about a model that a release must answer for, such as a feature that seems to know the label, or
    decisions that cost no less than a rule that looks at nothing."""

    name: str
    text: str


class Gain(Struct, frozen=True):
    """What the test rows say of the gain over the trivial baseline.

    `untold`: why they cannot tell it from noise, as too few days cannot; empty where they can.
    """

    is_real: bool
    untold: str = ""


class Review(Struct, frozen=True):
    """Where a model version stands: requested by whom, approved by whom, or waiting; which findings were accepted."""

    model: str
    status: str
    requested_by: str
    approved_by: str
    gates: list[Gate]
    accepted: list[str] = []
    open: list[Gate] = []
    """Gates that neither hold nor were answered for."""
    signed: list[str] = []
    """Who has signed it, and as what."""


def gates_of(
    brief: Brief,
    scores: Mapping[str, float],
    *,
    gain: Gain,
    spent: Sequence[Money],
    rates: Rates,
    train_minutes: float,
    bundle_mb: float,
    p99_ms: float | None,
    findings: Sequence[Finding] = (),
) -> list[Gate]:
    """Every gate that the brief sets, measured, and one for each finding. A gain inside the noise never passes.

    `spent`: on everything that led to the model; `train_minutes`: on the search and the fits, which that limit bounds.
    """
    gates = [_of_gain(gain)]
    gates += [Gate(each.name, 0.0, None, False, each.text, acceptable=True) for each in findings]
    if brief.people.required:
        gates.append(_of_roles(brief))
    gates += [_of_metric(metric, limit, scores.get(metric)) for metric, limit in brief.must_have.items()]
    limits = brief.limits
    if limits.train_cost is not None:
        gates.append(_of_money(limits.train_cost, brief.mistakes.currency, spent, rates))
    for name, most, measured, unit in (
        ("train_minutes", limits.train_minutes, train_minutes, "minutes of search and fits"),
        ("bundle_mb", limits.bundle_mb, bundle_mb, "MB"),
        ("p99_ms", limits.p99_ms, p99_ms, "ms"),
    ):
        if most is not None:
            holds = measured is not None and measured <= most
            shown = "not measured" if measured is None else f"{measured:.4g}"
            gates.append(Gate(name, most, measured, holds, f"{name} is {shown} {unit}, must be at most {most:g}"))
    return gates


def _of_gain(gain: Gain) -> Gate:
    """A gain that the test rows cannot tell from noise does not hold, and a reviewer may answer for it."""
    answerable = bool(gain.untold) and not gain.is_real
    found = f"cannot be told from noise: {gain.untold}" if answerable else "is inside the noise"
    said = "is real" if gain.is_real else found
    return Gate(_GAIN, 0.0, None, gain.is_real, f"the gain over the trivial baseline {said}", acceptable=answerable)


def _of_roles(brief: Brief) -> Gate:
    missing = unfilled(brief)
    held = f"each of {', '.join(brief.people.required)} is held by somebody"
    slips = ", ".join(f'{role}: did you mean "{other}"?' for role in missing if (other := meant(brief, role)))
    named = f"{', '.join(missing)}{f' ({slips})' if slips else ''}"
    text = f"nobody holds the role{'s' if len(missing) > 1 else ''} {named}" if missing else held
    return Gate(ROLES, 0.0, float(len(missing)), not missing, text)


def _of_metric(metric: str, limit: float, found: float | None) -> Gate:
    lower = metric in LOWER_IS_BETTER
    holds = found is not None and (found <= limit if lower else found >= limit)
    shown = "not measured" if found is None else figure(found).value
    return Gate(
        metric, limit, found, holds, f"{metric} is {shown}, must be {'at most' if lower else 'at least'} {limit:g}"
    )


def _of_money(most: float, currency: str, spent: Sequence[Money], rates: Rates) -> Gate:
    """What training cost, in the brief's currency. Money without a rate to it holds no gate."""
    whole = Money(amount=type(spent[0].amount)(0), currency=currency) if spent else None
    for each in spent:
        converted = rates.convert(each, currency)
        if converted is None or whole is None:
            text = (
                f"train_cost is {each}, which cannot be held against {most:g} {currency}: "
                f"there is no rate between them in the price book, which prices: names"
            )
            return Gate("train_cost", most, None, False, text, spent=each)
        whole = whole + converted
    found = float(whole.amount) if whole is not None else 0.0
    shown = f"{found:.4g} {currency}" + (
        f" (rate of {whole.rate_date})" if whole is not None and whole.rate_date else ""
    )
    return Gate(
        "train_cost", most, found, found <= most, f"train_cost is {shown}, must be at most {most:g}", spent=whole
    )


def request_review(chain: Chain, model: str, gates: Sequence[Gate], bundle: Blob) -> Entry[ReviewRequested]:
    """The request, signed by the actor of the chain. A second request for the same bundle is the first one."""
    with chain.alone() as alone:
        earlier = request_of(alone, model, bundle.digest)
        if earlier is not None:
            return earlier
        return alone.append(ReviewRequested(model=model, bundle=bundle, gates=tuple(gates)), f"model/{model}")


def refusal(model: str, failing: Sequence[Gate], more: Sequence[Fault] = ()) -> GateError:
    """That these gates stand in the way of a release, and what else does: each with its place and how to mend it."""
    faults = [*(Fault(gate.text, place_of(gate), mend_of(gate, model)) for gate in failing), *more]
    if len(faults) == 1:
        (one,) = faults
        return GateError(f"{model} may not be released: {one.what}", where=one.where, mend=one.mend)
    return GateError(f"{model} may not be released, for {len(faults)} reasons", faults=faults)


def place_of(gate: Gate) -> str:
    """The part of the project file that sets a gate; empty for a finding, which is about the model."""
    if gate.name == PROMOTED:
        return "brief.promote"
    if gate.name == ROLES:
        return "brief.people.required"
    if gate.name == CHOSEN:
        return ""  # a decision of the record, which its text names
    if gate.acceptable:
        return "predict.split.test" if gate.name == _GAIN else ""
    if gate.name in _LIMITS:
        return f"brief.limits.{gate.name}"
    return f"brief.must_have.{gate.name}" if gate.name != _GAIN else "brief"


def mend_of(gate: Gate, model: str) -> str:
    if gate.acceptable:
        return (
            f"{cure_of(gate)}; or let a reviewer answer for it: treadle models accept PROJECT {model} "
            f'--finding "{gate.name}" --because REASON --as REVIEWER'
        )
    if gate.name == _GAIN:
        return "give features that say more of the label, or more rows, and run again"
    if gate.name == ROLES:
        return "name who holds them under brief.people.roles, or let the owner change this line, and run again"
    if gate.name == CHOSEN:
        return "mend the model, or ask whether the choice still holds: treadle decide review PROJECT NAME --holds no"
    what = "make it cheaper or smaller" if gate.name in _LIMITS else "mend the model"
    if gate.name == "train_minutes":
        what = "give it less to learn (fewer rows, columns or trials)"
    return f"{what}, or let the owner change this line, and run again"


def cure_of(gate: Gate) -> str:
    """What to do about a gate that a reviewer may answer for, so that nobody need answer."""
    if gate.name == PROMOTED:
        return "give features or rows that say more of the label"
    if gate.name.startswith(NO_SAVING):
        return "give features that say more of the label, or correct brief.mistakes"
    return "give more test days, groups or rows" if gate.name == _GAIN else "mend the features"


def request_of(reader: Reader, model: str, bundle: str) -> Entry[ReviewRequested] | None:
    said = reader.find(ReviewRequested, subject=f"model/{model}", status="done", newest_first=True)
    return next((entry for entry in said if entry.payload.bundle.digest == bundle), None)


def requesters(reader: Reader, actor: str) -> frozenset[str]:
    """Who asked for a release: the actor, and for a service each person who gave it a token to act with."""
    made: list[Entry[TokenMade]] = reader.find(TokenMade, status="done") if actor.startswith("service:") else []
    return frozenset((actor, *(e.actor for e in made if f"{e.payload.holder}:{e.payload.name}" == actor)))


def _accepted(reader: Reader, asked: Entry[ReviewRequested], as_stated: bool = True) -> list[Entry[FindingAccepted]]:
    """Answers for findings of a request that count: of who did not ask, and was a reviewer when they gave it."""
    model, digest, own = asked.payload.model, asked.payload.bundle.digest, requesters(reader, asked.actor)
    every: list[Entry[FindingAccepted]] = reader.find(FindingAccepted, subject=f"model/{model}", status="done")
    said = [entry for entry in every if entry.payload.bundle.digest == digest and entry.actor not in own]
    packing = packing_behind(reader, model, digest) if said and as_stated else None
    return [entry for entry in said if packing is None or entry.actor in reviewers_of(reader, packing, entry)]


def unmet(reader: Reader, asked: Entry[ReviewRequested], *, as_stated: bool = True) -> list[Gate]:
    """The gates of a request that neither hold nor were accepted, by a reviewer who did not ask for the release.

    But for that of an option that was chosen: a choice may be undone, so it is held to when the version is approved.
    as_stated: who accepted was a reviewer by the brief in the record, and not by a project file alone.
    """
    taken = {entry.payload.gate for entry in _accepted(reader, asked, as_stated)}
    failing = [gate for gate in asked.payload.gates if not gate.holds and gate.name != CHOSEN]
    return [gate for gate in failing if not (gate.acceptable and gate.name in taken)]


def _short_of_choice(reader: Reader, asked: Entry[ReviewRequested]) -> list[Gate]:
    """That a version reaches the option that stands chosen now, where it does not; whatever stood when it was asked."""
    target, digest = asked.payload.model.rpartition(":")[0], asked.payload.bundle.digest
    choice = standing_choice(reader, target)
    if choice is None:
        return []
    measured = [each for each in asked.payload.gates if measures(each, choice.option)]
    packed = reader.find(ModelPacked, subject=target, status="done") if not measured else []
    scores = {e.payload.metric: e.payload.value for e in packed if e.payload.bundle.digest == digest}
    gate = measured[0] if measured else chosen_gate(choice, scores)
    return [] if gate is None or gate.holds else [gate]


def accept(
    chain: Chain, spec: ProjectSpec, model: str, bundle: str, *, gate: str, reason: str
) -> Entry[FindingAccepted]:
    """Answer for a finding about this bundle, or a gain that could not be told, as the chain's actor: a reviewer who
    did not ask for the release.
    """
    if not reason.strip():
        raise GateError("an answer needs a reason", where="--because", mend="say why it may be released all the same")
    with chain.alone() as alone:
        asked = _asked(alone, model, bundle)
        _may_review(spec, chain.actor, requesters(alone, asked.actor))
        packing = packing_behind(alone, model, bundle)
        if packing is not None and chain.actor not in reviewers_of(alone, packing):
            raise AccessError(
                f"{chain.actor} reviews in the project file alone, and not by the brief as it was stated",
                where="--as",
                mend="run the project, so that the record has the brief as it is now",
            )
        known = [g.name for g in asked.payload.gates if g.acceptable and not g.holds]
        if gate not in known:
            raise GateError(
                f"{model} has no finding {gate!r} to accept",
                where="--finding",
                mend=nearest(gate, known) or "no finding stands in its way",
            )
        return alone.append(
            FindingAccepted(
                model=model, bundle=asked.payload.bundle, request=asked.ref, gate=gate, reason=reason.strip()
            ),
            f"model/{model}",
        )


def approve(
    chain: Chain, spec: ProjectSpec, model: str, bundle: str, *, by: str, note: str = ""
) -> Entry[ReviewApproved]:
    """Approve a requested bundle as `by`; refused for its requester, for strangers, and while a gate fails."""
    with chain.alone() as alone:
        return approve_within(alone, spec, model, bundle, by=by, note=note)


def approve_within(
    alone: Alone, spec: ProjectSpec, model: str, bundle: str, *, by: str, note: str = ""
) -> Entry[ReviewApproved]:
    """As `approve`, under a lock that is held already: what else is done under it stands with it, or neither does."""
    asked = _asked(alone, model, bundle)
    failing = [*unmet(alone, asked), *_short_of_choice(alone, asked)]
    if failing:
        raise refusal(model, failing, unsigned_faults(alone, spec, model, bundle))
    refuse_unsigned(alone, spec, model, bundle)
    if by == POLICY:
        if spec.brief.people.approve != "policy":
            raise AccessError(
                "this project's brief lets no policy approve",
                where="brief.people.approve",
                mend=f"ask one of: {', '.join(spec.brief.people.reviewers)}",
            )
    else:
        _may_review(spec, by, requesters(alone, asked.actor))
    return alone.append(
        ReviewApproved(
            model=model,
            bundle=asked.payload.bundle,
            request=asked.ref,
            note=note,
            signatures=tuple(entry.ref for entry in signatures(alone, model, bundle)),
        ),
        f"model/{model}",
        actor=by,
    )


def _asked(reader: Reader, model: str, bundle: str) -> Entry[ReviewRequested]:
    asked = request_of(reader, model, bundle)
    if asked is None:
        raise GateError(
            f"nobody has asked for a release of {model} ({bundle[:12]}…)", where=model, mend="run the project first"
        )
    return asked


def _may_review(spec: ProjectSpec, by: str, asked: frozenset[str]) -> None:
    if by not in spec.brief.people.reviewers:
        raise AccessError(
            f"{by} is no reviewer of {spec.project}",
            where="--as",
            mend=f"reviewers: {', '.join(spec.brief.people.reviewers) or 'none are named in the brief'}",
        )
    if by in asked:
        also = "" if len(asked) == 1 else ", or gave a service the token that did,"
        raise AccessError(
            f"{by} asked for this release{also} and so may not approve it",
            where="--as",
            mend="another reviewer must approve it",
        )


def review_of(chain: Chain, model: str, bundle: str) -> Review:
    """Where exactly this bundle stands."""
    with chain.reading() as reader:
        asked = request_of(reader, model, bundle)
        said = reader.find(ReviewApproved, subject=f"model/{model}", status="done", newest_first=True)
        given = next((entry for entry in said if entry.payload.bundle.digest == bundle), None)
        as_stated = given is None or given.payload.signatures is not None  # as it is proved
        taken = _accepted(reader, asked, as_stated) if asked else []
        still = unmet(reader, asked, as_stated=as_stated) if asked else []
        still += _short_of_choice(reader, asked) if asked and not given else []
        signed = [f"{entry.actor} as {entry.payload.role}" for entry in signatures(reader, model, bundle)]
    return Review(
        model=model,
        status="approved" if given else ("waiting for review" if asked else "not requested"),
        requested_by=asked.actor if asked else "",
        approved_by=given.actor if given else "",
        gates=list(asked.payload.gates) if asked else [],
        open=still,
        signed=signed,
        accepted=[f"{e.payload.gate}: {e.payload.reason} ({e.actor}, {e.time[:10]})" for e in taken],
    )
