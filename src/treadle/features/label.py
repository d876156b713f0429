"""Which features read what the label is made of. Lookups and windows are judged by time: they see what was known.

A request or row feature has no time but the moment of the prediction, so a column that says the label, or when it was
known, may not be read by it. What `at` is made of is known then by definition, also where the label is made of it too
(late = arrived - due, asked before it is due).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from treadle import expr
from treadle.errors import Fault, SpecError
from treadle.features.plan import FeaturePlan, RowFeature
from treadle.spec import Features
from treadle.spec.choices import NAMED


class LabelRead(Struct, frozen=True):
    """A request or row feature that reads, itself or by way of others, a column that the label is made of."""

    feature: str
    column: str
    where: str


class LabelColumns(Struct, frozen=True):
    """The columns that the label is made of, and those that say when it was known; less those that `at` reads."""

    label: frozenset[str]
    known: frozenset[str]


def label_columns(label: Iterable[str], known: Iterable[str], at: Iterable[str]) -> LabelColumns:
    early = frozenset(at)
    return LabelColumns(frozenset(label) - early, frozenset(known) - early)


def label_reads(
    request: Iterable[str], rows: Iterable[RowFeature], types: Mapping[str, Any], told: LabelColumns
) -> list[LabelRead]:
    """Every such reading; of row features also what they read by way of earlier ones."""
    wanted, seen = told.label | told.known, dict(types)
    found = [LabelRead(name, name, "features.request") for name in request if name in wanted]
    reach: dict[str, set[str]] = {}
    for row in rows:
        read = expr.parse(row.text, seen).columns
        reach[row.name] = {end for one in read for end in reach.get(one, {one})}
        seen[row.name] = row.type
        found += [LabelRead(row.name, c, f"features.row.{row.name}") for c in sorted(reach[row.name] & wanted)]
    return found


def check_label(features: Features, types: Mapping[str, Any], rows: Iterable[RowFeature], told: LabelColumns) -> None:
    """Refuse request and row features, and keys of lookups and windows, that give the label away.

    A column that says when the label was known is refused at once, and so are columns that together make the whole
    label. Where a label is made of several columns and only some are read, one of them may well be known in time (what
    was ordered, of a label that compares it with what came): that is for the evaluation to ask a reviewer about.

    Raises:
        SpecError: with all features that do.
    """
    found = label_reads(features.request, rows, types, told)
    keys = {f"features.lookup.{name}.on": lookup.keys for name, lookup in features.lookup.items()}
    keys |= {f"features.window.{name}.on": (window.on,) for name, window in features.window.items()}
    found += [LabelRead(c, c, where) for where, on in keys.items() for c in on if c in told.label | told.known]
    whole = told.label and told.label <= {reading.column for reading in found}
    faults = [_fault(reading, told) for reading in found if whole or reading.column in told.known]
    if not faults:
        return
    mend = (
        "leave it out; what earlier rows say of it is a lookup or a window over a view, which sees only what was known"
    )
    if len(faults) == 1:
        raise SpecError(faults[0].what, where=faults[0].where, mend=mend)
    text = f"{len(faults)} features are made of what is not known when the prediction is made"
    raise SpecError(text, where=faults[0].where, mend=mend, faults=faults)


def _fault(reading: LabelRead, told: LabelColumns) -> Fault:
    of = "the time when the label is known" if reading.column not in told.label else "the label"
    itself = "" if reading.feature == reading.column else f"{reading.feature} reads {reading.column}: "
    what = f"{itself}{of} is made of the column {reading.column}, which is not known when the prediction is made"
    return Fault(what, reading.where)


def suspects(plan: FeaturePlan) -> list[LabelRead]:
    """What a plan that was not refused still reads of the label: some of several columns."""

    def columns(text: str | None) -> tuple[str, ...]:
        return expr.parse(text, plan.each_types).columns if text else ()

    told = label_columns(columns(plan.label), columns(plan.label_known), columns(plan.at))
    request = [feature.name for feature in plan.features if feature.origin == "request"]
    return label_reads(request, plan.rows, plan.each_types, told)


def label_mend(wanted: str, found: str) -> str:
    """How to make a label of the kind that is wanted out of one of the type that was found."""
    if wanted in NAMED:
        return "write an expression, such as: cast(column as int)"
    expression = "write an expression, such as: column = 'yes'"
    return f"{expression}; `kind: multiclass` takes a text of several values" if found == "str" else expression


def check_number(name: str, kind: str, what: str) -> None:
    """Refuse a column that is to weigh rows, or to count over, and is no number."""
    if kind not in ("int", "float"):
        raise SpecError(
            f"{'an' if what == 'exposure' else 'a'} {what} must be a number, and {name} is {kind}",
            where=f"predict.{what}",
            mend=f"name a column of numbers, none {'of' if what == 'exposure' else 'below'} zero",
        )


def check_weight(weight: str, features: Features, types: Mapping[str, Any], rows: Iterable[RowFeature]) -> None:
    """Refuse a weight that is no number, or that a feature reads: it says how much a row counts, and is not known of
    what is asked.

    Raises:
        SpecError: with all features that read it.
    """
    check_number(weight, types[weight], "weight")
    found = label_reads(features.request, rows, types, LabelColumns(frozenset((weight,)), frozenset()))
    if found:
        names = ", ".join(dict.fromkeys(reading.feature for reading in found))
        raise SpecError(
            f"{weight} weighs the rows, so no feature may read it, and {names} does",
            where=found[0].where,
            mend="leave it out there, or weigh the rows by another column",
        )
