"""Rows of a source as the columns of one target schema: names, types, units, currencies, time zones, nesting.

It reads nothing and judges no row: it is given rows, what the project file says of their columns, and rates that were
read. Which column of a source is meant by which of a target, `treadle.likeness` proposes.

`apply` makes the table; `read_by` says which columns of the source each of its columns is made of.
"""

from treadle.mapping.applying import Applied, added_up, apply
from treadle.mapping.instants import as_instants, instants_in, unmarked
from treadle.mapping.offsets import offsets_of
from treadle.mapping.paths import NotMade, NotThere, root_of
from treadle.mapping.rates import Rates, rates_of
from treadle.mapping.reading import as_read, column_at_source, rates_in, read_by
from treadle.mapping.units import Linear, between, same_dimension
from treadle.mapping.zones import Placed, placed

__all__ = [
    "Applied",
    "Linear",
    "NotMade",
    "NotThere",
    "Placed",
    "Rates",
    "added_up",
    "apply",
    "as_instants",
    "as_read",
    "between",
    "column_at_source",
    "instants_in",
    "offsets_of",
    "placed",
    "rates_in",
    "rates_of",
    "read_by",
    "root_of",
    "same_dimension",
    "unmarked",
]
