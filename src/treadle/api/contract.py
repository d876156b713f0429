"""Contracts of sources: shown, written as documents for other tools, and made of theirs."""

from __future__ import annotations

from typing import Annotated

from treadle.api.operation import ProjectPath, Request, Work, argument, group, operation, option
from treadle.exploring.found import ContractImported, ContractShown, ContractText

_SOURCE = "name of a source"


class ContractShowRequest(Request, frozen=True):
    source: Annotated[str, argument(_SOURCE)]
    project: ProjectPath = "."


class ContractExportRequest(Request, frozen=True):
    source: Annotated[str, argument(_SOURCE)]
    project: ProjectPath = "."
    out: Annotated[str | None, option("write it to this file, which is not there yet", local=True)] = None


class ContractImportRequest(Request, frozen=True):
    file: Annotated[str, argument("a document of the Open Data Contract Standard, version 3")]
    source: Annotated[str, argument("the source that it is to be the contract of")]
    project: ProjectPath = "."
    table: Annotated[str, option("which of its tables, where it has several")] = ""


group("data contract", "What the rows of a source must keep.")


@operation("data", "contract", "show", permission="read", remote=True)
def contract_show(request: ContractShowRequest, work: Work) -> ContractShown:
    """List the rules of a contract: their levels, and whether a request is held to them too."""
    from treadle.exploring.contracted import show_contract

    return show_contract(work.workspace, request.source)


@operation("data", "contract", "export", permission="read", remote=True)
def contract_export(request: ContractExportRequest, work: Work) -> ContractText:
    """Write a contract as a document of the Open Data Contract Standard 3.1 that other tools validate."""
    from msgspec.structs import replace

    from treadle.exploring.contracted import export_contract

    found = export_contract(work.workspace, request.source)
    if request.out is None:
        return found
    from treadle.api.written import new_file

    new_file(request.out, "--out").write_text(found.text, encoding="utf-8")
    return replace(found, file=request.out)


@operation("data", "contract", "import", permission="run")
def contract_import(request: ContractImportRequest, work: Work) -> ContractImported:
    """Make the contract of a source from another tool's document. What cannot be run here is kept in it, and said."""
    from treadle.exploring.contracted import import_contract

    return import_contract(work.workspace, request.file, request.source, request.table)
