"""Who holds which role, what is held by nobody or by one for too many, and who has confirmed the charter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from treadle.errors import DecisionError, closest
from treadle.evidence import Chain, Entry, Reader
from treadle.evidence.kinds.charter_confirmed import CharterConfirmed
from treadle.people.found import Load, RoleHeld

if TYPE_CHECKING:
    from treadle.spec import Brief

USUAL = ("data_scientist", "data_engineer", "software_engineer", "domain_expert", "project_manager")
"""The roles that such a project needs, whatever others it has."""
MOST_ROLES = 2
"""Who holds more of them is likely to be waited for."""


def roles_held(brief: Brief) -> list[RoleHeld]:
    """The usual roles first, then those that the project names itself."""
    people = brief.people
    named = dict.fromkeys((*USUAL, *people.roles, *people.required, *people.signs))
    out = []
    for role in named:
        holders = list(dict.fromkeys(people.roles.get(role, ())))
        state = "missing" if not holders else "one person" if len(holders) == 1 else "held"
        out.append(RoleHeld(role, holders, state, role in people.required, role in people.signs))
    return out


def unfilled(brief: Brief) -> list[str]:
    """Required roles that nobody holds."""
    return [role for role in brief.people.required if not brief.people.roles.get(role)]


def meant(brief: Brief, role: str) -> str:
    """The role that one which nobody holds may be a slip of; empty, where it is none."""
    people = brief.people
    return closest(role, {*people.roles, *USUAL} - {role}) if role not in (*people.roles, *USUAL) else ""


def loads(brief: Brief, confirmed: Mapping[str, str]) -> list[Load]:
    """Everybody whom the brief names. confirmed: when, by person."""
    people, charter = brief.people, brief.charter
    every = dict.fromkeys(people.everybody)
    every |= dict.fromkeys(d.accountable for d in charter.duties.values() if isinstance(d.accountable, str))
    out = []
    for person in every:
        roles = [role for role, names in people.roles.items() if person in names]
        answers = [thing for thing, duty in charter.duties.items() if duty.accountable == person]
        too_many = len(roles) > MOST_ROLES and len(every) > 1
        out.append(Load(person, roles, answers, too_many, confirmed.get(person, "")))
    return out


def digest_of(brief: Brief) -> str:
    """SHA-256 of the charter and of who holds which role: a change of either is confirmed anew."""
    content = msgspec.json.encode([brief.charter, brief.people.roles, brief.people.owner], order="deterministic")
    return hashlib.sha256(content).hexdigest()


def has_charter(brief: Brief) -> bool:
    charter = brief.charter
    return bool(charter.vision or charter.objectives or charter.duties)


def confirmations(reader: Reader, project: str, brief: Brief) -> dict[str, str]:
    """Who has confirmed the charter as it is now, and when."""
    said: list[Entry[CharterConfirmed]] = reader.find(CharterConfirmed, subject=f"charter/{project}", status="done")
    now = digest_of(brief)
    return {entry.actor: entry.time for entry in said if entry.payload.charter == now}


def confirm(chain: Chain, project: str, brief: Brief, note: str = "") -> Entry[CharterConfirmed]:
    """In the name of the chain's actor; a second time is the first one.

    Raises:
        DecisionError: there is no charter.
    """
    if not has_charter(brief):
        raise DecisionError(
            "there is no charter to confirm",
            where="brief.charter",
            mend="write vision, objectives and duties under brief.charter in the project file",
        )
    now = digest_of(brief)
    with chain.alone() as alone:
        said: list[Entry[CharterConfirmed]] = alone.find(CharterConfirmed, subject=f"charter/{project}", status="done")
        earlier = next((e for e in said if e.actor == chain.actor and e.payload.charter == now), None)
        return earlier or alone.append(CharterConfirmed(charter=now, note=" ".join(note.split())), f"charter/{project}")
