"""Loads what a mirror wrote, within MLflow: `mlflow.pyfunc.load_model(...)` calls `_load_pyfunc` here.

Nothing of MLflow is imported; pandas is, which whoever loads so has. It answers what `treadle predict` answers.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.errors import DataError, ModelError, nearest
from treadle.mirror.pyfunc import columns_of, kept_elsewhere, opened
from treadle.serving import LiveModel

if TYPE_CHECKING:
    import pandas as pd


def _load_pyfunc(path: str) -> Loaded:
    """The model of a folder `data`, proved on this machine.

    Raises:
        ModelError: a file is missing or damaged, or what it says of the made-up records is something else here.
    """
    folder = Path(path)
    try:
        graph, card = (folder / "model.onnx").read_bytes(), (folder / "card.md").read_text(encoding="utf-8")
        bundle = opened((folder / "shipped.json").read_bytes(), graph, card)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as bad:
        raise ModelError(
            f"this is no model that Treadle sent: {bad}", where=path, mend="log it again: treadle mirror PROJECT"
        ) from bad
    told = bundle.manifest.members.get("model.onnx")
    if told is None or told.sha256 != hashlib.sha256(graph).hexdigest():
        raise ModelError(
            "model.onnx is not what the manifest says", where=path, mend="log it again: treadle mirror PROJECT"
        )
    return Loaded(LiveModel(bundle), columns_of(bundle.manifest), [f.name for f in kept_elsewhere(bundle.manifest)])


class Loaded:
    """A model that answers for a frame. Belongs to one thread."""

    def __init__(self, live: LiveModel, columns: Sequence[tuple[str, str, bool]], told: Sequence[str]) -> None:
        """told: features that come from a state elsewhere, and here as columns."""
        self._live, self._columns, self._told = live, columns, told
        self._places = {f.name: place for place, f in enumerate(live.plan.features)}

    def predict(self, model_input: pd.DataFrame, params: dict[str, object] | None = None) -> pd.DataFrame:
        """A row for each of `model_input`: `prediction`, where it is one of classes `probability` and more, and
        where it is the middle one of several quantiles each of them, by its name.

        Columns that the model is not asked by are not read; times without a zone are UTC.

        Raises:
            DataError: a column that it looks at is not there.
            RequestError: a value that is none of its field, or breaks the contract; which row is said.
        """
        import pandas as pd

        names = [str(name) for name in model_input.columns]
        missing = [name for name, _, needed in self._columns if needed and name not in names]
        if missing:
            raise DataError(
                f"there is no column {', '.join(missing[:10])}",
                where=self._live.name,
                mend="windows and lookups are columns here" if missing[0] in self._told else nearest(missing[0], names),
            )
        columns = {
            name: [_plain(value, kind) for value in model_input[name]]
            for name, kind, _ in self._columns
            if name in names
        }
        scores = self._live.score_many(self._values(columns, len(model_input))) if len(model_input) else []
        answers = [self._live.task.decided(score, self._live.threshold) for score in scores]
        return pd.DataFrame([_row(answer) for answer in answers], index=model_input.index)

    def _values(self, columns: dict[str, list[Any]], rows: int) -> list[Sequence[Any]]:
        kinds = {name: kind for name, kind, _ in self._columns}
        asked = {name: values for name, values in columns.items() if name not in self._told}
        records = [{name: values[row] for name, values in asked.items()} for row in range(rows)]
        read = self._live.reader.read(msgspec.json.encode(records))
        out: list[Sequence[Any]] = []
        for number, record in enumerate(read if isinstance(read, list) else [read]):
            values = list(self._live.features(record, None)[0])
            for name in self._told:
                values[self._places[name]] = _typed(columns[name][number], kinds[name])
            out.append(values)
        return out


def _row(answer: Any) -> dict[str, bool | float | str]:
    row: dict[str, bool | float | str] = {"prediction": answer.prediction}
    if answer.probability is not None:
        row["probability"] = answer.probability
    if answer.threshold is not None:
        row["threshold"] = answer.threshold
    row |= answer.quantiles or {}
    return row | {f"probability of {name}": value for name, value in (answer.probabilities or {}).items()}


def _plain(value: Any, kind: str) -> Any:
    """A value of a frame as JSON has it; None where it is missing, whatever pandas writes for that."""
    if value is None or value != value or type(value).__name__ in ("NaTType", "NAType"):
        return None
    value = value.item() if hasattr(value, "item") and not isinstance(value, datetime) else value
    if isinstance(value, datetime):
        return value.date().isoformat() if kind == "date" else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if kind == "str" and not isinstance(value, str):
        return str(value)
    if kind == "int" and isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)  # pandas makes a float of a whole number, where another is missing in its column
    return value


def _typed(value: Any, kind: str) -> Any:
    readers: dict[str, Any] = {"timestamp": datetime.fromisoformat, "date": date.fromisoformat, "float": float}
    return value if value is None or kind not in readers else readers[kind](value)
