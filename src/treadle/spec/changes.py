"""A project as somebody would have it: parts of `features` and `train` changed, and all else left as it is.

features.lookup.weather=null        it is left out; so is one name of a list: features.request.kind=null
features.row.hour="hour(sold_at)"   it is put in, or is another
train.families=[linear]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from treadle.errors import SpecError, nearest
from treadle.spec.documents import parse
from treadle.spec.project import ProjectSpec
from treadle.spec.rules import check_spec, raise_all
from treadle.spec.shape import problems

TRAIN = ("families", "imbalance", "rungs", "search")
"""Parts of `train` that may differ between two that are compared: seed, trials and time are the same for both."""
MOST_CHANGES = 50


class Change(Struct, frozen=True):
    """`path`: of a part of the file; `value`: YAML, as it was written. None of it, or null, leaves the part out."""

    path: str
    value: str

    def said(self) -> str:
        return f"{self.path}={self.value}"


def read_change(text: str, where: str) -> Change:
    """One change as it is written: ``train.families=[linear]``.

    Raises:
        SpecError: it is none, or of a part that must not differ.
    """
    path, sign, value = (part.strip() for part in text.partition("="))
    head, _, rest = path.partition(".")
    if not sign or not rest or not all(path.split(".")):
        raise SpecError(
            f'"{text[:80]}" is no change', where=where, mend="write PART=VALUE, such as features.lookup.weather=null"
        )
    if head == "train" and rest not in TRAIN:
        raise SpecError(
            f"{path} is the same for all that are compared",
            where=where,
            mend=f"of train these may differ: {', '.join(TRAIN)}",
        )
    if head not in ("features", "train"):
        raise SpecError(
            f"{path} is no part of features or train",
            where=where,
            mend="what is predicted, and from which rows, is the same for all that are compared",
        )
    return Change(path, value or "null")


def changed(spec: ProjectSpec, changes: Sequence[Change], where: str) -> ProjectSpec:
    """The project with all of these changes.

    Raises:
        SpecError: what is to be left out is not there, or what comes of it is no project.
    """
    if len(changes) > MOST_CHANGES:
        raise SpecError(f"{len(changes)} changes are no comparison", where=where, mend=f"give {MOST_CHANGES} at most")
    tree: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(spec))  # plain data of its own, lists and no tuples
    for change in changes:
        _put(tree, change, where)
    raise_all([*problems(tree, ProjectSpec)])
    made = msgspec.convert(tree, ProjectSpec, strict=True)
    check_spec(made)
    return made


def _put(tree: dict[str, Any], change: Change, where: str) -> None:
    value, names = parse(change.value, where), change.path.split(".")
    here: Any = tree
    for name in names[:-1]:
        here = here.setdefault(name, {}) if isinstance(here, dict) else None
    last = names[-1]
    if value is not None and isinstance(here, dict):
        here[last] = value
        return
    if value is not None or not isinstance(here, dict | list):
        raise SpecError(f"{change.path} can only be left out", where=where, mend=f"{change.path}=null")
    if last not in here:
        raise SpecError(f"there is no {change.path} to leave out", where=where, mend=nearest(last, map(str, here)))
    if isinstance(here, dict):
        del here[last]
    else:
        here.remove(last)
