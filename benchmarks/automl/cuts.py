"""A set cut into training rows and the held-out fifth, once for all systems.

By time: the last fifth. Otherwise by lot, the classes dealt out evenly, by the seed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.automl.sets import TabularSet
from benchmarks.automl.task import HELD_OUT, LABEL, TRAIN

HELD_OUT_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Cut:
    """`folder` holds the rows as the systems read them; `truth` are the labels of the held-out rows, kept from them."""

    folder: Path
    truth: np.ndarray[Any, Any]
    train_rows: int
    classes: int
    time_column: str | None


def cut(chosen: TabularSet, data: Path, folder: Path, seed: int) -> Cut:
    rows = pl.read_parquet(data / chosen.file)
    if chosen.time_column:
        rows = rows.sort(chosen.time_column, maintain_order=True)
    label, classes = labels(rows.get_column(chosen.target), chosen.kind)
    frame = _named(rows.drop(chosen.target))
    train, held_out = places(label, chosen, seed)
    frame[train].with_columns(pl.Series(LABEL, label[train])).write_parquet(folder / TRAIN)
    frame[held_out].write_parquet(folder / HELD_OUT)
    column = None if chosen.time_column is None else _word(chosen.time_column)
    return Cut(folder, label[held_out], len(train), classes, column)


def labels(target: pl.Series, kind: str) -> tuple[np.ndarray[Any, Any], int]:
    """Labels as numbers, and how many classes: for binary the rarer class is 1, otherwise classes by their names."""
    if kind == "regression":
        return target.cast(pl.Float64).to_numpy(), 0
    names = sorted(target.unique().to_list(), key=str)
    if kind == "binary":
        counts = dict(target.value_counts().iter_rows())
        names.sort(key=lambda name: -counts[name])
    number = {name: place for place, name in enumerate(names)}
    return np.array([number[value] for value in target.to_list()], dtype=np.int64), len(names)


def places(
    label: np.ndarray[Any, Any], chosen: TabularSet, seed: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Positions of training and held-out rows, in their order."""
    every = np.arange(len(label))
    if chosen.time_column:
        edge = int(len(label) * (1 - HELD_OUT_SHARE))
        return every[:edge], every[edge:]
    from sklearn.model_selection import train_test_split

    strata = None if chosen.kind == "regression" else label
    train, held_out = train_test_split(every, test_size=HELD_OUT_SHARE, random_state=seed, stratify=strata)
    return np.sort(train), np.sort(held_out)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Columns with names that no peer stumbles over, and missing numbers as such."""
    names = [_word(name) for name in frame.columns]
    if len(set(names)) < len(names):
        names = [f"{name}_{place}" if names.index(name) < place else name for place, name in enumerate(names)]
    return frame.rename(dict(zip(frame.columns, names, strict=True))).with_columns(
        pl.col(pl.Float32, pl.Float64).fill_nan(None)
    )


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)
