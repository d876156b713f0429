"""The project file: its types (`ProjectSpec` and its parts), `load` with positions, and `json_schema`."""

from typing import Any

from treadle.spec.durations import duration
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

from treadle.spec.load import FILE, Project, load  # isort: skip


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the project file, for editors."""
    import msgspec

    schema = msgspec.json.schema(ProjectSpec)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Treadle project file",
        **schema,
    }


def as_data(spec: ProjectSpec) -> dict[str, Any]:
    """The spec as plain data, ready for JSON."""
    import msgspec

    data: dict[str, Any] = msgspec.to_builtins(spec)
    return data


__all__ = [
    "FILE",
    "Brief",
    "Features",
    "Limits",
    "Lookup",
    "Mistakes",
    "People",
    "Predict",
    "Project",
    "ProjectSpec",
    "Serve",
    "Source",
    "Split",
    "Train",
    "View",
    "Watch",
    "Window",
    "as_data",
    "duration",
    "json_schema",
    "load",
]
