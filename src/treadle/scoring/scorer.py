"""Score encoded rows with a graph: NumPy and ONNX Runtime, nothing else."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from treadle.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

    from treadle.scoring.calibrator import Calibrator
    from treadle.scoring.encoder import Encoder
    from treadle.scoring.tasks import Score

INPUT, OUTPUT = "x", "margin"


class Scorer:
    """A graph ready to score, with its encoder and calibrator.

    `score_row` writes into one buffer that was bound once, so a Scorer serves one thread: give each thread its own.
    `score_matrix` may be called from any.
    """

    def __init__(self, graph: bytes, encoder: Encoder, calibrator: Calibrator, *, threads: int = 1) -> None:
        import numpy as np
        import onnxruntime

        # A tensor may name a file to be read in its stead. None of ours does, and no bundle may read files.
        if b"location" in graph:
            raise ModelError("the graph refers to a file outside the bundle", where="model.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as bad:  # ONNX Runtime has no common error type of its own
            raise ModelError(f"the graph cannot be loaded: {str(bad).splitlines()[0]}", where="model.onnx") from bad
        self.encoder, self.calibrator, self.width = encoder, calibrator, encoder.width
        takes, gives, outputs = self._session.get_inputs()[0], self._session.get_outputs()[0], calibrator.outputs
        if takes.name != INPUT or takes.shape[-1] != self.width or gives.name != OUTPUT or gives.shape[-1] != outputs:
            raise ModelError(
                f"the graph takes {takes.shape[-1]} columns as {takes.name} and gives {gives.shape[-1]}; the encoder "
                f"gives {self.width} as {INPUT}, and {outputs} are to be calibrated",
                where="model.onnx",
            )
        self._in = np.zeros((1, self.width), dtype=np.float32)
        self._out = np.zeros((1, outputs), dtype=np.float32)
        self._buffer, self._floats = self._in.data.cast("B"), struct.Struct(f"{self.width}f")
        self._binding = self._session.io_binding()
        self._binding.bind_input(INPUT, "cpu", 0, np.float32, self._in.shape, self._in.ctypes.data)
        self._binding.bind_output(OUTPUT, "cpu", 0, np.float32, self._out.shape, self._out.ctypes.data)
        self.score_row = self._score_each if calibrator.several else self._score_one
        self._calibrate, self._each = calibrator.function(), calibrator.each()
        self._encode: Callable[[Sequence[Any]], list[float]] = encoder.row_source()

    score_row: Callable[[list[float]], Score]
    """The prediction for one encoded row, as `encoder.row` gives it."""

    def _score_one(self, row: list[float]) -> Score:
        self._put(row)
        self._session.run_with_iobinding(self._binding)
        return self._calibrate(self._out.item())

    def _score_each(self, row: list[float]) -> Score:
        self._put(row)
        self._session.run_with_iobinding(self._binding)
        return self._each(self._out[0].tolist())

    def _put(self, row: list[float]) -> None:
        """Into the bound buffer, rounded to float32; `struct` takes a third of the time that NumPy does."""
        try:
            self._floats.pack_into(self._buffer, 0, *row)
        except OverflowError:  # beyond float32: infinite there
            self._in[0] = row

    def score(self, values: Sequence[Any]) -> Score:
        """The prediction for one record of raw features, in the order of `encoder.inputs`."""
        return self.score_row(self._encode(values))

    def score_rows(self, rows: Sequence[Sequence[Any]]) -> list[Score]:
        """As `score`, of each of them, in one run of the graph."""
        import numpy as np

        encode = self._encode
        told = self.score_matrix(np.array([encode(values) for values in rows], dtype=np.float32)).tolist()
        return [tuple(each) for each in told] if self.calibrator.several else told

    def score_matrix(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Predictions, float64 [rows], [rows, classes] or [rows, levels], for encoded rows, float32 [rows, width]."""
        import numpy as np

        if len(x) == 0:
            return np.empty((0, self.calibrator.outputs) if self.calibrator.several else 0)
        margins = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(x, dtype=np.float32)})[0]
        return self.calibrator.vector(margins)
