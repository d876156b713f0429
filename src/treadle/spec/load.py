"""Read `treadle.yaml` into a `ProjectSpec`, with a line and a column in every error."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from treadle.errors import FRESH, SpecError, TreadleError, nearest
from treadle.spec.documents import Place, place_of, positions, read_yaml
from treadle.spec.people import as_written, is_so, path_as_written, problems_of_people, with_brief
from treadle.spec.project import STATED, ProjectSpec
from treadle.spec.rules import between_parts, check_spec, raise_all
from treadle.spec.shape import Problem, problems
from treadle.spec.targets import between_targets, has_several, of_all, place_in_file, read, shape_problems
from treadle.spec.trust import granted, outside

FILE = "treadle.yaml"
E = TypeVar("E", bound=TreadleError)


@dataclass(frozen=True)
class Project:
    """A loaded project: its folder, its spec, and where each part of the file stands.

    `targets` holds a spec for each target where the file names several; `spec` is the one of `target` then, and until
    one is chosen with `of` only what they share may be asked of it.
    One that is built in Python is held to the same rules: SpecError if its spec breaks one.
    """

    root: Path
    file: Path
    spec: ProjectSpec
    text: str
    positions: Mapping[str, Place] = field(default_factory=dict, repr=False)
    targets: Mapping[str, ProjectSpec] = field(default_factory=dict, repr=False)
    target: str = ""
    """The name of the target that was chosen of several."""

    def __post_init__(self) -> None:
        if not self.target:  # what is chosen of several was held to the rules with all of them
            for spec in self.targets.values() or [self.spec]:
                check_spec(spec)

    def of(self, target: str | None) -> Project:
        """The project with one target chosen; a project that has one target needs no choice.

        Raises:
            SpecError: there are several and none is named, or there is none of that name, or none at all.
        """
        if not self.spec.predicts:
            raise self.without_target
        only = self.spec.predict.name
        if not self.targets and target in (None, only):
            return self
        names = tuple(self.targets) or (only,)
        if target is None:
            raise SpecError(
                f"{self.spec.project} has several targets: {', '.join(names)}",
                where=self.place("predict"),
                mend=f"say which, such as --target {names[0]}",
            )
        if target not in names:
            raise SpecError(
                f'{self.spec.project} has no target "{target}"',
                where=self.place("predict"),
                mend=nearest(target, names) or f"there is {', '.join(names)}",
            )
        return replace(self, spec=self.targets[target], target=target)

    def each(self) -> list[Project]:
        """The project with each of its targets chosen; itself alone where that is no question; none of data alone."""
        if not self.spec.predicts:
            return []
        if self.target or not self.targets:
            return [self]
        return [self.of(name) for name in self.targets]

    @property
    def without_target(self) -> SpecError:
        """What whoever asks about a target is told, in a project of data alone."""
        return SpecError(
            f"{self.spec.project} predicts nothing: it is a project of data alone",
            where=self.place("predict"),
            mend=f"to take the data: treadle data ingest {self.typed}; to predict, add to {self.file.name} a line such "
            f"as {STATED}",
        )

    @property
    def address(self) -> str:
        """What the models, tables and reports of the target are called by: the project, and which of several it is.

        Raises:
            SpecError: there are several, and none was chosen.
        """
        return f"{self.spec.project}.{self.target}" if self.of(self.target or None).target else self.spec.project

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses of all targets, whichever is chosen."""
        return frozenset(f"{self.spec.project}.{name}" for name in self.targets) or frozenset([self.spec.project])

    @property
    def others(self) -> frozenset[str]:
        """The addresses of the targets that were not chosen."""
        return self.addresses - {self.address}

    @property
    def endpoint(self) -> str:
        """What the target is served as.

        Raises:
            SpecError: there are several, and none was chosen.
        """
        return self.spec.serve.endpoint or self.address

    @property
    def asked_of(self) -> frozenset[str]:
        """The sources that hold examples, of any target."""
        return frozenset(spec.predict.each for spec in self.targets.values() or [self.spec] if spec.predicts)

    def target_of(self, model: str | None) -> str | None:
        """The target that the name of a version tells: `late` of ``flights.late:2`` and ``late:2``; None for `2`.

        Raises:
            SpecError: a target is called as the project, so that the name may mean two versions.
        """
        head, _, number = (model or "").rpartition(":")
        _, dot, named = head.partition(".")
        if dot or not self.targets:
            return named or None
        if head == self.spec.project and head in self.targets:
            raise SpecError(
                f"{model} may be of the target {head}, or of the project as it was before it had several",
                where=self.place("predict"),
                mend=f"write it in full: {head}.{head}:{number}",
            )
        return head if head not in ("", self.spec.project) else None

    def version(self, model: str | None) -> str | None:
        """The name of a version of this target as the record has it: flights.late:2 for `2` and for `late:2`."""
        head, _, number = (model or "").rpartition(":")
        mine = number and head in ("", self.target or self.spec.predict.name)
        return f"{self.address}:{number}" if mine else model

    @property
    def typed(self) -> str:
        """Its folder as it is typed from here: `.`, the way to a folder below, else its whole path."""
        with suppress(ValueError, OSError):  # not below; or where we are is gone
            return shlex.quote(str(self.root.relative_to(Path.cwd())))
        return shlex.quote(str(self.root))

    def command(self, words: str, project: str = "") -> str:
        """A command about this target, as it is written: ``treadle watch DIR --target late``; of where the project is,
        if nothing else is said."""
        return f"treadle {words} {project or self.typed}" + (f" --target {self.target}" if self.target else "")

    def command_that_reads(self) -> str:
        """The command by which its sources are read, be nothing predicted."""
        return self.command("run") if self.spec.predicts else f"treadle data ingest {self.typed}"

    def typed_in(self, mend: str) -> str:
        """How to mend something, with this project in the commands that were said by who did not know it.

        `treadle log PROJECT` is `treadle log .` then; and `treadle run PROJECT` what reads its sources.
        """
        mend = mend.replace(FRESH, f"{self.command_that_reads()} --fresh")
        mend = mend.replace("treadle run PROJECT", self.command_that_reads())
        return re.sub(r"(treadle [a-z][a-z -]*) PROJECT\b(?!\.)", lambda found: f"{found[1]} {self.typed}", mend)

    def named_in(self, error: TreadleError) -> None:
        """Say how to mend an error, and each of its faults, with this project in the commands."""
        error.mend = self.typed_in(error.mend)
        error.faults = tuple(replace(fault, mend=self.typed_in(fault.mend)) for fault in error.faults)

    def place(self, where: str) -> str:
        """`features.row.hour` as `treadle.yaml:41:7`; the nearest enclosing part that has a position."""
        if not where:
            return self.file.name
        if self.target:
            where = place_in_file(where, self.target, self.positions)
        if is_so(self.positions):
            where = path_as_written(where)
        line, column = place_of(where, self.positions)
        return f"{self.file.name}:{line}:{column}: {where}" if self.positions else f"{self.file.name}: {where}"

    def states(self, part: str) -> bool:
        """Whether the file itself states a part, such as `predict.split.by`."""
        return (place_in_file(part, self.target, self.positions) if self.target else part) in self.positions

    def located(self, error: E) -> E:
        """The same error with the position in the file, when `where` begins with a path in the project file, or with
        the position of a part that this path is in."""
        error.where = self._located(error.where)
        error.faults = tuple(replace(fault, where=self._located(fault.where)) for fault in error.faults)
        return error

    def _located(self, where: str) -> str:
        path, inside = self.path_in(where)
        return f"{self.place(path)}{inside}" if path else where

    def path_in(self, where: str) -> tuple[str, str]:
        """The path in the project file that a place begins with, and what follows it; none where it is elsewhere.

        >>> load("examples/flights").path_in("treadle.yaml:4:3: sources.flights.map.x.expression: at 1:1")
        ('sources.flights.map.x.expression', ': at 1:1')
        """
        known = re.match(rf"{re.escape(self.file.name)}:\d+:\d+: ", where)
        rest = where[known.end() :] if known else where
        path = rest.split(":")[0].strip()
        if path.split(".")[0] not in ProjectSpec.__struct_encode_fields__:
            return "", where
        return path, rest[len(path) :]


def find(path: str | Path) -> Path:
    """The project file for a folder or a file; a SpecError that says how to make one if there is none."""
    given = Path(path)
    file = given / FILE if given.is_dir() else given
    if not file.is_file():
        raise SpecError(
            f"there is no project file here ({file})",
            where=str(path),
            mend="make one with: treadle init DIR --from data.csv --target COLUMN",
        )
    real = file.resolve()
    if given.is_dir() and real.parent != given.resolve():
        raise SpecError(
            f"{FILE} is a link out of its folder", where=str(file), mend=f"name the file itself, if you mean it: {real}"
        )
    return real


def load(path: str | Path) -> Project:
    """Load and check a project file, all that is wrong in it at once.

    Raises:
        SpecError: what the file holds is wrong, or it names files outside its folder that nobody here has trusted.
    """
    project = load_untrusted(path)
    places = outside(project.spec, project.root)
    allowed = granted(project.root)
    raise_all(
        [
            Problem(
                place.path,
                place.said,
                mend=f"if you trust this project: treadle trust {project.typed}",
            )
            for place in places
            if not allowed.covers(place.target)
        ],
        file=project.file.name,
        known=project.positions,
    )
    prices = project.spec.prices
    if prices is not None and not (project.root / prices).is_file():
        missing = Problem("prices", f"there is no price file {prices}", mend=f"put it at {project.root / prices}")
        raise_all([missing], file=project.file.name, known=project.positions)
    return project


def load_untrusted(path: str | Path) -> Project:
    """Load and check a project file, whatever it names: to show what it would read, before it is trusted."""
    file = find(path)
    found = read_yaml(file, "the project file", begin="project: NAME")
    known = {"": (1, 1), **dict(positions(found.tree))}
    unnamed = list(problems_of_people(found.tree))
    tree = with_brief(found.tree)
    if has_several(tree):
        return _with_several(file, tree, found.text, known, unnamed)
    _raise([*unnamed, *problems(tree, ProjectSpec)], file, known)
    spec = msgspec.convert(tree, ProjectSpec, strict=True)
    _raise(between_parts(spec), file, known)
    return Project(root=file.parent, file=file, spec=spec, text=found.text, positions=known)


def _raise(found: Iterable[Problem], file: Path, known: Mapping[str, Place]) -> None:
    raise_all(map(as_written, found) if is_so(known) else found, file=file.name, known=known)


def _with_several(
    file: Path, tree: Mapping[str, Any], text: str, known: Mapping[str, Place], unnamed: list[Problem]
) -> Project:
    _raise([*unnamed, *shape_problems(tree)], file, known)
    shared, targets = read(tree)
    wrong = [*between_targets(targets, between_parts, known), *of_all(shared, targets, known)]
    _raise(wrong, file, known)
    first = next(iter(targets.values()))
    return Project(root=file.parent, file=file, spec=first, text=text, positions=known, targets=targets)
