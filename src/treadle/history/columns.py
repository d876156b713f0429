"""A column both ways: what it is made of, and what reads it, down to the models that are served and whom to ask.

What the project reads today comes from its file and from its sources as they were read last; what a version reads,
from the plan that is packed with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from treadle.errors import DataError, EvidenceError, ModelError, nearest
from treadle.features.columns import Part, PartKind, Reads, above, below, reads
from treadle.features.drawn import drawn
from treadle.history.found import ColumnLineage, ColumnReader, PartShown
from treadle.history.snapshots import newest_snapshot
from treadle.spec import all_tables

if TYPE_CHECKING:
    from treadle.expr import Type
    from treadle.features import FeaturePlan
    from treadle.workspace import Workspace

_KINDS: tuple[PartKind, ...] = ("column", "delivered", "view column", "rows of", "match of", "feature", "role")
_VERSIONS = 20
"""The newest versions of a target that are looked into, besides the one that is served."""


def trace(workspace: Workspace, subject: str) -> ColumnLineage:
    """`subject`: source.column, a source, an object or a list of a source, view.column, a feature, a view, or a role
    such as label, at or key.

    Raises:
        DataError: nothing of the target, nor of a version of it, is called so; or no source of it was read yet.
    """
    columns, drawn_of = _columns_of(workspace), drawn(workspace.project.spec, _schemas(workspace))
    known = {**drawn_of, **_reads(workspace)}
    packed = dict(_packed(workspace)) if workspace.project.spec.predicts else {}
    every = [known, *(reads(plan) for plan in packed.values())]
    parts = {Part("column", f"{subject}.{column}") for column in columns.get(subject, ())}
    named = _named(every, columns)
    asked = parts or _within(subject, named) or _called(subject, named)
    people = workspace.project.spec.brief.people
    after = {one for part in asked for one in below(known, part)}
    # versions and contracts know the columns that are made of what is delivered
    made = {*asked, *(one for one in after if one.kind == "column")}
    return ColumnLineage(
        subject=subject,
        target=workspace.project.target,
        reads=_shown({one for part in asked for one in above(known, part)}),
        read_by=_shown(after),
        models=_readers(workspace, packed, made, drawn_of),
        rules=_rules(workspace, made),
        people=list(dict.fromkeys((people.owner, *people.reviewers))),
        unread=sorted(part.name for part in parts if not below(known, part)),
    )


def _reads(workspace: Workspace) -> Reads:
    """What each part reads; of columns that are mapped, what of the source they are made of."""
    from treadle.mapping import read_by

    plan = plan_of(workspace)
    known = {} if plan is None else dict(reads(plan))
    for name, source in workspace.project.spec.sources.items():
        for column, made_of in read_by(source.mapped).items():
            known[Part("column", f"{name}.{column}")] = frozenset(Part("delivered", f"{name}.{e}") for e in made_of)
    return known


def plan_of(workspace: Workspace) -> FeaturePlan | None:
    """The plan of the target as the file says it now, over the sources as they were read last; None of data alone."""
    from treadle.features import make_plan

    project, schemas = workspace.project, _schemas(workspace)
    missing = [name for name in all_tables(project.spec) if name not in schemas]
    if missing:
        raise DataError(
            f"{', '.join(missing)}: never read",
            where="sources",
            mend=f"read them first: treadle data ingest {project.typed}",
        )
    return make_plan(project.spec, schemas) if project.spec.predicts else None


def _schemas(workspace: Workspace) -> dict[str, dict[str, Type]]:
    """The types of each source that was read, as it was read last."""
    from treadle import expr

    found = ((name, newest_snapshot(workspace, name)) for name in all_tables(workspace.project.spec))
    return {name: expr.column_types(workspace.tables.schema(read)) for name, read in found if read is not None}


def _columns_of(workspace: Workspace) -> Mapping[str, list[str]]:
    found = ((name, newest_snapshot(workspace, name)) for name in all_tables(workspace.project.spec))
    return {name: sorted(workspace.tables.schema(read)) for name, read in found if read is not None}


def _packed(workspace: Workspace) -> Iterable[tuple[str, FeaturePlan]]:
    """The plans of the target's newest versions, by name. One whose bundle is gone or damaged has none to tell."""
    from treadle.models import Bundle
    from treadle.models.listing import versions

    address = workspace.project.address
    for version in versions(workspace.chain, address, workspace.endpoint, _VERSIONS):
        try:
            whole = workspace.blobs.get(version.bundle)
            yield version.name, Bundle.read(whole, workspace.trusted_keys, where=version.name).manifest.plan
        except (EvidenceError, ModelError):
            continue


def _readers(
    workspace: Workspace, packed: Mapping[str, FeaturePlan], asked: Collection[Part], made: Reads
) -> list[ColumnReader]:
    served = workspace.releases.current() if packed else None
    found = []
    for name, plan in packed.items():
        known = {**made, **reads(plan)}
        after = {one for part in asked for one in (part, *below(known, part))}
        features = sum(one.kind == "feature" and one in known for one in after)
        roles = sorted(one.name for one in after if one.kind == "role" and one in known)
        if features or roles:
            endpoint = workspace.endpoint if served is not None and served.model == name else ""
            found.append(ColumnReader(name, endpoint, features, roles))
    return found


def _named(known: Iterable[Reads], columns: Mapping[str, Iterable[str]]) -> set[Part]:
    """All that has a name: columns of sources, and what plans speak of."""
    parts = {Part("column", f"{source}.{column}") for source, each in columns.items() for column in each}
    for one in known:
        parts |= {*one, *(part for each in one.values() for part in each)}
    return parts


def _within(subject: str, parts: Iterable[Part]) -> set[Part]:
    """The fields of an object of a source, or what is taken from a list or a text of one; none where `subject` is a
    name itself, or no such thing."""
    inner = {part for part in parts if part.kind in ("column", "delivered") and part.name.startswith(subject)}
    named = any(part.name == subject for part in parts)
    return set() if named else {part for part in inner if part.name[len(subject)] in ".[" and "." in subject}


def _called(subject: str, parts: Iterable[Part]) -> set[Part]:
    """What is called so; a column before a view's, and that before a feature, should one name be several. A column that
    is kept, and that another one is made of, is both."""
    found = [part for kind in _KINDS for part in parts if part.kind == kind and part.name == subject]
    if not found:
        raise DataError(
            f'no column, view, feature or role is called "{subject}"',
            where="lineage",
            mend=nearest(subject, sorted(part.name for part in parts)) or "columns are written source.column",
        )
    return {part for part in found if part.kind in (found[0].kind, "delivered")}


def _rules(workspace: Workspace, asked: Iterable[Part]) -> list[str]:
    """Rules of contracts that read one of the columns."""
    from treadle.contracts import load

    named: dict[str, set[str]] = {}
    for part in asked:
        source, _, column = part.name.partition(".")
        if part.kind == "column":
            named.setdefault(source, set()).add(column)
    found = []
    for source, columns in named.items():
        stated = workspace.project.spec.sources.get(source)
        if stated is not None and stated.contract is not None:
            rules = load(workspace.project.root / stated.contract, stated.contract).rules
            found += [rule for rule in rules if columns & {rule.column, *rule.columns}]
    return [f"{rule.text} ({rule.where})" for rule in found]


def _shown(parts: Iterable[Part]) -> list[PartShown]:
    return [PartShown(part.kind, part.name) for part in sorted(parts, key=lambda p: (_KINDS.index(p.kind), p.name))]
