"""The whole loop, readable top to bottom:

brief -> sources -> contract -> features -> training -> evaluation -> review -> release -> serving -> outcomes

Each stage is a step of the evidence chain: metered, priced, and not done again when nothing that it depends on
changed. This module composes rooms and holds no method of its own.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from treadle import __version__
from treadle.errors import SpecError
from treadle.evidence import Chain, Entry, digest
from treadle.models import registry
from treadle.people import approve, gates_of, request_review, review_of
from treadle.people.reviews import POLICY, Gate
from treadle.spec import as_data

if TYPE_CHECKING:
    import polars as pl

    from treadle.api.workspace import Workspace
    from treadle.api.work import RunAnswer
    from treadle.contracts import Contract
    from treadle.features import FeaturePlan
    from treadle.training import Evaluation, FittedModel, SearchResult, Split, TrainingTable
