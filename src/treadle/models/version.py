"""A version of a model as it is listed."""

from __future__ import annotations

from msgspec import Struct


class ModelVersion(Struct, frozen=True):
    """One packed model. `name` is project:number; `released` tells whether its endpoint serves it now.

    `low` and `high` are a 95 % interval of `value`, on the sealed test rows; `mb` the size of its bundle.
    `gone`: it is of a target that the project file has no more, and `released` tells of any endpoint.
    """

    name: str
    bundle: str
    created: str
    by: str
    run: str
    family: str
    metric: str
    value: float
    low: float | None
    high: float | None
    mb: float
    status: str
    released: bool
    gone: bool = False
