"""Which features read what the label is made of. Lookups and windows are judged by time: they see what was known.

A request or row feature has no time but the moment of the prediction, so a column that says the label, or when it was
known, may not be read by it. What `at` is made of is known then by definition, also where the label is made of it too
(late = arrived - due, asked before it is due).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from treadle import expr
from treadle.errors import SpecError
from treadle.features.plan import FeaturePlan


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


def label_reads(request: Iterable[str], rows: Mapping[str, Iterable[str]], columns: LabelColumns) -> list[LabelRead]:
    """Every such reading. `rows`: for each row feature what it reads, columns and earlier row features."""
    told = columns.label | columns.known
    found = [LabelRead(name, name, "features.request") for name in request if name in told]
    reach: dict[str, set[str]] = {}
    for name, read in rows.items():
        reach[name] = {end for one in read for end in reach.get(one, {one})}
        found += [LabelRead(name, c, f"features.row.{name}") for c in sorted(reach[name] & told)]
    return found


def refuse_label(found: Iterable[LabelRead], columns: LabelColumns) -> None:
    """Refuse features that give the label away.

    A column that says when the label was known is refused at once, and so are columns that together make the whole
    label. Where a label is made of several columns and only some are read, one of them may well be known in time (what
    was ordered, of a label that compares it with what came): that is for the evaluation to ask a reviewer about.

    Raises:
        SpecError: at the first feature that does.
    """
    readings = list(found)
    whole = columns.label and columns.label <= {r.column for r in readings}
    for reading in readings:
        late = reading.column in columns.known
        if not late and not whole:
            continue
        of = "predict.label_known" if late and reading.column not in columns.label else "predict.label"
        itself = "" if reading.feature == reading.column else f"{reading.feature} reads {reading.column}: "
        raise SpecError(
            f"{itself}{of} is made of the column {reading.column}, which is not known when the prediction is made",
            where=reading.where,
            mend="leave it out; what earlier rows say of it is a lookup or a window over a view, which sees only "
            "what was known",
        )


def suspects(plan: FeaturePlan) -> list[LabelRead]:
    """What a plan that was not refused still reads of the label: some of several columns."""
    types: dict[str, object] = dict(plan.each_types)

    def columns(text: str | None) -> tuple[str, ...]:
        return expr.parse(text, types).columns if text else ()  # type: ignore[arg-type]

    told = label_columns(columns(plan.label), columns(plan.label_known), columns(plan.at))
    rows: dict[str, tuple[str, ...]] = {}
    for row in plan.rows:
        rows[row.name] = columns(row.text)
        types[row.name] = row.type
    return label_reads([f.name for f in plan.features if f.origin == "request"], rows, told)
