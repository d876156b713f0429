"""Signatures of those whose word the brief wants before a version is approved: each stands for one bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.errors import AccessError, Fault, GateError, nearest
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.model_packed import ModelPacked
from treadle.evidence.kinds.review_approved import ReviewApproved
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.version_signed import VersionSigned
from treadle.people.stated import StatedPeople, packing_behind, stated_people

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec


def signatures(reader: Reader, model: str, bundle: str) -> list[Entry[VersionSigned]]:
    said: list[Entry[VersionSigned]] = reader.find(VersionSigned, subject=f"model/{model}", status="done")
    return [entry for entry in said if entry.payload.bundle.digest == bundle]


def unsigned(reader: Reader, spec: ProjectSpec, model: str, bundle: str) -> list[str]:
    """Roles that are to sign, of which nobody who holds it now has signed this bundle.

    Which roles, and who holds them, says the project file, and no less the brief that a run stated: a line that was
    taken out of the file since, or a name that was written into it, changes nothing before a run has stated it.
    """
    stated, said = _stated_now(reader, model, bundle), signatures(reader, model, bundle)
    return [
        role
        for role in _to_sign(spec, stated)
        if not any(e.payload.role == role and _holds(spec, stated, e.actor, role) for e in said)
    ]


def unsigned_as_stated(reader: Reader, packing: Entry[ModelPacked], approval: Entry[ReviewApproved]) -> list[str]:
    """Roles that were to sign by the brief that stood in the record when this was approved, and had not by then."""
    stated, packed = stated_people(reader, packing, approval), packing.payload
    said = [e for e in signatures(reader, packed.model, packed.bundle.digest) if e.seq < approval.seq]
    return [
        role
        for role in (stated.signs if stated is not None else ())
        if not any(e.payload.role == role and _holds(None, stated, e.actor, role) for e in said)
    ]


def _stated_now(reader: Reader, model: str, bundle: str) -> StatedPeople | None:
    packing = packing_behind(reader, model, bundle)
    return None if packing is None else stated_people(reader, packing)


def _to_sign(spec: ProjectSpec, stated: StatedPeople | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*spec.brief.people.signs, *(stated.signs if stated is not None else ()))))


def _holds(spec: ProjectSpec | None, stated: StatedPeople | None, who: str, role: str) -> bool:
    """By each of the two that there is."""
    every = [each.roles for each in (spec.brief.people if spec is not None else None, stated) if each is not None]
    return all(who in roles.get(role, ()) for roles in every)


def refuse_unsigned(reader: Reader, spec: ProjectSpec, model: str, bundle: str) -> None:
    """Raises GateError: a role that is to sign has not."""
    for each in unsigned_faults(reader, spec, model, bundle):
        raise GateError(f"{model} may not be approved: {each.what}", where=each.where, mend=each.mend)


def unsigned_faults(reader: Reader, spec: ProjectSpec, model: str, bundle: str) -> list[Fault]:
    """That roles which are to sign have not, in one; none, where all have."""
    missing = unsigned(reader, spec, model, bundle)
    if not missing:
        return []
    dropped = [role for role in missing if role not in spec.brief.people.signs]
    also = f" ({', '.join(dropped)} by the brief as it was stated)" if dropped else ""
    what = f"nobody has signed it as {', '.join(missing)}{also}"
    return [Fault(what, "brief.people.signs", how_to_sign(spec, model, missing))]


def how_to_sign(spec: ProjectSpec, model: str, missing: Sequence[str], project: str = "PROJECT") -> str:
    holders = spec.brief.people.roles.get(missing[0], ())
    who = " or ".join(holders) if holders else "nobody: name them under brief.people.roles"
    as_one = holders[0] if holders else "NAME"
    return f"{missing[0]} is {who}: treadle models sign {project} {model} --as {as_one}"


def sign(
    chain: Chain, spec: ProjectSpec, request: Entry[ReviewRequested], role: str, note: str
) -> Entry[VersionSigned]:
    """Sign the bundle of a request as the chain's actor; a second time is the first one.

    role: which, where the actor holds several that sign; empty for the one that they hold.

    Raises:
        AccessError: the actor holds no role that signs, or not this one, or no run has stated yet that they do.
        GateError: several, and none was said.
    """
    asked, people, who = request.payload, spec.brief.people, chain.actor
    with chain.reading() as reader:
        stated = _stated_now(reader, asked.model, asked.bundle.digest)
    named = _to_sign(spec, stated)
    held = [each for each in named if _holds(spec, stated, who, each)]
    unstated = [each for each in named if who in people.roles.get(each, ()) and each not in held]
    if unstated and (role in unstated or not held):
        raise AccessError(
            f"{who} holds {role or unstated[0]} in the project file alone, and not by the brief as it was stated",
            where="--as",
            mend="run the project, so that the record has the brief as it is now, and sign what comes of it",
        )
    if not held or (role and role not in held):
        raise AccessError(
            f"{who} does not hold {role or 'a role that signs'}",
            where="--as",
            mend=nearest(role, held) if held else f"roles that sign: {', '.join(named) or 'none are named'}",
        )
    if not role and len(held) > 1:
        raise GateError(f"{who} holds {' and '.join(held)}", where="--role", mend="say as which")
    chosen = role or held[0]
    with chain.alone() as alone:
        said = signatures(alone, asked.model, asked.bundle.digest)
        earlier = next((e for e in said if e.actor == who and e.payload.role == chosen), None)
        if earlier is not None:
            return earlier
        made = VersionSigned(
            model=asked.model, bundle=asked.bundle, request=request.ref, role=chosen, note=" ".join(note.split())
        )
        return alone.append(made, f"model/{asked.model}")
