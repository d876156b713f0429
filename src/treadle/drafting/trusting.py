"""Trust a project from elsewhere, and say exactly with what."""

from __future__ import annotations

import os
from importlib.metadata import entry_points
from pathlib import Path

from treadle.drafting.found import Trusted
from treadle.errors import SpecError
from treadle.keeping import believe, home, record_key
from treadle.spec import load_untrusted
from treadle.spec.settings import CATALOG, FILE, load_settings
from treadle.spec.trust import FUNCTIONS, disown_record, outside, revoke, trust


def trust_project(given: str) -> Trusted:
    """Keep, for this account, that the project may read the places outside its folder that its file names now."""
    project = load_untrusted(given)
    found = outside(project.spec, project.root)
    trust(project.root, tuple(place.target for place in found))
    root = home(project.root)
    sent = _sent(root)
    kept = believe(root)
    functions = project.root / FUNCTIONS
    return Trusted(
        project=project.spec.project,
        folder=str(project.root),
        trusted=True,
        places=[f"{project.place(place.path)}: {place.target}" for place in found],
        record=str(root) if kept else "",
        functions=str(functions) if functions.is_file() else "",
        entry_points=sorted(
            {
                f"{group}: {found.value}"
                for group in entry_points().groups
                if group.startswith("treadle")
                for found in entry_points(group=group)
                if not found.value.startswith("treadle.")  # our own come along with us
            }
        ),
        sent=sent,
    )


def _sent(root: Path) -> list[str]:
    """Where the workspace's settings keep things instead of its folder, each with its place in them."""
    try:
        found = load_settings(root, {name: text for name, text in os.environ.items() if name != CATALOG})
    except SpecError as bad:  # a variable that is not set here: what cannot be read yet sends nothing anywhere
        return [f"{FILE}: {bad.what}"]
    addresses = [found.catalog, found.tables, found.blobs, found.state, found.mirror.mlflow if found.mirror else None]
    return [f"{each.where}: {each.shown}" for each in addresses if each is not None]


def distrust_project(place: str) -> Trusted:
    """Also for a project whose file is wrong by now, or gone."""
    given = Path(place)
    folder = (given if given.is_dir() else given.parent).resolve()
    key = record_key(home(folder))
    disowned = key is not None and disown_record(key, home(folder))
    if not revoke(folder) and not disowned:
        raise SpecError("this project is not trusted", where=str(folder), mend="nothing has to be taken back")
    return Trusted(
        project=folder.name, folder=str(folder), trusted=False, places=[], record="", functions="", entry_points=[]
    )
