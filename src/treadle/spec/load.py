"""Read `treadle.yaml` into a `ProjectSpec`, with a line and a column in every error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from treadle.errors import SpecError
from treadle.spec.documents import Place, place_of, positions, read_yaml
from treadle.spec.project import ProjectSpec
from treadle.spec.rules import between_parts, check_spec, raise_all
from treadle.spec.shape import Problem, problems
from treadle.spec.trust import granted, outside

FILE = "treadle.yaml"


@dataclass(frozen=True)
class Project:
    """A loaded project: its folder, its spec, and where each part of the file stands.

    One that is built in Python is held to the same rules: SpecError if its spec breaks one.
    """

    root: Path
    file: Path
    spec: ProjectSpec
    text: str
    positions: Mapping[str, Place] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_spec(self.spec)

    def place(self, where: str) -> str:
        """`features.row.hour` as `treadle.yaml:41:7`; the nearest enclosing part that has a position."""
        if not where:
            return self.file.name
        line, column = place_of(where, self.positions)
        return f"{self.file.name}:{line}:{column}: {where}" if self.positions else f"{self.file.name}: {where}"

    def located(self, error: SpecError) -> SpecError:
        """The same error with the position in the file, when `where` begins with a path in the project file."""
        head = error.where.split(":")[0].strip()
        if not head or head.split(".")[0] not in ProjectSpec.__struct_encode_fields__:
            return error
        rest = error.where[len(head) :]
        error.where = self.place(head) + rest
        return error


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
                f"{place.written} lies outside the project folder ({place.target})",
                mend=f"if you trust this project: treadle trust {project.root}",
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
    read = read_yaml(file, "the project file", begin="project: NAME")
    known = {"": (1, 1), **dict(positions(read.tree))}
    raise_all(problems(read.tree, ProjectSpec), file=file.name, known=known)
    spec = msgspec.convert(read.tree, ProjectSpec, strict=True)
    raise_all(between_parts(spec), file=file.name, known=known)
    return Project(root=file.parent, file=file, spec=spec, text=read.text, positions=known)
