"""One opened model, ready to answer: reader, online features, scorer, golden records proved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, cast

import msgspec

from treadle.errors import ModelError, RequestError, nearest
from treadle.features import EventReader, compile_online
from treadle.serving.fields import KnownFields
from treadle.serving.inputs import RecordReader, counted

if TYPE_CHECKING:
    from treadle.features import OnlineState
    from treadle.models import Bundle
    from treadle.scoring import Score

_FEW_EVENTS = 128  # rows that are added to the state before others get their turn


class _Ready:
    """Stands for a state while rows are checked: keeps what would be put, in the order in which it is added fastest."""

    as_of = None

    def __init__(self) -> None:
        self.puts: list[tuple[Any, ...]] = []

    def put_events(self, view: str, rows: Iterable[Any], arguments: int, keep_us: int) -> None:
        # by (known, id): a row before others makes all their totals anew. Of equal ones the last told stays the last
        self.puts.append(("put_events", view, sorted(rows, key=lambda row: (row[1], row[2])), arguments, keep_us))

    def put_lookup(self, stream: str, rows: Iterable[Any], keep_us: int | None) -> None:
        self.puts.append(("put_lookup", stream, sorted(rows, key=lambda row: (row[1], row[2], row[4:])), keep_us))


class LiveModel:
    """A bundle that has proved itself on this machine. Belongs to one thread."""

    def __init__(self, bundle: Bundle, columns: Mapping[str, Collection[str]] | None = None) -> None:
        """columns: those of each source, where they are known, so that a field that none has is told."""
        manifest = bundle.manifest
        self.name = manifest.model
        self.state_name = manifest.refs.get("state", "")
        self.plan = manifest.plan
        self.inputs = manifest.request.inputs
        self.decision = manifest.request.decision
        self.task = manifest.task
        self.threshold: float | None = manifest.threshold if self.task.decides else None
        self.reader = RecordReader(self.inputs)
        self.features = compile_online(self.plan).features
        self._scorer, self._bundle = bundle.scorer(), bundle
        self.ready, self.golden = False, "not tried yet"
        self.prove()
        if not self.ready:
            raise ModelError(self.golden, where=self.name, mend="do not serve this bundle on this machine")
        self.score = self._score_function()
        self._events: dict[str, EventReader] = {}
        self._columns, self._known = columns or {}, dict[str, KnownFields]()

    def prove(self) -> None:
        """Score the golden records; `ready` and `golden` tell what came of it. Under a millisecond."""
        try:
            worst = self._bundle.verify_golden(self._scorer)
        except ModelError as bad:
            self.ready, self.golden = False, bad.what
        else:
            self.ready, self.golden = True, f"{len(self._bundle.golden)} pass, largest difference {worst:.1e}"

    def _score_function(self) -> Callable[[Sequence[Any]], Score]:
        order = [f.name for f in self.plan.features]
        wanted = list(self._scorer.encoder.inputs)
        if order == wanted:
            self._pick: Callable[[Sequence[Any]], Sequence[Any]] = lambda values: values
            return self._scorer.score
        places = [order.index(name) for name in wanted]
        score = self._scorer.score
        self._pick = lambda values: [values[i] for i in places]
        return lambda values: score([values[i] for i in places])

    def score_many(self, rows: Sequence[Sequence[Any]]) -> list[Score]:
        """As `score`, of each; equal to it but for the order in which the graph's sums are made."""
        if len(rows) <= 1:
            return [self.score(values) for values in rows]
        return self._scorer.score_rows([self._pick(values) for values in rows])

    @property
    def event_names(self) -> list[str]:
        """Views and looked-up sources that events can be posted to."""
        return list(dict.fromkeys([*self.plan.arguments, *(s.told_as for s in self.plan.lookup_streams.values())]))

    def events(self, name: str) -> EventReader:
        if name not in self.event_names:
            raise RequestError(
                f'there is no view "{name}"',
                field="VIEW",
                value=name,
                rule="a view of the model",
                mend=nearest(name, self.event_names) or "this model takes no events",
            )
        if name not in self._events:
            self._events[name] = EventReader(self.plan, name)
        return self._events[name]

    def take_events(self, name: str, body: bytes, state: OnlineState | None) -> Generator[int, None, None]:
        """Add posted rows to the state, some at a time; how many in the end. All of them are kept, or none.

        One at a time: what is put in the state meanwhile is kept, or not, with them.

        Raises:
            RequestError: one cannot be taken, and none is.
            StoreError: the state failed, and none is.
        """
        reader = self.events(name)
        try:
            rows = counted(reader.read(body))
            ready = _Ready()
            taken = reader.put(rows, cast("OnlineState", ready)) if state is not None else 0
        except (RecursionError, msgspec.DecodeError) as bad:
            raise RequestError(
                f"the body is nested too deeply, or holds a number beyond any type ({bad})",
                field="",
                value=None,
                rule="json",
                mend="send one JSON object, or a list of them",
            ) from bad
        except OverflowError as bad:
            raise _beyond(name) from bad
        except UnicodeDecodeError as bad:
            raise RequestError(
                f"the body is not valid JSON: {bad}",
                field="",
                value=None,
                rule="json",
                mend="send one JSON object, or a list of them, in UTF-8",
            ) from bad
        parts = [
            (put, label, found[start : start + _FEW_EVENTS], *rest)
            for put, label, found, *rest in ready.puts
            for start in range(0, len(found), _FEW_EVENTS)
        ]
        with state.together() if state is not None and len(parts) > 1 else nullcontext():
            for put, *given in parts:
                try:
                    getattr(state, put)(*given)
                except OverflowError as bad:
                    raise _beyond(name) from bad
                yield 0
        yield taken

    def unknown_fields(self, name: str, body: bytes) -> Iterator[dict[str, int]]:
        """Of rows that were taken: which fields neither the view nor its source has, and in how many rows each stands.

        In parts, so far; none where the columns of a source are not known.
        """
        if name not in self._known:
            reader = self.events(name)
            sources = {stream.source for stream in reader.streams}
            if not sources <= self._columns.keys():
                return
            self._known[name] = KnownFields({*reader.types, *(c for s in sources for c in self._columns[s])})
        yield from self._known[name].unknown(body)

    @property
    def event_fields(self) -> Mapping[str, Mapping[str, str]]:
        return {name: self.events(name).types for name in self.event_names}


def _beyond(name: str) -> RequestError:
    return RequestError(
        f"a row of {name} holds a number of more than 64 bits, or a time that no calendar has in UTC",
        field="",
        value=None,
        rule="whole numbers of 64 bits, times in the years 1 to 9999 UTC",
        mend="correct the row and send all of this request again",
    )
