"""Who answers for a project that has no brief: `people` at the top of the file, in place of `brief.people`.

A brief says what is decided by a prediction, so a project of data alone has none to write. For all that comes after,
its people are those of a brief that says nothing else.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from treadle.spec.documents import Place
from treadle.spec.shape import Problem

_THERE, _HERE = "brief.people", "people"
_NAMING = ("brief", _HERE, "access")
"""Parts of the file that name persons."""


def with_brief(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The tree with its people where all look for them; somebody stands in for nobody, which is told by itself.

    >>> with_brief({"project": "p", "people": {"owner": "ada"}})
    {'project': 'p', 'brief': {'people': {'owner': 'ada'}}}
    """
    tree = {key: _one_form(value) if key in _NAMING else value for key, value in tree.items()}
    rest = {key: value for key, value in tree.items() if key != _HERE}
    if "brief" not in tree and (_HERE in tree or _is_nobodys(tree)):
        return {**rest, "brief": {"people": tree.get(_HERE, {"owner": "nobody"})}}
    return rest


def _one_form(value: Any) -> Any:
    """Names as they are compared: an accent that was typed by itself is one with its letter (NFC)."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return {key: _one_form(each) for key, each in value.items()}
    return [_one_form(each) for each in value] if isinstance(value, list) else value


def problems_of_people(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Nobody is named, of data alone; or they are named twice."""
    if _is_nobodys(tree):
        mend = "write `people: {owner: NAME}`; or, where something is predicted, a `brief`"
        yield Problem("", "nobody is named who answers for the project", mend=mend)
    if "brief" in tree and _HERE in tree:
        yield Problem(_HERE, "a brief names the people itself", mend="move `people` into it: brief.people")


def _is_nobodys(tree: Mapping[str, Any]) -> bool:
    return not {"brief", _HERE, "predict"} & set(tree)


def as_written(problem: Problem) -> Problem:
    """The problem with the path that such a file has."""
    return msgspec.structs.replace(
        problem, path=path_as_written(problem.path), what=problem.what.replace(_THERE, _HERE)
    )


def path_as_written(path: str) -> str:
    """
    >>> path_as_written("brief.people.owner"), path_as_written("sources.orders")
    ('people.owner', 'sources.orders')
    """
    return _HERE + path.removeprefix(_THERE) if path.startswith(_THERE) else path


def is_so(positions: Mapping[str, Place]) -> bool:
    """By the places of a file that was read: whether its people stand by themselves."""
    return _HERE in positions
