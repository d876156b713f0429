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
    source: str
    rows: int
    columns: int
    rules: int
    quarantined: int
    broken: list[str]


class CheckAnswer(Struct, frozen=True):
    project: str
    ok: bool
    features: int
    inputs: list[str]
    sources: list[SourceCheck]


class SchemaRequest(Request, frozen=True):
    """Nothing is asked."""


@operation("init", permission="run")
def init(request: InitRequest, context: Context) -> InitAnswer:
    """Write a sensible project for a table, and say what was guessed."""
    from treadle.api.guess import write_project

    return write_project(request)


@operation("check", permission="read")
def check(request: CheckRequest, context: Context) -> CheckAnswer:
    """Check the project file, its expressions, and its tables against their contracts. Keeps nothing."""
    from treadle.api.checking import check_project

    return check_project(workspace_for(request.project, context, "read"), data=request.data)


@operation("schema", permission="read", remote=True)
def schema(request: SchemaRequest, context: Context) -> dict[str, Any]:
    """Print the JSON Schema of the project file, for editors."""
    from treadle.spec import json_schema

    return json_schema()
