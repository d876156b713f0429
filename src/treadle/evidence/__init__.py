"""The evidence chain: typed entries, steps (cached and metered), views, checkpoints and `verify`.

It computes no result and keeps no table or blob: it says by content which were used and made, and at what price.

Stage code knows one instrument: `with chain.step(asked, code=__name__) as step: step.made(payload)`. What an entry says
is a `Payload`, one type a kind, in `treadle.evidence.kinds`.
"""

from treadle.evidence.chain import Alone, Chain, utc_now
from treadle.evidence.checkpoints import Kept, Notes, Signed, write_whole
from treadle.evidence.code import Code, reached
from treadle.evidence.entry import Entry, Price, Usage
from treadle.evidence.merkle import TileHashes
from treadle.evidence.notes import Checkpoint, VerifierKey
from treadle.evidence.observer import Observer, Silent, TrialSeen, Watched
from treadle.evidence.payload import Payload, StepInput, Unknown, digest, known_kinds
from treadle.evidence.proofs import InclusionProof, prove_entry, read_proof
from treadle.evidence.reader import Reader
from treadle.evidence.rehearsal import rehearsed
from treadle.evidence.step import Step
from treadle.evidence.tiles import CatalogTiles
from treadle.evidence.tree import as_bytes
from treadle.evidence.verify import Verdict, verify

__all__ = [
    "Alone",
    "CatalogTiles",
    "Chain",
    "Checkpoint",
    "Code",
    "Entry",
    "InclusionProof",
    "Kept",
    "Notes",
    "Observer",
    "Payload",
    "Price",
    "Reader",
    "Signed",
    "Silent",
    "Step",
    "StepInput",
    "TileHashes",
    "TrialSeen",
    "Unknown",
    "Usage",
    "Verdict",
    "VerifierKey",
    "Watched",
    "as_bytes",
    "digest",
    "known_kinds",
    "prove_entry",
    "reached",
    "read_proof",
    "rehearsed",
    "utc_now",
    "verify",
    "write_whole",
]
OPEN = ("entry", "kinds", "nvml", "removals", "usual", "views", "words")
