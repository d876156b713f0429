"""The tree of errors. Each one says what is wrong, where, and how to mend it.

TreadleError
├── SpecError          the project file, or a file it names, is wrong
│   └── ExpressionError    an expression inside it is wrong
├── DataError          rows do not fit what was declared
│   └── ContractBroken     a whole batch was refused by its contract
├── StoreError         what is kept cannot be read or written: a full disk, a lock, a database that is away
│   ├── Overtaken          another process wrote first
│   └── InUse              another process has it for itself
├── EvidenceError      the chain does not hold together
│   └── Gone               a file that it names is not there now
├── MoneyError         an amount is none, or unlike currencies were put together
├── ModelError         a bundle is damaged, unsigned, or not equal to what was trained
├── AccessError        the actor may not do this
├── GateError          a gate of the brief does not hold, or a budget is spent, so the step is refused
├── TeamError          a note, an action, minutes or a milestone cannot be kept as was meant
├── RequestError       one prediction, event or outcome is refused (HTTP 422)
└── MissingExtra       an optional dependency is not installed
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One of several things that are wrong: what, where, and how to mend it."""

    what: str
    where: str = ""
    mend: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} ({self.mend})" if self.mend else text


class TreadleError(Exception):
    """Base of all expected failures.

    `what` is one sentence, `where` a place such as ``treadle.yaml:12:5`` or ``request.distance``,
    `mend` one sentence that says how to put it right. All three are shown to the user. Where several things are wrong
    at once, `faults` are these: each is shown on a line of its own, and `what` names them all in one.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "", faults: Sequence[Fault] = ()) -> None:
        self.head, self.where, self.mend, self.faults = what, where, mend, tuple(faults)
        named = "; ".join(f"{fault.where}: {fault.what}" if fault.where else fault.what for fault in faults)
        self.what = f"{what}: {named}" if named else what
        super().__init__(self.what)

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.head}" if self.where else self.head, *(f"- {fault}" for fault in self.faults)]
        return "\n  ".join([*lines, self.mend] if self.mend else lines)


class SpecError(TreadleError):
    """The project file, or a file that it names, is wrong."""


class ExpressionError(SpecError):
    """An expression cannot be parsed or typed."""


class DataError(TreadleError):
    """Rows do not fit what was declared."""


class ContractBroken(DataError):
    """A batch broke its contract: nothing of it was taken, the last good snapshot stands."""


FRESH = "treadle run PROJECT --fresh (a project of data alone: treadle data ingest PROJECT --fresh)"
"""What makes a table again, where it is not known which project it is of."""


class StoreError(TreadleError):
    """The catalog, a table or a blob cannot be read or written."""


class Overtaken(StoreError):
    """Another process wrote first what this one went on from; nothing of this one was kept."""


class InUse(StoreError):
    """Another process has it for itself, as long as it lives."""


class EvidenceError(TreadleError):
    """The evidence chain was edited, or two entries contradict each other."""


class Gone(EvidenceError):
    """A file that the record names is not where it was kept. It may come back: a share that is not mounted yet."""


class MoneyError(TreadleError):
    """Something is not an amount of money, or two currencies were put together without a rate."""


class ModelError(TreadleError):
    """A bundle is damaged, unsigned, or does not reproduce its golden records."""


class AccessError(TreadleError):
    """The actor may not do this."""


class GateError(TreadleError):
    """A gate of the brief does not hold, or a budget is spent."""


class DecisionError(TreadleError):
    """A decision cannot be opened, stated on, closed or asked about again as was meant."""


class TeamError(TreadleError):
    """A note, an action, minutes or a milestone cannot be kept as was meant."""


class RequestError(TreadleError):
    """One record of a request is refused; `field`, `value` and `rule` say why."""

    def __init__(self, what: str, *, field: str, value: object, rule: str, where: str = "", mend: str = "") -> None:
        self.field, self.value, self.rule = field, value, rule
        super().__init__(what, where=where, mend=mend)


class MissingExtra(TreadleError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, package: str, *, what: str = "", where: str = "", mend: str = "") -> None:
        super().__init__(
            what or f"this needs the package {package}", where=where, mend=mend or f'pip install "treadle[{extra}]"'
        )


_LONGEST_WORD = 200


def closest(word: str, known: Iterable[str]) -> str:
    """The name of which `word` may be a slip of the pen; empty where there is none.

    >>> closest("distanse", ["distance", "origin"]), closest("x", ["distance"])
    ('distance', '')
    """
    import difflib  # what every command loads stays small

    if len(word) > _LONGEST_WORD:  # the search is quadratic in the word, and a word this long is no slip
        return ""
    return next(iter(difflib.get_close_matches(word, sorted({str(name) for name in known}), n=1, cutoff=0.6)), "")


def nearest(word: str, known: Iterable[str]) -> str:
    """A "did you mean" sentence for `word`, or the list of what is known; empty when nothing is known.

    >>> nearest("distanse", ["distance", "origin"])
    'did you mean "distance"?'
    """
    names = sorted({str(name) for name in known})
    close = closest(word, names)
    if close:
        return f'did you mean "{close}"?'
    return f"known here: {', '.join(names[:20])}{' …' if len(names) > 20 else ''}" if names else ""
