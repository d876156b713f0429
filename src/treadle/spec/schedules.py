"""When a project is run, besides what its sources say: the part `schedule` of `treadle.yaml`."""

from __future__ import annotations

from msgspec import Struct

from treadle.spec.names import Identifier
from treadle.spec.part import Part


class Schedule(Part, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """`on`: names of events for which the project is run, besides clock and new files: `treadle schedule trigger`."""

    on: tuple[Identifier, ...] = ()
