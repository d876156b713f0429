"""Make a pilot of this project: one airport, seven weeks, five people. `python examples/flights/pilot.py FOLDER`.

It is quick, so that a team can be seen at work on it (docs/story.md) within minutes. It predicts what the example does,
from the same; there is less of it, one quick family of models, and a brief that names who does what.
"""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path

import polars as pl

SOURCE = Path(__file__).parent
AIRPORT, UNTIL = "EWR", datetime(2013, 2, 20)
PEOPLE = """  mistakes: {missed: 3.00, false_alarm: 1.00, currency: USD}
  limits: {p99_ms: 50, bundle_mb: 5, train_cost: 0.50, train_minutes: 5}
  charter:
    vision: Fewer passengers learn at the gate that they are late.
    objectives: [warn an hour before, no flood of false alarms]
    duties:
      the model: {accountable: ada, responsible: [lin], consulted: [grace], informed: [bo]}
      the data:  {accountable: lin, responsible: [lin], consulted: [ada]}
  people:
    owner: ada
    reviewers: [grace, lin]
    roles: {data_scientist: [ada], data_engineer: [lin], domain_expert: [grace], project_manager: [bo]}
    required: [software_engineer]            # nothing is released while nobody holds it
    signs: [domain_expert]                   # one who holds it signs a version before it is approved
    approve: reviewer
"""
CHANGES = (
    ("test: 0.2, folds: 4", "test: 0.4, folds: 2"),
    ("families: auto, search: bayesian", "families: [lightgbm], search: none"),
    ("must_have:   {average_precision: 0.45}", "must_have:   {average_precision: 0.30}"),
    ("good_enough: {average_precision: 0.60}", "good_enough: {average_precision: 0.95}"),
)


def make(project: Path) -> Path:
    """Raises FileExistsError: the folder is there already."""
    (project / "data").mkdir(parents=True)
    shutil.copytree(SOURCE / "contracts", project / "contracts")
    for name, column in (("flights", "sched_dep"), ("weather", "observed_at")):
        frame = pl.read_parquet(SOURCE / "data" / f"{name}.parquet")
        early = pl.col(column).dt.replace_time_zone(None) < UNTIL
        frame.filter((pl.col("origin") == AIRPORT) & early).write_parquet(project / "data" / f"{name}.parquet")
    shutil.copy(SOURCE / "data" / "planes.parquet", project / "data" / "planes.parquet")
    shutil.copy(SOURCE / "grace.py", project / "grace.py")
    text = (SOURCE / "treadle.yaml").read_text(encoding="utf-8")
    begins, ends = text.index("  mistakes:"), text.index("\naccess:")
    text = text[:begins] + PEOPLE + text[ends:]
    for old, new in CHANGES:
        if old not in text:
            raise ValueError(f"treadle.yaml of the example has no {old!r} any more")
        text = text.replace(old, new)
    (project / "treadle.yaml").write_text(text, encoding="utf-8")
    return project


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python pilot.py FOLDER")
    print(f"made {make(Path(sys.argv[1]))}; next: cd {sys.argv[1]} && treadle check .")
