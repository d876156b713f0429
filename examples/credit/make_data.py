"""Make data/credit.csv from Default.csv of the PyPI package ISLP (BSD 3-clause).

pip download ISLP==0.6.0 --no-deps
python make_data.py islp-0.6.0-py3-none-any.whl
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import polars as pl


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        frame = pl.read_csv(wheel.read("ISLP/data/Default.csv"))
    out = Path(__file__).parent / "data" / "credit.csv"
    out.parent.mkdir(exist_ok=True)
    # Cents are exact enough, and make the file half as long; the account number is the row of the source.
    frame = frame.with_row_index("account", offset=1).with_columns(pl.col("balance", "income").round(2))
    frame.write_csv(out)
    print(f"{out.name}: {frame.height} rows, {(frame['default'] == 'Yes').sum()} defaults")


if __name__ == "__main__":
    main()
