"""A small project for questions of who may what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from treadle.evidence import Chain
from treadle.spec import Access, Brief, People, Predict, ProjectSpec, Serve, Source

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPEC = ProjectSpec(
    project="shop",
    brief=Brief(people=People(owner="ada", reviewers=("grace",), roles={"data_engineer": ("lin",)})),
    sources={"s": Source(read="s.csv")},
    predict=Predict(name="y", each="s", label="y"),
)


def spec(*, serve: Serve | None = None, people: People | None = None, **access: Any) -> ProjectSpec:
    made = msgspec.structs.replace(SPEC, access=Access(**access), serve=serve or SPEC.serve)
    return msgspec.structs.replace(made, brief=Brief(people=people)) if people else made


def later(chain: Chain, **after: float) -> Chain:
    return replace(chain, clock=lambda: NOW + timedelta(**after))
