"""Trust a project from elsewhere, and say exactly with what."""

from __future__ import annotations

from importlib.metadata import entry_points

from treadle.api.project import TrustAnswer, TrustRequest
from treadle.spec.load import load_untrusted
from treadle.spec.trust import FUNCTIONS, outside, revoke, trust


def trust_project(request: TrustRequest) -> TrustAnswer:
    """Keep, for this account, that the project may read the places outside its folder that its file names now."""
    project = load_untrusted(request.project)
    found = outside(project.spec, project.root)
    if request.revoke:
        revoke(project.root)
    else:
        trust(project.root, tuple(place.target for place in found))
    functions = project.root / FUNCTIONS
    return TrustAnswer(
        project=project.spec.project,
        folder=str(project.root),
        trusted=not request.revoke,
        places=[f"{project.place(place.path)}: {place.target}" for place in found],
        functions=str(functions) if functions.is_file() else "",
        entry_points=sorted(
            {
                f"{group}: {found.value}"
                for group in entry_points().groups
                if group.startswith("treadle")
                for found in entry_points(group=group)
            }
        ),
    )
