"""Signatures of those whose word the brief wants before a version is approved: each stands for one bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from treadle.errors import AccessError, GateError, nearest
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.evidence.kinds.version_signed import VersionSigned

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec


def signatures(reader: Reader, model: str, bundle: str) -> list[Entry[VersionSigned]]:
    said: list[Entry[VersionSigned]] = reader.find(VersionSigned, subject=f"model/{model}", status="done")
    return [entry for entry in said if entry.payload.bundle.digest == bundle]


def unsigned(reader: Reader, spec: ProjectSpec, model: str, bundle: str) -> list[str]:
    """Roles that are to sign, of which nobody who holds it now has signed this bundle."""
    people, said = spec.brief.people, signatures(reader, model, bundle)
    return [
        role
        for role in people.signs
        if not any(entry.payload.role == role and entry.actor in people.roles.get(role, ()) for entry in said)
    ]


def refuse_unsigned(reader: Reader, spec: ProjectSpec, model: str, bundle: str) -> None:
    """Raises GateError: a role that is to sign has not."""
    missing = unsigned(reader, spec, model, bundle)
    if missing:
        raise GateError(
            f"{model} may not be approved: nobody has signed it as {', '.join(missing)}",
            where="brief.people.signs",
            mend=how_to_sign(spec, model, missing),
        )


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
        AccessError: the actor holds no role that signs, or not this one. GateError: several, and none was said.
    """
    asked, people, who = request.payload, spec.brief.people, chain.actor
    held = [each for each in people.signs if who in people.roles.get(each, ())]
    if not held or (role and role not in held):
        raise AccessError(
            f"{who} does not hold {role or 'a role that signs'}",
            where="--as",
            mend=nearest(role, held) if held else f"roles that sign: {', '.join(people.signs) or 'none are named'}",
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
