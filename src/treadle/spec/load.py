"""Read `treadle.yaml` into a `ProjectSpec`, with a line and a column in every error."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from treadle.errors import SpecError, nearest
from treadle.spec.durations import duration
from treadle.spec.project import ProjectSpec

FILE = "treadle.yaml"
_PATH_IN_MESSAGE = re.compile(r" - at `(?:key in )?\$\.?(?P<path>.*?)`$")


@dataclass(frozen=True)
class Project:
    """A loaded project: its folder, its spec, and where each part of the file stands."""

    root: Path
    file: Path
    spec: ProjectSpec
    text: str
    positions: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def place(self, where: str) -> str:
        """`features.row.hour` as `treadle.yaml:41:7`; the nearest enclosing part that has a position."""
        path = where
        while path:
            if path in self.positions:
                line, column = self.positions[path]
                return f"{self.file.name}:{line}:{column}: {where}"
            path = path.rpartition(".")[0]
        return f"{self.file.name}: {where}" if where else self.file.name

    def located(self, error: SpecError) -> SpecError:
        """The same error with the position in the file, when `where` begins with a path in the project file."""
        head = error.where.split(":")[0].strip()
        if not head or head.split(".")[0] not in {p.split(".")[0] for p in self.positions}:
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
    return file.resolve()


def load(path: str | Path) -> Project:
    """Load and check a project file. All unknown keys are reported at once, then the first wrong value."""
    file = find(path)
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as bad:
        raise SpecError(f"the file is not UTF-8 (byte {bad.start})", where=file.name, mend="save it as UTF-8") from bad
    tree = _parse(text, file)
    positions = {"": (1, 1), **dict(_positions(tree, ""))}
    spec = _convert(tree, file, positions)
    project = Project(root=file.parent, file=file, spec=spec, text=text, positions=positions)
    _check_names(project)
    return project


def _parse(text: str, file: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as bad:
        mark = bad.problem_mark or bad.context_mark
        where = f"{file.name}:{mark.line + 1}:{mark.column + 1}" if mark else file.name
        problem = (bad.problem or "").splitlines()[0] if bad.problem else "not readable"
        raise SpecError(f"not valid YAML: {problem}", where=where, mend="check indentation, quotes and colons") from bad
    except YAMLError as bad:
        raise SpecError(f"not valid YAML: {bad}", where=file.name, mend="check for control characters") from bad
    if not isinstance(tree, Mapping):
        raise SpecError(
            "the project file must be a mapping of keys",
            where=f"{file.name}:1:1",
            mend="begin with: project: NAME",
        )
    return tree


def _positions(node: Any, path: str) -> Iterator[tuple[str, tuple[int, int]]]:
    marks = getattr(node, "lc", None)
    if isinstance(node, Mapping):
        for key, value in node.items():
            here = f"{path}.{key}" if path else str(key)
            line, column = marks.key(key) if marks else (0, 0)
            yield here, (line + 1, column + 1)
            yield from _positions(value, here)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            here = f"{path}[{index}]"
            line, column = marks.item(index) if marks else (0, 0)
            yield here, (line + 1, column + 1)
            yield from _positions(value, here)


def _plain(node: Any) -> Any:
    """ruamel's commented containers and scalars as plain Python values."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _convert(tree: Any, file: Path, positions: Mapping[str, tuple[int, int]]) -> ProjectSpec:
    plain = _plain(tree)
    unknown = list(_unknown_keys(plain, ProjectSpec, ""))
    if unknown:
        raise SpecError(
            "; ".join(
                f'unknown key "{path}" at {_at(path, positions)}{f" ({hint})" if hint else ""}'
                for path, hint in unknown
            ),
            where=f"{file.name}:{_at(unknown[0][0], positions)}",
            mend="remove the key or correct its name; `treadle schema` lists all keys",
        )
    try:
        return msgspec.convert(plain, ProjectSpec, strict=True)
    except msgspec.ValidationError as bad:
        message = str(bad)
        found = _PATH_IN_MESSAGE.search(message)
        path = re.sub(r"\[\.\.\.\]", "", found["path"]) if found else ""
        what = message[: found.start()] if found else message
        path, value = _first_match(plain, path, what)
        shown = f" (found {value!r})" if value is not None and not isinstance(value, dict | list) else ""
        raise SpecError(
            f"{what[0].lower()}{what[1:]}{shown}",
            where=f"{file.name}:{_at(path, positions)}: {path}" if path else f"{file.name}:1:1",
            mend="see `treadle schema` for what this key takes",
        ) from bad


def _at(path: str, positions: Mapping[str, tuple[int, int]]) -> str:
    while path and path not in positions:
        path = path.rpartition(".")[0]
    line, column = positions.get(path, (1, 1))
    return f"{line}:{column}"


def _first_match(tree: Any, path: str, what: str) -> tuple[str, Any]:
    """msgspec names a position inside a dict as `[...]`: walk down, taking the key whose value is at fault."""
    if not path:
        return "", None
    parts = [part for part in path.split(".") if part]
    node: Any = tree
    taken: list[str] = []
    for part in parts:
        name, _, index = part.partition("[")
        if not isinstance(node, Mapping):
            break
        if name not in node:
            # inside a dict keyed by user's names: the first entry that holds the part, or lacks the field
            match = re.search(r"required field `(\w+)`", what)
            for key, value in node.items():
                if isinstance(value, Mapping) and (name in value or (match and match[1] not in value)):
                    taken.append(str(key))
                    node = value
                    break
        if isinstance(node, Mapping) and name in node:
            taken.append(part)
            node = node[name]
            if index and isinstance(node, list):
                node = node[int(index.rstrip("]"))]
    match = re.search(r"required field `(\w+)`", what)
    if match and isinstance(node, Mapping) and all(isinstance(v, Mapping) for v in node.values()):
        for key, value in node.items():
            if match[1] not in value:
                return ".".join([*taken, str(key)]), None
    return ".".join(taken), node


def _unknown_keys(node: Any, kind: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every key that the types do not have, with its nearest known one."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        for option in get_args(kind):
            yield from _unknown_keys(node, option, path)
    elif origin is dict and isinstance(node, dict):
        for key, value in node.items():
            yield from _unknown_keys(value, get_args(kind)[1], f"{path}.{key}" if path else key)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(node, dict):
        hints = get_type_hints(kind)
        known = {f.encode_name: hints[f.name] for f in msgspec.structs.fields(kind)}
        for key, value in node.items():
            here = f"{path}.{key}" if path else key
            if key not in known:
                yield here, nearest(key, known)
            else:
                yield from _unknown_keys(value, known[key], here)


def _check_names(project: Project) -> None:
    """Names that one part of the file uses must be defined in another."""
    spec, wrong = project.spec, []

    def need(name: str, known: Mapping[str, Any] | set[str], where: str, noun: str) -> None:
        if name not in known:
            hint = nearest(name, known)
            wrong.append((where, f'there is no {noun} "{name}"{f" ({hint})" if hint else ""}'))

    need(spec.predict.each, spec.sources, "predict.each", "source")
    for name, view in spec.views.items():
        need(view.source, spec.sources, f"views.{name}.from", "source")
    for name, lookup in spec.features.lookup.items():
        need(lookup.source, {*spec.sources, *spec.views}, f"features.lookup.{name}.from", "source or view")
    for name, window in spec.features.window.items():
        need(window.source, spec.views, f"features.window.{name}.from", "view")
    split = spec.predict.split
    if split.by == "group" and not split.group:
        wrong.append(("predict.split", "a group split needs `group: COLUMN`"))
    if split.by == "time" and not spec.predict.at:
        wrong.append(("predict.split.by", "a split by time needs `predict.at`"))
    if not 0 < split.test < 0.9:
        wrong.append(("predict.split.test", f"the test share must lie between 0 and 0.9, found {split.test}"))
    if split.folds < 2:
        wrong.append(("predict.split.folds", f"at least 2 folds are needed, found {split.folds}"))
    for where, text in (("predict.split.gap", split.gap), ("watch.window", spec.watch.window)):
        try:
            duration(text)
        except SpecError as bad:
            wrong.append((where, f"{bad.what}; {bad.mend}"))
    if wrong:
        first = project.place(wrong[0][0])
        raise SpecError(
            "; ".join(text if i == 0 else f"{project.place(path)}: {text}" for i, (path, text) in enumerate(wrong)),
            where=first,
            mend="correct the name, or define what it names",
        )
