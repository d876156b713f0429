"""What one request may hold: fields, types and the contract's rules, compiled into a decoder and one check.

The description is data in the bundle (`inputs`), so a server needs nothing of the project's folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from treadle.errors import RequestError, nearest
from treadle.features import in_utc, value_at
from treadle.features.plan import attribute, renames
from treadle.models.request import Inputs

T = TypeVar("T")
ID = "prediction_id"
"""Reserved field of a record: the caller's own id for this prediction; made by the server when absent."""
Id = Annotated[str, Meta(min_length=1, max_length=200)]
"""Of a prediction, whoever made it: it is kept with each line, and joined by."""

_TYPES: dict[str, Any] = {
    "bool": bool,
    "int": Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],  # what a column of the tables can hold
    "float": float,
    "str": str,
    "date": date,
    "timestamp": datetime,
}
_AT = " - at `$"
_UNKNOWN, _MISSING = "Object contains unknown field `", "Object missing required field `"

_MOST_SHOWN = 80
MOST_ROWS = 10_000
"""Of one request: what is decoded and checked in one go holds up whoever comes after it."""
TOO_MANY = f"at most {MOST_ROWS:,} rows"
_MANY_BRACES = 5 * MOST_ROWS  # with more of them than this, rows are counted before any is made a record


def counted(found: T) -> T:
    """What was decoded, if it is not a longer list than one request may hold; else RequestError."""
    if isinstance(found, list) and len(found) > MOST_ROWS:
        raise too_many(f"{len(found):,}")
    return found


class _Row(Struct, gc=False):
    """A row of which nothing is read."""


_ROWS = msgspec.json.Decoder(list[_Row])


def rows_of_many(body: bytes) -> int:
    """How many rows a list has, where it has so many braces that it may have too many; else 0. Braces may as well stand
    in a text, or in rows of several parts.

    Raises:
        RequestError: it is no list of rows.
    """
    if len(body) <= _MANY_BRACES or body.count(b"{") <= _MANY_BRACES or body.lstrip()[:1] != b"[":
        return 0
    return len(decoded(_ROWS, body, (), ""))


def too_many(rows: str) -> RequestError:
    return RequestError(
        f"the list has {rows} rows; one request may have {MOST_ROWS:,} rows",
        field="",
        value=None,
        rule=TOO_MANY,
        mend="nothing of it was taken: send it in parts",
    )


class Record(Struct, gc=False):
    """A request's record; its fields are those of the model's inputs, under the names of `features.plan.attribute`."""

    if TYPE_CHECKING:
        prediction_id: str | None


class RecordReader:
    """Decodes and checks request bodies. `record` is the Struct type that records become."""

    def __init__(self, inputs: Inputs, name: str = "Record") -> None:
        from treadle import expr

        self.inputs = inputs
        needed = [(attribute(f.name), _TYPES[f.type]) for f in inputs.fields if not f.nullable]
        optional = [(attribute(f.name), _TYPES[f.type] | None, None) for f in inputs.fields if f.nullable]
        # gc=False: records hold no cycles, and the collector's walks over them cost latency
        self.record: type[Record] = msgspec.defstruct(  # type: ignore[assignment]
            name,
            [*needed, *optional, (ID, Id | None, None)],
            bases=(Record,),
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
        hard, soft = ["def broken(r):"], ["def odd(r):", "    found = []"]
        for index, rule in enumerate(inputs.rules):
            source = expr.row_source(rule.expression, types, variables, where=rule.id)
            if rule.soft:
                soft.append(f"    if ({source}) is False: found.append({index})")
            else:
                hard.append(f"    if ({source}) is False: return {index}")
        self.source = "\n".join([*hard, "    return -1", *soft, "    return found"])
        exec(compile(self.source, "<request rules>", "exec"), namespace)
        self._broken: Callable[[Any], int] = namespace["broken"]
        self._odd: Callable[[Any], list[int]] = namespace["odd"]

    def read(self, body: bytes) -> Record | list[Record]:
        """A record, or a list of records. RequestError names field, value and rule of the first that is wrong."""
        found: Record | list[Record] = decoded(self._decoder, body, self._names, "a record has")
        if isinstance(found, list):
            for index, record in enumerate(found):
                self._check(record, f"[{index}].")
        else:
            self._check(found, "")
        return found

    def warnings(self, record: Record) -> list[str]:
        """A sentence for each soft rule that a record breaks, which is answered all the same."""
        rules = [self.inputs.rules[index] for index in self._odd(record)]
        return [f"{r.field} is {_cut(getattr(record, attribute(r.field), None))}, but {r.text}" for r in rules]

    def beyond(self, records: Sequence[Record]) -> list[str]:
        """A sentence for each soft rule that some of many records break."""
        broken = Counter(index for record in records for index in self._odd(record))
        return [
            f"{self.inputs.rules[index].text}, and does not in {count:,} of {len(records):,} rows"
            for index, count in sorted(broken.items())
        ]

    def _check(self, record: Record, place: str) -> None:
        for kept, name in self._times:
            value = getattr(record, kept)
            if value is not None and value.tzinfo is not UTC:
                setattr(record, kept, in_utc(value, f"{place}{name}"))
        index = self._broken(record)
        if index >= 0:
            rule = self.inputs.rules[index]
            value = getattr(record, attribute(rule.field), None)
            raise RequestError(
                f"{place}{rule.field} is {_cut(value)}, but {rule.text}",
                field=f"{place}{rule.field}",
                value=value,
                rule=rule.text,
                mend="correct the value",
            )


def _cut(value: object) -> str:
    """A value as it is told in a sentence, which is never longer for what was sent."""
    shown = repr(value[: 2 * _MOST_SHOWN] if isinstance(value, str) else value)
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"


def decoded(decoder: msgspec.json.Decoder[Any], body: bytes, names: Sequence[str], they: str) -> Any:
    """The body, typed. RequestError names field, value and rule; `they`: begins the sentence that lists `names`."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as bad:
        raise _refusal(bad, body, names, they) from bad
    except (msgspec.DecodeError, ValueError, RecursionError) as bad:  # ValueError: bytes or digits that nothing holds
        deep = isinstance(bad, RecursionError)
        raise RequestError(
            "the body is nested too deeply" if deep else f"the body is not valid JSON: {bad}",
            field="",
            value=None,
            rule="json",
            mend="send one JSON object, or a list of them",
        ) from bad


def _refusal(bad: msgspec.ValidationError, body: bytes, names: Sequence[str], they: str) -> RequestError:
    what, path = _taken_apart(str(bad), in_a_list=body.lstrip()[:1] == b"[")
    prefix = f"{path}." if path else ""
    if what.startswith(_UNKNOWN):
        name = what[len(_UNKNOWN) : -1]
        return RequestError(
            f'unknown field "{prefix}{name}"',
            field=prefix + name,
            value=value_at(body, prefix + name),
            rule="no unknown fields",
            mend=nearest(name, names) or "remove the field",
        )
    if what.startswith(_MISSING):
        name = what[len(_MISSING) : -1]
        return RequestError(
            f'the field "{prefix}{name}" is missing',
            field=prefix + name,
            value=None,
            rule="required",
            mend=f"{they}: {', '.join(names)}",
        )
    rule = what[0].lower() + what[1:].replace("`", "")
    return RequestError(
        f"{path or 'the body'}: {rule}",
        field=path,
        value=value_at(body, path),
        rule=rule,
        mend="see /openapi.json for the types",
    )


def _taken_apart(message: str, *, in_a_list: bool) -> tuple[str, str]:
    """(what is wrong, where) of a message of msgspec's, in one pass: the name of an unknown field is the caller's own.

    Whatever such a name holds, where it stood is told by the body: nowhere for one record, else behind its last mark.
    """
    if message.startswith(_UNKNOWN):
        what, _, path = message.rpartition(_AT) if in_a_list else (message, "", "")
    else:
        what, _, path = message.partition(_AT)
    return what, path.rstrip("`").lstrip(".")


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
        rules = [f"{r.text}{' (else a warning)' * r.soft}" for r in inputs.rules if r.field == field.name]
        if rules:
            found["description"] = "; ".join(rules)
        properties[field.name] = found
    properties[ID] = {
        "type": ["string", "null"],
        "description": "your own id of it, of 1 to 200 characters",
    }
    required = [f.name for f in inputs.fields if not f.nullable]
    schema = {"type": "object", "additionalProperties": False, "properties": properties, "required": required}
    example = {f.name: f.example for f in inputs.fields if f.example is not None}
    return {**schema, "example": example} if example and example.keys() >= set(required) else schema
