"""Texts and numbers as the project file has them: what is not empty, what is above zero."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Some = Annotated[str, Meta(min_length=1)]
"""A text that is not empty: a column, a path, an expression."""
Written = Annotated[str, Meta(min_length=1, max_length=1024)]
"""A path, relative to the project's folder."""
One = Annotated[str, Meta(min_length=1, max_length=1)]
"""One character."""
Positive = Annotated[float, Meta(gt=0, le=1e9)]
Cost = Annotated[float, Meta(ge=0, le=1e12)]
