"""What every part of the project file is, and the texts and numbers that many of them hold."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Some = Annotated[str, Meta(min_length=1)]
"""A text that is not empty: a column, a path, an expression."""
Written = Annotated[str, Meta(min_length=1, max_length=1024)]
"""A path, relative to the project's folder."""
One = Annotated[str, Meta(min_length=1, max_length=1)]
"""One character."""
Positive = Annotated[float, Meta(gt=0, le=1e9)]
Cost = Annotated[float, Meta(ge=0, le=1e12)]


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A part of the project file: immutable, and an unknown key in it is an error."""
