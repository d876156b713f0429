"""From a fitted and judged model to the file that is released: the graph, proved equal, and all that goes with it.

It trains nothing and serves nothing: it is the one place that knows both what fits and the bundle.

`export` turns a fitted model into a graph and proves it equal, `to_onnx` only writes it; `parts_of` gathers what a
bundle holds, `card` writes its model card; `pack_bundle` writes and signs it and opens it again as a server would.
"""

from __future__ import annotations

from treadle.packing.cards import card as card
from treadle.packing.exporting import export as export
from treadle.packing.exporting import to_onnx as to_onnx
from treadle.packing.packing import Contents as Contents
from treadle.packing.packing import pack_bundle as pack_bundle
from treadle.packing.parts import Told as Told
from treadle.packing.parts import parts_of as parts_of

__all__ = ["Contents", "Told", "card", "export", "pack_bundle", "parts_of", "to_onnx"]
