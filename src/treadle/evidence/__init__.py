"""The evidence chain: entries, steps (cached and metered), and `verify`.

Stage code knows one instrument: `with chain.step(kind, uses=[...], settings={...}) as step`.
"""

from treadle.evidence.chain import Chain, Observer, Silent, Step
from treadle.evidence.entry import Entry, Usage, content_hash, digest
from treadle.evidence.verify import Verdict, verify

__all__ = ["Chain", "Entry", "Observer", "Silent", "Step", "Usage", "Verdict", "content_hash", "digest", "verify"]
