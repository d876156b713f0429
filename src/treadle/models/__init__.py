"""A model as data: export to ONNX, pack into one signed file, open it, score with it, register and release it.

It does not train, and a bundle holds no code: what is opened is checked data, never executed.

`export` turns a fitted model into a graph and proves it equal; `parts_of` gathers what a bundle holds; `Bundle` writes
and opens the file; `Scorer` scores with NumPy and ONNX Runtime alone. Names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.models.bundle import Bundle as Bundle
    from treadle.models.bundle import Golden as Golden
    from treadle.models.bundle import Manifest as Manifest
    from treadle.models.bundle import Parts as Parts
    from treadle.models.cards import card as card
    from treadle.models.exporting import export as export
    from treadle.models.packing import Contents as Contents
    from treadle.models.packing import pack_bundle as pack_bundle
    from treadle.models.parts import Told as Told
    from treadle.models.parts import parts_of as parts_of
    from treadle.models.reference import Numbers as Numbers
    from treadle.models.reference import Reference as Reference
    from treadle.models.reference import Texts as Texts
    from treadle.models.registry import Released as Released
    from treadle.models.releases import RecordedReleases as RecordedReleases
    from treadle.models.releases import Releases as Releases
    from treadle.models.scorer import Scorer as Scorer
    from treadle.models.signing import new_key as new_key
    from treadle.models.signing import public_key as public_key
    from treadle.models.version import ModelVersion as ModelVersion

_HOMES = {
    "Bundle": "bundle",
    "Contents": "packing",
    "Golden": "bundle",
    "Manifest": "bundle",
    "ModelVersion": "version",
    "Numbers": "reference",
    "Parts": "bundle",
    "RecordedReleases": "releases",
    "Reference": "reference",
    "Released": "registry",
    "Releases": "releases",
    "Scorer": "scorer",
    "Texts": "reference",
    "Told": "parts",
    "card": "cards",
    "export": "exporting",
    "new_key": "signing",
    "pack_bundle": "packing",
    "parts_of": "parts",
    "public_key": "signing",
}
__all__ = sorted(_HOMES)
OPEN = ("listing", "registry", "request")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
