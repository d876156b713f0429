"""Begin a project, check it, and publish its schema."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct

from treadle.api.operation import Context, ProjectPath, Request, argument, operation, option, workspace_for


class InitRequest(Request, frozen=True):
    folder: Annotated[str, argument("folder of the new project")]
    source: Annotated[str, option("the CSV, JSON Lines or Parquet file to learn from", flag="--from")]
    target: Annotated[str, option("the column to predict")]
    name: Annotated[str | None, option("name of the project; the folder's name if not given")] = None
    owner: Annotated[str | None, option("who owns it; the machine's user if not given")] = None
    shared: Annotated[
        str | None, option("a group of this machine whose members share what is kept; else it is for its owner alone")
    ] = None


class InitAnswer(Struct, frozen=True):
    """`guesses` says what was guessed and from what, a sentence each."""

    project: str
    file: str
    contract: str
    guesses: list[str]
    next: str


class CheckRequest(Request, frozen=True):
    project: ProjectPath = "."
    data: Annotated[bool, option("also read the tables and hold them to their contracts")] = True


class SourceCheck(Struct, frozen=True):
    """One source as it was read; `rules` is 0 where it has no contract."""

    source: str
    rows: int
    columns: int
    rules: int
    quarantined: int
    broken: list[str]


class CheckAnswer(Struct, frozen=True):
    """`problems`: what `run`, `serve` or `release` would refuse, each with its place; `warnings`: what they take."""

    project: str
    ok: bool
    problems: list[str]
    warnings: list[str]
    features: int
    inputs: list[str]
    sources: list[SourceCheck]


class TrustRequest(Request, frozen=True):
    project: ProjectPath = "."
    revoke: Annotated[bool, option("trust it no longer")] = False


class TrustAnswer(Struct, frozen=True):
    """`places` is what the project may read outside its folder, `functions` the code of its own it may run.

    `record` is the folder of the record that came with it, whose approvals and releases are now believed.
    """

    project: str
    folder: str
    trusted: bool
    places: list[str]
    record: str
    functions: str
    entry_points: list[str]


class SchemaRequest(Request, frozen=True):
    """Nothing is asked."""


@operation("init", permission="run")
def init(request: InitRequest, context: Context) -> InitAnswer:
    """Write a sensible project for a table, and say what was guessed."""
    from treadle.api.guess import write_project

    return write_project(request)


@operation("check", permission="read")
def check(request: CheckRequest, context: Context) -> CheckAnswer:
    """Check all that `run`, `serve` and `release` would refuse, with places in the project file. Keeps nothing."""
    from treadle.api.checking import check_project

    return check_project(workspace_for(request.project, context, "read"), data=request.data)


@operation("trust", permission="run")
def trust(request: TrustRequest, context: Context) -> TrustAnswer:
    """Let a project read the places outside its folder that it names, and run its functions.py; believe its record."""
    from treadle.api.trusting import trust_project

    return trust_project(request)


@operation("schema", permission="read", remote=True)
def schema(request: SchemaRequest, context: Context) -> dict[str, Any]:
    """Print the JSON Schema of the project file, for editors."""
    from treadle.spec import json_schema

    return json_schema()
