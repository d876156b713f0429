"""GitHub's REST API as it publishes it, from the npm package @octokit/openapi: what a request of it may be.

`python tests/services/octokit.py` fetches it once, by npm, into the cache of this account; nothing of it is committed,
and no test fetches anything.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

sys.path.insert(0, str(Path(__file__).parents[1]))

from services.web import Asked

NAME = "octokit"
VERSION = "23.0.2"
_MEMBER = "package/generated/api.github.com.json"


def place() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "treadle-tests" / f"octokit-openapi-{VERSION}.json"


def missing() -> str:
    """Why it cannot be asked here; empty when it can."""
    return "" if place().is_file() else "not fetched: python tests/services/octokit.py"


def fetch() -> None:
    """By npm, which holds what it gets to the digest of its registry."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("needs npm on the path")
    with tempfile.TemporaryDirectory() as folder:
        words = [npm, "pack", f"@octokit/openapi@{VERSION}", "--silent", "--pack-destination", folder]
        subprocess.run(words, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        (packed,) = Path(folder).glob("*.tgz")
        with tarfile.open(packed) as inside:
            found = inside.extractfile(_MEMBER)
            assert found is not None
            content = found.read()
    json.loads(content)
    place().parent.mkdir(parents=True, exist_ok=True)
    part = place().with_suffix(".part")
    part.write_bytes(content)
    part.replace(place())


@dataclass(frozen=True)
class Published:
    """What is published: OpenAPI 3.0, of which only what requests need is read here."""

    tree: dict[str, Any]

    def wrong(self, asked: Asked) -> list[str]:
        """What is wrong with a request, a line each: its path, parameters, body, names that the API has not."""
        found = [(template, path) for template, path in self._templates if path.fullmatch(asked.path)]
        operation = next((op for name, _ in found if (op := self.tree["paths"][name].get(asked.method.lower()))), None)
        if operation is None:
            return [f"{asked.method} {asked.path}: there is no such operation"]
        return [*self._parameters(operation, asked), *self._body(operation, asked)]

    def fields(self, method: str, template: str, status: str) -> set[str]:
        """Names that an answer has, or each of a list."""
        answer = self._plain(self.tree["paths"][template][method]["responses"][status])
        schema = answer["content"]["application/json"]["schema"]
        return set(schema.get("items", schema)["properties"])

    @cached_property
    def _templates(self) -> list[tuple[str, re.Pattern[str]]]:
        return [(name, re.compile(re.sub(r"\{[^}]*\}", "[^/]+", name))) for name in self.tree["paths"]]

    def _parameters(self, operation: dict[str, Any], asked: Asked) -> Iterator[str]:
        known = {each["name"]: each for given in operation.get("parameters", ()) for each in [self._plain(given)]}
        for name, value in asked.query.items():
            each = known.get(name)
            if each is None or each["in"] != "query":
                yield f"{asked.path}: it has no parameter {name}"
                continue
            schema = each["schema"]
            told = int(value) if schema.get("type") == "integer" and value.isdigit() else value
            yield from (f"{name}: {bad.message}" for bad in Draft4Validator(schema).iter_errors(told))
        lacks = [name for name, each in known.items() if each["in"] == "query" and each.get("required")]
        yield from (f"{asked.path}: it needs {name}" for name in lacks if name not in asked.query)

    def _body(self, operation: dict[str, Any], asked: Asked) -> Iterator[str]:
        if "requestBody" not in operation:
            if asked.body:
                yield f"{asked.method} {asked.path}: it takes no body"
            return
        schema = self._plain(operation["requestBody"])["content"]["application/json"]["schema"]
        said = json.loads(asked.body)
        yield from (f"{bad.json_path}: {bad.message}" for bad in Draft4Validator(schema).iter_errors(said))
        yield from (f"$.{name}: there is no such field" for name in said if name not in schema["properties"])

    def _plain(self, schema: Any) -> Any:
        """With what it refers to in place, and `nullable` in the words of JSON Schema."""
        if isinstance(schema, list):
            return [self._plain(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            found: Any = self.tree
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            return self._plain(found)
        made = {name: self._plain(value) for name, value in schema.items()}
        if made.pop("nullable", False) is True and isinstance(made.get("type"), str):
            made["type"] = [made["type"], "null"]
            if "enum" in made:
                made["enum"] = [*made["enum"], None]
        return made


def published() -> Published:
    return Published(json.loads(place().read_bytes()))


if __name__ == "__main__":
    fetch()
    sys.stdout.write(f"{place()}\n")
