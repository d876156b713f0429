"""What one request may hold: fields, types and the contract's rules, compiled into a decoder and one check.

The description is data in the bundle (`inputs`), so a server needs nothing of the project's folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from treadle.errors import RequestError, nearest
from treadle.features.plan import attribute, renames

ID = "prediction_id"
"""Reserved field of a record: the caller's own id for this prediction; made by the server when absent."""

_TYPES: dict[str, Any] = {
    "bool": bool,
    "int": Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],  # what a column of the tables can hold
    "float": float,
    "str": str,
    "date": date,
    "timestamp": datetime,
}
_AT = re.compile(r" - at `\$(?P<path>.*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*)`")
_MISSING = re.compile(r"required field `(?P<name>.*)`")


def in_utc(moment: datetime, field: str) -> datetime:
    """A time without a zone is taken as UTC, as the sources' times are; RequestError if UTC has no such time."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as bad:  # the last hours of the year 9999 west of Greenwich, the first of year 1 east of it
        raise RequestError(
            f"{field} is {moment.isoformat()}, which no calendar has in UTC",
            field=field,
            value=moment.isoformat(),
            rule="a time in the years 1 to 9999 UTC",
            mend="correct the value",
        ) from bad


class InputRule(Struct, frozen=True):
    """A row rule of the contract: `expression` must not be false for the record."""

    id: str
    field: str
    text: str
    expression: str


class InputField(Struct, frozen=True):
    name: str
    type: str
    nullable: bool = True
    feature: bool = True
    """False: kept with the prediction (an entity or key) but not seen by the model."""
    example: Any = None


class Inputs(Struct, frozen=True):
    """The request schema of a model."""

    fields: tuple[InputField, ...]
    rules: tuple[InputRule, ...] = ()


class RecordReader:
    """Decodes and checks request bodies. `record` is the Struct type that records become."""

    def __init__(self, inputs: Inputs, name: str = "Record") -> None:
        from treadle import expr

        self.inputs = inputs
        needed = [(attribute(f.name), _TYPES[f.type]) for f in inputs.fields if not f.nullable]
        optional = [(attribute(f.name), _TYPES[f.type] | None, None) for f in inputs.fields if f.nullable]
        # gc=False: records hold no cycles, and the collector's walks over them cost latency
        self.record: Any = msgspec.defstruct(
            name,
            [*needed, *optional, (ID, Annotated[str, Meta(min_length=1)] | None, None)],
            kw_only=True,
            forbid_unknown_fields=True,
            gc=False,
            rename=renames(f.name for f in inputs.fields),
        )
        one_or_many: Any = self.record | list[self.record]  # type: ignore[name-defined]
        self._decoder = msgspec.json.Decoder(one_or_many)
        self._names = tuple(f.name for f in inputs.fields)
        self._times = tuple((attribute(f.name), f.name) for f in inputs.fields if f.type == "timestamp")
        types: dict[str, Any] = {f.name: f.type for f in inputs.fields}
        variables = {name: f"r.{attribute(name)}" for name in types}
        namespace: dict[str, Any] = dict(expr.row_namespace())
        lines = ["def broken(r):"]
        for index, rule in enumerate(inputs.rules):
            source = expr.to_row(expr.parse(rule.expression, types, where=rule.id), variables)
            lines.append(f"    if ({source}) is False: return {index}")
        lines.append("    return -1")
        self.source = "\n".join(lines)
        exec(compile(self.source, "<request rules>", "exec"), namespace)
        self._broken: Callable[[Any], int] = namespace["broken"]

    def read(self, body: bytes) -> Any:
        """A record, or a list of records. RequestError names field, value and rule of the first that is wrong."""
        found = decoded(self._decoder, body, self._names, "a record has")
        if type(found) is list:
            for index, record in enumerate(found):
                self._check(record, f"[{index}].")
        else:
            self._check(found, "")
        return found

    def _check(self, record: Any, place: str) -> None:
        for kept, name in self._times:
            value = getattr(record, kept)
            if value is not None and value.tzinfo is not UTC:
                setattr(record, kept, in_utc(value, f"{place}{name}"))
        index = self._broken(record)
        if index >= 0:
            rule = self.inputs.rules[index]
            value = getattr(record, attribute(rule.field), None)
            raise RequestError(
                f"{place}{rule.field} is {value!r}, but {rule.text}",
                field=f"{place}{rule.field}",
                value=value,
                rule=rule.text,
                mend="correct the value",
            )


def decoded(decoder: msgspec.json.Decoder[Any], body: bytes, names: Sequence[str], they: str) -> Any:
    """The body, typed. RequestError names field, value and rule; `they`: begins the sentence that lists `names`."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as bad:
        raise _refusal(bad, body, names, they) from bad
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
        deep = isinstance(bad, RecursionError)
        raise RequestError(
            "the body is nested too deeply" if deep else f"the body is not valid JSON: {bad}",
            field="",
            value=None,
            rule="json",
            mend="send one JSON object, or a list of them",
        ) from bad


def _refusal(bad: msgspec.ValidationError, body: bytes, names: Sequence[str], they: str) -> RequestError:
    message = str(bad)
    at = _AT.search(message)
    path = at["path"].lstrip(".") if at else ""
    what = message[: at.start()] if at else message
    unknown, missing = _UNKNOWN.search(what), _MISSING.search(what)
    prefix = f"{path}." if path else ""
    if unknown:
        return RequestError(
            f'unknown field "{prefix}{unknown["name"]}"',
            field=prefix + unknown["name"],
            value=_dig(body, prefix + unknown["name"]),
            rule="no unknown fields",
            mend=nearest(unknown["name"], names) or "remove the field",
        )
    if missing:
        return RequestError(
            f'the field "{prefix}{missing["name"]}" is missing',
            field=prefix + missing["name"],
            value=None,
            rule="required",
            mend=f"{they}: {', '.join(names)}",
        )
    rule = what[0].lower() + what[1:].replace("`", "")
    return RequestError(
        f"{path or 'the body'}: {rule}",
        field=path,
        value=_dig(body, path),
        rule=rule,
        mend="see /openapi.json for the types",
    )


def _dig(body: bytes, path: str) -> Any:
    """The value that stands at `[2].origin` in a body that is valid JSON."""
    try:
        value: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # refused before the end of the body was read
        return None
    for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def openapi_schema(inputs: Inputs) -> dict[str, Any]:
    """The JSON Schema of one record."""
    json_types: dict[str, dict[str, Any]] = {
        "bool": {"type": "boolean"},
        "int": {"type": "integer"},
        "float": {"type": "number"},
        "str": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "timestamp": {"type": "string", "format": "date-time"},
    }
    properties: dict[str, Any] = {}
    for field in inputs.fields:
        found = dict(json_types[field.type])
        if field.nullable:
            found["type"] = [found["type"], "null"]
        rules = [rule.text for rule in inputs.rules if rule.field == field.name]
        if rules:
            found["description"] = "; ".join(rules)
        properties[field.name] = found
    properties[ID] = {"type": ["string", "null"], "description": "your own id for this prediction"}
    required = [f.name for f in inputs.fields if not f.nullable]
    schema = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
    example = {f.name: f.example for f in inputs.fields if f.example is not None}
    return {**schema, "example": example} if example and example.keys() >= set(required) else schema
