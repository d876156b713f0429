"""The evidence chain: typed entries, steps (cached and metered), views, checkpoints and `verify`.

Stage code knows one instrument: `with chain.step(asked, code=__name__) as step: step.made(payload)`. What an entry says
is a `Payload`, one type a kind, in `treadle.evidence.kinds`.
"""

from treadle.evidence.chain import Alone, Chain, Reader
from treadle.evidence.code import Code, reached
from treadle.evidence.entry import Entry, Price, Usage
from treadle.evidence.observer import Observer, Silent, Watched
from treadle.evidence.payload import Payload, StepInput, Unknown, digest, known_kinds
from treadle.evidence.step import Step
from treadle.evidence.verify import Verdict, verify

__all__ = [
    "Alone",
    "Chain",
    "Code",
    "Entry",
    "Observer",
    "Payload",
    "Price",
    "Reader",
    "Silent",
    "Step",
    "StepInput",
    "Unknown",
    "Usage",
    "Verdict",
    "Watched",
    "digest",
    "known_kinds",
    "reached",
    "verify",
]
