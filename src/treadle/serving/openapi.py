"""The endpoint's OpenAPI description, from the model's request schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from treadle.serving.inputs import openapi_schema

if TYPE_CHECKING:
    from treadle.scoring import Task
    from treadle.serving.endpoint import Endpoint


def openapi(endpoint: Endpoint) -> dict[str, Any]:
    """OpenAPI 3.1, valid for the model that is served now."""
    record, answer = _ref("Record"), _ref("Prediction")
    paths: dict[str, Any] = {
        "/predict": _post("Predict one record, or a list of them.", _either(record), _either(answer)),
        "/outcomes": _post("Tell what really came of predictions.", _either(_ref("Outcome")), _taken()),
        "/healthz": _get("Is the process alive?"),
        "/readyz": _get("Do the golden records come out right on this machine?"),
        "/metrics": {"get": {"summary": "Counters for Prometheus.", "responses": {"200": {"description": "text"}}}},
    }
    for view, fields in endpoint.event_fields().items():
        schema = {"type": "object", "properties": {name: _TYPES[kind] for name, kind in fields.items()}}
        paths[f"/events/{view}"] = _post(
            f"Tell of rows of {view} as they become known.", _either(schema), _taken_rows()
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{endpoint.name} ({endpoint.model})",
            "version": endpoint.model,
            "description": endpoint.decision,
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Record": openapi_schema(endpoint.inputs),
                "Prediction": _prediction(endpoint.live.task, endpoint.quantiles),
                "Outcome": _OUTCOME,
                "Error": {
                    "type": "object",
                    "properties": {
                        "error": {"type": "string"},
                        "field": {"type": "string"},
                        "value": {},
                        "rule": {"type": "string"},
                        "mend": {"type": "string"},
                    },
                },
            }
        },
    }


_TYPES: dict[str, dict[str, Any]] = {
    "bool": {"type": ["boolean", "null"]},
    "int": {"type": ["integer", "null"]},
    "float": {"type": ["number", "null"]},
    "str": {"type": ["string", "null"]},
    "date": {"type": ["string", "null"], "format": "date"},
    "timestamp": {"type": ["string", "null"], "format": "date-time"},
}
_PREDICTION: dict[str, Any] = {
    "type": "object",
    "required": ["prediction_id", "prediction", "model"],
    "properties": {
        "prediction_id": {"type": "string"},
        "prediction": {"type": ["boolean", "number", "string"]},
        "probability": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "threshold": {"type": ["number", "null"]},
        "model": {"type": "string"},
        "probabilities": {"type": "object", "additionalProperties": {"type": "number"}},
        "quantiles": {"type": "object", "additionalProperties": {"type": "number"}},
        "warnings": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Of soft rules of the contract that the record breaks; it is answered all the same.",
        },
    },
}


def _named(names: tuple[str, ...], each: dict[str, Any]) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "required": list(names),
        "additionalProperties": False,
        "properties": dict.fromkeys(names, each),
    }


def _prediction(task: Task, quantiles: tuple[str, ...]) -> dict[str, Any]:
    """An answer; of several classes, and of quantiles, with their names, and how it is decided among classes."""
    if quantiles:
        spread = {"prediction": {"type": "number"}, "quantiles": _named(quantiles, {"type": "number"})}
        return {**_PREDICTION, "properties": {**_PREDICTION["properties"], **spread}}
    classes = task.classes
    if not classes:
        return _PREDICTION
    said: dict[str, Any] = {"description": "The likeliest class."}
    if task.costs:
        costs = {true: dict(zip(classes, row, strict=True)) for true, row in zip(classes, task.costs, strict=True)}
        said = {
            "description": "The class of least expected cost under the probabilities; `x-costs` are those of mistakes, "
            "by the class that is true, then by the one that is decided on.",
            "x-costs": costs,
        }
    each = {"type": "number", "minimum": 0, "maximum": 1}
    named = {
        "prediction": {"type": "string", "enum": list(classes), **said},
        "probability": {**_PREDICTION["properties"]["probability"], "description": "Of the class that is decided on."},
        "probabilities": _named(classes, each),
    }
    return {**_PREDICTION, "properties": {**_PREDICTION["properties"], **named}}


_OUTCOME = {
    "type": "object",
    "required": ["prediction_id", "label"],
    "properties": {
        "prediction_id": {"type": "string", "minLength": 1, "maxLength": 200},
        "label": {"type": ["boolean", "number", "string"]},
        "known": {"type": ["string", "null"], "format": "date-time"},
    },
}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _either(schema: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [schema, {"type": "array", "items": schema}]}


def _taken() -> dict[str, Any]:
    return {"type": "object", "properties": {"taken": {"type": "integer"}}}


def _taken_rows() -> dict[str, Any]:
    unknown = {"type": "object", "additionalProperties": {"type": "integer"}}
    return {"type": "object", "properties": {"taken": {"type": "integer"}, "unknown_fields": unknown}}


def _post(text: str, body: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    refused = {
        "description": "Refused: names field, value and rule.",
        "content": {"application/json": {"schema": _ref("Error")}},
    }
    return {
        "post": {
            "summary": text,
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": {
                "200": {"description": "Done.", "content": {"application/json": {"schema": answer}}},
                "400": refused,
                "422": refused,
            },
        }
    }


def _get(text: str) -> dict[str, Any]:
    return {"get": {"summary": text, "responses": {"200": {"description": "Yes."}, "503": {"description": "No."}}}}
