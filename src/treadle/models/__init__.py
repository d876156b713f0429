"""A model as data: one signed file, written and opened; what is registered, released and rolled back.

It neither trains nor makes the graph, and a bundle holds no code: what is opened is checked data, never executed.

`Bundle` writes and opens the file, `registry` keeps versions and releases in the record. Names are loaded when first
used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.models.bundle import Bundle as Bundle
    from treadle.models.bundle import Golden as Golden
    from treadle.models.bundle import Manifest as Manifest
    from treadle.models.bundle import Parts as Parts
    from treadle.models.reference import Numbers as Numbers
    from treadle.models.reference import Reference as Reference
    from treadle.models.reference import Texts as Texts
    from treadle.models.registry import Released as Released
    from treadle.models.releases import RecordedReleases as RecordedReleases
    from treadle.models.releases import Releases as Releases
    from treadle.models.signing import new_key as new_key
    from treadle.models.signing import public_key as public_key
    from treadle.models.version import ModelVersion as ModelVersion

_HOMES = {
    "Bundle": "bundle",
    "Golden": "bundle",
    "Manifest": "bundle",
    "ModelVersion": "version",
    "Numbers": "reference",
    "Parts": "bundle",
    "RecordedReleases": "releases",
    "Reference": "reference",
    "Released": "registry",
    "Releases": "releases",
    "Texts": "reference",
    "new_key": "signing",
    "public_key": "signing",
}
__all__ = sorted(_HOMES)
OPEN = ("bundle", "listing", "reference", "registry", "reproduced", "request")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
