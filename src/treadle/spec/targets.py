"""Several targets in one file: `predict` as a map of names, over the same sources and features.

Each target is a project of one target for all that comes after: `specs` makes a `ProjectSpec` for each, in which the
brief is the one that counts for it, and its endpoint and port are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from treadle.spec.names import RULES, SERVED, Identifier, is_identifier
from treadle.spec.project import Predict, ProjectSpec, Target
from treadle.spec.shape import Problem, problems

_FIELDS = frozenset(Predict.__struct_encode_fields__)
_OF_THE_BRIEF = ("decision", "good_enough", "must_have", "mistakes")
_ANYTHING = {"name": "x", "each": "x", "label": "x"}


def has_several(tree: Mapping[str, Any]) -> bool:
    """Whether `predict` is a map of targets, and not one target: none of its keys is a key of a target."""
    predict = tree.get("predict")
    return (
        isinstance(predict, Mapping)
        and not _FIELDS & set(predict)
        and any(isinstance(value, Mapping) for value in predict.values())
    )


def shape_problems(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """What keeps a file with several targets from being a project, each with its path in the file."""
    yield from problems({**tree, "predict": _ANYTHING}, ProjectSpec)
    yield from problems(tree["predict"], dict[Identifier, Target], "predict")


def read(tree: Mapping[str, Any]) -> tuple[ProjectSpec, dict[str, ProjectSpec]]:
    """What a file of the right form says for all targets, and the project of each."""
    shared = msgspec.convert({**tree, "predict": _ANYTHING}, ProjectSpec, strict=True)
    return shared, specs(shared, msgspec.convert(tree["predict"], dict[str, Target], strict=True))


def specs(shared: ProjectSpec, targets: Mapping[str, Target]) -> dict[str, ProjectSpec]:
    """The project of each target; all but `predict` is what `shared` says, where the target says nothing itself."""
    return {name: _spec(shared, name, target) for name, target in targets.items()}


def _spec(shared: ProjectSpec, name: str, target: Target) -> ProjectSpec:
    replace = msgspec.structs.replace
    own = {part: value for part in _OF_THE_BRIEF if (value := getattr(target, part)) is not None}
    asked = {part: getattr(target, part) for part in Predict.__struct_fields__ if part != "name"}
    return replace(
        shared,
        predict=Predict(name=name, **asked),
        brief=replace(shared.brief, **own),
        serve=replace(
            shared.serve,
            endpoint=None if target.endpoint == f"{shared.project}.{name}" else target.endpoint,
            port=target.port or shared.serve.port,
        ),
    )


def place_in_file(path: str, target: str, known: Iterable[str] = ()) -> str:
    """Where a part of a target's project stands in the file: ``predict.label`` is ``predict.late.label`` there.

    known: the paths that the file has; what the target itself does not state stands where all of them state it.
    """
    head, _, rest = path.partition(".")
    if head == "predict":
        return ".".join(part for part in ("predict", target, rest) if part)
    if head == "brief" and rest.split(".")[0] in _OF_THE_BRIEF:
        return own if (own := f"predict.{target}.{rest}") in known else path
    return path


def between_targets(
    found: Mapping[str, ProjectSpec], own: Callable[[ProjectSpec], Iterable[Problem]], known: Iterable[str] = ()
) -> Iterator[Problem]:
    """What is wrong in each target's project (`own`), once where it stands once; and what is between them."""
    seen: set[tuple[str, str]] = set()
    for name, spec in found.items():
        for problem in own(spec):
            path = place_in_file(problem.path, name, known)
            mend = problem.mend
            if path.startswith(("brief.good_enough.", "brief.must_have.")):
                part = path.split(".")[1]
                mend = f"the brief states it for all targets: state {part} in predict.{name} ({{}} for none)"
            if (path, problem.what) not in seen:
                seen.add((path, problem.what))
                yield msgspec.structs.replace(problem, path=path, mend=mend, word="" if mend else problem.word)
    names: dict[str, str] = {}
    endpoints: dict[str, str] = {}
    for name, spec in found.items():
        other = names.setdefault(name.lower(), name)
        if other != name:
            yield Problem(f"predict.{name}", f'"{name}" and "{other}" differ in case alone', mend="rename one")
        named = spec.serve.endpoint
        if named is not None and not is_identifier(named):
            yield Problem(f"predict.{name}.endpoint", f'"{named}" is no valid name', mend=RULES[SERVED])
        if named is not None and (first := endpoints.setdefault(named.lower(), name)) != name:
            yield Problem(
                f"predict.{name}.endpoint",
                f'"{name}" and "{first}" are both served as {named}',
                mend="give each an endpoint of its own",
            )


def of_all(shared: ProjectSpec, found: Mapping[str, ProjectSpec], known: Iterable[str]) -> Iterator[Problem]:
    """What is stated for all targets, and cannot be: one endpoint, or a limit in money beside mistakes in another."""
    if "serve.endpoint" in known:
        yield Problem(
            "serve.endpoint",
            "several targets cannot share one endpoint",
            mend="take it out: each target is served as PROJECT.NAME, or as its own predict.NAME.endpoint says",
        )
    wanted = shared.brief.mistakes.currency
    for name, spec in found.items():
        currency = spec.brief.mistakes.currency
        if shared.brief.limits.train_cost is not None and currency != wanted:
            yield Problem(
                f"predict.{name}.mistakes.currency",
                f"mistakes of {name} are in {currency}, and brief.limits.train_cost is in {wanted}",
                mend=f"state them in {wanted}",
            )
