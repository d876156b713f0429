"""What was answered of rows elsewhere: a CSV file by key, read into what a task takes, or refused whole."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from treadle.errors import DataError, nearest

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from treadle.scoring.tasks import Task

    Array = np.ndarray[Any, Any]

ANSWER = "answer"


def read_answers(content: bytes, key: Sequence[str], ids: Sequence[str], task: Task, name: str) -> Array:
    """Of each row of `ids`, in their order: [rows], or [rows, classes]. The file's columns are those of the key and
    `answer`: a probability, a value, or a class; or a probability for each class, in a column of its name.

    Raises:
        DataError: no CSV, a column that is missing; rows without an answer, or with two; what cannot be an answer.
    """
    import polars as pl

    where, shown = f"the answers of {name}", ", ".join([*key, ANSWER])
    try:
        frame = pl.read_csv(io.BytesIO(content), infer_schema_length=0)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as bad:
        raise DataError(f"it is no CSV file: {bad}", where=where, mend=f"its columns are {shown}") from bad
    by_class = bool(task.classes) and ANSWER not in frame.columns
    wanted = [*key, *(task.classes if by_class else (ANSWER,))]
    missing = [each for each in wanted if each not in frame.columns]
    if missing:
        close = nearest(missing[0], frame.columns)
        raise DataError(f"there is no column {', '.join(missing[:5])}", where=where, mend=close or f"give {shown}")
    told = frame.select(pl.concat_str([pl.col(each).str.strip_chars() for each in key], separator=",").alias("id"),
                        *(pl.col(each) for each in wanted[len(key):]))  # fmt: skip
    asked = pl.DataFrame({"id": pl.Series(ids, dtype=pl.String)})
    mine = told.filter(pl.col("id").is_in(asked.get_column("id").to_list()))
    twice = mine.filter(pl.col("id").is_duplicated()).get_column("id").unique(maintain_order=True).to_list()
    if twice:
        found = f"{len(twice):,} rows have two answers, the first {key[0]} {twice[0]}"
        raise DataError(found, where=where, mend="leave one of each")
    joined = asked.join(mine, on="id", how="left", maintain_order="left")
    gaps = joined.filter(pl.any_horizontal(pl.col(each).is_null() for each in wanted[len(key) :]))
    if gaps.height:
        raise DataError(
            f"{gaps.height:,} of {len(ids):,} sealed rows have no answer, the first {key[0]} {gaps['id'][0]}",
            where=where,
            mend="let it answer all of them: treadle costs buy PROJECT --rows FILE writes them",
        )
    if by_class:
        return _shares([_numbers(joined.get_column(each), f"{where}, {each}") for each in task.classes], where)
    column = joined.get_column(ANSWER)
    return told_of(column if task.classes else _numbers(column, where), task, where, None)


def _numbers(column: pl.Series, where: str) -> pl.Series:
    import polars as pl

    found = column.str.strip_chars().cast(pl.Float64, strict=False)
    wrong = found.is_null() | ~found.is_finite()
    if wrong.any():
        raise DataError(f'"{column.filter(wrong)[0]}" is no number', where=where, mend="give a number for each row")
    return found


def _shares(columns: Sequence[pl.Series], where: str) -> Array:
    import numpy as np

    found = np.column_stack([each.to_numpy() for each in columns])
    if found.min() < 0 or np.abs(found.sum(axis=1) - 1).max() > 0.01:
        raise DataError("the classes' probabilities of a row do not sum to 1", where=where, mend="give probabilities")
    return found


def told_of(column: pl.Series, task: Task, what: str, usual: Any) -> Array:
    """A column of answers as what the task takes. `usual`: what stands for what is missing; None: nothing may be.

    Raises:
        DataError: probabilities beyond 0 and 1, names of no class, numbers where names are wanted.
    """
    import numpy as np
    import polars as pl

    if task.classes:
        names = column.cast(pl.String).str.strip_chars()
        strange = names.filter(names.is_not_null() & ~names.is_in(list(task.classes)))
        if len(strange):
            mend = nearest(str(strange[0]), task.classes)
            raise DataError(f'"{strange[0]}" is none of the classes', where=what, mend=mend)
        place = names.replace_strict(task.classes, range(len(task.classes)), default=None, return_dtype=pl.Int64)
        found: Array = np.eye(len(task.classes))[place.fill_null(0).to_numpy()]
        found[place.is_null().to_numpy()] = 0.0 if usual is None else usual
        return found
    if column.dtype == pl.String or column.dtype.is_temporal():
        raise DataError("it tells text or a time", where=what, mend="let it tell yes or no, or a number")
    numbers = column.cast(pl.Float64)
    if task.decides and ((numbers < 0) | (numbers > 1)).any():
        raise DataError("a probability lies from 0 to 1", where=what, mend="let it tell yes or no, or a probability")
    values: Array = numbers.fill_null(0.0 if usual is None else float(usual)).to_numpy()
    return values
