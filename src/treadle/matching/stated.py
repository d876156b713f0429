"""What an entity states, held to the columns of its sources before any row is looked at: every mistake at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from treadle import expr
from treadle.errors import Fault, SpecError, nearest
from treadle.matching.comparing import unfit_type
from treadle.spec import Entity
from treadle.spec.drawn import compared

Types = dict[str, expr.Type]


def types_of_fields(
    name: str, entity: Entity, schemas: Mapping[str, Mapping[str, expr.Type]], keys: Mapping[str, tuple[str, ...]]
) -> Types:
    """The type of each field, by the types of the columns of each source. keys: the columns of each source's key.

    Raises:
        SpecError: an expression does not fit its source, or the fields; a source has no such key; two sources give a
            field in types that are no one type, or one that cannot be compared as is said. All of it is told.
    """
    wrong = list[SpecError]()
    drawn: dict[str, dict[str, expr.Type]] = {field: {} for field in entity.fields}
    for source, columns in entity.sources.items():
        for field, text in columns.items():
            kind = _type(text, schemas[source], f"entities.{name}.from.{source}.{field}", wrong)
            if kind is not None:
                drawn[field][source] = kind
        for key in keys[source]:
            if key not in schemas[source]:
                said, near = f'source {source} has no column "{key}"', nearest(key, schemas[source])
                wrong.append(SpecError(said, where=f"sources.{source}.key", mend=near))
    whole = [field for field in entity.fields if len(drawn[field]) == sum(field in c for c in entity.sources.values())]
    types = Types()
    for field in whole:
        unlike = _unlike(name, field, drawn[field])
        wrong += [unlike] if unlike is not None else []
        types |= {field: _one_type(drawn[field])} if unlike is None else {}
    raise_together([*wrong, *_compared(name, entity, types), *_blocks(name, entity, types)], f"entities.{name}")
    return types


def raise_together(wrong: Sequence[SpecError], where: str) -> None:
    """One error for all of these: the only one as it is; nothing where there is none."""
    if len(wrong) == 1:
        raise wrong[0]
    faults = [fault for bad in wrong for fault in bad.faults or [Fault(bad.what, bad.where, bad.mend)]]
    if faults:
        raise SpecError(f"{len(faults)} things are wrong", where=where, faults=faults)


def _type(text: str, columns: Mapping[str, expr.Type], where: str, wrong: list[SpecError]) -> expr.Type | None:
    try:
        return expr.parse(text, columns, where=where).type
    except SpecError as bad:
        wrong.append(bad)
        return None


def _unlike(name: str, field: str, kinds: Mapping[str, expr.Type]) -> SpecError | None:
    known = {kind for kind in kinds.values() if kind != "null"}
    where = f"entities.{name}.from.{next(iter(kinds))}.{field}"
    if "interval" in known:
        return SpecError(f"the field {field} is a length of time", where=where, mend="draw it as a number")
    if len(known) <= 1 or known in ({"int", "float"}, {"date", "timestamp"}):
        return None
    said = ", ".join(f"{kind} in {source}" for source, kind in kinds.items())
    mend = "cast one of them: cast(… as varchar)"
    return SpecError(f"the field {field} is of unlike types: {said}", where=where, mend=mend)


def _one_type(kinds: Mapping[str, expr.Type]) -> expr.Type:
    known = {kind for kind in kinds.values() if kind != "null"}
    if known == {"int", "float"}:
        return "float"
    return "timestamp" if known == {"date", "timestamp"} else next(iter(known), "str")


def _compared(name: str, entity: Entity, types: Types) -> Iterator[SpecError]:
    for field, said in entity.match.compare.items():
        fault = unfit_type(field, compared(said), types[field]) if field in types else None
        if fault is not None:
            yield SpecError(fault.what, where=f"entities.{name}.match.compare.{field}", mend=fault.mend)


def _blocks(name: str, entity: Entity, types: Types) -> Iterator[SpecError]:
    """One over a field of which something was told already is not looked at."""
    wrong = list[SpecError]()
    for index, said in enumerate(entity.match.block):
        for text in (said,) if isinstance(said, str) else said:
            if not {*expr.names_in(text)} & ({*entity.fields} - types.keys()):
                _type(text, types, f"entities.{name}.match.block[{index}]", wrong)
    yield from wrong
