"""The rows as the peers take them: dates as numbers, text as objects. Needs pandas, in the peers' environments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.automl.task import HELD_OUT, LABEL, TRAIN


@dataclass(frozen=True, eq=False)
class Frames:
    train: pd.DataFrame
    label: pd.Series[Any]
    held_out: pd.DataFrame
    text: tuple[str, ...]
    """Columns of text; all others hold numbers."""

    @staticmethod
    def read(folder: Path) -> Frames:
        train = pd.read_parquet(folder / TRAIN)
        label = train.pop(LABEL)
        train, held_out = _plain(train), _plain(pd.read_parquet(folder / HELD_OUT))
        text = tuple(name for name in train.columns if not pd.api.types.is_numeric_dtype(train[name]))
        return Frames(train, label, held_out[train.columns], text)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            columns |= _parts(name, values)
        elif pd.api.types.is_bool_dtype(values):
            columns[name] = values.astype("int64")
        elif pd.api.types.is_numeric_dtype(values):
            columns[name] = values
        else:
            columns[name] = values.astype(object).where(values.notna(), float("nan"))
    return pd.DataFrame(columns)


def days_column(name: str) -> str:
    """The column that holds the days since 1970 of the dates in `name`."""
    return f"{name}_days"


def _parts(name: str, values: pd.Series[Any]) -> dict[str, Any]:
    """What is known to help of a date: the days since 1970, and the parts that come round."""
    return {
        days_column(name): (values - pd.Timestamp("1970-01-01")) / pd.Timedelta("1D"),
        f"{name}_month": values.dt.month,
        f"{name}_day": values.dt.day,
        f"{name}_weekday": values.dt.dayofweek,
        f"{name}_day_of_year": values.dt.dayofyear,
        f"{name}_hour": values.dt.hour + values.dt.minute / 60,
    }
