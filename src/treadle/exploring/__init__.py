"""The tables that a project keeps, looked into: snapshots listed, asked by SQL, profiled, compared.

It only reads; how a column is measured is known by `treadle.profiling`.
"""

__all__: list[str] = []
OPEN = (
    "asking",
    "contracted",
    "describing",
    "differing",
    "entities_found",
    "experts",
    "experts_found",
    "found",
    "labelled",
    "measured",
    "quarantined",
    "reconciled",
    "snapshots",
)
