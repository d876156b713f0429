"""Data contracts: `load` one, `check` a table against it in one pass, or in parts (`PartedCheck`), `propose` one.

It does not read a source (`treadle.sources` does) and mends no row: a row is good, or set aside with its reason.
"""

from treadle.contracts.beside import Beside, Last, compared_with_last, others_of
from treadle.contracts.checking import check
from treadle.contracts.moved import NO_LAST
from treadle.contracts.parted import Checked, PartedCheck, Parts, needs_all_rows
from treadle.contracts.proposal import propose
from treadle.contracts.reading import export, load
from treadle.contracts.report import Judged, Report, RuleResult, raise_if_broken
from treadle.contracts.rules import Bound, Contract, Rule, row_rules
from treadle.contracts.sifting import Sifted, imported
from treadle.contracts.verdict import stale

__all__ = [
    "NO_LAST",
    "Beside",
    "Bound",
    "Checked",
    "Contract",
    "Judged",
    "Last",
    "PartedCheck",
    "Parts",
    "Report",
    "Rule",
    "RuleResult",
    "Sifted",
    "check",
    "compared_with_last",
    "export",
    "imported",
    "load",
    "needs_all_rows",
    "others_of",
    "propose",
    "raise_if_broken",
    "row_rules",
    "stale",
]
