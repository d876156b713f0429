"""Features of one record: one generated Python function per plan.

`compile_online(plan).source` is the code; it is readable on purpose. It uses no Polars and no NumPy.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from treadle import expr
from treadle.features.plan import FeaturePlan, Take, WindowPlan, attribute, stream_types
from treadle.features.state import OnlineState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    ago = moment - _EPOCH
    return ago.days * 86_400_000_000 + ago.seconds * 1_000_000 + ago.microseconds


def micros_of(value: Any) -> int:
    """The same for a date or a datetime."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return micros(value)


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
    own = {"bisect_left": bisect_left, "micros": micros}
    namespace: dict[str, Any] = {**expr.row_namespace(), **own}
    exec(compile(source, f"<features of {plan.project}>", "exec"), namespace)
    return OnlineFeatures(plan, source, namespace["features"])


class _Writer:
    def __init__(self, plan: FeaturePlan) -> None:
        self.plan = plan
        self.variables = {name: f"r.{attribute(name)}" for name in plan.input_types}
        self.names: dict[str, str] = {}
        self.taken: set[str] = set()
        self.histories: dict[tuple[str, str], tuple[str, str]] = {}

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
            local = self._local("v", feature.name)
            out.append(f"    {local} = {self._source(feature.text, types)}")
            types[feature.name], self.variables[feature.name], self.names[feature.name] = feature.type, local, local
        out += self._lookups()
        for window in plan.windows:
            out += self._window(window)
        values = ", ".join(self.names[f.name] for f in plan.features)
        out.append(f"    return ({values},), at")
        return out

    def _source(self, text: str, types: Mapping[str, Any]) -> str:
        return expr.row_source(text, types, self.variables)

    def _local(self, kind: str, name: str) -> str:
        """A variable of its own: named after the feature where Python allows that, else numbered."""
        made = f"{kind}_{name}"
        if not (made.isascii() and made.isidentifier()) or made in self.taken:
            made = f"{kind}{len(self.taken)}"
        self.taken.add(made)
        return made

    def _lookups(self) -> list[str]:
        out = []
        for lookup in self.plan.lookups:
            key = key_source(lookup.on)
            stream = self.plan.lookup_streams[lookup.stream]
            found = self._local("row", lookup.name)
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

    def _window(self, window: WindowPlan) -> list[str]:
        out = []
        if (window.view, window.on) not in self.histories:
            name = f"{window.view}_by_{window.on}"
            history, end = self.histories[window.view, window.on] = self._local("h", name), self._local("hi", name)
            key = key_source((window.on,))
            out += [
                f"    {history} = state.history({window.view!r}, {key}) if state is not None else None",
                f"    {end} = bisect_left({history}.known, t) if {history} is not None and t is not None else 0",
            ]
        history, end = self.histories[window.view, window.on]
        for text, length in window.lengths:
            locals_ = {take.name: self._local("w", f"{window.name}_{take.name}_{text}") for take in window.takes}
            for take in window.takes:
                self.names[f"{window.name}_{take.name}_{text}"] = locals_[take.name]
            empty = [f"{locals_[k.name]} = {'0' if k.function == 'count' else 'None'}" for k in window.takes]
            unknown = [f"{locals_[k.name]} = None" for k in window.takes]
            out.append("    if t is None:  # before no time there is no window")
            out.append(f"        {'; '.join(unknown)}")
            out.append(f"    elif {history} is None:")
            out.append(f"        {'; '.join(empty)}")
            out.append(f"    elif t - {length} < {history}.floor:  # reaches further back than is kept")
            out.append(f"        {'; '.join(unknown)}")
            out.append("    else:")
            out.append(f"        lo, hi = bisect_left({history}.known, t - {length}), {end}")
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
    a, integer = take.argument, take.type == "int"
    slice_, values = f"({a}, lo, hi)", f"{history}.known_values({a}, lo, hi)"
    return {
        "count": f"n{a}",
        "avg": f"finite({history}.mean({a}, lo, hi, n{a}))",
        "sum": f"{history}.whole{slice_}" if integer else f"finite({history}.total{slice_})",
        "stddev": f"finite({history}.spread({a}, lo, hi, n{a}))",
        "last": f"{history}.last{slice_}",
        "first": f"{history}.first{slice_}",
        "min": f"int(min({values}))" if integer else f"min({values}) + 0.0",
        "max": f"int(max({values}))" if integer else f"max({values}) + 0.0",
    }[take.function]


def key_source(columns: tuple[str, ...]) -> str:
    """Source of the key that state is kept by: the value of one column, a tuple of several."""
    parts = [f"r.{attribute(c)}" for c in columns]
    return parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
