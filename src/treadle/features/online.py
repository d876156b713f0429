"""Features of one record: one generated Python function per plan.

`compile_online(plan).source` is the code; it is readable on purpose. It uses no Polars and no NumPy.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from treadle import expr
from treadle.errors import RequestError
from treadle.features.plan import FeaturePlan, Stream, Take, WindowPlan, attribute, renames, stream_types
from treadle.features.state import EventRow, LookupRow, OnlineState, keep_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PYTHON: dict[str, Any] = {"bool": bool, "int": int, "float": float, "str": str, "timestamp": datetime}


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    ago = moment - _EPOCH
    return ago.days * 86_400_000_000 + ago.seconds * 1_000_000 + ago.microseconds


def micros_of(value: Any) -> int:
    """The same for a date or a datetime."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return micros(value)


def spread(n: int, total: float, squares: float) -> float | None:
    """Sample standard deviation, computed as batch computes it."""
    return math.sqrt(max((squares - total * total / n) / (n - 1), 0.0)) if n > 1 else None


@dataclass(frozen=True)
class OnlineFeatures:
    """`features(record, state)` gives (values in the plan's order, at). Records have the inputs as attributes."""

    plan: FeaturePlan
    source: str
    features: Callable[[Any, OnlineState | None], tuple[tuple[Any, ...], datetime | None]]


def compile_online(plan: FeaturePlan) -> OnlineFeatures:
    """Generate and compile the function."""
    lines = _Writer(plan).lines()
    source = "\n".join(lines)
    namespace: dict[str, Any] = {**expr.row_namespace(), "bisect_left": bisect_left, "micros": micros, "spread": spread}
    exec(compile(source, f"<features of {plan.project}>", "exec"), namespace)
    return OnlineFeatures(plan, source, namespace["features"])


class _Writer:
    def __init__(self, plan: FeaturePlan) -> None:
        self.plan = plan
        self.variables = {name: f"r.{attribute(name)}" for name in plan.input_types}
        self.names: dict[str, str] = {}
        self.number = 0

    def lines(self) -> list[str]:
        plan = self.plan
        out = ["def features(r, state):"]
        types: dict[str, Any] = dict(plan.input_types)
        if plan.at is not None:
            out += [f"    at = {self._source(plan.at, types)}", "    t = micros(at) if at is not None else None"]
        else:
            out.append("    at = t = None")
        for name, kind in plan.input_types.items():
            self.names[name] = f"finite(r.{attribute(name)})" if kind == "float" else f"r.{attribute(name)}"
        for feature in plan.rows:
            local = self._local(feature.name)
            out.append(f"    {local} = {self._source(feature.text, types)}")
            types[feature.name], self.variables[feature.name], self.names[feature.name] = feature.type, local, local
        out += self._lookups()
        done: set[tuple[str, str]] = set()
        for window in plan.windows:
            out += self._window(window, done)
        values = ", ".join(self.names[f.name] for f in plan.features)
        out.append(f"    return ({values},), at")
        return out

    def _source(self, text: str, types: Mapping[str, Any]) -> str:
        return expr.to_row(expr.parse(text, types), self.variables)

    def _local(self, name: str) -> str:
        if name.isidentifier() and not name.startswith("__"):
            return f"v_{name}"
        self.number += 1
        return f"v{self.number}"

    def _lookups(self) -> list[str]:
        out = []
        for lookup in self.plan.lookups:
            key = _key(lookup.on)
            stream = self.plan.lookup_streams[lookup.stream]
            found = self._local(f"{lookup.name}_row")
            at = "t" if stream.known is not None else "0"
            there = f"{found} is not None{' and t is not None' if stream.known is not None else ''}"
            out.append(f"    {found} = state.versions({lookup.stream!r}, {key}) if state is not None else None")
            out.append(f"    {found} = {found}.find({at}, {lookup.max_age_us}) if {there} else None")
            order = list(stream_types(stream))
            for column in lookup.take:
                self.names[f"{lookup.name}_{column}"] = (
                    f"({found}[{order.index(column)}] if {found} is not None else None)"
                )
        return out

    def _window(self, window: WindowPlan, done: set[tuple[str, str]]) -> list[str]:
        history = self._local(f"{window.view}_by_{window.on}")
        out = []
        if (window.view, window.on) not in done:
            done.add((window.view, window.on))
            out += [
                f"    {history} = state.history({window.view!r}, {_key((window.on,))}) if state is not None else None",
                f"    {history}_hi = bisect_left({history}.known, t) if {history} is not None and t is not None else 0",
            ]
        for text, length in window.lengths:
            locals_ = {take.name: self._local(f"{window.name}_{take.name}_{text}") for take in window.takes}
            for take in window.takes:
                self.names[f"{window.name}_{take.name}_{text}"] = locals_[take.name]
            empty = [f"{locals_[k.name]} = {'0' if k.function == 'count' else 'None'}" for k in window.takes]
            unknown = [f"{locals_[k.name]} = None" for k in window.takes]
            out.append(f"    if {history} is None or t is None:")
            out.append(f"        {'; '.join(empty)}")
            out.append(f"    elif t - {length} < {history}.floor:  # reaches further back than is kept")
            out.append(f"        {'; '.join(unknown)}")
            out.append("    else:")
            out.append(f"        lo, hi = bisect_left({history}.known, t - {length}), {history}_hi")
            out += [f"        {line}" for line in self._takes(window, history, locals_)]
        return out

    def _takes(self, window: WindowPlan, history: str, locals_: Mapping[str, str]) -> list[str]:
        out: list[str] = []
        counted: set[int] = set()
        for take in window.takes:
            name, a = locals_[take.name], take.argument
            if a is None:
                out.append(f"{name} = hi - lo")
                continue
            if a not in counted:
                counted.add(a)
                out.append(f"n{a} = {history}.count({a}, lo, hi)")
            known = "True" if take.function == "count" else f"n{a}"
            out.append(f"{name} = {_value(take, history)} if {known} else None")
        return out


def _value(take: Take, history: str) -> str:
    """Source of one aggregate of a slice in which something is known."""
    a, whole = take.argument, take.type == "int"
    total, square = f"{history}.total({a}, lo, hi)", f"{history}.square({a}, lo, hi)"
    values = f"{history}.known_values({a}, lo, hi)"
    return {
        "count": f"n{a}",
        "avg": f"{total} / n{a}",
        "sum": f"round({total})" if whole else total,
        "stddev": f"spread(n{a}, {total}, {square})",
        "last": f"{history}.last({a}, lo, hi)",
        "first": f"{history}.first({a}, lo, hi)",
        "min": f"int(min({values}))" if whole else f"min({values})",
        "max": f"int(max({values}))" if whole else f"max({values})",
    }[take.function]


class EventReader:
    """Decodes posted rows of one view or looked-up source and adds them to the state."""

    def __init__(self, plan: FeaturePlan, name: str) -> None:
        self.name = name
        self.view = plan.views.get(name) if name in plan.arguments else None
        self.lookups = [(label, s) for label, s in plan.lookup_streams.items() if label.startswith(f"{name} by ")]
        streams: list[Stream] = [s for s in [self.view] if s] + [s for _, s in self.lookups]
        self.types: dict[str, Any] = {}
        for stream in streams:
            self.types.update(stream.types)
        fields = [(attribute(n), _PYTHON.get(kind, Any) | None, None) for n, kind in self.types.items()]
        self.row: Any = msgspec.defstruct("Event", fields, kw_only=True, rename=renames(self.types))
        one_or_many: Any = self.row | list[self.row]  # type: ignore[name-defined]
        self._decoder = msgspec.json.Decoder(one_or_many)
        self._times = [n for n, kind in self.types.items() if kind == "timestamp"]
        self.arguments = plan.arguments.get(name, ())
        self.keep = keep_of(plan, name)
        ages = {lookup.stream: lookup.max_age_us for lookup in plan.lookups}
        self._event = _event_function(self.view, [a.text for a in self.arguments]) if self.view else None
        self._versions = [(label, _lookup_function(stream), stream, ages.get(label)) for label, stream in self.lookups]

    def read(self, body: bytes) -> list[Any]:
        """Rows of a body, typed; RequestError names what is wrong."""
        try:
            found = self._decoder.decode(body)
        except msgspec.ValidationError as bad:
            path = str(bad).rpartition("$")[2].strip("`.")
            raise RequestError(
                str(bad),
                field=path,
                value=None,
                rule=str(bad).split(" - ")[0],
                mend=f"rows of {self.name} have: {', '.join(self.types)}",
            ) from bad
        except (msgspec.DecodeError, UnicodeDecodeError) as bad:
            raise RequestError(f"the body is not valid JSON: {bad}", field="", value=None, rule="json") from bad
        rows = found if isinstance(found, list) else [found]
        for row in rows:
            for name in self._times:
                value = getattr(row, attribute(name))
                if value is not None and value.tzinfo is not UTC:
                    setattr(
                        row,
                        attribute(name),
                        value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC),
                    )
        return rows

    def put(self, rows: list[Any], state: OnlineState) -> int:
        """Add rows to the state; how many were taken (a view's `where` may leave some out).

        Raises:
            RequestError: a row without its key or its time; nothing of the batch is taken then.
        """
        taken = 0
        if self._event is not None:
            events = [event for event in (self._row(self._event, row, i) for i, row in enumerate(rows)) if event]
            taken = len(events)
            if events:
                state.put_events(self.name, events, len(self.arguments), self.keep)
        for label, function, stream, age in self._versions:
            versions = [self._row(function, row, i) for i, row in enumerate(rows)]
            keep = None if stream.known is None else (age or 0) + 86_400_000_000
            state.put_lookup(label, versions, keep)
            taken = max(taken, len(versions))
        return taken

    def _row(self, function: Callable[[Any], Any], row: Any, index: int) -> Any:
        found = function(row)
        if isinstance(found, str):
            raise RequestError(
                f"row {index} of {self.name} has no {found}",
                field=f"[{index}].{found}",
                value=None,
                rule="required",
                mend=f"rows of {self.name} need {found}",
            )
        return found


def _event_function(stream: Stream, arguments: list[str]) -> Callable[[Any], EventRow | str | None]:
    """Row to (key, known, id, argument values); the name of what is missing; None where `where` leaves it out."""
    types: dict[str, Any] = dict(stream.types)
    variables = {n: f"r.{attribute(n)}" for n in types}
    known = expr.parse(stream.known or "", types)
    lines = ["def event(r):"]
    if stream.where:
        lines.append(f"    if ({expr.to_row(expr.parse(stream.where, types), variables)}) is not True: return None")
    lines.append(f"    known = {expr.to_row(known, variables)}")
    lines.append(f"    if known is None: return {', '.join(known.columns)!r}")
    lines += [f"    if r.{attribute(c)} is None: return {c!r}" for c in stream.key]
    for i, (name, text) in enumerate(stream.columns.items()):
        lines.append(f"    c{i} = {expr.to_row(expr.parse(text, types), {n: f'r.{attribute(n)}' for n in types})}")
        variables[name] = f"c{i}"
    every = stream_types(stream)
    values = "".join(f"{expr.to_row(expr.parse(a, every), variables)}, " for a in arguments)
    identity = " + '\\x1f' + ".join(f"text(r.{attribute(c)})" for c in stream.identity) or "''"
    lines.append(f"    return {_key(stream.key)}, micros_of(known), {identity}, ({values})")
    made: Callable[[Any], EventRow | str | None] = _compiled(lines, "event")
    return made


def _lookup_function(stream: Stream) -> Callable[[Any], LookupRow | str]:
    types: dict[str, Any] = dict(stream.types)
    variables = {n: f"r.{attribute(n)}" for n in types}
    lines = ["def version(r):", *(f"    if r.{attribute(c)} is None: return {c!r}" for c in stream.key)]
    if stream.known is None:
        lines.append("    known = happened = -1")
    else:
        for name, text in (("known", stream.known), ("happened", stream.happened or stream.known)):
            found = expr.parse(text, types)
            lines += [
                f"    {name} = {expr.to_row(found, variables)}",
                f"    if {name} is None: return {', '.join(found.columns)!r}",
                f"    {name} = micros_of({name})",
            ]
    derived = {n: expr.to_row(expr.parse(t, types), variables) for n, t in stream.columns.items()}
    values = "".join(
        f"{derived.get(n) or (f'finite({variables[n]})' if k == 'float' else variables[n])}, "
        for n, k in stream_types(stream).items()
    )
    key = _key(stream.key)
    lines.append(f"    return {key}, known, happened, ({values})")
    made: Callable[[Any], LookupRow | str] = _compiled(lines, "version")
    return made


def _key(columns: tuple[str, ...]) -> str:
    """Source of the key that state is kept by: the value of one column, a tuple of several."""
    parts = [f"r.{attribute(c)}" for c in columns]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"


def _compiled(lines: list[str], name: str) -> Any:
    def text(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, datetime):
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        return "" if value is None else str(value)

    namespace: dict[str, Any] = {**expr.row_namespace(), "micros_of": micros_of, "text": text, "timedelta": timedelta}
    exec(compile("\n".join(lines), f"<{name}>", "exec"), namespace)
    return namespace[name]
