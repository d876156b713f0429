"""One piece of work: looked up by its key, metered, and written to the chain."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self

import msgspec

from treadle.errors import EvidenceError, Overtaken, TreadleError
from treadle.evidence.code import Code, reached
from treadle.evidence.entry import NOTHING, Body, Entry, raw
from treadle.evidence.observer import TrialSeen
from treadle.evidence.payload import P, StepInput, Unknown, digest, refs_in
from treadle.store import Ref, Snapshot

if TYPE_CHECKING:
    from treadle.evidence.chain import Chain

_FEW = 3
_NO_END = 1 << 62
"""Beyond the number of any entry."""

_Named = tuple[str, str, int, str]


def _named(ref: Ref) -> _Named:
    """What lies in one place is one thing: of equal rows each version of each table is its own."""
    return type(ref).__name__, getattr(ref, "table", ""), getattr(ref, "version", 0), ref.content


def _failed(body: Body, error: Overtaken) -> Body:
    return msgspec.structs.replace(body, status="failed", error=str(error), payload=NOTHING, made=())


class Step(Generic[P]):
    """Use it as a context manager; skip the work when `cached` is true.

    >>> with chain.step(BuildFeatures(plan=plan, tables=tables), code=__name__) as step:   # doctest: +SKIP
    ...     if not step.cached:
    ...         step.made(FeaturesBuilt(table=tables.replace("training", build()), features=46))
    >>> step.payload.table                                                                 # doctest: +SKIP
    """

    def __init__(self, chain: Chain, asked: StepInput[P], subject: str, code: str, cache: bool) -> None:
        self.chain, self.asked, self.subject = chain, asked, subject
        self.kind = type(asked).MAKES.KIND
        self.code = reached(code) if code else Code({}, {}, "")
        self.parts = {"code": self.code.digest, **asked.parts()}
        self.key = digest([self.kind, subject, self.parts])
        self.entry: Entry[P] | None = None
        self.cached = False
        self.why = ""
        self.earlier: Entry[P] | None = None
        """What was made of the very same before, and is there, where it is made again none the less."""
        self._made: P | None = None
        self._cache = cache

    @property
    def payload(self) -> P:
        """What came of it."""
        if self._made is None:
            raise EvidenceError(f"{self.kind} made nothing yet", where=self.subject)
        return self._made

    def __enter__(self) -> Self:
        self._look_up()
        self.chain.observer.started(self)
        if not self.cached:
            from treadle.evidence.metering import Meter

            self._meter = Meter()
        return self

    def _look_up(self) -> None:
        if not self._cache:
            self.why = "always run"
            return
        if self.chain.fresh:
            self.why = "a fresh run was asked for"
            return
        hits: list[Entry[P]] = self.chain.find(
            type(self.asked).MAKES,  # type: ignore[arg-type]
            cache_key=self.key,
            status="done",
            newest_first=True,
            limit=1,
        )
        # the key of the entry itself counts: the column that found it can be edited
        hit = next((e for e in hits if e.cache_key == self.key and not isinstance(e.payload, Unknown)), None)
        if hit is None:
            self.why = self._what_changed()
            return
        gone = [
            ref.table if isinstance(ref, Snapshot) else getattr(ref, "name", "") or type(ref).__name__.lower()
            for ref in hit.made
            if not self.chain.present(ref)
        ]
        if gone:
            self.why = f"its earlier product is gone: {', '.join(gone)}"
            return
        with self.chain.reading() as record:
            self.why = self.asked.outdated(record, self.subject, hit.hash)
        if self.why:
            self.earlier = hit
            return
        self.cached, self._made, self.entry = True, hit.payload, hit
        self.why = f"nothing changed since {hit.time[:19]}Z: same code, settings and inputs"

    def _what_changed(self) -> str:
        before = self.chain.last(type(self.asked).MAKES, subject=self.subject)
        if before is None:
            return "never run before"
        old = dict(before.parts)
        changed = [name for name in self.parts if old.get(name) != self.parts[name]]
        changed += [f"{name} (dropped)" for name in old if name not in self.parts]
        if "code" in changed:
            changed[changed.index("code")] = self._which_code(before.code)
        return f"changed: {', '.join(changed)}" if changed else "its earlier entry cannot be used"

    def _which_code(self, earlier: str) -> str:
        try:
            assert self.chain.library is not None
            names = self.code.changes(msgspec.json.decode(self.chain.library.get(earlier), type=Code))
        except (TreadleError, AssertionError, msgspec.MsgspecError):
            return "code"
        more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
        return f"code ({', '.join(names[:_FEW])}{more})"

    def made(self, payload: P) -> None:
        """What came of the work. It is written when the block ends well."""
        self._made = payload

    def progress(self, done: float, total: float, text: str = "") -> None:
        self.chain.observer.progressed(self, done, total, text)

    def tried(self, trial: TrialSeen) -> None:
        self.chain.observer.tried(self, trial)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.cached:
            self.chain.observer.ended(self, self.entry)
            return
        usage = self._meter.stop()
        made = self._made if error is None else None
        if error is None and made is None:
            error = EvidenceError(f"{self.kind} made nothing", where=self.subject)
        kept = () if made is None else refs_in(made)
        usage = msgspec.structs.replace(usage, kept_bytes=self._new_bytes(kept))
        body = Body(
            seq=0,
            id="",
            kind=self.kind,
            version=type(self.asked).MAKES.VERSION,
            subject=self.subject,
            run=self.chain.run,
            time="",
            actor=self.chain.actor,
            status="done" if error is None else "failed",
            cache_key=self.key,
            input=raw(self.asked),
            parts=self.parts,
            code=self._kept_code(),
            why=self.why,
            error="" if error is None else str(error) or type(error).__name__,
            payload=NOTHING if made is None else raw(made),
            uses=refs_in(self.asked),
            made=kept,
            usage=usage,
            price=self.chain.price(usage, self.chain.clock()),
        )
        try:
            with self.chain.alone() as alone:
                late = "" if made is None else self.asked.overtaken(alone, self.subject)
                if late:
                    error = Overtaken(late, where=self.subject, mend="run it again")
                    body = _failed(body, error)
                self.entry = alone.write(body)  # type: ignore[assignment]
        finally:
            self.chain.observer.ended(self, self.entry)
        if kind is None and error is not None:
            raise error

    def _new_bytes(self, kept: tuple[Ref, ...]) -> int:
        """Of what no entry made before: what was there already was paid for when it was written."""
        from treadle.evidence.views import makers

        sizes = {ref: size for ref in kept if (size := self.chain.size(ref))}
        if not sizes:
            return 0
        known = set[_Named]()
        with contextlib.suppress(EvidenceError), self.chain.reading() as record:  # edited entries are for `verify`
            for entry in record.by_seq(makers(record.connection, sizes, _NO_END)):
                known.update(map(_named, entry.made))
        return sum(size for ref, size in sizes.items() if _named(ref) not in known)

    def _kept_code(self) -> str:
        """The list of code is kept once as a blob, so that `why` can show it and a later step can say what changed."""
        content = self.code.encoded()
        if self.chain.library is not None:
            with contextlib.suppress(OSError):  # a full disk must not hide the step's own error
                return self.chain.library.put(content)
        return digest(content)
