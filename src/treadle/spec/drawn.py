"""The tables that are made of a project's entities, and what must hold between an entity and the rest of the file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from treadle.errors import SpecError
from treadle.spec.durations import duration
from treadle.spec.entities import Comparing, Entity, Matching, Rule, Settling
from treadle.spec.project import ProjectSpec, Source
from treadle.spec.shape import Problem

ID = "entity_id"
"""The key of an entity's table: the name of the first row that tells of it, such as ``crm:17``."""
OWN = ("entity_id", "record", "source", "key", "rows")
"""Columns of the tables that are made, which no field may be called."""
TEXTS = ("jaro_winkler", "levenshtein", "token_set")
LIKENESS: dict[str, tuple[float, ...]] = {
    "jaro_winkler": (0.94, 0.88, 0.75),
    "levenshtein": (0.85, 0.7),
    "token_set": (0.95, 0.8),
}
"""Levels of likeness, where the file says none."""
_MOST_LEVELS = 2**63
"""Levels of all fields together: which of them a pair has is one number of 64 bits."""


def compared(said: Comparing | str) -> Comparing:
    """How a field is compared, with all that the file leaves out."""
    full = said if isinstance(said, Comparing) else Comparing(by=said)  # type: ignore[arg-type]
    if full.by in LIKENESS and not full.at:
        return Comparing(by=full.by, at=LIKENESS[full.by], weights=full.weights, frequencies=full.frequencies)
    return full


def parts_of(entity: str) -> tuple[str, ...]:
    """The tables about an entity, besides its own: which rows it is of, which pairs are alike, which values won."""
    return (f"{entity}_members", f"{entity}_links", f"{entity}_choices")


def of_source(entity: str, source: str) -> str:
    """The table that has, for each key of a source, the entity that it is."""
    return f"{entity}_of_{source}"


def made_of(spec: ProjectSpec, name: str) -> dict[str, Source]:
    """The tables that are made of one entity, as sources. What a `read:` names that begins so is read by nobody."""
    entity = spec.entities[name]
    tables = {name: Source(read=f"entity:{name}", key=ID, known=entity.known)}
    for source in entity.sources:
        found = spec.sources.get(source)
        tables[of_source(name, source)] = Source(
            read=f"entity:{name}", key=found.key if found is not None else (), known=entity.known
        )
    keys: tuple[str | tuple[str, ...], ...] = ("record", ("one", "other"), ("entity_id", "field"))
    return tables | {
        part: Source(read=f"entity:{name}", key=key) for part, key in zip(parts_of(name), keys, strict=True)
    }


def all_tables(spec: ProjectSpec) -> dict[str, Source]:
    """All that a `from:` may name but views: the sources, and what is made of entities."""
    made = dict(spec.sources)
    for name in spec.entities:
        made |= {table: source for table, source in made_of(spec, name).items() if table not in made}
    return made


def of_entities(spec: ProjectSpec) -> Iterator[Problem]:
    """What is wrong between entities and the rest of the file."""
    taken = {name.lower(): f"the source {name}" for name in spec.sources}
    taken |= {name.lower(): f"the view {name}" for name in spec.views}
    for name, entity in spec.entities.items():
        path = f"entities.{name}"
        for table in made_of(spec, name):
            if table.lower() in taken:
                yield Problem(path, f'its table "{table}" would be called as {taken[table.lower()]}', mend="rename one")
            taken.setdefault(table.lower(), f"a table of the entity {name}")
        yield from _drawn(spec, path, entity)
        yield from _matched(f"{path}.match", entity)
        yield from _settled(path, entity)


def _drawn(spec: ProjectSpec, path: str, entity: Entity) -> Iterator[Problem]:
    for source, columns in entity.sources.items():
        here = f"{path}.from.{source}"
        if source not in spec.sources:
            yield Problem(here, f'there is no source "{source}"', source, tuple(spec.sources))
        elif not spec.sources[source].keys:
            said = f"{source} has no key, by which its rows are known again"
            yield Problem(here, said, mend=f"give sources.{source} a `key:`")
        elif taken := [key for key in spec.sources[source].keys if key.lower() == ID]:
            said = f'the key of {source} is called "{taken[0]}", as the column is that says which thing a row is'
            mend = f"give it another name: sources.{source}.map: {{{source}_id: {taken[0]}}}, and key: {source}_id"
            yield Problem(here, said, mend=mend)
        if not columns:
            yield Problem(here, "no field is drawn from it", mend=f"write {source}: {{FIELD: COLUMN}}")
    for name in entity.fields:
        if name.lower() in OWN:
            yield Problem(f"{path}.from", f'no field may be called "{name}"', mend="Treadle's own column is called so")
    for index, source in enumerate(entity.distinct):
        if source not in entity.sources:
            yield Problem(f"{path}.distinct[{index}]", f"{source} is not under `from`", source, tuple(entity.sources))
    if entity.known is not None:
        yield from _field(f"{path}.known", entity.known, entity)


def _field(path: str, name: str, entity: Entity) -> Iterator[Problem]:
    if name not in entity.fields:
        yield Problem(path, f'no source gives a field "{name}"', name, entity.fields)


def _matched(path: str, entity: Entity) -> Iterator[Problem]:
    match = entity.match
    if not match.exact and not match.compare:
        yield Problem(path, "nothing says which rows are the same", mend="write `exact:`, or `compare:` and `block:`")
    if match.compare and not match.block:
        said = "`compare` needs `block`: pairs of rows that are worth a look; all pairs would be too many"
        yield Problem(f"{path}.block", said, mend="such as block: [[postcode], [born]]")
    levels = math.prod(3 + len(said.at) + len(said.within) for said in map(compared, match.compare.values()))
    if levels > _MOST_LEVELS:
        said = (
            f"{len(match.compare)} fields in so many levels make {levels:.1e} kinds of pairs, and 9.2e+18 is the most"
        )
        yield Problem(f"{path}.compare", said, mend="compare fewer fields, or give them fewer levels")
    if match.block and not match.compare:
        yield Problem(f"{path}.block", "pairs are formed that nothing compares", mend="add `compare:`")
    if match.perhaps > match.same:
        said = f"`perhaps` ({match.perhaps:g}) is above `same` ({match.same:g})"
        yield Problem(f"{path}.perhaps", said, mend="give it a lower probability")
    for index, said_exact in enumerate(match.exact):
        for name in (said_exact,) if isinstance(said_exact, str) else said_exact:
            yield from _field(f"{path}.exact[{index}]", name, entity)
    for name, said_compare in match.compare.items():
        yield from _field(f"{path}.compare.{name}", name, entity)
        yield from _compared(f"{path}.compare.{name}", compared(said_compare))
    yield from _lists(path, match)


def _lists(path: str, match: Matching) -> Iterator[Problem]:
    for part, lists in (("exact", match.exact), ("block", match.block)):
        for index, names in enumerate(lists):
            if not names:
                yield Problem(f"{path}.{part}[{index}]", "an empty list says nothing", mend="name a field")


def _compared(path: str, said: Comparing) -> Iterator[Problem]:
    if said.by not in TEXTS and said.at:
        yield Problem(f"{path}.at", f"`at` is a likeness of texts, and this is {said.by}", mend="leave it out")
    if list(said.at) != sorted(set(said.at), reverse=True):
        yield Problem(f"{path}.at", "likenesses have to fall, each once", mend="such as at: [0.95, 0.85]")
    if said.by in ("numeric", "date"):
        yield from _within(f"{path}.within", said)
    elif said.within:
        yield Problem(f"{path}.within", f"`within` is of numbers and times, and this is {said.by}", mend="use `at`")
    levels = 2 + len(said.at) + len(said.within)
    if said.weights and len(said.weights) != levels:
        said_levels = f"{len(said.weights)} weights for {levels} levels: equal, {levels - 2} between, all others"
        yield Problem(f"{path}.weights", said_levels, mend="give one for each")


def _within(path: str, said: Comparing) -> Iterator[Problem]:
    if not said.within:
        yield Problem(path, f"`{said.by}` needs `within`: how far apart two may be", mend="such as within: [1d, 31d]")
    distances = list[float]()
    for index, text in enumerate(said.within):
        here = f"{path}[{index}]"
        if (said.by == "numeric") is isinstance(text, str):
            wanted = "a number" if said.by == "numeric" else "a length of time, such as 2d"
            yield Problem(here, f"{text!r} is not {wanted}", mend=f"`{said.by}` is in such")
            return
        try:
            distances.append(distance(text))
        except SpecError as bad:
            yield Problem(here, bad.what, mend=bad.mend)
            return
    if distances != sorted(set(distances)):
        yield Problem(path, "distances have to rise, each once", mend="such as within: [1, 5]")


def distance(said: float | str) -> float:
    """A number as it is, a length of time in seconds. Raises SpecError for a text that is none."""
    return duration(said).total_seconds() if isinstance(said, str) else float(said)


def _settled(path: str, entity: Entity) -> Iterator[Problem]:
    rules: Mapping[str, Rule] = {f"settle.{name}": rule for name, rule in entity.settle.items()}
    for name in entity.settle:
        yield from _field(f"{path}.settle.{name}", name, entity)
    for part, rule in (*rules.items(), ("otherwise", entity.otherwise)):
        if not isinstance(rule, Settling):
            continue
        here = f"{path}.{part}"
        if (rule.newest is None) is (not rule.trusted):
            said = "one of `newest` and `trusted` is wanted"
            yield Problem(here, said, mend="such as {newest: seen}, or {trusted: [crm, web]}")
        if rule.newest is not None:
            yield from _field(f"{here}.newest", rule.newest, entity)
        for index, source in enumerate(rule.trusted):
            if source not in entity.sources:
                said = f"{source} is not under `from`"
                yield Problem(f"{here}.trusted[{index}]", said, source, tuple(entity.sources))
