"""From a project and the types of its tables to a checked feature plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle import expr
from treadle.errors import SpecError, nearest
from treadle.features.checks import check_derived, check_known, check_names, check_some, length_us, order_of_ties
from treadle.features.label import check_label, check_number, check_weight, label_columns, label_mend
from treadle.features.plan import (
    Argument,
    FeatureColumn,
    FeaturePlan,
    InputColumn,
    LookupPlan,
    RowFeature,
    Stream,
    Take,
    WindowPlan,
    stream_types,
    with_types,
)
from treadle.spec import ProjectSpec, all_tables, check_spec
from treadle.spec.choices import LABEL_TYPES

Types = Mapping[str, Any]


def make_plan(spec: ProjectSpec, schemas: Mapping[str, Types]) -> FeaturePlan:
    """Check every feature of `spec` against `schemas` (types by source and column).

    Raises:
        SpecError: with `where` as a path in the project file, such as ``features.window.departures.take.mean``.
    """
    check_spec(spec)
    return _Planner(spec, schemas).plan()


class _Planner:
    def __init__(self, spec: ProjectSpec, schemas: Mapping[str, Types]) -> None:
        self.spec, self.schemas = spec, schemas
        self.sources = all_tables(spec)
        check_known(spec.predict.each, self.sources, "predict.each", "source")
        self.each: Types = schemas[spec.predict.each]
        self.inputs: dict[str, bool] = {}  # name -> is a feature
        self.features: list[FeatureColumn] = []
        self.arguments: dict[str, list[Argument]] = {}

    def plan(self) -> FeaturePlan:
        spec, predict = self.spec, self.spec.predict
        source = self.sources[predict.each]
        for name in spec.features.request:
            self._column(name, "features.request")
            self.inputs[name] = True
        label = expr.parse(predict.label, self.each, where="predict.label")
        self._check_label(label.type)
        at_columns = self._at()
        label_known: tuple[str, ...] = ()
        if predict.label_known is not None:
            label_known = self._time(predict.label_known, self.each, "predict.label_known")
        rows = self._rows()
        views = {name: self._view(name) for name in spec.views}
        lookups, streams = self._lookups(views)
        windows = self._windows(views)
        if spec.serve.entity is not None:
            self._column(spec.serve.entity, "serve.entity")
            self._need((spec.serve.entity,))
        for name in source.keys:
            self._column(name, f"sources.{predict.each}.key")
        self._no_twins()
        check_label(spec.features, self.each, rows, label_columns(label.columns, label_known, at_columns))
        request = [FeatureColumn(n, self.each[n], "request") for n, f in self.inputs.items() if f]
        exposure = self._exposure()
        inputs = tuple(InputColumn(n, self.each[n], f) for n, f in self.inputs.items())
        kept = {*self.inputs, *label.columns, *source.keys, *label_known}
        if predict.split.group:
            self._column(predict.split.group, "predict.split.group")
            kept.add(predict.split.group)
        if predict.weight is not None:
            self._column(predict.weight, "predict.weight")
            check_weight(predict.weight, spec.features, self.each, rows)
            kept.add(predict.weight)
        if not request and not self.features:
            raise SpecError("there are no features", where="features", mend="list columns under features.request")
        made = FeaturePlan(
            project=spec.project,
            each=predict.each,
            each_types={n: t for n, t in self.each.items() if n in kept},
            key=source.keys,
            at=predict.at,
            label=predict.label,
            label_type=label.type,  # type: ignore[arg-type]
            label_known=predict.label_known,
            group=predict.split.group,
            kind=predict.kind,
            inputs=inputs,
            rows=rows,
            views=views,
            lookup_streams=streams,
            arguments={name: tuple(found) for name, found in self.arguments.items()},
            lookups=lookups,
            windows=windows,
            features=(*request, *self.features, *exposure),
            weight=predict.weight,
            exposure=predict.exposure,
        )
        check_names(made)
        return made

    def _exposure(self) -> tuple[FeatureColumn, ...]:
        """What the model is asked with besides its features."""
        name = self.spec.predict.exposure
        if name is None:
            return ()
        self._column(name, "predict.exposure")
        check_number(name, self.each[name], "exposure")
        self.inputs[name] = True
        return (FeatureColumn(name, self.each[name], "exposure"),)

    def _column(self, name: str, where: str) -> None:
        if name not in self.each:
            raise SpecError(
                f'source {self.spec.predict.each} has no column "{name}"', where=where, mend=nearest(name, self.each)
            )

    def _need(self, names: tuple[str, ...]) -> None:
        for name in names:
            self.inputs.setdefault(name, False)

    def _check_label(self, kind: str) -> None:
        wanted = LABEL_TYPES[self.spec.predict.kind]
        if kind not in wanted:
            raise SpecError(
                f"a {self.spec.predict.kind} label must be {' or '.join(wanted)}, found {kind}",
                where="predict.label",
                mend=label_mend(self.spec.predict.kind, kind),
            )

    def _at(self) -> tuple[str, ...]:
        """The columns that `at` reads, all of which a request must name."""
        if self.spec.predict.at is None:
            return ()
        at = expr.parse(self.spec.predict.at, self.each, where="predict.at")
        if at.type != "timestamp":
            raise SpecError(
                f"`at` must be a time, found {at.type}",
                where="predict.at",
                mend="name a timestamp column, with an interval where needed",
            )
        self._need(at.columns)
        return at.columns

    def _time(self, text: str, types: Types, where: str) -> tuple[str, ...]:
        """The columns of an expression that must be a time."""
        found = expr.parse(text, types, where=where)
        if found.type not in ("timestamp", "date"):
            raise SpecError(f"a time is wanted here, found {found.type}", where=where, mend="name a timestamp column")
        return found.columns

    def _rows(self) -> tuple[RowFeature, ...]:
        """Row features in an order in which each comes after those that it reads."""
        waiting = dict(self.spec.features.row)
        types: dict[str, Any] = dict(self.each)
        made: list[RowFeature] = []
        grown: dict[str, expr.Growth] = {}
        while waiting:
            ready = {}
            for name, text in waiting.items():
                try:
                    ready[name] = expr.parse(text, types, where=f"features.row.{name}", grown=grown)
                    break
                except SpecError:
                    if not {*expr.names_in(text)} & {*waiting} - {name, *types}:
                        raise
            if not ready:
                raise SpecError(
                    f"row features read each other in a circle: {', '.join(waiting)}",
                    where=f"features.row.{next(iter(waiting))}",
                    mend="write one of them out",
                )
            for name, found in ready.items():
                if found.type in ("interval", "null"):
                    raise SpecError(
                        f"a feature cannot be of type {found.type}",
                        where=f"features.row.{name}",
                        mend="use minutes_between, or cast",
                    )
                self._need(tuple(c for c in found.columns if c in self.each))
                made.append(RowFeature(name, waiting.pop(name), found.type))  # type: ignore[arg-type]
                types[name], grown[name] = found.type, expr.growth(found.tree, grown)
                self.features.append(FeatureColumn(name, found.type, "row"))  # type: ignore[arg-type]
        return tuple(made)

    def _view(self, name: str) -> Stream:
        view, where = self.spec.views[name], f"views.{name}"
        check_known(view.source, self.sources, f"{where}.from", "source")
        types = self.schemas[view.source]
        keys = self.sources[view.source].keys
        if not keys:
            raise SpecError(
                f"source {view.source} has no key, so its rows cannot be told apart",
                where=where,
                mend=f"give sources.{view.source} a `key:`",
            )
        for column in (view.key, *keys):
            if column not in types:
                raise SpecError(
                    f'source {view.source} has no column "{column}"', where=f"{where}.key", mend=nearest(column, types)
                )
        used = {view.key, *keys, *self._time(view.known, types, f"{where}.known")}
        if view.where:
            found = expr.parse(view.where, types, where=f"{where}.where")
            if found.type != "bool":
                raise SpecError(f"`where` must be true or false, found {found.type}", where=f"{where}.where")
            used.update(found.columns)
        columns = {n: expr.parse(t, types, where=f"{where}.columns.{n}") for n, t in view.columns.items()}
        for column, parsed in columns.items():
            check_derived(column, parsed, view.key, f"{where}.columns.{column}")
            used.update(parsed.columns)
        return Stream(
            name=name,
            source=view.source,
            types={n: t for n, t in types.items() if n in used},
            key=(view.key,),
            known=view.known,
            happened=None,
            identity=keys,
            where=view.where,
            columns=dict(view.columns),
            column_types={n: p.type for n, p in columns.items()},  # type: ignore[misc]
        )

    def _lookups(self, views: Mapping[str, Stream]) -> tuple[tuple[LookupPlan, ...], dict[str, Stream]]:
        made: list[LookupPlan] = []
        streams: dict[str, Stream] = {}
        for name, lookup in self.spec.features.lookup.items():
            where = f"features.lookup.{name}"
            check_known(lookup.source, {**self.sources, **views}, f"{where}.from", "source or view")
            check_some(lookup.keys, f"{where}.on")
            check_some(lookup.take, f"{where}.take")
            for column in lookup.keys:
                self._column(column, f"{where}.on")
            stream = (
                self._from_view(views[lookup.source], lookup.keys, where)
                if lookup.source in views
                else self._from_source(lookup.source, lookup.keys, lookup.take, where)
            )
            types = stream_types(stream)
            for column in lookup.take:
                if column not in types:
                    known = self.schemas[stream.source] if lookup.source not in views else types
                    raise SpecError(
                        f'{lookup.source} has no column "{column}"', where=f"{where}.take", mend=nearest(column, known)
                    )
                self.features.append(FeatureColumn(f"{name}_{column}", types[column], "lookup"))
            self._same_types(lookup.keys, stream, where)
            self._need(lookup.keys)
            label = f"{lookup.source} by {','.join(lookup.keys)}"
            stream = with_types(stream, streams.get(label), label, lookup.source)
            streams[label] = stream
            age = length_us(lookup.no_older_than, f"{where}.no_older_than") if lookup.no_older_than else None
            if stream.known is not None and self.spec.predict.at is None:
                raise SpecError(
                    f"{lookup.source} has a time, so a lookup needs to know when the prediction is made",
                    where=where,
                    mend="give predict an `at:`",
                )
            if age is not None and stream.known is None:
                raise SpecError(
                    f"{lookup.source} has no time, so no row of it is too old",
                    where=f"{where}.no_older_than",
                    mend="give the source `happened:`, or leave this out",
                )
            made.append(LookupPlan(name, label, lookup.keys, lookup.take, age))
        return tuple(made), streams

    def _from_view(self, view: Stream, on: tuple[str, ...], where: str) -> Stream:
        if len(on) != 1:
            raise SpecError(
                f"{view.name} is keyed by {view.key[0]}, not by {len(on)} columns",
                where=f"{where}.on",
                mend="name one column",
            )
        return view

    def _from_source(self, name: str, on: tuple[str, ...], take: tuple[str, ...], where: str) -> Stream:
        source, types = self.sources[name], self.schemas[name]
        same_names = all(column in types for column in on)
        key = on if same_names else tuple(k for k in source.keys if k != source.happened)
        if len(key) != len(on):
            raise SpecError(
                f"{name} is keyed by {', '.join(key) or 'nothing'}, not by {len(on)} columns",
                where=f"{where}.on",
                mend=f"give sources.{name} a `key:`, or name its columns in `on`",
            )
        for time in (source.happened, source.known):
            if time is not None:
                self._time(time, types, f"sources.{name}")
        known = source.known or source.happened
        identity = order_of_ties(name, source, types, key, take) if known is not None else ()
        used = {*key, *take, *identity, *(t for t in (source.happened, source.known) if t)}
        return Stream(
            name=name,
            source=name,
            types={n: t for n, t in types.items() if n in used},
            key=key,
            known=known,
            happened=source.happened or known,
            identity=identity,
        )

    def _same_types(self, on: tuple[str, ...], stream: Stream, where: str) -> None:
        for mine, theirs in zip(on, stream.key, strict=True):
            if self.each[mine] != stream.types[theirs]:
                raise SpecError(
                    f"{mine} is {self.each[mine]}, but {stream.source}.{theirs} is {stream.types[theirs]}",
                    where=f"{where}.on",
                    mend="make the key columns one type",
                )

    def _windows(self, views: Mapping[str, Stream]) -> tuple[WindowPlan, ...]:
        made = []
        for name, window in self.spec.features.window.items():
            where = f"features.window.{name}"
            check_known(window.source, views, f"{where}.from", "view")
            check_some(window.last, f"{where}.last")
            check_some(tuple(window.take), f"{where}.take")
            view = views[window.source]
            self._column(window.on, f"{where}.on")
            if self.spec.predict.at is None:
                raise SpecError(
                    "a window needs to know when the prediction is made", where=where, mend="give predict an `at:`"
                )
            self._same_types((window.on,), view, where)
            self._need((window.on,))
            lengths = tuple((text, length_us(text, f"{where}.last")) for text in window.last)
            takes = tuple(self._take(view, n, text, f"{where}.take.{n}") for n, text in window.take.items())
            made.append(WindowPlan(name, view.name, window.on, lengths, takes))
            self.features.extend(
                FeatureColumn(f"{name}_{take.name}_{text}", take.type, "window")
                for text, _ in lengths
                for take in takes
            )
        return tuple(made)

    def _take(self, view: Stream, name: str, text: str, where: str) -> Take:
        made = {n: expr.growth(expr.parse(t, view.types).tree, {}) for n, t in view.columns.items()}
        found = expr.parse_aggregate(text, stream_types(view), where=where, grown=made)
        arguments = self.arguments.setdefault(view.name, [])
        if found.argument is None:
            return Take(name, "count", None, "int")
        kind = found.argument.type
        if kind in ("interval", "null"):
            raise SpecError(f"{found.function} over a window cannot take {kind}", where=where, mend="name a column")
        if found.function in ("min", "max") and kind not in ("int", "float", "bool"):
            raise SpecError(
                f"{found.function} over a window takes numbers, found {kind}", where=where, mend="use first or last"
            )
        kept = found.function in ("min", "max", "first", "last")
        wanted = found.argument.text
        for number, argument in enumerate(arguments):
            if argument.text == wanted:
                arguments[number] = Argument(wanted, argument.type, argument.kept or kept)
                break
        else:
            number = len(arguments)
            arguments.append(Argument(wanted, kind, kept))  # type: ignore[arg-type]
        result = "int" if found.type == "bool" and found.function in ("min", "max") else found.type
        return Take(name, found.function, number, result)  # type: ignore[arg-type]

    def _no_twins(self) -> None:
        names = [n for n, feature in self.inputs.items() if feature] + [f.name for f in self.features]
        twins = sorted(
            {n for n in names if names.count(n) > 1}
            | {f.name for f in self.features if f.name in self.each and f.origin != "row"}
        )
        if twins:
            raise SpecError(
                f"two features have one name: {', '.join(twins)}",
                where="features",
                mend="rename one; a lookup's features are NAME_COLUMN, a window's NAME_TAKE_LENGTH",
            )
        shadow = [f.name for f in self.features if f.origin == "row" and f.name in self.each]
        if shadow:
            raise SpecError(
                f"the row feature {shadow[0]} has the name of a column",
                where=f"features.row.{shadow[0]}",
                mend="give it another name",
            )
