"""What a bundle and a server need to score: encoder, calibrator, links, metrics, intervals, the graph's runner.

It fits nothing, and knows neither a training table nor a project file; a server imports this and never what fits.

`Encoder` makes float32 columns of raw features, `Scorer` runs the ONNX graph on them, `Calibrator` makes a probability
of its margin; `weighted` and `Interval` say how good predictions are. Names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from treadle.scoring.bootstrap import Interval as Interval
    from treadle.scoring.calibrator import Calibrator as Calibrator
    from treadle.scoring.encoder import Encoder as Encoder
    from treadle.scoring.metrics import scores as scores
    from treadle.scoring.metrics import sign as sign
    from treadle.scoring.metrics import weighted as weighted
    from treadle.scoring.scorer import Scorer as Scorer
    from treadle.scoring.tasks import Score as Score
    from treadle.scoring.tasks import Task as Task
    from treadle.scoring.tasks import task_of as task_of

_HOMES = {
    "Calibrator": "calibrator",
    "Encoder": "encoder",
    "Interval": "bootstrap",
    "Score": "tasks",
    "Scorer": "scorer",
    "Task": "tasks",
    "scores": "metrics",
    "sign": "metrics",
    "task_of": "tasks",
    "weighted": "metrics",
}
__all__ = sorted(_HOMES)
OPEN = (
    "agreement",
    "bootstrap",
    "calibrator",
    "decisions",
    "encoder",
    "margins",
    "metrics",
    "over_served",
    "paired",
    "quantiles",
    "scorer",
    "steps",
    "tasks",
)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
