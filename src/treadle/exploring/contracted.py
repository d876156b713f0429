"""The contract of a source: what it asks for and of what, as a document for other tools, and made of theirs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from treadle.contracts import Contract, Rule, export, imported, load
from treadle.errors import DataError, SpecError, StoreError, nearest
from treadle.exploring.found import ContractImported, ContractRule, ContractShown, ContractText
from treadle.spec.names import is_identifier

if TYPE_CHECKING:
    from treadle.workspace import Workspace


def show_contract(workspace: Workspace, source: str) -> ContractShown:
    """Each rule of a contract, its level, and whether one record of a request can be held to it."""
    path = _file_of(workspace, source)
    contract = load(path)
    return ContractShown(
        source=source,
        name=contract.name,
        version=contract.version,
        max_bad_share=contract.max_bad_share,
        rules=[_shown(rule) for rule in contract.rules],
    )


def _shown(rule: Rule) -> ContractRule:
    return ContractRule(rule.id, rule.kind, rule.text, rule.level, _asked_of(rule), _not_of_a_request(rule), rule.where)


def _asked_of(rule: Rule) -> str:
    return "batch" if rule.batch_level else "row"


def _not_of_a_request(rule: Rule) -> str:
    """Why one record cannot be held to it; empty if it can."""
    if rule.kind == "type":
        return ""  # the fields of a request are typed by what the model takes
    if rule.expression is not None and not rule.batch_level:
        return ""
    if rule.foreign is not None:
        return f"the rows of {rule.foreign.source} are not at hand there"
    return "it takes the other rows" if not rule.batch_level else "it is about a batch"


def export_contract(workspace: Workspace, source: str) -> ContractText:
    """Raises:
    DataError: there is no such source, or it has no contract.
    """
    path = _file_of(workspace, source)
    return ContractText(source, export(path))


def _file_of(workspace: Workspace, source: str) -> Path:
    sources = workspace.project.spec.sources
    if source not in sources:
        raise DataError(
            f'there is no source "{source}"', where=workspace.project.spec.project, mend=nearest(source, sources)
        )
    contract = sources[source].contract
    if contract is None:
        raise DataError(
            f"{source} has no contract",
            where=workspace.project.place(f"sources.{source}"),
            mend="write contract: FILE there; treadle data contract import makes one of another tool's",
        )
    return workspace.project.root / contract


def import_contract(workspace: Workspace, file: str, source: str, table: str) -> ContractImported:
    """Write what can be run of a foreign document to `contracts/SOURCE.yaml`. A file that is there is not touched.

    Raises:
        SpecError: it is no contract, or the source has no name that can be.
        StoreError: there is a file of that name.
    """
    if not is_identifier(source):
        raise SpecError(f'"{source}" is no name of a source', where="SOURCE", mend="use letters, digits, - and _")
    sifted = imported(Path(file), table)
    folder = workspace.project.root / "contracts"
    made = folder / f"{source}.yaml"
    if made.exists() or made.is_symlink():
        raise StoreError(
            f"contracts/{source}.yaml is there already, and is not written over",
            where=source,
            mend="take it away first",
        )
    folder.mkdir(exist_ok=True)
    made.write_text(sifted.text, encoding="utf-8")
    known: Contract = load(made)
    stated = workspace.project.spec.sources.get(source)
    named = stated is not None and stated.contract == f"contracts/{source}.yaml"
    return ContractImported(
        file=f"contracts/{source}.yaml",
        rules=len(known.rules),
        columns=len(known.columns),
        notes=list(sifted.notes),
        next="" if named else f"in treadle.yaml: sources: {{{source}: {{contract: contracts/{source}.yaml}}}}",
    )
