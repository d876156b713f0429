"""Keep the brief as it stood."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from treadle.evidence import Entry, Payload, StepInput
from treadle.evidence.kinds.brief_stated import BriefStated
from treadle.spec import Brief
from treadle.stages.work import Bench, Work
from treadle.store import Blob


class StateBrief(StepInput[BriefStated], frozen=True, kw_only=True):
    MAKES: ClassVar[type[Payload]] = BriefStated

    brief: Brief


def state_brief(work: Work) -> Entry[BriefStated]:
    """What is decided, what errors cost, what is good enough, who decides: kept as it is now."""
    return work.do(StateBrief(brief=work.workspace.project.spec.brief), make_brief)


def make_brief(asked: StateBrief, bench: Bench) -> BriefStated:
    content = msgspec.json.encode(asked.brief, order="deterministic")
    return BriefStated(brief=Blob(bench.blobs.put(content), "brief"), decision=asked.brief.decision)
