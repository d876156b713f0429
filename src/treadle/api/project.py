"""Begin a project, check it, and publish its schema."""

from __future__ import annotations

from typing import Annotated, Any

from treadle.api.operation import Context, ProjectPath, Request, Work, argument, operation, option
from treadle.drafting.found import Checked, Drafted, Trusted
from treadle.spec import layout_from

READING = """how the table is written, where that cannot be told: 'separator: ";", decimal: ","' (docs/sources.md)"""


class InitRequest(Request, frozen=True):
    folder: Annotated[str, argument("folder of the new project")]
    source: Annotated[
        str,
        option(
            "the table to learn from: CSV, JSON, Parquet, Arrow, Excel, a Delta folder, a database (URL, or "
            "SQLite file); without --target also a folder of files",
            flag="--from",
        ),
    ]
    table: Annotated[
        str, option("of a database: its table, as name or schema.name; without --target several, with commas, or all")
    ] = ""
    target: Annotated[str, option("the column to predict; without one it is a project of data alone")] = ""
    name: Annotated[str | None, option("name of the project; the folder's name if not given")] = None
    owner: Annotated[str | None, option("who owns it; the machine's user if not given")] = None
    shared: Annotated[
        str | None, option("a group of this machine whose members share what is kept; else it is for its owner alone")
    ] = None
    reading: Annotated[str, option(READING)] = ""


class CheckRequest(Request, frozen=True):
    project: ProjectPath = "."
    data: Annotated[bool, option("also read the tables and hold them to their contracts")] = True


class TrustRequest(Request, frozen=True):
    project: ProjectPath = "."
    revoke: Annotated[bool, option("trust it no longer")] = False


class SchemaRequest(Request, frozen=True):
    """Nothing is asked."""


@operation("init", permission="open", opens=False)
def init(request: InitRequest, context: Context) -> Drafted:
    """Write a sensible project for a table, and say what was guessed."""
    from treadle.drafting.drafts import Wanted
    from treadle.drafting.writing import write_project

    wanted = Wanted(
        folder=request.folder,
        source=request.source,
        target=request.target,
        name=request.name,
        owner=request.owner,
        shared=request.shared,
        layout=layout_from(request.reading, "--reading"),
        tables=tuple(dict.fromkeys(name for each in request.table.split(",") if (name := each.strip()))),
    )
    return write_project(wanted)


@operation("check", permission="read")
def check(request: CheckRequest, work: Work) -> Checked:
    """Check all that `run`, `serve` and `release` would refuse, with places in the project file. Keeps nothing."""
    from treadle.drafting.checking import check_project

    return check_project(work.workspace, data=request.data)


@operation("trust", permission="open", opens=False)
def trust(request: TrustRequest, context: Context) -> Trusted:
    """Let a project read the places outside its folder that it names, and run its functions.py; believe its record."""
    from treadle.drafting.trusting import distrust_project, trust_project

    return distrust_project(request.project) if request.revoke else trust_project(request.project)


@operation("schema", permission="open", remote=True, opens=False)
def schema(request: SchemaRequest, context: Context) -> dict[str, Any]:
    """Print the JSON Schema of the project file, for editors."""
    from treadle.spec import json_schema

    return json_schema()
