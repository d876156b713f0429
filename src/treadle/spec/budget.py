"""What may be spent, by whom or on what: a part of the project file."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from treadle.spec.part import Part, Positive, Some


class Budget(Part, Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A sum a month; of `run`, for each run. `name`: of one person, or one endpoint; each has it, where none is named.

    then: what happens once it is spent: `warn` says so; `ask` stops, unless somebody who may approve says to go on;
        `stop` stops. currency: the price book's, where none is given.
    """

    of: Literal["project", "person", "endpoint", "run"]
    amount: Positive
    name: Some | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", title="currency")] | None = None
    then: Literal["warn", "ask", "stop"] = "warn"
