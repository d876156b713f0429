"""The project file: its types (`ProjectSpec` and its parts)."""

from treadle.spec.project import (
    Brief,
    Features,
    Limits,
    Lookup,
    Mistakes,
    People,
    Predict,
    ProjectSpec,
    Serve,
    Source,
    Split,
    Train,
    View,
    Watch,
    Window,
)

__all__ = [
    "Brief",
    "Features",
    "Limits",
    "Lookup",
    "Mistakes",
    "People",
    "Predict",
    "ProjectSpec",
    "Serve",
    "Source",
    "Split",
    "Train",
    "View",
    "Watch",
    "Window",
]
