"""What stands between a version and its release, and who can take it out of the way, by which command.

What `people` refuses is told here before anybody runs into it; the two read the same functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.evidence import Entry, Reader
from treadle.evidence.kinds.review_requested import ReviewRequested
from treadle.people import Review, cure_of, mend_of, place_of, requesters, unsigned
from treadle.rhythm.review_found import Obstacle

if TYPE_CHECKING:
    from treadle.spec import ProjectSpec

_ROLES = "brief.people.required"


def obstacles(
    reader: Reader, spec: ProjectSpec, asked: Entry[ReviewRequested], stands: Review, project: str
) -> list[Obstacle]:
    """None, where a reviewer need only approve, or has. `project`: as commands name it."""
    if stands.status == "approved":
        return []
    people, model = spec.brief.people, asked.payload.model
    own = requesters(reader, asked.actor)
    reviewers = [name for name in people.reviewers if name not in own]
    author = asked.actor if ":" not in asked.actor else people.owner
    found = []
    for gate in stands.open:
        if place_of(gate) == _ROLES:
            also = "name who holds it under brief.people.roles, and run again"
            found.append(Obstacle(gate.text, [people.owner], "", also))
        elif gate.acceptable:
            name = reviewers[0] if reviewers else "REVIEWER"
            answer = f'treadle models accept {project} {model} --finding "{gate.name}" --because REASON --as {name}'
            found.append(Obstacle(gate.text, reviewers or [people.owner], answer, cure_of(gate)))
        else:
            found.append(Obstacle(gate.text, [author], "", mend_of(gate, model).replace("PROJECT", project)))
    for role in unsigned(reader, spec, model, asked.payload.bundle.digest):
        holders = list(people.roles.get(role, ()))
        do = f"treadle models sign {project} {model} --as {holders[0]}" if holders else ""
        also = "" if holders else f"name who is {role} in the brief"
        found.append(Obstacle(f"nobody has signed it as {role}", holders or [people.owner], do, also))
    return found
