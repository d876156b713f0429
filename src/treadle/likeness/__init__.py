"""Which column of one table is meant by which of another: scored from 0 to 1 by name, type and values.

It proposes and decides nothing: a person accepts. It is given rows, or columns that a contract describes.

`described` tells what a table's columns are like; `proposals` pairs those of a source with those of a target, each at
most once; `name_likeness` scores two names.
"""

from treadle.likeness.describing import Described, described, stated
from treadle.likeness.names import name_likeness
from treadle.likeness.proposing import SURE, Proposed, proposals

__all__ = ["SURE", "Described", "Proposed", "described", "name_likeness", "proposals", "stated"]
