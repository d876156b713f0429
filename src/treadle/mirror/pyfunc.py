"""A version as a model of MLflow: the files of its `pyfunc` flavour, with no row of anybody's among them.

A bundle proves itself by golden records, which are real rows. The files here have made-up records in their place, with
what the model says of them; of the bundle they hold the manifest and the graph, unchanged. Loading runs no code but
Treadle's own (`treadle.mirror.loading`): no pickle, no code file.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from platform import python_version
from typing import TYPE_CHECKING, Any

import msgspec

from treadle.errors import ModelError, RequestError
from treadle.models.bundle import Bundle, Golden, Manifest, json_values, raw_values
from treadle.models.reference import Numbers, Reference
from treadle.scoring.quantiles import name_of

if TYPE_CHECKING:
    from treadle.features.plan import FeatureColumn

MADE_UP = 24
_TRIES = 200
_KINDS = {"str": "string", "date": "datetime", "timestamp": "datetime"}
"""Types that pandas keeps where values are missing; of numbers and truth values it makes others, so any is taken."""
_WORDS = ("a", "b", "c", "")


class Shipped(msgspec.Struct, frozen=True):
    """What stands beside the graph. `golden`: made-up records."""

    manifest: Manifest
    golden: tuple[Golden, ...]


def without_rows(bundle: Bundle) -> Bundle:
    """The same model, proved by made-up records instead of real ones, and without its histograms.

    Raises:
        ModelError: it says no finite number of one of them, which nothing could be held to.
    """
    drawn, scorer = random.Random(0), bundle.scorer()
    made = []
    for _ in range(MADE_UP):
        values = json_values([_drawn(feature, drawn) for feature in bundle.manifest.features])
        told = scorer.score(raw_values(values, bundle.manifest.features))
        if not all(map(math.isfinite, told if isinstance(told, tuple) else (told,))):
            name = bundle.manifest.model
            raise ModelError(
                f"{name} says {told} of a made-up record", where=name, mend="it can be proved by none: fit it anew"
            )
        made.append(Golden(values, told, bundle.manifest.decided(told).prediction))
    return replace(bundle, golden=tuple(made), reference=Reference(0, {}, Numbers((), (), 0)), cost={})


def opened(shipped: bytes, graph: bytes, card: str) -> Bundle:
    """What `files` wrote.

    Raises:
        msgspec.MsgspecError: it is something else.
    """
    found = msgspec.json.decode(shipped, type=Shipped)
    return Bundle(found.manifest, graph, Reference(0, {}, Numbers((), (), 0)), found.golden, card, {}, "")


def files(bundle: Bundle, run: str, version: str) -> dict[str, bytes]:
    """The folder of the model, by path. `run`: the server's; `version`: of Treadle, which loading needs."""
    plain = without_rows(bundle)
    columns, example = columns_of(plain.manifest), example_of(plain)
    needs = f"treadle=={version}\nmlflow\npandas\n"
    about: dict[str, Any] = {
        "artifact_path": "model",
        "flavors": {
            "python_function": {
                "loader_module": "treadle.mirror.loading",
                "data": "data",
                "python_version": python_version(),
                "env": {"virtualenv": "python_env.yaml"},
            }
        },
        "metadata": {
            "treadle": {
                "model": bundle.manifest.model,
                "manifest": bundle.id,
                "refit": bundle.manifest.refit,
                "fields": {name: kind for name, kind, _ in columns},
            }
        },
        "run_id": run,
        "signature": {
            "inputs": msgspec.json.encode([_column(*column) for column in columns]).decode(),
            "outputs": msgspec.json.encode(_answers(bundle.manifest)).decode(),
            "params": None,
        },
        "utc_time_created": datetime.fromisoformat(bundle.manifest.created).strftime("%Y-%m-%d %H:%M:%S.%f"),
    }
    out = {
        "data/shipped.json": msgspec.json.encode(Shipped(plain.manifest, plain.golden)),
        "data/model.onnx": bundle.onnx,
        "data/card.md": bundle.card.encode(),
        "python_env.yaml": f"python: {python_version()}\ndependencies:\n- -r requirements.txt\n".encode(),
        "requirements.txt": needs.encode(),
    }
    if example is not None:
        about["saved_input_example_info"] = {
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "type": "dataframe",
        }
        split = {"columns": list(example), "data": [list(example.values())]}
        out["input_example.json"] = msgspec.json.encode(split)
    out["MLmodel"] = msgspec.json.encode(about)  # JSON is YAML
    return out


def columns_of(manifest: Manifest) -> list[tuple[str, str, bool]]:
    """(name, type, whether it must be there) of what it is asked with.

    Windows and lookups come from a state that only Treadle's own server keeps: here the caller tells them, by column.
    """
    fields = [(f.name, f.type, f.feature) for f in manifest.request.inputs.fields]
    return fields + [(f.name, f.type, True) for f in kept_elsewhere(manifest)]


def kept_elsewhere(manifest: Manifest) -> list[FeatureColumn]:
    return [f for f in manifest.features if f.origin in ("lookup", "window")]


def example_of(bundle: Bundle) -> Mapping[str, Any] | None:
    """A made-up record that the model's rules let in; None where none was hit upon."""
    from treadle.serving import RecordReader

    inputs, drawn = bundle.manifest.request.inputs, random.Random(1)
    reader = RecordReader(inputs)
    for _ in range(_TRIES):
        record = {f.name: json_values([_value(f.type, drawn, missing=False)])[0] for f in inputs.fields}
        try:
            reader.read(msgspec.json.encode(record))
        except RequestError:
            continue
        return record | {f.name: json_values([_value(f.type, drawn)])[0] for f in kept_elsewhere(bundle.manifest)}
    return None


def _drawn(feature: FeatureColumn, drawn: random.Random) -> Any:
    """A value of a feature; an exposure is there and above zero, or nothing is in proportion to it."""
    if feature.origin == "exposure":
        return 1 + _value(feature.type, drawn, missing=False)
    return _value(feature.type, drawn)


def _value(kind: str, drawn: random.Random, *, missing: bool = True) -> Any:
    if missing and drawn.random() < 0.1:
        return None
    if kind in ("date", "timestamp"):
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=drawn.randrange(1_000_000))
        return date(at.year, at.month, at.day) if kind == "date" else at
    makers: dict[str, Any] = {
        "bool": lambda: drawn.random() < 0.5,
        "int": lambda: drawn.randrange(100),
        "float": lambda: round(drawn.uniform(0, 100), 2),
        "str": lambda: drawn.choice(_WORDS),
    }
    return makers[kind]()


def _column(name: str, kind: str, required: bool) -> dict[str, Any]:
    return {"type": _KINDS.get(kind, "any"), "name": name, "required": required}


def _answers(manifest: Manifest) -> list[dict[str, Any]]:
    task = manifest.task
    decided = "boolean" if task.decides else "string" if task.classes else "double"
    out = [{"type": decided, "name": "prediction", "required": True}]
    if task.decides or task.classes:
        out.append({"type": "double", "name": "probability", "required": True})
    if task.decides:
        out.append({"type": "double", "name": "threshold", "required": True})
    names = [*map(name_of, task.levels), *(f"probability of {name}" for name in task.classes)]
    return out + [{"type": "double", "name": name, "required": True} for name in names]
