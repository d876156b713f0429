"""Fill in a sheet of rows as Grace does in docs/story.md, who works at the gates: `python grace.py rows.csv`.

A person fills it in by hand, in any spreadsheet. She knows nothing of the model: of flights drawn to audit she says
what the hours before them make likely, and of some that were booked as late she says that they cannot be.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

NOT_LATE = "diverted, and booked as late"


def fill(file: Path) -> int:
    """How many rows something was said of."""
    with file.open(encoding="utf-8-sig", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    said = 0
    for number, row in enumerate(rows):
        if "audit" in row["why"]:
            row["label"] = "yes" if float(row["origin_departures_late_share_3h"] or 0) > 0.3 else "no"
        elif "costly error" in row["why"] and number % 3 == 0:
            row["implausible"], row["comment"] = "row", NOT_LATE
        elif "odd slice" in row["why"]:
            row["label"] = row["source"]
        said += bool(row["label"] or row["implausible"])
    with file.open("w", encoding="utf-8-sig", newline="") as sheet:
        writer = csv.DictWriter(sheet, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return said


if __name__ == "__main__":
    print(f"something is said of {fill(Path(sys.argv[1]))} rows")
