"""Rows of views and looked-up sources as they are posted: read, refused, and added to online state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import msgspec

from treadle import expr
from treadle.errors import RequestError
from treadle.features.bodies import in_utc, value_at
from treadle.features.online import key_source, micros_of
from treadle.features.plan import FeaturePlan, Stream, attribute, renames, stream_types
from treadle.features.state import SLACK_US, EventRow, LookupRow, OnlineState, keep_of

_PYTHON: dict[str, Any] = {
    "bool": bool,
    "int": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    "float": float,
    "str": str,
    "date": date,
    "timestamp": datetime,
}


class EventReader:
    """Decodes posted rows of one view or looked-up source and adds them to the state."""

    def __init__(self, plan: FeaturePlan, name: str) -> None:
        self.name = name
        self.view = plan.views.get(name) if name in plan.arguments else None
        self.lookups = [(label, s) for label, s in plan.lookup_streams.items() if s.told_as == name]
        self.streams: list[Stream] = [s for s in [self.view] if s] + [s for _, s in self.lookups]
        self.types: dict[str, Any] = {}
        for stream in self.streams:
            self.types.update(stream.types)
        fields = [(attribute(n), _PYTHON[kind] | None, None) for n, kind in self.types.items()]
        self.row: Any = msgspec.defstruct("Event", fields, kw_only=True, rename=renames(self.types))
        one_or_many: Any = self.row | list[self.row]  # type: ignore[name-defined]
        self._decoder = msgspec.json.Decoder(one_or_many)
        self._times = [n for n, kind in self.types.items() if kind == "timestamp"]
        self.arguments = plan.arguments.get(name, ())
        self.keep = keep_of(plan, name)
        ages = {lookup.stream: lookup.max_age_us for lookup in plan.lookups}
        self._event = _event_function(self.view, [a.text for a in self.arguments]) if self.view else None
        self._versions = [(label, _lookup_function(stream), stream, ages.get(label)) for label, stream in self.lookups]
        self._functions = [*([self._event] if self._event else []), *(function for _, function, _, _ in self._versions)]

    def read(self, body: bytes) -> list[Any]:
        """Rows of a body, typed; other fields are passed over. RequestError names field, value and rule."""
        try:
            found = self._decoder.decode(body)
        except msgspec.ValidationError as bad:
            raise self._refusal(bad, body) from bad
        except (msgspec.DecodeError, UnicodeDecodeError) as bad:
            raise RequestError(
                f"the body is not valid JSON: {bad}",
                field="",
                value=None,
                rule="json",
                mend="send one JSON object, or a list of them",
            ) from bad
        rows = found if isinstance(found, list) else [found]
        for index, row in enumerate(rows):
            for name in self._times:
                value = getattr(row, attribute(name))
                if value is not None and value.tzinfo is not UTC:
                    setattr(row, attribute(name), in_utc(value, f"[{index}].{name}"))
        return rows

    def _refusal(self, bad: msgspec.ValidationError, body: bytes) -> RequestError:
        what, _, path = str(bad).partition(" - at `$")
        path = path.strip("`.")
        rule = what[0].lower() + what[1:].replace("`", "")
        return RequestError(
            f"{path or 'the body'}: {rule}",
            field=path,
            value=value_at(body, path),
            rule=rule,
            mend=f"rows of {self.name} have: {', '.join(f'{n} ({kind})' for n, kind in self.types.items())}",
        )

    def put(self, rows: list[Any], state: OnlineState) -> int:
        """Add rows to the state; how many were taken (a view's `where` may leave some out).

        Raises:
            RequestError: a row without its key or its time; nothing of the batch is taken then.
        """
        found = [[function(row) for row in rows] for function in self._functions]
        for index, one in enumerate(found[0] if found else ()):
            # a row may lack the key of one lookup and have that of another
            if type(one) is str and all(type(each[index]) is str for each in found):
                raise self._missing(one, index)
        kept: list[list[Any]] = [[one for one in each if type(one) is tuple] for each in found]
        if self._event is not None and kept[0]:
            state.put_events(self.name, kept[0], len(self.arguments), self.keep)
        for (label, _, stream, age), versions in zip(self._versions, kept[-len(self._versions) :], strict=False):
            keep = None if stream.known is None else (age or 0) + SLACK_US
            state.put_lookup(label, versions, keep)
        if len(kept) == 1:
            return len(kept[0])
        # of two rows each may have the key of another lookup
        return sum(any(type(one) is tuple for one in each) for each in zip(*found, strict=True))

    def _missing(self, name: str, index: int) -> RequestError:
        return RequestError(
            f"row {index} of {self.name} has no {name}",
            field=f"[{index}].{name}",
            value=None,
            rule="required",
            mend=f"rows of {self.name} need {name}",
        )


def _event_function(stream: Stream, arguments: list[str]) -> Callable[[Any], EventRow | str | None]:
    """Row to (key, known, id, argument values); the name of what is missing; None where `where` leaves it out."""
    types: dict[str, Any] = dict(stream.types)
    variables = {n: f"r.{attribute(n)}" for n in types}
    known = expr.parse_for_rows(stream.known or "", types)
    lines = ["def event(r):"]
    if stream.where:
        lines.append(f"    if ({expr.row_source(stream.where, types, variables)}) is not True: return None")
    lines.append(f"    known = {expr.to_row(known, variables)}")
    lines.append(f"    if known is None: return {', '.join(known.columns)!r}")
    lines += [f"    if r.{attribute(c)} is None: return {c!r}" for c in stream.key]
    for i, (name, text) in enumerate(stream.columns.items()):
        lines.append(f"    c{i} = {expr.row_source(text, types, {n: f'r.{attribute(n)}' for n in types})}")
        variables[name] = f"c{i}"
    every = stream_types(stream)
    values = "".join(f"{expr.row_source(a, every, variables)}, " for a in arguments)
    lines.append(f"    return {key_source(stream.key)}, micros_of(known), {_identity(stream)}, ({values})")
    made: Callable[[Any], EventRow | str | None] = _compiled(lines, "event")
    return made


def _lookup_function(stream: Stream) -> Callable[[Any], LookupRow | str | None]:
    types: dict[str, Any] = dict(stream.types)
    variables = {n: f"r.{attribute(n)}" for n in types}
    lines = ["def version(r):"]
    if stream.where:
        lines.append(f"    if ({expr.row_source(stream.where, types, variables)}) is not True: return None")
    lines += [f"    if r.{attribute(c)} is None: return {c!r}" for c in stream.key]
    if stream.known is None:
        lines.append("    known = happened = -1")
    else:
        for name, text in (("known", stream.known), ("happened", stream.happened or stream.known)):
            found = expr.parse_for_rows(text, types)
            lines += [
                f"    {name} = {expr.to_row(found, variables)}",
                f"    if {name} is None: return {', '.join(found.columns)!r}",
                f"    {name} = micros_of({name})",
            ]
    derived = {n: expr.row_source(t, types, variables) for n, t in stream.columns.items()}
    values = "".join(
        f"{derived.get(n) or (f'finite({variables[n]})' if k == 'float' else variables[n])}, "
        for n, k in stream_types(stream).items()
    )
    lines.append(f"    return {key_source(stream.key)}, known, happened, ({values}), {_identity(stream)}")
    made: Callable[[Any], LookupRow | str | None] = _compiled(lines, "version")
    return made


def _identity(stream: Stream) -> str:
    """Source of the text that tells a row from others that became known at the same time."""
    return " + '\\x1f' + ".join(f"text(r.{attribute(c)})" for c in stream.identity) or "''"


def _compiled(lines: list[str], name: str) -> Any:
    def text(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime):
            return value.replace(tzinfo=None).isoformat(" ", "microseconds")
        return "" if value is None else str(value)

    namespace: dict[str, Any] = {**expr.row_namespace(), "micros_of": micros_of, "text": text, "timedelta": timedelta}
    exec(compile("\n".join(lines), f"<{name}>", "exec"), namespace)
    return namespace[name]
