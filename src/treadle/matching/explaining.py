"""Why two rows are the same, or are not: what each field says, in bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from treadle.errors import DataError, nearest
from treadle.matching.comparing import MISSING
from treadle.matching.prepared import prepare
from treadle.matching.scoring import Weigher
from treadle.matching.weights import Weights

if TYPE_CHECKING:
    from treadle.matching.rows import Rows
    from treadle.spec import Entity


class Said(Struct, frozen=True):
    """What one field says of a pair. `bits`: of its level; `rarity`: what the value, being rare, says more."""

    field: str
    one: str | None
    other: str | None
    level: str
    bits: float
    rarity: float


class Explained(Struct, frozen=True):
    """A pair weighed. `prior`: in bits, how likely any two rows are the same; `probability` follows from the sum."""

    one: str
    other: str
    prior: float
    fields: tuple[Said, ...]
    weight: float
    probability: float


def explain(name: str, entity: Entity, rows: Rows, weights: Weights, one: str, other: str) -> Explained:
    """The weights of a pair of rows, whether or not a block forms it.

    Raises:
        DataError: there is no row of that name.
    """
    import numpy as np

    ready, numbers = prepare(name, entity, rows), []
    for record in (one, other):
        number = ready.number_of(record)
        if number is None:
            known = rows.frame["record"].to_list()
            raise DataError(
                f"no row is called {record}", where=f"entities.{name}", mend=nearest(record, known[:10_000])
            )
        numbers.append(number)
    left, right = (np.array([number], dtype=np.int32) for number in numbers)
    weigher, found = Weigher(ready.fields, weights), list[Said]()
    for n, field in enumerate(ready.fields):
        levels = field.compare(left, right)
        level = int(levels[0])
        rarity = float(weigher.rarity(n, levels, left)[0]) if level != MISSING else 0.0
        ours, theirs = (None if (v := rows.frame[field.name][k]) is None else str(v) for k in numbers)
        bits = weights.fields[n].bits[level]
        found.append(Said(field.name, ours, theirs, field.levels[level], round(bits, 3), round(rarity, 3)))
    weight = sum(each.bits + each.rarity for each in found)
    prior = -weights.bits_of(0.5)
    probability = float(1 / (1 + np.exp2(np.clip(-prior - weight, -1000, 1000))))
    return Explained(one, other, round(prior, 3), tuple(found), round(weight, 3), round(probability, 6))
