"""One endpoint: the model that is served, its online state, and the journal of what it answered."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec
from msgspec import UNSET

from treadle.errors import Gone, ModelError, RequestError, StoreError, TreadleError
from treadle.features import in_utc
from treadle.models.request import Inputs
from treadle.scoring.quantiles import name_of
from treadle.serving.inputs import Record, counted, decoded
from treadle.serving.live import LiveModel
from treadle.serving.messages import Answered, Outcome, Prediction, Rebuild, Told, prediction
from treadle.serving.metrics import Metrics
from treadle.serving.threads import apart
from treadle.serving.together import MOST, Asked

if TYPE_CHECKING:
    from treadle.features import OnlineState
    from treadle.models import Released, Releases
    from treadle.scoring import Score
    from treadle.serving.journal import Journal


_POLLS = 10  # of which each tries a release again that something away kept from being opened


class Endpoint:
    """Everything behind the routes, from the release `first` on; it follows what `releases` says.

    One event loop owns it; what opens a model and its state, and asks the record, runs in other threads.
    """

    def __init__(
        self,
        name: str,
        first: Released,
        *,
        releases: Releases,
        journal: Journal,
        open_model: Callable[[Released], LiveModel],
        open_state: Callable[[LiveModel], OnlineState | None],
        rebuild: Callable[[LiveModel, OnlineState | None, datetime], None],
    ) -> None:
        self.name, self.releases = name, releases
        self.metrics = Metrics(name)
        self._open_model, self._open_state, self._rebuild = open_model, open_state, rebuild
        self._predictions, self._outcomes = journal.writer("predictions"), journal.writer("outcomes")
        self._outcome_decoder = msgspec.json.Decoder(Outcome | list[Outcome])
        self._rebuild_decoder = msgspec.json.Decoder(Rebuild)
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        self._prefix = f"{int(time.time()):08x}{os.urandom(4).hex()}"
        self._count = self.answered = 0
        self._held: Counter[int] = Counter()
        self.state: OnlineState | None = None
        self._may_pass = False
        """Whether what the newest release was refused for may pass by itself."""
        self.state_fault: StoreError | None = None
        """Why the online state is not asked now; predictions and events are refused with it."""
        live = open_model(first)
        self.state = open_state(live)
        self._take(first, live)

    def _take(self, released: Released, live: LiveModel) -> None:
        self.live, self.released = live, released
        self._forget_refusal()
        self.metrics.model.clear()
        self.metrics.model.labels(self.name, live.name).set(1)

    def _forget_refusal(self) -> None:
        self._refused_release = self._refusal = self._unread = ""
        self._polls = 0

    @property
    def model(self) -> str:
        return self.live.name

    @property
    def refused(self) -> str:
        """Why the newest release is not served, or is not known; "" where it is served."""
        return self._unread or self._refusal

    @property
    def inputs(self) -> Inputs:
        return self.live.inputs

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, where it tells one of several; else none."""
        return self.live.task.classes

    @property
    def quantiles(self) -> tuple[str, ...]:
        """Names of the quantiles that it tells; else none."""
        return tuple(map(name_of, self.live.task.levels))

    @property
    def decision(self) -> str:
        return self.live.decision

    def read(self, body: bytes) -> Record | list[Record]:
        """A record, or a list of no more records than one request may have."""
        return counted(self.live.reader.read(body))

    def predict(self, body: bytes) -> bytes:
        """Answer one request body in one go: JSON of a `Prediction`, or of a list of them."""
        found = self.read(body)
        return b"".join(self.answer_many(found)) if isinstance(found, list) else self.answer(found)

    def answer(self, record: Record, client: str = "") -> bytes:
        """JSON of the `Prediction` of one record, that `client` asked for."""
        live = self.live
        values, at = self._drawn(live, record, self.state)
        answer = self._kept(self._made(live, record, values, at, live.score(values), client))
        self.metrics.predictions.inc()
        self.answered += 1
        return self._encode(answer)

    def answer_each(self, asked: Sequence[Asked]) -> list[bytes | Exception]:
        """As `answer`, of several callers' records at once; what is wrong with one is told in its place alone."""
        live = self.live
        try:
            records = [self._record(one) for one in asked]
            drawn = [self._drawn(live, record, self.state) for record in records]
            scores = live.score_many([values for values, _ in drawn])
        except Exception:  # of one of them, so each for itself: nobody's record spoils another's
            return [_or_fault(lambda one=one: self.answer(self._record(one), one.client)) for one in asked]  # type: ignore[misc]
        found = [
            _or_fault(lambda each=each: self._encode(self._kept(self._made(live, *each))))  # type: ignore[misc]
            for each in zip(records, *zip(*drawn, strict=True), scores, [one.client for one in asked], strict=True)
        ]
        answered = sum(type(one) is bytes for one in found)
        self.metrics.predictions.inc(answered)
        self.answered += answered
        return found

    def _drawn(
        self, live: LiveModel, record: Record, state: OnlineState | None
    ) -> tuple[Sequence[object], datetime | None]:
        """The features of a record. A state that does not answer is asked once, and no more until `watch`."""
        self._ask_state()
        try:
            return live.features(record, state)
        except StoreError as bad:
            self.state_fault = bad
            print(f"treadle: {bad}", flush=True)
            raise

    def _ask_state(self) -> None:
        if (bad := self.state_fault) is not None:  # told anew each time: an error gathers the places that raised it
            raise StoreError(bad.what, where=bad.where, mend=bad.mend)

    async def watch(self) -> None:
        """Ask the state whether it answers and holds what it was filled with, apart from the loop."""
        state, fault = self.state, None
        if state is None:
            return
        try:
            await apart(state.check)
        except StoreError as bad:
            fault = bad
        except Exception as bad:
            fault = StoreError(f"the online state cannot be asked: {bad}")
        if state is self.state:
            if (fault is None) != (self.state_fault is None):
                print(f"treadle: {fault or 'the online state answers again'}", flush=True)
            self.state_fault = fault

    def _record(self, one: Asked) -> Record:
        """As the model that is served now reads it: another may have been taken up since."""
        return one.record if type(one.record) is self.live.reader.record else cast("Record", self.read(one.body))

    def answer_many(self, found: list[Record], client: str = "") -> Iterator[bytes]:
        """JSON of a list of them, in parts: between two of them the loop may turn to others. One model answers all.

        All of them are in the ledger before the last part, or none: who is answered with an error sends them again.
        """
        live, state, lines = self.live, self.state, list[msgspec.Raw]()
        with self._holding(state):
            for start in range(0, len(found), MOST):
                records = found[start : start + MOST]
                drawn = [self._drawn(live, record, state) for record in records]
                scores = live.score_many([values for values, _ in drawn])
                made = [
                    self._made(live, record, values, at, score, client)
                    for record, (values, at), score in zip(records, drawn, scores, strict=True)
                ]
                lines += [msgspec.Raw(msgspec.json.encode(answered)) for _, answered in made]
                yield (b"," if start else b"[") + self._encode([answer for answer, _ in made])[1:-1]
        self._predictions.add(*lines)
        self.metrics.predictions.inc(len(found))
        self.answered += len(found)
        yield b"]" if found else b"[]"

    @contextlib.contextmanager
    def _holding(self, state: OnlineState | None) -> Iterator[None]:
        """While a request is answered in parts its state stays open, though a new release may have another."""
        self._held[id(state)] += 1
        try:
            yield
        finally:
            self._held[id(state)] -= 1

    def _kept(self, made: tuple[Prediction, Answered]) -> Prediction:
        answer, answered = made
        self._predictions.add(answered)
        return answer

    def _made(
        self,
        live: LiveModel,
        record: Record,
        values: Sequence[object],
        at: datetime | None,
        score: Score,
        client: str,
    ) -> tuple[Prediction, Answered]:
        """An answer, and its line of the ledger."""
        given = record.prediction_id
        if given is None:
            self._count += 1
            given = f"{self._prefix}{self._count:08x}"
        answer = prediction(given, live.task.decided(score, live.threshold), live.name, live.reader.warnings(record))
        return answer, Answered(
            given,
            time.time(),
            at,
            live.name,
            answer.prediction,
            answer.probability,
            answer.threshold,
            record,
            values,
            answer.probabilities,
            answer.quantiles,
            client or UNSET,
        )

    def take_outcomes(self, body: bytes) -> int:
        found = counted(decoded(self._outcome_decoder, body, Outcome.__struct_fields__, "an outcome has"))
        many = isinstance(found, list)
        told = [self._told(outcome, f"[{i}]." if many else "") for i, outcome in enumerate(found if many else [found])]
        try:
            for outcome in told:
                self._outcomes.add(outcome)
            self._outcomes.flush()  # a label is told once, so it is on disk before it is acknowledged
        except StoreError:
            self._outcomes.forget()  # it is told as not taken, and will be told again
            raise
        self.metrics.outcomes.inc(len(told))
        return len(told)

    def _told(self, outcome: Outcome, place: str) -> Told:
        wanted = self.live.task.outcome_problem(outcome.label)
        if wanted:
            raise RequestError(
                f"{place}label is {outcome.label!r}, but this endpoint's outcomes are {wanted}",
                field=f"{place}label",
                value=outcome.label,
                rule=wanted,
                mend=self.live.task.outcome_mend(),
            )
        known = outcome.known if isinstance(outcome.known, datetime) else datetime.now(UTC)
        label = self.live.task.kept(outcome.label)
        return Told(outcome.prediction_id, label, in_utc(known, f"{place}known"), time.time())

    def take_events(self, view: str, body: bytes) -> Generator[int, None, None]:
        """Rows of a view or looked-up source, in parts; how many so far. Known to later predictions, and on disk, then.

        Raises:
            RequestError: before the first part: a row that cannot be taken, and none is.
        """
        self._ask_state()
        state = self.state
        with self._holding(state), contextlib.closing(self.live.take_events(view, body, state)) as parts:
            for taken in parts:
                self.metrics.events.labels(self.name, view).inc(taken)
                yield taken

    def event_fields(self) -> Mapping[str, Mapping[str, str]]:
        return self.live.event_fields

    def rebuild_state(self, body: bytes) -> datetime:
        wanted = in_utc(decoded(self._rebuild_decoder, body, ["as_of"], "it has").as_of, "as_of")
        self._rebuild(self.live, self.state, wanted)
        return wanted

    def state_as_of(self) -> datetime | None:
        return None if self.state is None else self.state.as_of

    def ready(self) -> tuple[bool, str]:
        """The golden records, scored anew: whether they come out right on this machine now. And the state answers."""
        self.live.prove()
        return self.live.ready and self.state_fault is None, self.live.golden

    def flush(self) -> None:
        try:
            self._predictions.flush()
            self._outcomes.flush()
        except TreadleError:
            self.metrics.journal_waiting.inc()  # a full disk: kept in memory, tried again at the next flush

    async def follow(self) -> None:
        """Serve what the record says is released now, once it is proved. What cannot be taken up is refused: once, or,
        where what it is read from does not answer, until it can be."""
        try:
            newest = await apart(self.releases.newest)
        except Exception as bad:
            # a catalog that is away, or cannot be read, changes nothing of what was proved before
            self._unread = f"the record cannot be read, {self.model} goes on: {bad}"
            return
        self._unread = ""
        if newest == self.released.entry:
            self._forget_refusal()
            return
        if newest == self._refused_release and not self._tried_again():
            return
        try:
            released = await apart(self.releases.current)
            if released is None:
                raise ModelError("no release stands in the record any more", where=self.name)
            if released.bundle == self.released.bundle:
                self.released = released
                self._forget_refusal()
                return
            live = await apart(partial(self._open_model, released))
            same = live.state_name == self.live.state_name
            state = self.state if same else await apart(partial(self._open_state, live))
        except Exception as bad:
            self._refuse(newest, bad)
            return
        if state is not self.state:
            old, self.state, self.state_fault = self.state, state, None
            self._take(released, live)
            while self._held[id(old)]:
                await asyncio.sleep(0.01)
            if old is not None:
                old.close()
            return
        self._take(released, live)

    def _tried_again(self) -> bool:
        """Whether a refused release is tried at this poll: what is damaged stays so, and what is away comes back."""
        self._polls += 1
        return self._may_pass and self._polls % _POLLS == 0

    def _refuse(self, newest: str, bad: Exception) -> None:
        """Whatever is wrong with a release, the model that proved itself goes on answering."""
        if newest != self._refused_release:
            self._forget_refusal()
        self._refused_release, self._may_pass = newest, isinstance(bad, StoreError | Gone | OSError)
        said = f"the newest release was not taken up, {self.model} goes on: {bad}"
        if said != self._refusal:
            print(f"treadle: {said}", flush=True)
        self._refusal = said

    def close(self) -> None:
        for writer in (self._predictions, self._outcomes):
            try:
                writer.close()
            except TreadleError as bad:
                print(f"treadle: records are lost: {bad}", flush=True)
        if self.state is not None:
            self.state.close()


def _or_fault(made: Callable[[], bytes]) -> bytes | Exception:
    try:
        return made()
    except Exception as bad:
        return bad
