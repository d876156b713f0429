"""Data contracts: `load` one, `check` a table against it in one pass, `propose` one for a table that has none.

It does not read a source (`treadle.sources` does) and mends no row: a row is good, or set aside with its reason.
"""

from treadle.contracts.beside import Beside, Last, compared_with_last, others_of
from treadle.contracts.checking import check
from treadle.contracts.proposal import propose
from treadle.contracts.reading import export, load
from treadle.contracts.report import Report, RuleResult, raise_if_broken
from treadle.contracts.rules import Bound, Contract, Rule, row_rules
from treadle.contracts.sifting import Sifted, imported
from treadle.contracts.verdict import stale

__all__ = [
    "Beside",
    "Bound",
    "Contract",
    "Last",
    "Report",
    "Rule",
    "RuleResult",
    "Sifted",
    "check",
    "compared_with_last",
    "export",
    "imported",
    "load",
    "others_of",
    "propose",
    "raise_if_broken",
    "row_rules",
    "stale",
]
