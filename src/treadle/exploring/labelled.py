"""Labels that persons gave to the same things, from a table with a row a label: agreement, and one label of each.

What they differ on is settled by a rule that is said beforehand, and stays visible: who said what of which item.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import DataError, nearest
from treadle.labelling import settle
from treadle.scoring.agreement import NOTHING, Agreed, Codes, Scale, alpha, kappa
from treadle.scoring.bootstrap import Interval
from treadle.spec import Layout
from treadle.spec.experts import Rule

if TYPE_CHECKING:
    import polars as pl

Labels = dict[tuple[str, str], str]
"""By item and labeller what was said."""
MOST_LABELS, MOST_VALUES, MOST_LABELLERS = 1_000_000, 100, 50
SHOWN = 20


class Columns(Struct, frozen=True):
    """What the columns of the table are called."""

    item: str
    by: str
    label: str


class Settled(Struct, frozen=True):
    """One item: who said what, by name; the `label` that stands, empty where none does; and `how`: of one `alone`, as
    `all` say, by `majority`, by the arbiter's name, or `open`."""

    item: str
    said: list[str]
    label: str
    how: str


class Pair(Struct, frozen=True):
    """Two labellers on the items that both labelled, with a 95 % interval; `why`: why there is none."""

    one: str
    other: str
    items: int
    alike: float | None
    kappa: float | None
    interval: list[float | None]
    why: str


class Labelled(Struct, frozen=True):
    """`items`: all there are, `twice`: those with two labels and more. `values`: the labels that there are; none of
    numbers that are more than `MOST_VALUES`. `alike`: the share of pairs of labels that are equal. `unlike`: items on
    which labellers differ, `others` more are not listed; `settled` and `open` count items."""

    file: str
    items: int
    labels: int
    labellers: list[str]
    values: list[str]
    scale: str
    twice: int
    alike: float | None
    alpha: float | None
    interval: list[float | None]
    why: str
    pairs: list[Pair]
    rule: str
    settled: int
    open: int
    unlike: list[Settled]
    others: int
    file_written: str = ""


def labelled(
    file: str, layout: Layout, columns: Columns, *, order: Sequence[str], numbers: bool, rule: Rule, arbiter: str
) -> tuple[Labelled, list[Settled]]:
    """What a table of labels says, and one line for each item. `order`: the labels from the lowest to the highest;
    `numbers`: labels are numbers, and how far they are apart counts; `arbiter`: whose label stands where others differ.

    Raises:
        DataError: a column that is not there, a row without an item or a labeller, one who said two things of an item.
    """
    said = _said(file, layout, columns)
    labellers = sorted({who for _, who in said})
    if arbiter and arbiter not in labellers:
        raise DataError(f"{arbiter} has labelled nothing", where="--arbiter", mend=nearest(arbiter, labellers))
    trusted = [arbiter] if arbiter else []
    return agreed(Path(file).name, said, order=order, numbers=numbers, rule=rule, trusted=trusted)


def agreed(
    name: str, said: Labels, *, order: Sequence[str], numbers: bool, rule: Rule, trusted: Sequence[str], least: int = 1
) -> tuple[Labelled, list[Settled]]:
    """As `labelled`, of labels that were read already. `name`: of where they stand; `trusted`: who settles the rest."""
    labellers = sorted({who for _, who in said})
    if len(labellers) > MOST_LABELLERS:
        raise DataError(
            f"{len(labellers)} labellers are more than {MOST_LABELLERS}", where="--by", mend="is it the right column?"
        )
    values, scale, meant = _values(said, order, numbers=numbers)
    items = list(dict.fromkeys(item for item, _ in said))
    codes = _codes(said, items, labellers, values)
    whole = alpha(codes, meant, scale)
    by_item: dict[str, dict[str, str]] = {}
    for (item, who), label in said.items():  # as they were said: by some rules the newest stands
        by_item.setdefault(item, {})[who] = label
    lines = [_settled(item, each, rule, trusted, least) for item, each in by_item.items()]
    differ = [line for line in lines if len(set(by_item[line.item].values())) > 1]
    found = Labelled(
        file=name,
        items=len(items),
        labels=len(said),
        labellers=labellers,
        values=values if len(values) <= MOST_VALUES else [],
        scale=scale,
        twice=whole.items,
        alike=_number(whole.alike),
        alpha=_number(whole.value.value),
        interval=[whole.value.low, whole.value.high],
        why=whole.value.why,
        pairs=_pairs(codes, labellers, len(values)),
        rule=f"{rule}, else what {', then '.join(trusted)} says" if trusted else rule,
        settled=sum(bool(line.label) for line in lines),
        open=sum(not line.label for line in lines),
        unlike=differ[:SHOWN],
        others=max(len(differ) - SHOWN, 0),
    )
    return found, lines


def as_csv(lines: Sequence[Settled]) -> bytes:
    """A line for each item: the label that stands, how it came to, and what each said."""
    import polars as pl

    frame = pl.DataFrame(
        {
            "item": [line.item for line in lines],
            "label": [line.label or None for line in lines],
            "how": [line.how for line in lines],
            "said": ["; ".join(line.said) for line in lines],
        }
    )
    return frame.write_csv().encode()


def _said(file: str, layout: Layout, columns: Columns) -> Labels:
    """By item and labeller what was said; a row without a label says nothing."""
    from treadle.sources import find_own, tabled

    frame = tabled(find_own(file, layout, where="FILE"), "FILE").frame
    if frame.height > MOST_LABELS:
        raise DataError(f"{frame.height:,} rows are more than {MOST_LABELS:,}", where="FILE", mend="give fewer")
    for flag, name in (("--item", columns.item), ("--by", columns.by), ("--label", columns.label)):
        if name not in frame.columns:
            raise DataError(f'there is no column "{name}"', where=flag, mend=nearest(name, frame.columns))
    found: Labels = {}
    rows = zip(*(_texts(frame, name) for name in (columns.item, columns.by, columns.label)), strict=True)
    for number, (item, who, label) in enumerate(rows, 1):
        if not label:
            continue
        if not item or not who:
            empty = columns.by if item else columns.item
            raise DataError(
                f"a label without {empty}", where=f"row {number}", mend="each label is of one item, by one person"
            )
        if found.setdefault((item, who), label) != label:
            raise DataError(
                f'{who} said "{found[item, who]}" and "{label}" of {item}',
                where=f"row {number}",
                mend="ask them which they mean, and leave the other row out",
            )
    if not found:
        raise DataError("there are no labels", where="FILE", mend="each row is an item, who labelled it, and its label")
    return found


def _texts(frame: pl.DataFrame, name: str) -> list[str]:
    import polars as pl

    column = frame.get_column(name)
    texts = column.cast(pl.String, strict=False) if not column.dtype.is_float() else _floats(column)
    return [" ".join((text or "").split()) for text in texts]


def _floats(column: pl.Series) -> pl.Series:
    """1 and not 1.0, as it was written in a column with gaps."""
    import polars as pl

    texts = [
        None if value is None or math.isnan(value) else str(int(value)) if value.is_integer() else repr(value)
        for value in column
    ]
    return pl.Series(texts, dtype=pl.String)


def _values(said: Labels, order: Sequence[str], *, numbers: bool) -> tuple[list[str], Scale, list[float]]:
    """The labels that there are, in their order; what scale they are on, and what number each stands for."""
    there = sorted(set(said.values()))
    if len(there) > MOST_VALUES and not numbers:  # amounts that are all different are no wrong column
        raise DataError(
            f"{len(there):,} labels are more than {MOST_VALUES}", where="--label", mend="is it the right column?"
        )
    if numbers:
        try:
            meant = {text: float(text) for text in there}
        except ValueError as bad:
            raise DataError(f"not all labels are numbers: {bad}", where="--numbers", mend="leave it away") from bad
        if not all(map(math.isfinite, meant.values())):
            raise DataError("not all labels are finite numbers", where="--numbers", mend="leave them empty")
        ranked = sorted(there, key=lambda text: meant[text])
        return ranked, "interval", [meant[text] for text in ranked]
    if order:
        missing = [text for text in there if text not in order]
        if missing or len(set(order)) < len(order):
            told = f'"{missing[0]}" is not in the order' if missing else "a label stands in the order twice"
            raise DataError(told, where="--order", mend="name each label once, from the lowest to the highest")
        return list(order), "ordinal", [float(place) for place in range(len(order))]
    return there, "nominal", [float(place) for place in range(len(there))]


def _codes(said: Labels, items: Sequence[str], labellers: Sequence[str], values: Sequence[str]) -> Codes:
    import numpy as np

    place = {item: number for number, item in enumerate(items)}
    who, code = ({name: number for number, name in enumerate(names)} for names in (labellers, values))
    codes = np.full((len(labellers), len(items)), NOTHING, dtype=np.int64)
    for (item, name), label in said.items():
        codes[who[name], place[item]] = code[label]
    return codes


def _pairs(codes: Codes, labellers: Sequence[str], values: int) -> list[Pair]:
    """Of each two; of many labellers the first pairs alone, since each of them is drawn a thousand times."""
    pairs = [(a, b) for a in range(len(labellers)) for b in range(a + 1, len(labellers))][:SHOWN]
    return [_pair(labellers[a], labellers[b], _of_two(codes[a], codes[b], values)) for a, b in pairs]


def _of_two(one: Codes, other: Codes, values: int) -> Agreed:
    """Kappa, which is of names; of amounts it is told how many are equal."""
    if values <= MOST_VALUES:
        return kappa(one, other, values)
    both = (one != NOTHING) & (other != NOTHING)
    items = int(both.sum())
    alike = float((one == other)[both].mean()) if items else math.nan
    return Agreed(items, alike, Interval(math.nan, None, None, f"{values:,} labels are amounts, and it is of names"))


def _pair(one: str, other: str, found: Agreed) -> Pair:
    told = found.value
    return Pair(one, other, found.items, _number(found.alike), _number(told.value), [told.low, told.high], told.why)


def _settled(item: str, said: Mapping[str, str], rule: Rule, trusted: Sequence[str], least: int) -> Settled:
    made = settle(said, rule, trusted=trusted, least=least)
    return Settled(item, [f"{who}: {label}" for who, label in sorted(said.items())], made.label, made.how)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
